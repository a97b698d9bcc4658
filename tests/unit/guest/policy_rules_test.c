/* SPDX-License-Identifier: MIT */
/*
 * The rules that no policy overrides, as properties of random views under every policy.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "kib.h"
#include "policy.h"
#include "settings.h"

#define MIB(n) ((uint64_t)(n) * 1024)
#define GIB(n) (MIB(n) * 1024)
#define VIEWS  1000000

static unsigned short seed[3] = { 2008, 2011, 2026 };
static struct settings settings;

static uint64_t below(uint64_t limit)
{
	return limit ? (uint64_t)nrand48(seed) * (uint64_t)nrand48(seed) % limit : 0;
}

static bool one_in(unsigned int n)
{
	return below(n) == 0;
}

/* Any guest from 64 MiB to 512 GiB, of any kernel, in any plight. */
static struct view any_view(void)
{
	static const unsigned int pages[] = { 4, 4, 16, 64 };
	struct view view = { .max_kib = MIB(64) + (below(GIB(512)) >> below(14)) };

	view.page_kib = pages[below(4)];
	view.max_kib = view.max_kib / view.page_kib * view.page_kib;
	view.current_kib = (below(view.max_kib) / view.page_kib + 1) * view.page_kib;
	view.gap_kib = below(view.current_kib / 4);
	view.available_kib = below(view.current_kib);
	view.free_kib = below(view.available_kib + 1);
	view.committed_kib = below(view.max_kib * (one_in(8) ? 1024 : 2));
	view.reserve_kib = below(view.current_kib / 16);
	view.hugetlb_kib = one_in(2) ? 0 : below(view.current_kib);
	view.swap_kib = one_in(2) ? 0 : below(view.max_kib);
	view.overcommit =
		(struct overcommit){ (unsigned int)below(3), (unsigned int)below(120), one_in(16) };
	view.stall_us = one_in(2) ? 0 : below(2000000);
	view.hurt_kib = one_in(2) ? 0 : below(view.max_kib);
	view.steal_kib = one_in(2) ? 0 : below(view.max_kib);
	view.stalls = one_in(2) ? 0 : below(100);
	view.taken_kib = one_in(2) ? 0 : below(view.max_kib);
	view.rising_kib = view.taken_kib;
	view.burst_kib = below(view.max_kib / 8);
	view.hot_kib = one_in(2) ? 0 : below(view.available_kib + 1);
	view.holds = one_in(4) ? (unsigned int)below(8) : 0;
	view.now_ms = 1000;
	return view;
}

static uint64_t need_kib(const struct policy *policy, const struct view *view)
{
	return policy_used_kib(view) + policy_headroom_kib(policy, view, &settings.knobs);
}

/* The commit limit that Linux has at a size, mm/util.c; in KiB. */
static uint64_t commit_limit(const struct view *view, uint64_t size)
{
	uint64_t total = kib_less(size, view->gap_kib + view->hugetlb_kib);

	return total * view->overcommit.ratio / 100 + view->swap_kib;
}

static void holds_for(const struct policy *policy, const struct view *view)
{
	struct policy_knobs *knobs = &settings.knobs;
	struct decision decision;
	uint64_t target;

	policy_decide(policy, knobs, view, &decision);
	target = decision.target_kib;
	assert_true(target <= view->max_kib && decision.goal_kib <= view->max_kib);
	assert_true(target % view->page_kib == 0);
	assert_true(target >= kib_smaller(view->max_kib, need_kib(policy, view)));
	assert_true(decision.goal_kib >= decision.floor_kib);
	assert_true(decision.floor_kib >= decision.minimum_kib);
	if (policy_pressed(view, knobs))
		assert_true(target > view->current_kib || view->current_kib == view->max_kib);
	if (view->holds)
		assert_true(target >= view->current_kib);
	if (target < view->current_kib)
		assert_true(view->current_kib - target <= view->available_kib / 2);
	if (view->overcommit.memory == 2 && !view->overcommit.fixed && target < view->max_kib)
		assert_true(commit_limit(view, target) + view->page_kib >=
			    view->committed_kib + view->committed_kib / 10 + MIB(64));
}

static void every_policy_keeps_the_rules(void **state)
{
	(void)state;
	for (int i = 0; i < VIEWS; i++) {
		struct view view = any_view();

		holds_for(policies[(size_t)i % policy_count], &view);
	}
}

/* A pace from there keeps them, too, and takes no step that wasn't due or measured. */
static void no_step_down_without_being_due(void **state)
{
	(void)state;
	for (int i = 0; i < VIEWS / 10; i++) {
		const struct policy *policy = policies[(size_t)i % policy_count];
		struct view view = any_view();
		struct decision decision;
		struct pace pace = { 0 };

		view.hot_kib = 0;
		policy_decide(policy, &settings.knobs, &view, &decision);
		policy_pace(&pace, &decision, &view, &settings.knobs, true);
		assert_true(pace.held_kib >= view.current_kib); /* the first look */
		assert_true(pace.held_kib <= view.max_kib);
		policy_pace(&pace, &decision, &view, &settings.knobs, false);
		assert_true(pace.held_kib >= view.current_kib);
		for (int step = 0; step < 20; step++) {
			view.now_ms += 5000;
			policy_pace(&pace, &decision, &view, &settings.knobs, true);
			assert_true(pace.held_kib >= decision.floor_kib);
			assert_true(pace.held_kib <= view.max_kib);
			assert_true(pace.held_kib >= view.current_kib - view.available_kib / 2);
			assert_true(pace.held_kib % view.page_kib == 0);
		}
	}
}

