/* SPDX-License-Identifier: MIT */
/*
 * The bounded queue of commands between the threads that ask and the collector that does. The
 * collector's side; who asks uses collector_submit() in collector.h.
 */
#ifndef XENBALLOON_QUEUE_H
#define XENBALLOON_QUEUE_H

#include <stddef.h>

#include "collector.h"

/* Commands taken at once; their answers wait for one common snapshot. */
#define QUEUE_BATCH 64

/* Opens the queue for commands. 0 or a negative errno. */
int queue_open(void);

/* Takes no more commands and answers -ETIMEDOUT to all that wait or run. */
void queue_shut(void);

/* Frees what queue_open() took; the collector's thread has ended. */
void queue_close(void);

/* A descriptor that polls readable while commands wait. */
int queue_fd(void);

/* Takes up to QUEUE_BATCH commands whose deadline has not passed; returns how many. */
size_t queue_take(struct command *batch[QUEUE_BATCH]);

/* Answers commands that have run, unless their deadlines came first, and releases them. */
void queue_finish(struct command *const batch[], size_t count);

/* Makes the collector's poll return. */
void queue_wake(void);

#endif
