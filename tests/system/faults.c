/* SPDX-License-Identifier: MIT */
/*
 * Runs a command and counts the system calls by which it changes files below some folders. At the
 * Nth, before it is made, it kills the command, kills it as a power cut would, or has the call
 *fail.
 *
 * faults --below DIR [--at N [--on]] [--do kill|cut|ENOSPC|EIO|EROFS] [--only CALL,CALL]
 *	[--while FILE] [--log FILE] -- COMMAND [ARGUMENT]...
 *
 * --on: the Nth and all after it. --while: only while FILE exists. --log: a line for each call.
 * A power cut takes what was written and not flushed since: such files are empty afterwards.
 * Ends as the command ended, with 128 and the signal where one ended it.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <getopt.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define FOLDERS_MAX 8
#define DIRTY_MAX   4096
#define LEN(array)  (sizeof(array) / sizeof((array)[0]))

enum kind { OPEN, CREATE, WRITE, FLUSH, FLUSH_ALL, OTHER };

/* Where a call says what it changes: a descriptor, or a path below a descriptor (-1: the cwd). */
static const struct call {
	const char *name;
	long number;
	enum kind kind;
	int fd;	  /* argument; -1: none */
	int path; /* argument; -1: the descriptor is what is changed */
} calls[] = {
#ifdef SYS_open
	{ "open", SYS_open, OPEN, -1, 0 },
	{ "creat", SYS_creat, CREATE, -1, 0 },
	{ "mkdir", SYS_mkdir, CREATE, -1, 0 },
	{ "rename", SYS_rename, OTHER, -1, 1 },
	{ "link", SYS_link, CREATE, -1, 1 },
	{ "unlink", SYS_unlink, OTHER, -1, 0 },
	{ "rmdir", SYS_rmdir, OTHER, -1, 0 },
	{ "chmod", SYS_chmod, OTHER, -1, 0 },
	{ "chown", SYS_chown, OTHER, -1, 0 },
#endif
	{ "openat", SYS_openat, OPEN, 0, 1 },
	{ "mkdirat", SYS_mkdirat, CREATE, 0, 1 },
	{ "renameat", SYS_renameat, OTHER, 2, 3 },
	{ "renameat2", SYS_renameat2, OTHER, 2, 3 },
	{ "linkat", SYS_linkat, CREATE, 2, 3 },
	{ "unlinkat", SYS_unlinkat, OTHER, 0, 1 },
	{ "fchmodat", SYS_fchmodat, OTHER, 0, 1 },
	{ "fchownat", SYS_fchownat, OTHER, 0, 1 },
	{ "truncate", SYS_truncate, OTHER, -1, 0 },
	{ "write", SYS_write, WRITE, 0, -1 },
	{ "writev", SYS_writev, WRITE, 0, -1 },
	{ "pwrite64", SYS_pwrite64, WRITE, 0, -1 },
	{ "ftruncate", SYS_ftruncate, WRITE, 0, -1 },
	{ "fallocate", SYS_fallocate, CREATE, 0, -1 },
	{ "fchmod", SYS_fchmod, OTHER, 0, -1 },
	{ "fchown", SYS_fchown, OTHER, 0, -1 },
	{ "fsync", SYS_fsync, FLUSH, 0, -1 },
	{ "fdatasync", SYS_fdatasync, FLUSH, 0, -1 },
	{ "syncfs", SYS_syncfs, FLUSH_ALL, 0, -1 },
};

static struct {
	const char *below[FOLDERS_MAX];
	size_t folders;
	unsigned long at;
	bool on;
	const char *what; /* "kill", "cut", or an error's name */
	const char *only;
	const char *while_there;
	FILE *log;
} wish = { .what = "kill" };

static pid_t child;
static unsigned long seen;
static struct {
	dev_t device;
	ino_t inode;
} dirty[DIRTY_MAX];
static size_t dirty_count;

static void die(const char *what)
{
	perror(what);
	exit(125);
}

static void add_folder(const char *path)
{
	char *whole = realpath(path, NULL);

	if (!whole || wish.folders == FOLDERS_MAX)
		die(path);
	wish.below[wish.folders++] = whole;
}

static bool is_below(const char *path)
{
	for (size_t i = 0; i < wish.folders; i++) {
		size_t len = strlen(wish.below[i]);

		if (!strncmp(path, wish.below[i], len) && (path[len] == '/' || !path[len]))
			return true;
	}
	return false;
}