/* Stalled with a goal far below what it has, as with memory that no counter shows. */
static void pressure_leads_to_full_size(void **state)
{
	(void)state;
	for (size_t p = 0; p < policy_count; p++) {
		struct view view = { .max_kib = GIB(64),
				     .current_kib = GIB(52),
				     .stalls = 1,
				     .stall_us = 900000,
				     .available_kib = GIB(12),
				     .steal_kib = 4 };
		struct pace pace = { .held_kib = GIB(52) };
		struct decision decision;
		int looks = 0;

		for (; view.current_kib < view.max_kib && looks < 40; looks++) {
			view.now_ms += 100;
			policy_decide(policies[p], &settings.knobs, &view, &decision);
			policy_pace(&pace, &decision, &view, &settings.knobs, false);
			view.current_kib = pace.held_kib;
		}
		assert_int_equal(view.current_kib, view.max_kib);
		assert_true(looks <= 8);
	}
}

/* Waiting and reading again without global reclaim is a control group's. */
static void a_control_group_is_not_the_guest(void **state)
{
	(void)state;
	for (int i = 0; i < VIEWS / 10; i++) {
		struct view view = any_view();

		view.steal_kib = view.stalls = 0;
		assert_false(policy_pressed(&view, &settings.knobs));
	}
}

static void more_available_raises_no_floor(void **state)
{
	(void)state;
	for (int i = 0; i < VIEWS / 10; i++) {
		const struct policy *policy = policies[(size_t)i % policy_count];
		struct view view = any_view();
		struct decision less_available, more_available;

		policy_decide(policy, &settings.knobs, &view, &less_available);
		view.available_kib += below(view.current_kib - view.available_kib + 1);
		policy_decide(policy, &settings.knobs, &view, &more_available);
		assert_true(more_available.floor_kib <= less_available.floor_kib);
	}
}

/* Worked by hand: sizes in MiB, PV's gap left out. */
static void commit_floors(void **state)
{
	static const struct {
		uint64_t max_mib, committed_mib, swap_mib, floor_mib;
		unsigned int ratio;
	} rows[] = {
		{ 4096, 1024, 0, 2380, 50 },	 { 4096, 1024, 0, 1488, 80 },
		{ 16384, 6144, 2048, 9548, 50 }, { 512, 160, 0, 480, 50 },
		{ 512, 240, 0, 512, 50 },	 { 512, 100, 0, 512, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct view view = { .max_kib = MIB(rows[i].max_mib),
				     .current_kib = MIB(rows[i].max_mib),
				     .available_kib = MIB(rows[i].max_mib),
				     .committed_kib = MIB(rows[i].committed_mib),
				     .swap_kib = MIB(rows[i].swap_mib),
				     .overcommit = { 2, rows[i].ratio, false } };
		uint64_t floor = policy_minimum_kib(&view, &settings.knobs);

		if (floor / 1024 != rows[i].floor_mib)
			fail_msg("row %zu: %ju MiB", i, (uintmax_t)floor / 1024);
		view.overcommit.fixed = true;
		assert_true(policy_minimum_kib(&view, &settings.knobs) <= floor);
	}
}

/* Linux grants one reservation up to all memory and swap in mode 0; the floor leaves room for 25 %.
 */
static void room_for_one_large_reservation(void **state)
{
	struct view view = { .max_kib = GIB(4), .current_kib = GIB(4), .available_kib = GIB(4) };
	struct term floors[POLICY_FLOORS];

	(void)state;
	policy_floors(&view, &settings.knobs, floors);
	assert_int_equal(floors[3].kib, GIB(1));
	assert_int_equal(policy_minimum_kib(&view, &settings.knobs), GIB(1));
	view.swap_kib = MIB(512);
	policy_floors(&view, &settings.knobs, floors);
	assert_int_equal(floors[3].kib, MIB(512));
	view.overcommit.memory = 1;
	policy_floors(&view, &settings.knobs, floors);
	assert_int_equal(floors[3].kib, 0);
}

static void dom0s_order_heeds_what_is_in_use(void **state)
{
	struct view view = { .max_kib = MIB(512),
			     .current_kib = MIB(400),
			     .available_kib = MIB(200) };

	(void)state;
	assert_int_equal(policy_lowered(&policy_workingset, &view, &settings.knobs, 0),
			 MIB(300)); /* half of it */
	view.available_kib = MIB(40);
	assert_int_equal(policy_lowered(&policy_workingset, &view, &settings.knobs, 0),
			 MIB(392)); /* 32 stay */
}

static int defaults(void **state)
{
	(void)state;
	settings_default(&settings);
	settings.knobs.single_allocation_percent = 25;
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_policy_keeps_the_rules),
		cmocka_unit_test(no_step_down_without_being_due),
		cmocka_unit_test(pressure_leads_to_full_size),
		cmocka_unit_test(a_control_group_is_not_the_guest),
		cmocka_unit_test(more_available_raises_no_floor),
		cmocka_unit_test(commit_floors),
		cmocka_unit_test(room_for_one_large_reservation),
		cmocka_unit_test(dom0s_order_heeds_what_is_in_use),
	};

	return cmocka_run_group_tests_name("policy_rules", tests, defaults, NULL);
}
