/* SPDX-License-Identifier: MIT */
/*
 * xenbed: a Xen host without Xen. Starts xenstored on the fake hypervisor, makes the guests, plays
 * them until it is told to end, and leaves nothing behind. README.md beside this file says what is
 * faithful and what isn't.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bed.h"
#include "bridge.h"
#include "child.h"
#include "ctl.h"
#include "driverfs.h"
#include "guest.h"
#include "guestfs.h"
#include "host.h"
#include "loop.h"
#include "options.h"
#include "script.h"
#include "verbs.h"

struct bed bed = { .toolstack = PTHREAD_MUTEX_INITIALIZER };

static struct script script;
static struct source signals, ring_events, file_events;
static int exit_status;

static void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void complain(const char *format, ...)
{
	va_list ap;

	fprintf(stderr, "xenbed: ");
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
}

static bool fatal(const char *what, int rc)
{
	complain("%s: %s", what, strerror(-rc));
	return false;
}

/* Sockets need short names: where DIR's is long, they go elsewhere and DIR/run leads there. */
static bool make_socket_folder(void)
{
	char link[BED_PATH_MAX + 8];
	struct stat st;

	snprintf(link, sizeof(link), "%s/run", bed.dir);
	if (lstat(link, &st) == 0 && S_ISLNK(st.st_mode))
		unlink(link);
	if (strlen(link) < 60) {
		snprintf(bed.sockets, sizeof(bed.sockets), "%.*s", BED_SOCKET_MAX - 1, link);
		return mkdir(link, 0700) == 0 || errno == EEXIST ? true : fatal(link, -errno);
	}
	snprintf(bed.sockets, sizeof(bed.sockets), "/tmp/xenbed.XXXXXX");
	if (mkdtemp(bed.sockets) == NULL)
		return fatal(bed.sockets, -errno);
	rmdir(link);
	return symlink(bed.sockets, link) == 0 ? true : fatal(link, -errno);
}

static bool make_folders(void)
{
	char path[BED_PATH_MAX + 16];

	if (mkdir(bed.options.dir, 0755) < 0 && errno != EEXIST)
		return fatal(bed.options.dir, -errno);
	if (realpath(bed.options.dir, bed.dir) == NULL)
		return fatal(bed.options.dir, -errno);
	snprintf(path, sizeof(path), "%s/guests", bed.dir);
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return fatal(path, -errno);
	snprintf(path, sizeof(path), "%s/ready", bed.dir);
	unlink(path);
	return make_socket_folder();
}

static bool write_file(const char *name, const char *text)
{
	char path[BED_PATH_MAX + 32], part[BED_PATH_MAX + 40];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", bed.dir, name);
	snprintf(part, sizeof(part), "%s.part", path);
	file = fopen(part, "we");
	if (file == NULL)
		return fatal(part, -errno);
	fputs(text, file);
	if (fclose(file) != 0 || rename(part, path) < 0)
		return fatal(path, -errno);
	return true;
}

static bool write_env(void)
{
	char text[4 * BED_PATH_MAX], exe[BED_PATH_MAX] = "";

	if (readlink("/proc/self/exe", exe, sizeof(exe) - 1) < 0)
		return fatal("/proc/self/exe", -errno);
	snprintf(bed.library, sizeof(bed.library), "%.*s/libfakexen.so",
		 (int)(strrchr(exe, '/') - exe), exe);
	if (access(bed.library, R_OK) < 0)
		return fatal(bed.library, -errno);
	snprintf(text, sizeof(text),
		 "# Xen as this bed plays it; for a program that uses libxenctrl, also\n"
		 "# LD_PRELOAD=\"$XENBED_PRELOAD\"\n"
		 "export XENBED='%s'\nexport XENBED_DIR='%s'\nexport XENBED_STATE='%s'\n"
		 "export XENBED_PRELOAD='%s'\nexport XENSTORED_PATH='%s/socket'\n",
		 exe, bed.dir, bed.dir, bed.library, bed.sockets);
	return write_file("env", text);
}

static void raise_limits(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	signal(SIGPIPE, SIG_IGN);
}

static void reap(void)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (host_store_ended(pid))
			complain("xenstored ended (%s %d)",
				 WIFSIGNALED(status) ? "signal" : "status",
				 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
		else
			guest_daemon_ended(pid, status);
	}
}

static void signal_ready(struct source *source, uint32_t events)
{
	struct signalfd_siginfo info;

	(void)events;
	while (read(source->fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGCHLD)
			reap();
		else
			loop_stop();
	}
}

