/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The policy `committed`: what processes have reserved (Committed_AS) is what the guest needs, as
 * in Linux 3.1 to 5.2. Knows nothing of page cache, and of processes that reserve far more than
 * they touch: the rules of policy.c stand in for these.
 */
#include "policy.h"

static void committed_terms(const struct view *view, const struct policy_knobs *knobs,
			    struct term terms[POLICY_TERMS])
{
	uint64_t full = view->max_kib > view->gap_kib ? view->max_kib - view->gap_kib : 0;

	terms[0] = (struct term){ "reserved by processes (Committed_AS)", view->committed_kib };
	terms[1] = (struct term){ "kept by the kernel for itself", view->reserve_kib };
	terms[2] = (struct term){ "reserve_percent of full size",
				  full * knobs->reserve_percent / 100 };
	terms[3] = (struct term){ "never part of MemTotal", view->gap_kib };
}

static void committed_decide(const struct view *view, const struct policy_knobs *knobs,
			     struct decision *decision)
{
	uint64_t current = view->current_kib;
	uint64_t goal = policy_sum_kib(&policy_committed, view, knobs);

	decision->goal_kib = goal;
	if (current > goal)
		decision->target_kib = current - (current - goal) / knobs->hysteresis_down;
	else
		decision->target_kib = current + (goal - current) / knobs->hysteresis_up;
}

const struct policy policy_committed = {
	.name = "committed",
	.help = "what processes have reserved, plus a reserve",
	.terms = committed_terms,
	.decide = committed_decide,
};
