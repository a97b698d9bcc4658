/* SPDX-License-Identifier: MIT */
/*
 * The target as the balloon driver hears it: repeated while unmet, taken back when out of reach.
 * Must not know why a size is wanted. Called by the sizer.
 */
#include "demand.h"

#include "policy.h"

void demand_reset(struct demand *demand, int64_t now_ms)
{
	*demand = (struct demand){ .page_kib = demand->page_kib,
				   .asked_kib = demand->asked_kib,
				   .current_kib = demand->current_kib,
				   .progress_ms = now_ms };
}

static uint64_t distance(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

static uint64_t page_kib(const struct demand *demand)
{
	return demand->page_kib ? demand->page_kib : POLICY_PAGE_KIB;
}

/* One page short of what is wanted, on the side where the guest is: differs, and overshoots never.
 */
static uint64_t nearer_by_a_page(const struct demand *demand, uint64_t want_kib,
				 uint64_t current_kib)
{
	return want_kib > current_kib ? want_kib - page_kib(demand) : want_kib + page_kib(demand);
}

static void note_progress(struct demand *demand, uint64_t want_kib, uint64_t current_kib,
			  int64_t now_ms)
{
	if (distance(current_kib, want_kib) < distance(demand->current_kib, want_kib)) {
		demand->progress_ms = now_ms;
		demand->delay_ms = 0;
		demand->kicked = false;
	}
	demand->current_kib = current_kib;
}

static void give_up(struct demand *demand, int64_t now_ms)
{
	int64_t delay = demand->delay_ms ? demand->delay_ms * 2 : DEMAND_RETRY_FIRST_MS;

	demand->delay_ms = delay < DEMAND_RETRY_MAX_MS ? delay : DEMAND_RETRY_MAX_MS;
	demand->retry_ms = now_ms + demand->delay_ms;
	demand->limited = true;
}

/* What to ask for while the guest isn't where it wants to be. */
static uint64_t pursue(struct demand *demand, uint64_t want_kib, uint64_t current_kib,
		       int64_t now_ms)
{
	if (demand->limited && now_ms < demand->retry_ms)
		return current_kib;
	if (demand->limited) {
		demand->limited = false;
		demand->progress_ms = now_ms;
	}
	if (now_ms - demand->progress_ms < DEMAND_STALL_MS)
		return demand->kicked && demand->delay_ms == 0
			       ? nearer_by_a_page(demand, want_kib, current_kib)
			       : want_kib;
	if (demand->kicked) {
		give_up(demand, now_ms);
		return current_kib;
	}
	demand->kicked = true;
	demand->progress_ms = now_ms;
	return nearer_by_a_page(demand, want_kib, current_kib);
}

uint64_t demand_step(struct demand *demand, uint64_t want_kib, uint64_t current_kib,
		     uint64_t driver_kib, int64_t now_ms)
{
	bool met = distance(want_kib, current_kib) <= page_kib(demand);
	bool up = want_kib > current_kib;
	uint64_t ask = want_kib;

	note_progress(demand, want_kib, current_kib, now_ms);
	if (met || demand->up != up)
		demand_reset(demand, now_ms);
	demand->up = up;
	if (!met)
		ask = pursue(demand, want_kib, current_kib, now_ms);
	if (ask == driver_kib)
		return 0;
	demand->asked_kib = ask;
	return ask;
}
