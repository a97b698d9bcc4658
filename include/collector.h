/* SPDX-License-Identifier: MIT */
/*
 * The collector thread: the only one that touches the store and the hypervisor. It follows watches,
 * grants each domain's guest-owned keys, publishes snapshots and runs commands from a bounded
 * queue.
 */
#ifndef XENBALLOON_COLLECTOR_H
#define XENBALLOON_COLLECTOR_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "clock.h"

struct store;
struct hypervisor;

/* Commands that may wait at once; one more is refused. */
#define COLLECTOR_QUEUE_MAX 1024

/*
 * Something to be done on the collector thread. Embedded in its owner's structure, which must live
 * until release(). Order of calls: run(), take_back() and conclude() at most once, answer() exactly
 * once, release() once, last.
 */
struct command {
	/* Does the work, on the collector thread. store or hypervisor are NULL while they are down.
	 */
	void (*run)(struct command *command, struct store *store, struct hypervisor *hypervisor);
	/*
	 * What run() decided can't be kept on disk, as this negative errno says: undoes it. On the
	 * collector thread; may be NULL.
	 */
	void (*take_back)(struct command *command, struct store *store,
			  struct hypervisor *hypervisor, int error);
	/*
	 * run() has ended in time and answer() will be called with status 0; of commands that ran
	 * together, all are concluded before the first is answered. May be NULL.
	 */
	void (*conclude)(struct command *command);
	/*
	 * Tells the one who waits, from any thread; status 0: run() has ended; -ETIMEDOUT: the
	 * deadline passed first. In that case run() may still be under way, so touch nothing that
	 * it writes.
	 */
	void (*answer)(struct command *command, int status);
	/* Neither run() nor answer() will be called any more. */
	void (*release)(struct command *command);
	int64_t deadline_ms; /* CLOCK_MONOTONIC */

	/* The queue's own. */
	struct command *next;
	atomic_bool answered;
	bool answering; /* answer() is under way for a deadline that passed */
};

/* Starts the thread; config_acquire() must work. 0 or a negative errno. */
int collector_start(void);

/*
 * Answers all commands -ETIMEDOUT, takes no more and ends the thread. -ETIMEDOUT: it hangs in a
 * call to the store and can only be left to the end of the process.
 */
int collector_stop(void);

/* Queues a command. -EAGAIN: the queue is full; nothing of *command will be called. */
int collector_submit(struct command *command);

/* Answers what has passed its deadline. For the main thread, some times a second. */
void collector_expire(int64_t now_ms);

/* True once nobody waits for the command any more: run() should undo and end. */
bool command_expired(const struct command *command);

/* Makes the collector read this domain again soon, after run() changed it. On its thread only. */
void collector_touch(uint32_t domid);

#endif
