/* SPDX-License-Identifier: MIT */
/*
 * The daemon's main thread: signals, configuration, the sizing loop, and the life of the bus
 * thread. Called by main.
 */
#include "daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "bus.h"
#include "policy_text.h"
#include "report.h"
#include "say.h"
#include "sizer.h"

/* A bus thread that waits for a stalled xenstored can't be ended; it holds nothing worth saving. */
#define STOP_WAIT_MS 2000

/* It works a millisecond or less at a time, and what it guards must not keep it from that. */
#define DAEMON_NICE (-20)

/* How often it looks for the kernel module. */
#define MODULE_MS 5000

/* What it works with besides its own frames, which are small. */
#define BUS_STACK (64 * 1024)

/* So late a wake-up may come while nothing moves, so that an idle CPU wakes for several at once. */
#define DOZE_SLACK_NS 50000000

/* A guest that stays short of memory, on and off, says so once in that time. */
#define SHORT_OF_PAUSE_MS 60000

struct daemon {
	const struct places *places;
	struct settings file;	  /* as guest.conf has it */
	struct settings settings; /* that, and dom0's word over it */
	char word[CONTRACT_POLICY_MAX + 1];
	struct stats in_force; /* which settings count, in words, and which word is refused */
	struct sizer sizer;
	struct board board;
	struct report handed; /* the last one given to the bus thread */
	int64_t handed_ms;
	int64_t module_ms;	      /* when to look for the kernel module again */
	bool dozing;		      /* its wake-ups may come late */
	bool standing_by;	      /* the kernel module acts, as was said */
	bool advised;		      /* what is to be said of swap was said */
	bool failing;		      /* the last look failed, as was said */
	bool on;		      /* selfballoon, as was said */
	enum contract_driver trouble; /* with the balloon driver, as was said */
	int64_t short_of_ms;	      /* when it was last said that it doesn't get what it wants */
};

static volatile sig_atomic_t ending, reloading; /* ending: the signal that said so */

static void on_signal(int number)
{
	if (number == SIGHUP)
		reloading = 1;
	else
		ending = number;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Blocked everywhere but in the main thread's ppoll, whose mask is put into *waiting. */
static void catch_signals(sigset_t *waiting)
{
	static const int numbers[] = { SIGTERM, SIGINT, SIGHUP };
	struct sigaction action = { .sa_handler = on_signal };
	sigset_t blocked;

	sigemptyset(&blocked);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		sigaction(numbers[i], &action, NULL);
		sigaddset(&blocked, numbers[i]);
	}
	signal(SIGPIPE, SIG_IGN);
	pthread_sigmask(SIG_BLOCK, &blocked, waiting);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		sigdelset(waiting, numbers[i]);
}

/*
 * Who gives memory back must not be a victim of shortage: pages once used stay, and the OOM killer
 * takes others first. Nor may it wait for a CPU behind the programs that take memory. All need
 * privilege; without it the daemon runs all the same.
 */
static void harden(const struct places *places)
{
	/* Under a limit, MCL_FUTURE would make the stack of the next thread fail instead. */
	const struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };
	int fd;

#ifdef M_ARENA_MAX
	mallopt(M_ARENA_MAX, 1);
#endif
	if (setrlimit(RLIMIT_MEMLOCK, &unlimited) != 0 ||
	    mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) != 0)
		say("memory isn't locked: %s", strerror(errno));
	if (strcmp(places->procfs, KERNEL_PROCFS) != 0)
		return;
	if (setpriority(PRIO_PROCESS, 0, DAEMON_NICE) != 0)
		say("programs may keep this daemon from a CPU: %s", strerror(errno));
	fd = open(KERNEL_PROCFS "/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "-1000", 5) != 5)
		say("the OOM killer may choose this daemon: %s", strerror(errno));
	if (fd >= 0)
		close(fd);
}

/* dom0's word wins over the file; one that makes no sense changes nothing. */
static void obey(struct daemon *daemon)
{
	char error[256], floor[24];
	bool obeyed;

	daemon->settings = daemon->file;
	obeyed = settings_obey(&daemon->settings, daemon->word, error, sizeof(error));
	if (!obeyed)
		say("memory/policy of dom0: %s; %s counts", error, daemon->places->config);
	policy_text_refused(daemon->word, daemon->in_force.refuses);
	settings_list(&daemon->settings, daemon->in_force.settings,
		      sizeof(daemon->in_force.settings));
	settings_floor_name(&daemon->settings.knobs, floor, sizeof(floor));
	say("policy %s, floor %s%s", daemon->settings.policy->name, floor,
	    obeyed && daemon->word[0] ? ", by dom0's word" : "");
}

