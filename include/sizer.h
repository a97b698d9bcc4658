/* SPDX-License-Identifier: MIT */
/*
 * Keeps the guest at the size that its policy and dom0's orders give, and says what it did. Never
 * touches xenstore. One thread.
 */
#ifndef XENBALLOON_SIZER_H
#define XENBALLOON_SIZER_H

#include "board.h"
#include "demand.h"
#include "kernel.h"
#include "settings.h"

/* How often it looks while selfballoon is 1: need must be seen before it becomes a shortage. */
#define SIZER_TICK_MS 100

/* How often it looks at what changes slowly: reserve, pressure. */
#define SIZER_SLOW_MS 5000

struct sizer {
	struct kernel kernel;
	struct demand demand;
	struct orders orders;	 /* those acted on last */
	uint64_t held_kib;	 /* the target held; 0: none */
	uint64_t peak_kib;	 /* stands in for an unknown static max */
	int64_t due_ms;		 /* of the next step down */
	int64_t slow_ms;	 /* when reserve and pressure are to be read again */
	int64_t target_moved_ms; /* when dom0 last changed its target */
	struct reading psi;
};

/* Milliseconds until it should look again. */
int64_t sizer_pause_ms(const struct sizer *sizer);

/*
 * Looks, decides, tells the balloon driver, fills *report (not its seq). The sizer's kernel must be
 * open for writing. 0 or a negative errno; *report is untouched if it couldn't look, and filled if
 * it was the driver that refused.
 */
int sizer_step(struct sizer *sizer, const struct settings *settings, const struct orders *orders,
	       int64_t now_ms, struct report *report);

#endif