static void path_of_fd(pid_t tid, int fd, char *path, size_t size)
{
	char link[64];
	ssize_t len;

	if (fd == AT_FDCWD)
		snprintf(link, sizeof(link), "/proc/%d/cwd", tid);
	else
		snprintf(link, sizeof(link), "/proc/%d/fd/%d", tid, fd);
	len = readlink(link, path, size - 1);
	path[len > 0 ? len : 0] = '\0';
}

static void read_string(pid_t tid, uint64_t address, char *text, size_t size)
{
	struct iovec here = { text, size - 1 };
	struct iovec there = { (void *)(uintptr_t)address, size - 1 };
	ssize_t got;

	/* It may end at the end of a page. */
	there.iov_len = here.iov_len =
		4096 - address % 4096 < size - 1 ? 4096 - address % 4096 : size - 1;
	got = process_vm_readv(tid, &here, 1, &there, 1, 0);
	text[got > 0 ? got : 0] = '\0';
	if (got > 0 && strlen(text) == (size_t)got && (size_t)got < size - 1) {
		here = (struct iovec){ text + got, size - 1 - (size_t)got };
		there = (struct iovec){ (void *)(uintptr_t)(address + (uint64_t)got),
					here.iov_len < 4096 ? here.iov_len : 4096 };
		here.iov_len = there.iov_len;
		got += process_vm_readv(tid, &here, 1, &there, 1, 0);
		text[got] = '\0';
	}
}

/* What the call would change. */
static void target(const struct seccomp_notif *asked, const struct call *call, char *path,
		   size_t size)
{
	char name[1024];
	pid_t tid = (pid_t)asked->pid;
	size_t len;

	if (call->path < 0) {
		path_of_fd(tid, (int)asked->data.args[call->fd], path, size);
		return;
	}
	read_string(tid, asked->data.args[call->path], name, sizeof(name));
	if (*name == '/') {
		snprintf(path, size, "%s", name);
		return;
	}
	path_of_fd(tid, call->fd < 0 ? AT_FDCWD : (int)asked->data.args[call->fd], path, size);
	len = strlen(path);
	snprintf(path + len, size - len, "/%s", name);
}

static bool changes(const struct seccomp_notif *asked, const struct call *call)
{
	uint64_t flags = call->kind == OPEN ? asked->data.args[call->path + 1] : 0;

	return call->kind != OPEN || flags & (O_CREAT | O_TRUNC) ||
	       (flags & O_TMPFILE) == O_TMPFILE;
}

static bool is_listed(const char *name)
{
	const char *at = wish.only ? strstr(wish.only, name) : NULL;
	size_t len = strlen(name);

	return !wish.only ||
	       (at && (at == wish.only || at[-1] == ',') && (!at[len] || at[len] == ','));
}

static void note_flush(const struct seccomp_notif *asked, const struct call *call)
{
	char link[64];
	struct stat about;

	if (call->kind == FLUSH_ALL)
		dirty_count = 0;
	if (call->kind != WRITE && call->kind != FLUSH)
		return;
	snprintf(link, sizeof(link), "/proc/%d/fd/%d", asked->pid, (int)asked->data.args[0]);
	if (stat(link, &about) || !S_ISREG(about.st_mode))
		return;
	for (size_t i = 0; i < dirty_count; i++)
		if (dirty[i].device == about.st_dev && dirty[i].inode == about.st_ino)
			dirty[i--] = dirty[--dirty_count];
	if (call->kind == WRITE && dirty_count < DIRTY_MAX) {
		dirty[dirty_count].device = about.st_dev;
		dirty[dirty_count++].inode = about.st_ino;
	}
}

static int empty_if_dirty(const char *path, const struct stat *about, int type, struct FTW *at)
{
	(void)at;
	for (size_t i = 0; type == FTW_F && i < dirty_count; i++)
		if (dirty[i].device == about->st_dev && dirty[i].inode == about->st_ino &&
		    truncate(path, 0))
			perror(path);
	return 0;
}

/* A full disk still takes what makes no room necessary, one that can't be written flushes. */
static int error_for(const struct call *call)
{
	if (!strcmp(wish.what, "EIO"))
		return EIO;
	if (!strcmp(wish.what, "EROFS"))
		return call->kind == FLUSH || call->kind == FLUSH_ALL ? 0 : EROFS;
	return call->kind == OTHER ? 0 : ENOSPC;
}

