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
#include "pulse.h"
#include "settings.h"

/* How often it looks while selfballoon is 1: need must be seen before it becomes a shortage. */
#define SIZER_TICK_MS 100

/*
 * And while memory is being taken, or the guest grows: a program without swap to wait for is killed
 * if what it takes between two looks is more than what was kept available.
 */
#define SIZER_HASTE_MS 50

/* Haste goes on for so long: who takes memory may have to wait for a CPU between two looks. */
#define SIZER_HASTE_LASTS_MS 500

/* For so long it gives way to a target that another tool set while selfballoon is 1. */
#define SIZER_YIELD_MS 60000

/* At least so often, while memory doesn't move and it has the size it wants. */
#define SIZER_CALM_MS 2000

/*
 * A calm guest is woken for a look less often, as that is all that an idle guest costs. Least often
 * with so much free swap, where tasks can wait until the kernel has told of it instead of being
 * killed before the next look.
 */
#define SIZER_DOZE_MS	   200
#define SIZER_CUSHIONED_MS 250
#define SIZER_SWAP_KIB	   (16 * 1024)

/* How often it looks at what changes slowly: reserve, refaults, swap. */
#define SIZER_SLOW_MS 5000

/* After a step it looks at them more often, as that is when it may hurt. */
#define SIZER_WATCH_MS	     10000
#define SIZER_WATCH_EVERY_MS 1000

struct sizer {
	struct kernel kernel;
	struct demand demand;
	struct orders orders; /* those acted on last */
	struct pace pace;
	struct pulse pulse;
	uint64_t peak_kib;	 /* stands in for an unknown static max */
	int64_t due_ms;		 /* of the next step down */
	int64_t calm_ms;	 /* until then a look may be spared if all is quiet */
	int64_t haste_ms;	 /* until then memory may still be taken, or the guest grow */
	bool cushioned;		 /* the kernel tells of need, and there is swap until it has */
	uint64_t slow_stall_us;	 /* what tasks had waited then */
	int64_t watch_ms;	 /* until then a step may still turn out to hurt */
	int64_t slow_ms;	 /* when what changes slowly is to be read again */
	int64_t target_moved_ms; /* when dom0 last changed its target */
	uint64_t yield_kib;	 /* what dom0 asked it to give way to while on; 0: nothing */
	uint64_t allowed_kib;	 /* how far it has given way */
	int64_t yield_due_ms;	 /* of the next step there */
	int64_t yield_end_ms;
};

/* Tasks wait for memory: the next look, which must not be spared, sees everything. */
void sizer_wake(struct sizer *sizer);

/* Milliseconds until it should look again. */
int64_t sizer_pause_ms(const struct sizer *sizer, int64_t now_ms);

/* Where nothing moves, most looks would see the same again: true if this one can be spared. */
bool sizer_rests(const struct sizer *sizer, const struct orders *orders, int64_t now_ms);

/*
 * Looks, decides, tells the balloon driver, fills *report (not its seq). The sizer's kernel must be
 * open for writing. 0 or a negative errno; *report is untouched if it couldn't look, and filled if
 * it was the driver that refused, which kernel.driver says then. One that refuses is left alone but
 * for a proof now and then.
 */
int sizer_step(struct sizer *sizer, const struct settings *settings, const struct orders *orders,
	       int64_t now_ms, struct report *report);

/*
 * The last thing it does: while selfballoon is 1 nobody moves this guest any more. It shrinks no
 * further than it has; grow: it asks for all that it may have, unless it is leaving anyway.
 */
void sizer_end(struct sizer *sizer, const struct settings *settings, bool grow, int64_t now_ms);

#endif