static void reload(struct daemon *daemon)
{
	struct settings settings;
	char error[512];

	reloading = 0;
	if (settings_load(&settings, daemon->places->config, error, sizeof(error)) != 0) {
		say("%s; keeping what was read before", error);
		return;
	}
	daemon->file = settings;
	say("configuration read anew");
	obey(daemon);
}

/* Said when it changes, with what would be right. */
static void tell_of_driver(struct daemon *daemon)
{
	enum contract_driver trouble = driver_trouble(&daemon->sizer.kernel.driver);

	if (trouble == daemon->trouble)
		return;
	daemon->trouble = trouble;
	if (trouble == DRIVER_OBEYS)
		say("the balloon driver obeys");
	else if (trouble == DRIVER_ABSENT)
		say("this kernel has no balloon driver: %s. The guest keeps its size",
		    driver_remedy(trouble));
	else
		say("the balloon driver refuses target_kb: %s: %s. The guest keeps its size; "
		    "trying again at least every %d s",
		    strerror(-daemon->sizer.kernel.driver.err), driver_remedy(trouble),
		    DRIVER_RETRY_MAX_MS / 1000);
}

/* Says what changed for the guest, once per change; a try that failed again is no change. */
static void tell(struct daemon *daemon, const struct orders *orders, int err, int64_t now)
{
	const struct demand *demand = &daemon->sizer.demand;
	char why[256];
	bool short_of = !err && orders->selfballoon && demand->delay_ms > 0;

	tell_of_driver(daemon);
	if (daemon->trouble != DRIVER_OBEYS)
		err = 0;
	if (err && !daemon->failing) {
		kernel_failure(&daemon->sizer.kernel, daemon->places, err, why, sizeof(why));
		say("can't look at this guest: %s", why);
	}
	daemon->failing = err != 0;
	if (!err && daemon->on != orders->selfballoon)
		say("selfballoon is %s", orders->selfballoon ? "on" : "off");
	daemon->on = err ? daemon->on : orders->selfballoon;
	if (short_of && now - daemon->short_of_ms >= SHORT_OF_PAUSE_MS)
		say("wants %.1f MiB, has %.1f MiB and gets no further: dom0's limit, or no memory "
		    "free",
		    (double)daemon->sizer.pace.held_kib / 1024, (double)demand->current_kib / 1024);
	if (short_of)
		daemon->short_of_ms = now;
}

/* Once, as soon as it is known. */
static void advise(struct daemon *daemon, const struct report *report)
{
	const struct stats *stats = &report->stats;

	if (daemon->advised || stats->swaptotal_kib.state != READING_OK)
		return;
	daemon->advised = true;
	if (stats->swaptotal_kib.value == 0)
		say("this guest has no swap. When it needs memory faster than it can grow, Linux "
		    "kills a process instead of letting it wait, and no program can reserve more "
		    "at once than the guest has at that moment. A little swap, zram will do, is "
		    "all it takes");
}

/* Two that size one guest would pull it about: the module has no other way to be turned off. */
static bool stand_by(struct daemon *daemon, int64_t now)
{
	bool module = daemon->standing_by;

	if (now < daemon->module_ms)
		return module;
	daemon->module_ms = now + MODULE_MS;
	module = access(daemon->places->module, F_OK) == 0;
	if (module != daemon->standing_by)
		say(module ? "the kernel module xen_selfballoon sizes this guest and reports; "
			     "standing by until it is unloaded"
			   : "the kernel module xen_selfballoon is gone; sizing this guest again");
	if (daemon->standing_by && !module) {
		daemon->sizer.orders = (struct orders){ 0 };
		daemon->sizer.pace = (struct pace){ 0 };
		daemon->handed.orders = 0;
	}
	daemon->standing_by = module;
	return module;
}

static void step(struct daemon *daemon)
{
	struct orders orders = board_take_orders(&daemon->board);
	struct report report = { 0 };
	int64_t now = now_ms();
	int err;

	if (orders.serial == 0 || sizer_rests(&daemon->sizer, &orders, now) ||
	    stand_by(daemon, now))
		return;
	if (strcmp(orders.policy, daemon->word) != 0) {
		memcpy(daemon->word, orders.policy, sizeof(daemon->word));
		obey(daemon);
	}
	err = sizer_step(&daemon->sizer, &daemon->settings, &orders, now, &report);
	memcpy(report.stats.settings, daemon->in_force.settings, sizeof(report.stats.settings));
	memcpy(report.stats.refuses, daemon->in_force.refuses, sizeof(report.stats.refuses));
	tell(daemon, &orders, err, now);
	advise(daemon, &report);
	if (report.orders && report_due(&daemon->handed, &report, now - daemon->handed_ms)) {
		board_give_report(&daemon->board, &report);
		daemon->handed = report;
		daemon->handed_ms = now;
	}
}

