/* SPDX-License-Identifier: MIT */
/*
 * A piece of the stream of events: rendered once, sent to many. One with decisions knows where each
 * ends and whom it concerns. For events.c alone, which counts references under its lock.
 */
#ifndef XENBALLOON_EVENTS_PIECE_H
#define XENBALLOON_EVENTS_PIECE_H

#include "audit_recent.h"
#include "text.h"

/* One decision in a piece: its text ends at `end`. */
struct part {
	size_t end;
	struct audit_subject about;
};

struct piece {
	unsigned int references;
	struct text text;
	struct part *parts; /* of one with decisions; NULL: it is for all */
	size_t count;
};

/* Takes the text over; NULL if that has failed or memory is out. */
struct piece *piece_new(struct text *text);
void piece_release(struct piece *piece); /* NULL is allowed */

/*
 * Appends the decision after *serial and steps that. False: there is none; or no memory, then the
 * text has failed.
 */
bool piece_add_decision(struct piece *piece, uint64_t *serial);

/* What `who` may see of it, a reference; NULL: nothing. */
struct piece *piece_seen_by(struct piece *piece, const struct principal *who);

#endif
