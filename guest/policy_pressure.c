/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The policy `pressure`: the working set is found by taking away a little at a time until processes
 * begin to wait. Some memory stays available all the same, as a guest without page cache and swap
 * knows no pressure between plenty and none.
 */
#include "policy.h"

/*
 * After the curves of Meta's Senpai (senpai.py): at the set point a probe takes 1/10^2 of size and
 * a backoff gives 1/20^2. Senpai multiplies that by its largest probe of 1 %; here it is the limit.
 */
#define PROBE_COEFFICIENT   10
#define BACKOFF_COEFFICIENT 20

/* The largest step down where the configuration names none. */
#define PROBE_PERCENT 10

/* So little is no answer to a task that waits, percent. */
#define BACKOFF_LEAST_PERCENT 3

/* min((ratio / coefficient)^2, percent) of size; ratio is a / b. */
static uint64_t share(uint64_t size, uint64_t a, uint64_t b, uint64_t coefficient,
		      unsigned int percent)
{
	uint64_t ratio = b == 0 || a / b > coefficient ? coefficient : a / b;
	uint64_t part = size * ratio * ratio / (coefficient * coefficient);
	uint64_t most = size * percent / 100;

	return part < most ? part : most;
}

static uint64_t grown(const struct view *view, const struct policy_knobs *knobs)
{
	uint64_t limit_us = (uint64_t)knobs->pressure_ms * 1000;
	uint64_t least = view->current_kib * BACKOFF_LEAST_PERCENT / 100;
	uint64_t more = share(view->current_kib, view->stall_us, limit_us, BACKOFF_COEFFICIENT,
			      knobs->backoff_percent);

	return view->current_kib + (more > least ? more : least);
}

static void pressure_terms(const struct view *view, const struct policy_knobs *knobs,
			   struct term terms[POLICY_TERMS])
{
	terms[0] = (struct term){ "in use: its size less MemAvailable", policy_used_kib(view) };
	terms[1] = (struct term){ "headroom", policy_headroom_kib(&policy_pressure, view, knobs) };
	terms[2] = (struct term){ "being taken right now", view->rising_kib };
}

static void pressure_decide(const struct view *view, const struct policy_knobs *knobs,
			    struct decision *decision)
{
	uint64_t current = view->current_kib;
	uint64_t goal = policy_sum_kib(&policy_pressure, view, knobs);
	uint64_t probe = share(
		current, (uint64_t)knobs->pressure_ms * 1000, view->stall_us, PROBE_COEFFICIENT,
		knobs->probe_percent == POLICY_UNSET ? PROBE_PERCENT : knobs->probe_percent);

	if (policy_pressed(view, knobs) && goal < grown(view, knobs))
		goal = grown(view, knobs);
	decision->goal_kib = goal;
	decision->target_kib = goal < current && current - goal > probe ? current - probe : goal;
}

const struct policy policy_pressure = {
	.name = "pressure",
	.help = "the least that keeps waiting for memory under a set point",
	.terms = pressure_terms,
	.decide = pressure_decide,
	.headroom_percent = 5,
};
