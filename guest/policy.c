/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The table of policies, the floors, and the rules that no policy can override. Must not know
 * where a view comes from or how a target is reached. Called by the sizer and by `status`.
 */
#include "policy.h"

#include <string.h>

#define MIB UINT64_C(1024)

const struct policy *const policies[] = { &policy_committed, &policy_pressure };
const size_t policy_count = sizeof(policies) / sizeof(policies[0]);

/* From `from_kib` on the floor is base + (x - origin) / divisor. */
struct slope {
	uint64_t from_kib, base_kib, origin_kib;
	unsigned int divisor;
};

/* 2008, minimum_target(): x is the maximum. */
static const struct slope slopes_2008[] = {
	{ 2048 * MIB, 296 * MIB, 0, 32 },
	{ 512 * MIB, 104 * MIB, 0, 8 },
	{ 128 * MIB, 40 * MIB, 0, 4 },
	{ 0, 8 * MIB, 0, 2 },
};

/* Linux 3.1 to 5.2: x is the maximum less the kernel's reserve, which comes on top again. */
static const struct slope slopes_2011[] = {
	{ 512 * MIB, 99 * MIB, 99 * MIB, 32 },
	{ 64 * MIB, 40 * MIB, 40 * MIB, 8 },
	{ 16 * MIB, 16 * MIB, 16 * MIB, 2 },
	{ 0, 0, 0, 1 }, /* too small to be worth it: all of it is the floor */
};

static uint64_t min_kib(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t max_kib(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

/* Up to whole pages; sizes that reach here are far from wrapping. */
static uint64_t whole_pages(const struct view *view, uint64_t kib)
{
	uint64_t page = view->page_kib ? view->page_kib : POLICY_PAGE_KIB;

	return (kib + page - 1) / page * page;
}

static uint64_t on_slope(const struct slope *slope, uint64_t x)
{
	while (x < slope->from_kib)
		slope++;
	return slope->base_kib + (x - slope->origin_kib) / slope->divisor;
}

const struct policy *policy_find(const char *name)
{
	for (size_t i = 0; i < policy_count; i++)
		if (strcmp(policies[i]->name, name) == 0)
			return policies[i];
	return NULL;
}

uint64_t policy_sum_kib(const struct policy *policy, const struct view *view,
			const struct policy_knobs *knobs)
{
	struct term terms[POLICY_TERMS] = { { NULL, 0 } };
	uint64_t sum = 0;

	policy->terms(view, knobs, terms);
	for (size_t i = 0; i < POLICY_TERMS; i++)
		sum += terms[i].kib;
	return sum;
}

static uint64_t floor_2011(const struct view *view)
{
	uint64_t useful = less(view->max_kib, view->reserve_kib);

	return max_kib(on_slope(slopes_2011, useful) + view->reserve_kib,
		       view->gap_kib + POLICY_BOTTOM_2011_KIB);
}

uint64_t policy_floor_kib(const struct view *view, const struct policy_knobs *knobs)
{
	uint64_t floor = knobs->floor_kib;

	if (knobs->floor_rule == FLOOR_2008)
		floor = min_kib(on_slope(slopes_2008, view->max_kib), view->current_kib);
	else if (knobs->floor_rule == FLOOR_2011)
		floor = floor_2011(view);
	floor = max_kib(floor, view->gap_kib + POLICY_BOTTOM_KIB);
	return min_kib(whole_pages(view, floor), view->max_kib);
}

/* How low one step may go: half of what is available can be given, no more. */
static uint64_t deepest(const struct view *view)
{
	return less(view->current_kib, view->available_kib / 2);
}

bool policy_pressed(const struct view *view, const struct policy_knobs *knobs)
{
	return view->stall_us > (uint64_t)knobs->pressure_ms * 1000 ||
	       view->refault_kib > knobs->refault_kib;
}

static uint64_t ahead(const struct view *view)
{
	if (view->taken_kib < POLICY_RISE_KIB)
		return 0;
	return min_kib(view->taken_kib * POLICY_AHEAD, view->max_kib / POLICY_AHEAD_PART);
}

void policy_decide(const struct policy *policy, const struct policy_knobs *knobs,
		   const struct view *view, struct decision *decision)
{
	uint64_t floor = policy_floor_kib(view, knobs);

	*decision = (struct decision){ .floor_kib = floor };
	policy->decide(view, knobs, decision);
	decision->goal_kib += ahead(view);
	decision->target_kib += ahead(view);
	decision->goal_kib = max_kib(decision->goal_kib, floor);
	decision->goal_kib = min_kib(whole_pages(view, decision->goal_kib), view->max_kib);
	decision->target_kib = max_kib(decision->target_kib, floor);
	if (decision->target_kib < view->current_kib)
		decision->target_kib = max_kib(decision->target_kib, deepest(view));
	if (view->holds || policy_pressed(view, knobs))
		decision->target_kib = max_kib(decision->target_kib, view->current_kib);
	decision->target_kib = min_kib(whole_pages(view, decision->target_kib), view->max_kib);
}

/* Between steps: what the guest turns out to need, and no deeper than what it can spare now. */
static uint64_t keep(const struct decision *decision, const struct view *view, uint64_t held)
{
	if (decision->goal_kib > held)
		held = max_kib(held, min_kib(decision->goal_kib,
					     max_kib(decision->target_kib, view->current_kib)));
	if (held < view->current_kib)
		held = min_kib(max_kib(held, whole_pages(view, deepest(view))), view->max_kib);
	if (view->holds && held < view->current_kib)
		held = min_kib(view->current_kib, view->max_kib);
	return max_kib(held, decision->floor_kib);
}

static void relieve(struct pace *pace, const struct decision *decision)
{
	pace->held_kib = max_kib(max_kib(pace->held_kib, pace->before_kib), decision->target_kib);
	pace->before_kib = 0;
	pace->rest = POLICY_REST;
}

static void take_step(struct pace *pace, const struct decision *decision)
{
	if (decision->target_kib >= pace->held_kib) {
		pace->before_kib = 0;
		pace->held_kib = decision->target_kib;
	} else if (pace->rest > 0) {
		pace->rest--;
	} else {
		pace->before_kib = pace->held_kib;
		pace->held_kib = decision->target_kib;
	}
}

bool policy_pace(struct pace *pace, const struct decision *decision, const struct view *view,
		 const struct policy_knobs *knobs, bool due)
{
	bool pressed = policy_pressed(view, knobs);

	/* No step down without a measured interval: what begins anew, again and again, takes none.
	 */
	if (pace->held_kib == 0)
		*pace = (struct pace){ .held_kib =
					       max_kib(decision->target_kib,
						       min_kib(view->current_kib, view->max_kib)) };
	else if (pressed)
		relieve(pace, decision);
	else if (due)
		take_step(pace, decision);
	else
		pace->held_kib = keep(decision, view, pace->held_kib);
	return pressed || due;
}

uint64_t policy_lowered(const struct decision *decision, const struct view *view, uint64_t to_kib)
{
	uint64_t step = max_kib(max_kib(to_kib, decision->floor_kib), deepest(view));

	if (view->holds)
		step = max_kib(step, view->current_kib);
	return min_kib(whole_pages(view, step), view->max_kib);
}
