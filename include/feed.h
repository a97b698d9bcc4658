/* SPDX-License-Identifier: MIT */
/*
 * The changes of guests that were made lately, for who wants to tell others of them. Any thread.
 */
#ifndef XENBALLOON_FEED_H
#define XENBALLOON_FEED_H

#include <stddef.h>
#include <stdint.h>

#include "control.h"

/* So many are kept; who asks too rarely misses the older ones. */
#define FEED_KEPT 64

struct feed_change {
	uint32_t domid;
	char uuid[SNAPSHOT_UUID_SIZE];
	enum control_action action;
	struct principal who;
};

/* Notes a change that was made. */
void feed_put(const struct control_request *request, const struct control_answer *answer);

/*
 * Takes the next change after *serial (0: from the first on) and steps it. False if there is none;
 * *missed grows by those that are no longer kept.
 */
bool feed_next(uint64_t *serial, struct feed_change *change, uint64_t *missed);

#endif
