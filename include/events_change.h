/* SPDX-License-Identifier: MIT */
/*
 * What differs between two pictures of the host, as server-sent events. Pure.
 */
#ifndef XENBALLOON_EVENTS_CHANGE_H
#define XENBALLOON_EVENTS_CHANGE_H

#include "snapshot.h"
#include "text.h"

/* The whole picture: `host` and `domains`. */
void events_put_picture(struct text *text, const struct snapshot *snapshot, int64_t age_ms);

/*
 * What changed from old to now: `gone`, `domain` and `host`. Reasons that alone have moved on
 * ("last reported 95 s ago") are held against those of `spoken` instead, an older picture; NULL:
 * they don't count. A guest's domid may have passed on to another: that is a gone and a domain.
 */
void events_put_changes(struct text *text, const struct snapshot *old,
			const struct snapshot *spoken, const struct snapshot *now, int64_t age_ms);

/* Opens an event for its data, one line of JSON, and closes it; generation 0: without an id. */
void events_open(struct text *text, const char *name, uint64_t generation);
void events_close(struct text *text);

#endif
