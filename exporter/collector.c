/* SPDX-License-Identifier: MIT */
/*
 * The collector thread: waits for watches and commands, keeps the roster true, publishes snapshots.
 * The only thread that touches the store and the hypervisor, since both may block without end.
 */
#include "collector.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "control.h"
#include "history.h"
#include "hypervisor.h"
#include "log.h"
#include "queue.h"
#include "roster.h"
#include "snapshot.h"
#include "store.h"

#define TICK_MS	    1000 /* sign of life from the store, the hypervisor's numbers, ages */
#define RETRY_MS    500	 /* between two tries to reach a store that is down */
#define COALESCE_MS 50	 /* changes that come closer together are read once */
#define STOP_S	    3	 /* for a call under way, when the agent stops */
#define BUDGET_MS   20	 /* of reading, before commands have their turn again */

static pthread_t thread;
static atomic_bool stopping;

/* The thread's own; nothing else touches it. */
static struct {
	struct store *store;	       /* NULL while it is down */
	struct hypervisor *hypervisor; /* likewise */
	struct roster *roster;
	char xen_version[64];
	int store_error; /* the last one logged, so that a lasting failure is said once */
	int hypervisor_error;
	bool list_due;
	bool changed;	  /* since the last snapshot */
	bool catching_up; /* not everything has been read since both were there */
	int64_t tick_ms;
	int64_t retry_ms;
	int64_t refresh_ms;
} now;

static void publish(void)
{
	struct snapshot *snapshot = roster_snapshot(now.roster);

	now.changed = false;
	if (!snapshot) {
		log_error("out of memory for a snapshot");
		return;
	}
	snapshot->store_up = now.store;
	snapshot->hypervisor_up = now.hypervisor;
	memcpy(snapshot->xen_version, now.xen_version, sizeof(snapshot->xen_version));
	snapshot_publish(snapshot);
	if (now.store && now.hypervisor && !now.catching_up)
		snapshot_confirm(clock_ms());
}

/* Logs a failure that wasn't there before, and the end of one. */
static void report(const char *what, int *last, int error)
{
	if (error && error != *last)
		log_error("%s: %s; trying again", what, strerror(-error));
	else if (!error && *last)
		log_info("%s: back", what);
	*last = error;
}

static void lose_store(int error)
{
	report("xenstore", &now.store_error, error);
	store_close(now.store);
	now.store = NULL;
	now.retry_ms = clock_ms() + RETRY_MS;
	roster_store_lost(now.roster);
	publish();
}

static void lose_hypervisor(int error)
{
	report("hypervisor", &now.hypervisor_error, error);
	hypervisor_close(now.hypervisor);
	now.hypervisor = NULL;
	publish();
}

static void open_store(void)
{
	int error = store_open(&now.store);

	now.retry_ms = clock_ms() + RETRY_MS;
	if (!error)
		error = store_watch(now.store, "@introduceDomain", "domains");
	if (!error)
		error = store_watch(now.store, "@releaseDomain", "domains");
	if (error) {
		store_close(now.store);
		now.store = NULL;
	} else {
		roster_store_reached(now.roster);
	}
	report("xenstore", &now.store_error, error);
	now.catching_up = true;
	now.list_due = true;
}

static void open_hypervisor(void)
{
	int error = hypervisor_open(&now.hypervisor);

	if (!error)
		error = hypervisor_version(now.hypervisor, now.xen_version,
					   sizeof(now.xen_version));
	if (error) {
		hypervisor_close(now.hypervisor);
		now.hypervisor = NULL;
	}
	report("hypervisor", &now.hypervisor_error, error);
	now.catching_up = true;
	now.list_due = true;
}

static void take_events(void)
{
	const char *path;
	int got = 0;

	while (now.store && (got = store_next(now.store, &path)) > 0)
		if (roster_event(now.roster, path))
			now.list_due = true;
	if (got < 0)
		lose_store(got);
}

static void list(void)
{
	int error;

	now.list_due = false;
	if (!now.hypervisor)
		return;
	error = roster_list(now.roster, now.hypervisor, now.store);
	if (error)
		lose_hypervisor(error);
	now.changed = true;
}

static void refresh(void)
{
	int got;

	if (!now.store)
		return;
	if (!roster_due(now.roster)) {
		now.catching_up = false;
		return;
	}
	got = roster_refresh(now.roster, now.store, now.hypervisor, BUDGET_MS);
	now.refresh_ms = clock_ms() + (got > 0 ? 0 : COALESCE_MS);
	now.changed = true;
	now.catching_up = now.catching_up && got;
	if (got < 0)
		lose_store(got);
}

