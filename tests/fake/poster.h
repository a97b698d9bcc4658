/* SPDX-License-Identifier: MIT */
/*
 * Reports for a guest that has no daemon of its own: the same keys, in one transaction, over the
 * guest's own ring and so with its rights. Obeys selfballoon in a simple way. Loop thread only.
 */
#ifndef XENBED_POSTER_H
#define XENBED_POSTER_H

#include <stdint.h>

struct guest;
struct poster;

/* Sets its watches. NULL with errno. */
struct poster *poster_new(struct guest *guest);
void poster_free(struct poster *poster);
/* xenstored was started anew: nothing that was under way will be answered. */
void poster_reset(struct poster *poster);
/* dom0 changed the target: report at once. */
void poster_hurry(struct poster *poster);
/* Follows selfballoon and reports what is due. */
void poster_step(struct poster *poster, int64_t now_ms);
/* Reports that xenstored has taken. */
uint64_t poster_reports(const struct poster *poster);

#endif
