/* SPDX-License-Identifier: MIT */
/*
 * What only shows between two looks: how long tasks waited, what was read again, what is being
 * taken; and the reasons not to shrink that come from it. Pure.
 */
#ifndef XENBALLOON_PULSE_H
#define XENBALLOON_PULSE_H

#include "kernel.h"

/* Swap that was read counts for so long. */
#define PULSE_SWAPIN_MS 10000

/* Of what was taken since a look longer ago than this, so long counts as being taken now. */
#define PULSE_LOOK_MS 2000

/* Zeroed at start. */
struct pulse {
	struct reading stall_us, refaults, swapins; /* as last seen */
	uint64_t stalled_us, refaulted;		    /* since measuring began anew; us, pages */
	uint64_t used_kib, committed_kib;	    /* as last seen */
	int64_t look_ms;			    /* 0: never looked */
	int64_t swapin_ms;  /* when swap was last seen being read; 0: never */
	int64_t leaving_ms; /* when dom0 last told the guest to leave; 0: never */
	int64_t boot_ms;    /* when it booted, once known; in now_ms's time */
	bool boot_known;
};

/* Fills in what a sample alone can't tell, holds included. */
void pulse_feel(struct pulse *pulse, struct sample *sample, unsigned int page_kib, int64_t now_ms);

/* True for a while after dom0 told the guest to shut down, suspend or restore. */
bool pulse_leaving(const struct pulse *pulse, int64_t now_ms);

/* Begins to measure anew. */
void pulse_begin(struct pulse *pulse);

/* The holds in words, "it has just booted, swap is being read"; "" for none. */
void pulse_holds(unsigned int holds, char *text, size_t size);

#endif
