/* SPDX-License-Identifier: MIT */
/*
 * The stream of server-sent events: first the whole picture, then what changes of it, rendered once
 * for all who listen. Free of the HTTP library.
 */
#ifndef XENBALLOON_EVENTS_H
#define XENBALLOON_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "control.h"

/* So many may listen at once. */
#define EVENTS_LISTENERS_MAX 64

struct events_listener;

/* How a listener is made to wait. Called under a lock: none may call back into this module. */
struct events_flow {
	void (*pause)(void *context);  /* there is nothing to send */
	void (*resume)(void *context); /* there is again; once after each pause */
	bool (*gone)(void *context);   /* whether the peer of one who pauses has hung up */
	void *context;
};

/* For main(): before the first listener, and after the last request can have come. */
void events_start(void);
void events_stop(void); /* resumes all; whoever listens gets EVENTS_OVER */

/*
 * Renders what has changed and hands it to all who listen: decisions at once, the picture once a
 * second at most, a sign of life in silence. For the main thread, some times a second.
 */
void events_turn(int64_t now_ms);

/*
 * One more listener, whose stream begins with the host and all guests as they are, and has the
 * decisions that `who` may see (audit_recent.h). It ends soon after stands() denies that they may
 * still listen. NULL: too many listen already, out of memory, or the agent is ending.
 */
struct events_listener *events_listen(const struct principal *who,
				      bool (*stands)(const struct principal *who));

/* To be called once, before the first events_read(). */
void events_attach(struct events_listener *listener, const struct events_flow *flow);

#define EVENTS_OVER (-1) /* the agent is ending, or it may listen no longer */
#define EVENTS_SLOW (-2) /* it reads too slowly: what it should see next is no longer kept */
#define EVENTS_GONE (-3) /* its peer has hung up */

/*
 * Copies the next bytes of the stream, size at most, and returns how many; 0: none now, and
 * flow.pause() has been called; or one of the above, and so for ever.
 */
ssize_t events_read(struct events_listener *listener, char *bytes, size_t size);

/* Ends a listener; NULL is allowed. */
void events_leave(struct events_listener *listener);

/* How many listen, and how many were ever cut off as too slow. */
unsigned int events_listening(void);
uint64_t events_cut_off(void);

#endif
