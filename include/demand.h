/* SPDX-License-Identifier: MIT */
/*
 * What to write to the balloon driver so that the guest gets the size it wants: written again while
 * it is unmet, dropped when it can't be met, tried again later. Pure. All sizes are KiB.
 *
 * Linux's driver tries a few times and then sleeps for up to an hour; it wakes for a target that
 * differs from the last one, so asking again means asking for a page more or less. Some kernels
 * spin on a target out of reach, so one that brings nothing is taken back.
 */
#ifndef XENBALLOON_DEMAND_H
#define XENBALLOON_DEMAND_H

#include <stdbool.h>
#include <stdint.h>

/* Without any progress for this long a target is asked for again, then taken back. */
#define DEMAND_STALL_MS 1500

/* What was taken back is tried again after 2 s, then each time twice as late, at most this. */
#define DEMAND_RETRY_FIRST_MS 2000
#define DEMAND_RETRY_MAX_MS   30000

/* Zeroed at start, but for page_kib. */
struct demand {
	unsigned int page_kib; /* the kernel's; 0: POLICY_PAGE_KIB */
	uint64_t asked_kib;    /* last given to the driver */
	uint64_t current_kib;  /* when last looked */
	int64_t progress_ms;   /* when current last came nearer */
	int64_t retry_ms;      /* while limited: when to try again */
	int64_t delay_ms;      /* what retry_ms was reckoned with */
	bool kicked;	       /* asked again since progress */
	bool up;	       /* it is growth that is asked for */
	bool limited;	       /* what is wanted can't be had: nothing is asked for */
};

/* Forgets that anything was out of reach: dom0 has changed something. */
void demand_reset(struct demand *demand, int64_t now_ms);

/*
 * The value to write to the driver now, or 0 for none. driver_kib is the driver's own target, which
 * dom0 may have changed. Call it some times a second while want or current may change.
 */
uint64_t demand_step(struct demand *demand, uint64_t want_kib, uint64_t current_kib,
		     uint64_t driver_kib, int64_t now_ms);

#endif