static int wait_for(struct daemon *daemon, struct pollfd *fds, nfds_t count,
		    const sigset_t *waiting)
{
	int64_t ms = sizer_pause_ms(&daemon->sizer, now_ms());
	struct timespec timeout = { ms / 1000, ms % 1000 * 1000000 };
	bool dozing = ms >= SIZER_DOZE_MS;

	if (dozing != daemon->dozing)
		prctl(PR_SET_TIMERSLACK, dozing ? (unsigned long)DOZE_SLACK_NS : 0UL, 0, 0, 0);
	daemon->dozing = dozing;
	return ppoll(fds, count, &timeout, waiting);
}

static void loop(struct daemon *daemon, const sigset_t *waiting)
{
	struct pollfd fds[] = {
		{ .fd = daemon->board.orders_fd, .events = POLLIN },
		{ .fd = daemon->sizer.kernel.trigger, .events = POLLPRI },
	};

	while (!ending) {
		fds[1].revents = 0;
		if (wait_for(daemon, fds, 2, waiting) > 0)
			board_clear(fds[0].fd);
		if (fds[1].revents & POLLERR)
			fds[1].fd = kernel_forget_trigger(&daemon->sizer.kernel);
		else if (fds[1].revents)
			sizer_wake(&daemon->sizer);
		if (reloading)
			reload(daemon);
		step(daemon);
	}
}

/*
 * The stack's default size would count as reserved memory of this guest, eight times what the
 * daemon has in all. A C library's own part comes on top: thread-local storage, and a sanitizer's.
 */
static int start_bus(struct daemon *daemon, pthread_t *thread)
{
	long least = sysconf(_SC_THREAD_STACK_MIN);
	pthread_attr_t attributes;
	int err = pthread_attr_init(&attributes);

	if (err)
		return -err;
	pthread_attr_setstacksize(&attributes, BUS_STACK + (least > 0 ? (size_t)least : 0));
	err = pthread_create(thread, &attributes, bus_thread, &daemon->board);
	pthread_attr_destroy(&attributes);
	return -err;
}

static void stop_bus(struct daemon *daemon, pthread_t thread)
{
	struct pollfd done = { .fd = daemon->board.done_fd, .events = POLLIN };

	board_stop(&daemon->board);
	if (poll(&done, 1, STOP_WAIT_MS) <= 0)
		_exit(0);
	pthread_join(thread, NULL);
	board_close(&daemon->board);
}

static void tell_of_kernel(struct daemon *daemon)
{
	const char *name, *without;

	for (size_t row = 0; kernel_without(&daemon->sizer.kernel, &row, &name, &without);)
		say("this kernel has no %s/%s: %s", daemon->places->procfs, name, without);
	tell_of_driver(daemon);
}

static int start(struct daemon *daemon)
{
	const struct places *places = daemon->places;
	const char *missing;
	char error[512];
	int err;

	if (settings_load(&daemon->file, places->config, error, sizeof(error)) != 0) {
		say("%s", error);
		return -EINVAL;
	}
	daemon->settings = daemon->file;
	settings_list(&daemon->settings, daemon->in_force.settings,
		      sizeof(daemon->in_force.settings));
	err = kernel_open(&daemon->sizer.kernel, places, true, &missing);
	if (err)
		say("can't read %s/%s: %s", places->procfs, missing, strerror(-err));
	else if (daemon->sizer.kernel.driver.err == -EALREADY)
		err = -EALREADY;
	else
		tell_of_kernel(daemon);
	if (err == -EALREADY)
		say("another xenballoon-guest sizes this guest already: end it first");
	return err;
}

int daemon_run(const struct places *places)
{
	static struct daemon daemon;
	pthread_t thread;
	sigset_t waiting;
	int err;

	daemon.places = places;
	daemon.short_of_ms = -SHORT_OF_PAUSE_MS;
	if (places->syslog)
		say_to_syslog();
	err = start(&daemon);
	if (err)
		return 1;
	catch_signals(&waiting);
	harden(places);
	err = board_open(&daemon.board);
	if (!err)
		err = start_bus(&daemon, &thread);
	if (err) {
		say("can't start: %s", strerror(-err));
		return 1;
	}
	loop(&daemon, &waiting);
	if (!daemon.standing_by)
		sizer_end(&daemon.sizer, &daemon.settings, ending == SIGTERM && !places->stop_stays,
			  now_ms());
	stop_bus(&daemon, thread);
	kernel_close(&daemon.sizer.kernel);
	return 0;
}
