/* SPDX-License-Identifier: MIT */
/*
 * What reclaim costs the guest as a whole: how much it evicted, and how much of that was needed
 * again. A control group at its own limit evicts and reads again all day without the guest being
 * short of memory, so only what global reclaim evicted can be hurt by being read again. Pure.
 */
#ifndef XENBALLOON_RECLAIM_H
#define XENBALLOON_RECLAIM_H

#include "policy.h"
#include "procfs.h"

/* What was evicted may be missed for so long: half of it is forgotten in this time. */
#define RECLAIM_HALF_LIFE_MS 600000

/* Zeroed at start. */
struct reclaim {
	struct reading last[VM_COUNTERS];
	uint64_t credit_kib; /* evicted by global reclaim and not seen to be needed again */
	int64_t look_ms;     /* 0: never looked */
	/* Since measuring began anew: */
	uint64_t steal_kib, stalls, hurt_kib;
	uint64_t swapin_kib;
};

/* Takes in counters as they are now and fills in the view's share; absent ones cost precision only.
 */
void reclaim_feel(struct reclaim *reclaim, const struct vmstat *vmstat, unsigned int page_kib,
		  int64_t now_ms, struct view *view);

/* Begins to measure anew. */
void reclaim_begin(struct reclaim *reclaim);

#endif