static void ring_ready(struct source *source, uint32_t events)
{
	int domid;

	(void)source, (void)events;
	while ((domid = state_next_for_guest(&bed.state)) >= 0) {
		if (bed.by_domid[domid] != NULL)
			bridge_event(bed.by_domid[domid]->bridge);
	}
}

static void files_ready(struct source *source, uint32_t events)
{
	char buf[4096];

	(void)events;
	while (read(source->fd, buf, sizeof(buf)) > 0)
		;
	for (unsigned int i = 0; i < bed.guest_count; i++) {
		if (bed.guests[i]->fs != NULL)
			guestfs_poll(bed.guests[i]->fs);
	}
}

static bool watch_events(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signals = (struct source){ signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC), signal_ready };
	ring_events = (struct source){ bed.state.guest_fd, ring_ready };
	file_events = (struct source){ guestfs_notifier(), files_ready };
	return loop_add(&signals, EPOLLIN) == 0 && loop_add(&ring_events, EPOLLIN) == 0 &&
	       loop_add(&file_events, EPOLLIN) == 0;
}

static void apply(const struct script_event *event, int64_t now_ms)
{
	for (unsigned int i = 0; i < bed.guest_count; i++) {
		struct guest *guest = bed.guests[i];

		if (strcmp(guest->spec.like, event->name) != 0)
			continue;
		guest->workload = event->workload;
		guest->workload.start_ms = now_ms;
		/* The same guest of the same seed always has the same. */
		guest->workload.jitter =
			(bed.options.seed * 2654435761u + guest->spec.uuid[0] * 40503u) >> 8;
	}
}

static void tick(void *arg)
{
	int64_t now_ms = loop_now_ms();

	(void)arg;
	script_run(&script, now_ms, apply);
	guest_tick(now_ms);
}

static void show_progress(const char *what, unsigned int done)
{
	static int64_t shown_ms;
	bool terminal = isatty(STDOUT_FILENO);
	bool last = done == bed.options.guests;
	int64_t now_ms = loop_now_ms();

	if (!last && now_ms - shown_ms < (terminal ? 100 : 1000))
		return;
	shown_ms = now_ms;
	printf("%sguests %s %u/%u%s", terminal ? "\r" : "", what, done, bed.options.guests,
	       terminal && !last ? "   " : "\n");
	fflush(stdout);
}

/* The index-th guest: the script's, or one like them under a made-up name. */
static struct guest_spec spec_of(unsigned int index)
{
	struct guest_spec spec = bed.options.guest;

	if (script.guest_count > 0)
		spec = script.guests[index % script.guest_count];
	if (index >= script.guest_count) {
		snprintf(spec.name, sizeof(spec.name), "guest%u", index + 1);
		memset(spec.uuid, 0, sizeof(spec.uuid));
	}
	return spec;
}

static bool make_guests(void)
{
	unsigned int count = bed.options.guests;
	struct guest_spec *specs = calloc(count + 1, sizeof(*specs));
	char error[HOST_ERROR_MAX];
	int rc = specs == NULL ? -ENOMEM : 0;

	if (rc < 0)
		return fatal("guests", rc);
	for (unsigned int i = 0; i < count; i++)
		specs[i] = spec_of(i);
	rc = host_create_all(specs, count, show_progress, error);
	if (rc < 0)
		complain("%s", error);
	free(specs);
	return rc == 0;
}

static int call_start_script(void *arg)
{
	(void)arg;
	script_start(&script, loop_now_ms());
	return 0;
}

/* The host comes up: on a thread of its own, for it waits for xenstored. */
static void *bring_up(void *arg)
{
	char error[HOST_ERROR_MAX];
	bool ok = host_store_start(error) == 0;

	(void)arg;
	if (!ok)
		complain("%s", error);
	if (ok && make_guests()) {
		loop_call(call_start_script, NULL);
		ok = write_file("ready", "ready\n");
	} else {
		ok = false;
	}
	if (!ok) {
		exit_status = 1;
		loop_stop();
	}
	return NULL;
}

static bool load_script(void)
{
	char error[512];

	if (bed.options.script != NULL &&
	    !script_load(&script, bed.options.script, &bed.options.guest, error, sizeof(error))) {
		complain("%s", error);
		return false;
	}
	if (!bed.options.guests_given)
		bed.options.guests = (unsigned int)script.guest_count;
	return true;
}

static bool check_room(void)
{
	unsigned int n = bed.options.guests;

	if (n == 0 || bed.options.guest.memory_kib > 0 || host_even_share_kib(n) > 0)
		return true;
	complain("%u guests need --host-mib %llu or more", n,
		 (unsigned long long)(bed.options.dom0_kib / 1024 + 64 +
				      (uint64_t)n * (BED_GUEST_MIN_KIB / 1024 + 1)));
	return false;
}

