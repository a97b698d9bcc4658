/* SPDX-License-Identifier: MIT */
/*
 * Starts xenstored and the guests' daemons, and the janitor that outlives a killed bed by a moment.
 */
#include "child.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "driverfs.h"

static void set_env(const char *const *env)
{
	for (; env != NULL && *env != NULL; env++) {
		/* Lives until exec: putenv keeps the pointer. NAME without '=' is removed. */
		putenv((char *)(uintptr_t)*env);
	}
}

static void reset_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	signal(SIGPIPE, SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void redirect(const char *log)
{
	int null = open("/dev/null", O_RDONLY);
	int out = open(log, O_WRONLY | O_CREAT | O_APPEND, 0644);

	dup2(null, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
}

static void become(const struct child_spec *spec, pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* The bed may have died before that took effect. */
	if (getppid() != parent)
		_exit(127);
	reset_signals();
	set_env(spec->env);
	redirect(spec->log);
	execv(spec->argv[0], (char *const *)(uintptr_t)spec->argv);
	fprintf(stderr, "cannot run %s: %s\n", spec->argv[0], strerror(errno));
	_exit(127);
}

pid_t child_start(const struct child_spec *spec)
{
	pid_t parent = getpid();
	pid_t pid = fork();

	if (pid == 0)
		become(spec, parent);
	return pid < 0 ? -errno : pid;
}

static void remove_folder(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL)
		unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir != NULL)
		closedir(dir);
	rmdir(path);
}

static void clean_up(const char *dir, const char *sockets)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/ready", dir);
	unlink(path);
	snprintf(path, sizeof(path), "%s/driver", dir);
	driverfs_clean(path);
	remove_folder(sockets);
	/* A link if the sockets have a shorter name elsewhere. */
	snprintf(path, sizeof(path), "%s/run", dir);
	unlink(path);
}

/* The janitor, and the end of its pipe that stays open as long as the bed lives: nobody else has
 * it. */
static pid_t janitor;
static int alive = -1;

int child_start_janitor(const char *dir, const char *sockets)
{
	int ends[2];
	char byte;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid > 0) {
		close(ends[0]);
		janitor = pid;
		alive = ends[1];
		return 0;
	}
	/* Out of reach of a Ctrl-C that is meant for the bed. */
	setsid();
	signal(SIGTERM, SIG_IGN);
	close(ends[1]);
	while (read(ends[0], &byte, 1) < 0 && errno == EINTR)
		;
	clean_up(dir, sockets);
	_exit(0);
}

void child_end_janitor(void)
{
	if (alive < 0)
		return;
	close(alive);
	alive = -1;
	while (waitpid(janitor, NULL, 0) < 0 && errno == EINTR)
		;
}
