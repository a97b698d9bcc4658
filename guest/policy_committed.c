/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The policy `committed`: what processes have reserved (Committed_AS) is what the guest needs, as
 * in Linux 3.1 to 5.2. Knows nothing of page cache, and of processes that reserve far more than
 * they touch. Called by policy.c only.
 */
#include "policy.h"

void policy_committed(const struct view *view, const struct policy_knobs *knobs,
		      struct decision *decision)
{
	uint64_t current = view->current_kib;
	uint64_t full = view->max_kib > view->gap_kib ? view->max_kib - view->gap_kib : 0;
	uint64_t goal = view->committed_kib + view->reserve_kib +
			full * knobs->reserve_percent / 100 + view->gap_kib;

	decision->goal_kib = goal;
	if (current > goal)
		decision->target_kib = current - (current - goal) / knobs->hysteresis_down;
	else
		decision->target_kib = current + (goal - current) / knobs->hysteresis_up;
}