/* Only root has what a unit takes away. */
static bool load_unit(void)
{
	char error[BED_PATH_MAX + 64];

	if (bed.options.unit == NULL || bed.options.daemon == NULL)
		return true;
	if (geteuid() != 0) {
		printf("daemons have this user's privileges, not those of %s\n", bed.options.unit);
		return true;
	}
	if (unit_load(&bed.unit, bed.options.unit, error, sizeof(error)))
		return true;
	complain("%s", error);
	return false;
}

static bool prepare(void)
{
	char xenstored_path[BED_SOCKET_MAX + 16];
	int rc;

	raise_limits();
	if (!load_script() || !load_unit() || !make_folders() || !write_env() ||
	    !write_file("xsd_port", "1\n"))
		return false;
	snprintf(xenstored_path, sizeof(xenstored_path), "%s/socket", bed.sockets);
	setenv("XENSTORED_PATH", xenstored_path, 1);
	if (bed.options.trace && !write_file("xenstored.trace", ""))
		return false;
	rc = state_create(bed.dir, bed.options.host_kib, bed.options.dom0_kib);
	if (rc == 0)
		rc = state_open(&bed.state, bed.dir);
	return rc == 0 ? check_room() : fatal("the hypervisor's state", rc);
}

/* Where it can't be mounted, everything else works; who needs it says so. */
static void serve_drivers(void)
{
	char path[BED_PATH_MAX + 16];
	int rc;

	snprintf(path, sizeof(path), "%s/driver", bed.dir);
	rc = driverfs_start(path);
	if (rc < 0)
		printf("balloon drivers are plain files, which refuse nobody: no FUSE here (%s)\n",
		       strerror(-rc));
}

static bool start_serving(void)
{
	pthread_t thread;
	int rc = child_start_janitor(bed.dir, bed.sockets);

	if (rc == 0)
		rc = loop_init();
	if (rc == 0)
		serve_drivers();
	if (rc == 0 && !watch_events())
		rc = -errno;
	if (rc == 0)
		rc = ctl_listen(bed.sockets);
	if (rc == 0)
		rc = -pthread_create(&thread, NULL, bring_up, NULL);
	if (rc == 0)
		pthread_detach(thread);
	return rc == 0 ? true : fatal("cannot start", rc);
}

/* Children die with this process at the latest; the janitor takes away what shows that it ran. */
static void shut_down(void)
{
	for (unsigned int i = 0; i < bed.guest_count; i++)
		guest_daemon_signal(bed.guests[i], SIGKILL);
	host_store_signal(SIGKILL);
	driverfs_stop();
}

static int run(int argc, char **argv)
{
	if (!options_parse(&bed.options, argc, argv))
		return 2;
	if (bed.options.die_with_parent)
		prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (!prepare() || !start_serving())
		return 1;
	loop_run(tick, NULL, BED_TICK_MS);
	shut_down();
	child_end_janitor();
	/* Threads may be waiting for a xenstored that is gone: end all at once. */
	fflush(stdout);
	_exit(exit_status);
}

static int ctl(int argc, char **argv)
{
	const char *dir = getenv("XENBED_DIR");

	if (argc >= 2 && strcmp(argv[0], "--dir") == 0) {
		dir = argv[1];
		argc -= 2;
		argv += 2;
	}
	if (dir == NULL || argc == 0) {
		complain("say: xenbed ctl --dir DIR COMMAND...");
		return 2;
	}
	return ctl_run(dir, argc, argv);
}

static int help(void)
{
	char kinds[2048];

	workload_help(kinds, sizeof(kinds));
	printf("xenbed plays a Xen host with guests, for tests and demonstrations without Xen.\n\n"
	       "xenbed run --dir DIR [OPTIONS]\n");
	options_help(stdout);
	printf("\nxenbed ctl --dir DIR COMMAND (or XENBED_DIR instead of --dir)\n");
	verbs_help(stdout);
	printf("\n%s%s", script_help(), kinds);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc >= 2 && strcmp(argv[1], "run") == 0)
		return run(argc - 2, argv + 2);
	if (argc >= 2 && strcmp(argv[1], "ctl") == 0)
		return ctl(argc - 2, argv + 2);
	if (argc >= 2 && strcmp(argv[1], "--help") == 0)
		return help();
	complain("say xenbed run, xenbed ctl or xenbed --help");
	return 2;
}
