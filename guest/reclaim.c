/* SPDX-License-Identifier: MIT */
/*
 * Differences between the counters of reclaim, on the main thread. Must not know what a policy
 * makes of them.
 */
#include "reclaim.h"

#include "kib.h"

/* How far a counter went on; one that went back or wasn't known has not. */
static uint64_t advance(struct reclaim *reclaim, const struct vmstat *vmstat,
			enum vmstat_counter counter)
{
	struct reading *last = &reclaim->last[counter], now = vmstat->counters[counter];
	uint64_t by = 0;

	if (now.state != READING_OK)
		return 0;
	if (last->state == READING_OK)
		by = kib_less(now.value, last->value);
	*last = now;
	return by;
}

/*
 * Pages that were needed again, not merely read again: a restore is a part of activate on the
 * classic LRU, and MGLRU of Linux 6.1 counts restore alone (mm/workingset.c), hence the larger.
 * Before Linux 5.9 anonymous pages have neither, and swap that is read stands in.
 */
static uint64_t needed_again(struct reclaim *reclaim, const struct vmstat *vmstat, uint64_t swapins)
{
	uint64_t file = kib_larger(advance(reclaim, vmstat, VM_ACTIVATE_FILE),
				   advance(reclaim, vmstat, VM_RESTORE_FILE));
	uint64_t anon = kib_larger(advance(reclaim, vmstat, VM_ACTIVATE_ANON),
				   advance(reclaim, vmstat, VM_RESTORE_ANON));
	bool split = vmstat->counters[VM_ACTIVATE_ANON].state == READING_OK ||
		     vmstat->counters[VM_RESTORE_ANON].state == READING_OK;

	return file + (split ? anon : swapins);
}

void reclaim_feel(struct reclaim *reclaim, const struct vmstat *vmstat, unsigned int page_kib,
		  int64_t now_ms, struct view *view)
{
	uint64_t swapins = advance(reclaim, vmstat, VM_SWAPINS);
	uint64_t steal = advance(reclaim, vmstat, VM_STEALS) * page_kib;
	uint64_t again = needed_again(reclaim, vmstat, swapins) * page_kib;

	if (reclaim->look_ms)
		reclaim->credit_kib = kib_halved(reclaim->credit_kib, now_ms - reclaim->look_ms,
						 RECLAIM_HALF_LIFE_MS);
	reclaim->look_ms = now_ms;
	reclaim->credit_kib += steal;
	again = kib_smaller(again, reclaim->credit_kib);
	reclaim->credit_kib -= again;
	reclaim->hurt_kib += again;
	reclaim->steal_kib += steal;
	reclaim->stalls += advance(reclaim, vmstat, VM_STALLS);
	reclaim->swapin_kib += swapins * page_kib;
	view->hurt_now_kib = again;
	view->hurt_kib = reclaim->hurt_kib;
	view->steal_kib = reclaim->steal_kib;
	view->stalls = reclaim->stalls;
}

void reclaim_begin(struct reclaim *reclaim)
{
	reclaim->steal_kib = reclaim->stalls = reclaim->hurt_kib = reclaim->swapin_kib = 0;
}