/* 0: let it pass; a positive errno; -1: the command is to be killed. */
static int judge(const struct seccomp_notif *asked)
{
	const struct call *call = NULL;
	char path[4096];
	bool hit;

	for (size_t i = 0; i < LEN(calls); i++)
		if (calls[i].number == asked->data.nr)
			call = &calls[i];
	if (!call || !changes(asked, call))
		return 0;
	target(asked, call, path, sizeof(path));
	if (!is_below(path) || !is_listed(call->name))
		return 0;
	seen++;
	hit = wish.at && (seen == wish.at || (wish.on && seen > wish.at)) &&
	      (!wish.while_there || !access(wish.while_there, F_OK));
	if (wish.log) {
		fprintf(wish.log, "%lu %s %s%s\n", seen, call->name, path, hit ? " *" : "");
		fflush(wish.log);
	}
	if (!hit)
		note_flush(asked, call);
	else if (!strcmp(wish.what, "kill") || !strcmp(wish.what, "cut"))
		return -1;
	return hit ? error_for(call) : 0;
}

static void serve(int listener)
{
	struct seccomp_notif asked = { 0 };
	struct seccomp_notif_resp answer = { 0 };
	int verdict;

	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &asked))
		return;
	verdict = judge(&asked);
	if (verdict < 0) {
		kill(child, SIGKILL);
		return;
	}
	answer.id = asked.id;
	answer.error = -verdict;
	answer.flags = verdict ? 0 : SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
}

static int listen_to_calls(void)
{
	struct sock_filter code[LEN(calls) + 3];
	struct sock_fprog program = { .filter = code };
	unsigned short at = 0;
	int listener;

	code[at++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						  offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < LEN(calls); i++)
		code[at++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
							  (uint32_t)calls[i].number,
							  (uint8_t)(LEN(calls) - i), 0);
	code[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	code[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
	program.len = at;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		die("no new privileges");
	listener = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
				SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
	if (listener < 0)
		die("seccomp");
	return listener;
}

/* Hands a descriptor over, or takes one. */
static int pass(int socket, int descriptor)
{
	char byte = 0;
	struct iovec data = { &byte, 1 };
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr header;
	} control = { { 0 } };
	struct msghdr message = { .msg_iov = &data,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control) };
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	if (descriptor < 0) {
		if (recvmsg(socket, &message, 0) != 1 || !(header = CMSG_FIRSTHDR(&message)))
			die("no listener");
		memcpy(&descriptor, CMSG_DATA(header), sizeof(descriptor));
		return descriptor;
	}
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(descriptor));
	memcpy(CMSG_DATA(header), &descriptor, sizeof(descriptor));
	if (sendmsg(socket, &message, 0) != 1)
		die("can't hand the listener over");
	return 0;
}

static void hand_on(int signal)
{
	kill(child, signal);
}

static void read_wishes(int argc, char **argv)
{
	static const struct option options[] = {
		{ "below", required_argument, NULL, 'b' },
		{ "at", required_argument, NULL, 'a' },
		{ "on", no_argument, NULL, 'o' },
		{ "do", required_argument, NULL, 'd' },
		{ "only", required_argument, NULL, 'n' },
		{ "while", required_argument, NULL, 'w' },
		{ "log", required_argument, NULL, 'l' },
		{ 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		if (option == 'b')
			add_folder(optarg);
		else if (option == 'a')
			wish.at = strtoul(optarg, NULL, 10);
		else if (option == 'o')
			wish.on = true;
		else if (option == 'd')
			wish.what = optarg;
		else if (option == 'n')
			wish.only = optarg;
		else if (option == 'w')
			wish.while_there = optarg;
		else if (option == 'l')
			wish.log = fopen(optarg, "ae");
		else
			exit(125);
	}
	if (optind == argc || !wish.folders) {
		fputs("faults: --below DIR, and a command\n", stderr);
		exit(125);
	}
}

static int follow(int listener)
{
	struct pollfd fd = { .fd = listener, .events = POLLIN };
	int status;

	while (waitpid(child, &status, WNOHANG) != child)
		if (poll(&fd, 1, 20) > 0 && fd.revents & POLLIN)
			serve(listener);
	if (!strcmp(wish.what, "cut") && WIFSIGNALED(status))
		for (size_t i = 0; i < wish.folders; i++)
			nftw(wish.below[i], empty_if_dirty, 16, FTW_PHYS);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int main(int argc, char **argv)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP };
	int pair[2];

	read_wishes(argc, argv);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		die("socketpair");
	child = fork();
	if (child < 0)
		die("fork");
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pass(pair[1], listen_to_calls());
		execvp(argv[optind], argv + optind);
		_exit(127);
	}
	for (size_t i = 0; i < LEN(signals); i++)
		signal(signals[i], hand_on);
	return follow(pass(pair[0], -1));
}
