/* SPDX-License-Identifier: MIT */
/*
 * What only shows between two looks: how long tasks waited, what was read again, what is being
 * taken; and the reasons not to shrink that come from it. Pure.
 */
#ifndef XENBALLOON_PULSE_H
#define XENBALLOON_PULSE_H

#include "kernel.h"
#include "reclaim.h"

/* Swap that was read counts for so long. */
#define PULSE_SWAPIN_MS 10000

/* What was taken since a look longer ago than this is divided by the time. */
#define PULSE_LOOK_MS 2000

/* A burst is what is taken in so long, an eighth of full size at most, and forgotten by halves. */
#define PULSE_BURST_MS		 500
#define PULSE_BURST_PART	 8
#define PULSE_BURST_HALF_LIFE_MS 1800000

/* Stands for the time that tasks waited where a kernel only counts that they did: above any set
 * point. */
#define PULSE_NO_PSI_US 1000001

/* Zeroed at start. */
struct pulse {
	struct reclaim reclaim;
	struct reading stall_us;	  /* as last seen */
	uint64_t stalled_us;		  /* since measuring began anew */
	uint64_t used_kib, committed_kib; /* as last seen */
	uint64_t current_kib;		  /* likewise; 0: never looked */
	uint64_t burst_kib;		  /* the fastest rise in half a second, fading */
	int64_t look_ms;		  /* 0: never looked */
	int64_t swapin_ms;		  /* when swap was last seen being read; 0: never */
	int64_t leaving_ms;		  /* when dom0 last told the guest to leave; 0: never */
	int64_t boot_ms;		  /* when it booted, once known; in now_ms's time */
	bool boot_known;
};

/* Fills in what a sample alone can't tell, holds included; the view's max_kib must be known. */
void pulse_feel(struct pulse *pulse, struct sample *sample, unsigned int page_kib,
		const struct policy_knobs *knobs, int64_t now_ms);

/* True for a while after dom0 told the guest to shut down, suspend or restore. */
bool pulse_leaving(const struct pulse *pulse, int64_t now_ms);

/* Begins to measure anew. */
void pulse_begin(struct pulse *pulse);

/* The holds in words, "it has just booted, swap is being read"; "" for none. */
void pulse_holds(unsigned int holds, char *text, size_t size);

#endif
