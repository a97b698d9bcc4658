/* SPDX-License-Identifier: MIT */
/*
 * The bed's one event loop. Everything about guests happens on the thread that runs it; other
 * threads (they may block on xenstored) get things done there by loop_call().
 */
#ifndef XENBED_LOOP_H
#define XENBED_LOOP_H

#include <stdbool.h>
#include <stdint.h>

/* Something with a file descriptor, embedded in its owner. */
struct source {
	int fd;
	void (*ready)(struct source *source, uint32_t epoll_events);
};

/* The calling thread becomes the loop's. 0 or a negative errno. */
int loop_init(void);
/* Runs until loop_stop(), calling tick(arg) every tick_ms. */
void loop_run(void (*tick)(void *arg), void *arg, int tick_ms);
void loop_stop(void); /* any thread */

/* On the loop's thread. events: EPOLLIN and so on. */
int loop_add(struct source *source, uint32_t events);
void loop_change(struct source *source, uint32_t events);
/* Stops watching and closes the descriptor. */
void loop_remove(struct source *source);
/* free() once no event that was already fetched can name it. */
void loop_free(void *memory);

/* Runs function(arg) on the loop's thread and returns what it returned. Any thread. */
int loop_call(int (*function)(void *arg), void *arg);

/* CLOCK_MONOTONIC in milliseconds. */
int64_t loop_now_ms(void);

#endif
