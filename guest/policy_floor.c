/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The sizes that no guest goes below, whatever its policy: each is a row of one table, so that
 * `explain` shows the one that counts. Pure; must not know how a size is reached.
 */
#include "policy.h"

#include "kib.h"

/* From `from_kib` on the floor is base + (x - origin) / divisor. */
struct slope {
	uint64_t from_kib, base_kib, origin_kib;
	unsigned int divisor;
};

/* 2008, minimum_target(): x is the maximum. */
static const struct slope slopes_2008[] = {
	{ 2048 * KIB_MIB, 296 * KIB_MIB, 0, 32 },
	{ 512 * KIB_MIB, 104 * KIB_MIB, 0, 8 },
	{ 128 * KIB_MIB, 40 * KIB_MIB, 0, 4 },
	{ 0, 8 * KIB_MIB, 0, 2 },
};

/* Linux 3.1 to 5.2: x is the maximum less the kernel's reserve, which comes on top again. */
static const struct slope slopes_2011[] = {
	{ 512 * KIB_MIB, 99 * KIB_MIB, 99 * KIB_MIB, 32 },
	{ 64 * KIB_MIB, 40 * KIB_MIB, 40 * KIB_MIB, 8 },
	{ 16 * KIB_MIB, 16 * KIB_MIB, 16 * KIB_MIB, 2 },
	{ 0, 0, 0, 1 }, /* too small to be worth it: all of it is the floor */
};

static uint64_t on_slope(const struct slope *slope, uint64_t x)
{
	while (x < slope->from_kib)
		slope++;
	return slope->base_kib + (x - slope->origin_kib) / slope->divisor;
}

static uint64_t floor_2011(const struct view *view)
{
	uint64_t useful = kib_less(view->max_kib, view->reserve_kib);

	return kib_larger(on_slope(slopes_2011, useful) + view->reserve_kib,
			  view->gap_kib + POLICY_BOTTOM_2011_KIB);
}

static uint64_t rule_floor(const struct view *view, const struct policy_knobs *knobs)
{
	if (knobs->floor_rule == FLOOR_2008)
		return kib_smaller(on_slope(slopes_2008, view->max_kib), view->current_kib);
	if (knobs->floor_rule == FLOOR_2011)
		return floor_2011(view);
	return knobs->floor_kib;
}

static uint64_t bottom(const struct view *view, const struct policy_knobs *knobs)
{
	(void)knobs;
	return view->gap_kib + POLICY_BOTTOM_KIB;
}

/*
 * In mode 2 Linux refuses what would exceed ratio % of (MemTotal less hugetlb) plus swap, and
 * MemTotal falls with the balloon: mm/util.c, vm_commit_limit(). A refusal leaves no trace and no
 * pressure, so this floor must stand before it comes. 64 MiB stand for what Linux takes off again.
 */
static uint64_t commit_floor(const struct view *view, const struct policy_knobs *knobs)
{
	const struct overcommit *overcommit = &view->overcommit;
	uint64_t wanted = view->committed_kib +
			  kib_percent(view->committed_kib, knobs->commit_headroom_percent) +
			  64 * KIB_MIB;

	if (overcommit->memory != 2 || overcommit->fixed)
		return 0;
	wanted = kib_less(wanted, view->swap_kib);
	if (overcommit->ratio == 0)
		return wanted ? view->max_kib : 0;
	return view->gap_kib + view->hugetlb_kib +
	       (wanted * 100 + overcommit->ratio - 1) / overcommit->ratio;
}

/* In mode 0 Linux refuses one request that is larger than MemTotal and swap together. */
static uint64_t allocation_floor(const struct view *view, const struct policy_knobs *knobs)
{
	uint64_t full = kib_less(view->max_kib, view->gap_kib);
	uint64_t piece =
		kib_less(kib_percent(full, knobs->single_allocation_percent), view->swap_kib);

	return view->overcommit.memory == 0 && piece ? view->gap_kib + piece : 0;
}

static const struct floor_row {
	const char *what;
	uint64_t (*kib)(const struct view *view, const struct policy_knobs *knobs);
} rows[POLICY_FLOORS] = {
	{ "the setting floor", rule_floor },
	{ "what Linux itself needs", bottom },
	{ "reserved by processes, which Linux counts (vm.overcommit_memory=2)", commit_floor },
	{ "room for one large reservation (single_allocation_percent)", allocation_floor },
};

static unsigned int chosen(unsigned int knob, unsigned int policys_own)
{
	return knob == POLICY_UNSET ? policys_own : knob;
}

uint64_t policy_least_headroom_kib(const struct policy *policy, const struct policy_knobs *knobs)
{
	return chosen(knobs->headroom_mib, policy->headroom_mib) * KIB_MIB;
}

uint64_t policy_headroom_kib(const struct policy *policy, const struct view *view,
			     const struct policy_knobs *knobs)
{
	uint64_t least = policy_least_headroom_kib(policy, knobs);
	uint64_t share = kib_percent(view->max_kib,
				     chosen(knobs->headroom_percent, policy->headroom_percent));

	return kib_larger(share, least ? kib_larger(least, view->burst_kib) : 0);
}

uint64_t policy_used_kib(const struct view *view)
{
	return kib_less(view->current_kib, view->available_kib);
}

void policy_floors(const struct view *view, const struct policy_knobs *knobs,
		   struct term floors[POLICY_FLOORS])
{
	for (size_t i = 0; i < POLICY_FLOORS; i++)
		floors[i] = (struct term){ rows[i].what, rows[i].kib(view, knobs) };
}

uint64_t policy_minimum_kib(const struct view *view, const struct policy_knobs *knobs)
{
	uint64_t minimum = 0;

	for (size_t i = 0; i < POLICY_FLOORS; i++)
		minimum = kib_larger(minimum, rows[i].kib(view, knobs));
	return kib_smaller(kib_whole_pages(minimum, view->page_kib), view->max_kib);
}

/* Where dom0 orders less, the least headroom must do. */
uint64_t policy_floor_kib(const struct view *view, const struct policy_knobs *knobs,
			  uint64_t headroom_kib)
{
	uint64_t need = kib_whole_pages(policy_used_kib(view) + headroom_kib, view->page_kib);

	return kib_smaller(kib_larger(need, policy_minimum_kib(view, knobs)), view->max_kib);
}