/* Grants come after reads: for each, xenstored looks at every guest's watches. */
static void settle(void)
{
	int error;

	if (!now.store || !now.hypervisor || !roster_unsettled(now.roster))
		return;
	error = roster_settle(now.roster, now.store, now.hypervisor, BUDGET_MS);
	if (error)
		lose_store(error);
}

/* Any read will do: a server that answers is there. */
static void feel_pulse(void)
{
	char value[8];
	size_t len;
	int error = store_read(now.store, "/local/domain/0/domid", value, sizeof(value), &len);

	if (error == -ENOTCONN)
		lose_store(error);
}

/* Only what is known to be true now: without xenstored or the hypervisor there is a gap. */
static void remember(int64_t clock)
{
	const struct snapshot *snapshot;

	if (!now.store || !now.hypervisor || now.catching_up)
		return;
	snapshot = snapshot_acquire();
	history_sample(snapshot, clock, clock_unix());
	snapshot_release(snapshot);
}

static void tick(int64_t clock)
{
	if (clock < now.tick_ms)
		return;
	now.tick_ms = clock + TICK_MS;
	if (!now.hypervisor)
		open_hypervisor();
	if (now.store)
		feel_pulse();
	if (now.store)
		roster_tick(now.roster, now.store);
	list();
	remember(clock);
	if (now.store && now.hypervisor && !now.catching_up)
		control_free_silent(now.store, now.hypervisor);
	/* What was put back in force by itself, and what could not be kept before. */
	control_keep();
}

/* What they decided is on disk before they are answered; what can't be is taken back. */
static void keep(struct command *const batch[], size_t count)
{
	int error = control_keep();

	if (!error)
		return;
	for (size_t i = 0; i < count; i++)
		if (batch[i]->take_back)
			batch[i]->take_back(batch[i], now.store, now.hypervisor, error);
	control_keep();
}

/* Answers wait until the snapshot shows what their commands did. */
static void run_commands(void)
{
	struct command *batch[QUEUE_BATCH];
	size_t count = queue_take(batch);

	for (size_t i = 0; i < count; i++)
		batch[i]->run(batch[i], now.store, now.hypervisor);
	if (count) {
		keep(batch, count);
		take_events();
		refresh();
		publish();
	}
	queue_finish(batch, count);
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static void wait_for_work(void)
{
	struct pollfd fds[2] = { { .fd = queue_fd(), .events = POLLIN },
				 { .fd = now.store ? store_fd(now.store) : -1, .events = POLLIN } };
	int64_t until = now.tick_ms, clock = clock_ms();

	if (!now.store)
		until = earlier(until, now.retry_ms);
	else if (now.hypervisor && !now.catching_up && roster_unsettled(now.roster))
		until = clock;
	else if (roster_due(now.roster))
		until = earlier(until, now.refresh_ms);
	poll(fds, 2, until > clock ? (int)(until - clock) : 0);
}

static void turn(void)
{
	int64_t clock;

	wait_for_work();
	run_commands();
	clock = clock_ms();
	if (!now.store && clock >= now.retry_ms)
		open_store();
	take_events();
	tick(clock);
	if (now.list_due)
		list();
	if (clock >= now.refresh_ms)
		refresh();
	if (now.changed)
		publish();
	if (!now.catching_up)
		settle();
}

static void *collect(void *unused)
{
	(void)unused;
	while (!atomic_load(&stopping))
		turn();
	control_keep();
	store_close(now.store);
	hypervisor_close(now.hypervisor);
	roster_free(now.roster);
	memset(&now, 0, sizeof(now));
	return NULL;
}

int collector_start(void)
{
	int error = queue_open();

	if (error)
		return error;
	now.roster = roster_new();
	if (!now.roster) {
		queue_close();
		return -ENOMEM;
	}
	atomic_store(&stopping, false);
	error = -pthread_create(&thread, NULL, collect, NULL);
	if (error) {
		roster_free(now.roster);
		queue_close();
	}
	return error;
}

/* pthread_clockjoin_np() would do the same, but gcc 12's thread sanitizer takes it for a leak. */
static int join_thread(void)
{
	const struct timespec pause = { 0, 5000000 };
	int64_t until = clock_ms() + STOP_S * 1000;
	int error = pthread_tryjoin_np(thread, NULL);

	while (error == EBUSY && clock_ms() < until) {
		nanosleep(&pause, NULL);
		error = pthread_tryjoin_np(thread, NULL);
	}
	return error == EBUSY ? -ETIMEDOUT : -error;
}

int collector_stop(void)
{
	int error;

	queue_shut();
	atomic_store(&stopping, true);
	queue_wake();
	error = join_thread();
	if (!error)
		queue_close();
	return error;
}

void collector_touch(uint32_t domid)
{
	roster_touch(now.roster, domid);
}
