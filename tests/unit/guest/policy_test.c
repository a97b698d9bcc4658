/* SPDX-License-Identifier: MIT */
/*
 * Goals against the functions that they come from, and the rules no policy can override.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy_world.h"

static void committed_steps_down_by_an_eighth(void **state)
{
	struct view view = idle();
	struct decision decision;
	uint64_t goal = MIB(40 + 8 + 56) + (MIB(512) - MIB(56)) / 10;

	(void)state;
	policy_committed.decide(&view, &standard, &decision);
	assert_int_equal(decision.goal_kib, goal);
	assert_int_equal(decision.target_kib, MIB(512) - (MIB(512) - goal) / 8);
}

static void committed_grows_at_once(void **state)
{
	struct view view = idle();
	struct decision decision;

	(void)state;
	view.current_kib = MIB(200);
	view.committed_kib = MIB(230);
	policy_decide(policy_find("committed"), &standard, &view, &decision);
	assert_true(decision.goal_kib > MIB(300));
	assert_int_equal(decision.target_kib, decision.goal_kib);
	view.committed_kib = MIB(100000);
	policy_decide(policy_find("committed"), &standard, &view, &decision);
	assert_int_equal(decision.target_kib, MIB(512));
}

static void committed_converges_to_the_floor(void **state)
{
	struct policy_knobs knobs = standard;
	struct view view = idle();
	struct decision decision;

	(void)state;
	knobs.reserve_percent = 0;
	view.committed_kib = MIB(1);
	view.available_kib = MIB(440);
	for (int i = 0; i < 100; i++) {
		policy_decide(policy_find("committed"), &knobs, &view, &decision);
		assert_in_range(decision.target_kib, decision.floor_kib, view.current_kib);
		assert_int_equal(decision.target_kib % POLICY_PAGE_KIB, 0);
		view.available_kib -= view.current_kib - decision.target_kib;
		view.current_kib = decision.target_kib;
	}
	assert_int_equal(view.current_kib, decision.floor_kib);
}

static void below_its_floor_it_grows(void **state)
{
	struct view view = idle();
	struct decision decision;

	(void)state;
	view.current_kib = MIB(100);
	view.committed_kib = 0;
	policy_decide(policy_find("committed"), &standard, &view, &decision);
	assert_true(decision.floor_kib > MIB(100));
	assert_true(decision.target_kib >= decision.floor_kib);
}

static void to_nothing(const struct view *view, const struct policy_knobs *knobs,
		       struct decision *decision)
{
	(void)view;
	(void)knobs;
	decision->goal_kib = 0;
	decision->target_kib = 0;
}

static void to_everything(const struct view *view, const struct policy_knobs *knobs,
			  struct decision *decision)
{
	(void)view;
	(void)knobs;
	decision->goal_kib = UINT64_C(1) << 50;
	decision->target_kib = UINT64_C(1) << 50;
}

static void no_policy_overrides(void **state)
{
	const struct policy greedy = { .name = "greedy", .decide = to_nothing };
	const struct policy fat = { .name = "fat", .decide = to_everything };
	struct policy_knobs knobs = with_floor(FLOOR_FIXED, MIB(92));
	struct view view = idle();
	struct decision decision;

	(void)state;
	policy_decide(&greedy, &knobs, &view, &decision);
	assert_int_equal(decision.target_kib, MIB(512 - 200));	 /* half of what is available */
	assert_int_equal(decision.goal_kib, decision.floor_kib); /* in use, and its headroom */
	view.available_kib = MIB(2000);
	policy_decide(&greedy, &knobs, &view, &decision);
	assert_int_equal(decision.target_kib, MIB(92));
	view.available_kib = 0;
	policy_decide(&greedy, &knobs, &view, &decision);
	assert_int_equal(decision.target_kib, MIB(512));
	policy_decide(&fat, &knobs, &view, &decision);
	assert_int_equal(decision.target_kib, MIB(512));
	assert_int_equal(decision.goal_kib, MIB(512));
}

static void pace(void **state)
{
	static const struct {
		const char *what;
		uint64_t goal, target, floor, current, available, held;
		bool due;
		uint64_t expected;
	} rows[] = {
		{ "first: nothing is measured yet", 100, 450, 90, 512, 400, 0, true, 512 },
		{ "due", 100, 400, 90, 450, 400, 450, true, 400 },
		{ "not due: hold", 100, 400, 90, 450, 400, 450, false, 450 },
		{ "need beyond current: grow now", 300, 300, 90, 200, 50, 200, false, 300 },
		{ "need within a shrink under way: stop there", 430, 448, 90, 450, 400, 400, false,
		  430 },
		{ "available fell: take back", 100, 440, 90, 450, 20, 350, false, 440 },
		{ "slow growth never takes back", 600, 450, 90, 400, 400, 500, false, 500 },
		{ "the floor rose", 120, 120, 120, 100, 100, 100, false, 120 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct decision decision = { .policy = &policy_committed,
					     .goal_kib = MIB(rows[i].goal),
					     .target_kib = MIB(rows[i].target),
					     .floor_kib = MIB(rows[i].floor) };
		struct view view = { .current_kib = MIB(rows[i].current),
				     .available_kib = MIB(rows[i].available),
				     .max_kib = MIB(512) };
		struct pace pace = { .held_kib = MIB(rows[i].held) };

		policy_pace(&pace, &decision, &view, &standard, rows[i].due);
		if (pace.held_kib != MIB(rows[i].expected))
			fail_msg("%s: %ju MiB", rows[i].what, (uintmax_t)pace.held_kib / 1024);
	}
}

/* Pressure beyond the set point, for a policy without a pace of its own: the last step is undone,
 * then steps rest. */
static void pressure_undoes_the_last_step(void **state)
{
	(void)state;
	for (size_t i = 0; i < policy_count && !policies[i]->pace; i++) {
		struct view view = idle();
		struct decision decision;
		struct pace pace = { .held_kib = MIB(512) };
		uint64_t stepped;

		policy_decide(policies[i], &standard, &view, &decision);
		assert_true(policy_pace(&pace, &decision, &view, &standard, true));
		stepped = pace.held_kib;
		assert_true(stepped < MIB(512));
		view.current_kib = stepped;
		policy_decide(policies[i], &standard, &view, &decision);
		assert_false(policy_pace(&pace, &decision, &view, &standard, false));
		assert_int_equal(pace.held_kib, stepped);

		view.stall_us = 10001;
		view.steal_kib = 4;
		policy_decide(policies[i], &standard, &view, &decision);
		assert_true(policy_pace(&pace, &decision, &view, &standard, false));
		assert_int_equal(pace.held_kib, MIB(512));

		view.stall_us = 0;
		view.steal_kib = 0;
		view.current_kib = MIB(512);
		policy_decide(policies[i], &standard, &view, &decision);
		for (int n = 0; n < POLICY_REST; n++) {
			policy_pace(&pace, &decision, &view, &standard, true);
			assert_int_equal(pace.held_kib, MIB(512));
		}
		policy_pace(&pace, &decision, &view, &standard, true);
		assert_true(pace.held_kib < MIB(512));
	}
}

static void hurt_counts_as_pressure(void **state)
{
	struct view view = idle();

	(void)state;
	view.steal_kib = 4;
	view.stall_us = 10000;
	view.hurt_kib = 2048;
	assert_false(policy_pressed(&view, &standard));
	view.hurt_kib++;
	assert_true(policy_pressed(&view, &standard));
	view.steal_kib = 0;
	assert_false(policy_pressed(&view, &standard)); /* a control group's own */
	view.stalls = 1;
	assert_true(policy_pressed(&view, &standard));
}

static void no_policy_shrinks_on_hold(void **state)
{
	static const unsigned int holds[] = { HOLD_BOOT, HOLD_LEAVING, HOLD_SWAPIN };

	(void)state;
	for (size_t i = 0; i < policy_count; i++) {
		for (size_t n = 0; n < sizeof(holds) / sizeof(holds[0]); n++) {
			struct pace pace = { 0 };
			struct view view = idle();
			struct decision decision;

			view.holds = holds[n];
			policy_decide(policies[i], &standard, &view, &decision);
			assert_int_equal(decision.target_kib, MIB(512));
			assert_true(decision.goal_kib < MIB(512)); /* it still says so */
			policy_pace(&pace, &decision, &view, &standard, true);
			assert_int_equal(pace.held_kib, MIB(512));
			/* One under way ends where it is. */
			pace.held_kib = MIB(300);
			view.current_kib = MIB(400);
			policy_decide(policies[i], &standard, &view, &decision);
			policy_pace(&pace, &decision, &view, &standard, false);
			assert_int_equal(pace.held_kib, MIB(400));
			assert_int_equal(policy_lowered(policies[i], &view, &standard, MIB(200)),
					 MIB(400));
		}
	}
}

static void pressure_probes_in_small_steps(void **state)
{
	/* What tasks waited since the last step, and how far the next one goes, in KiB. */
	static const struct {
		uint64_t stall_us, step_kib;
	} rows[] = {
		{ 0, 512 * 1024 * 5 / 100 },
		{ 5000, 512 * 1024 * 4 / 100 }, /* half the set point: (2/10)^2 */
		{ 10000, 512 * 1024 / 100 },	/* Senpai's 1 % at the set point */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct view view = idle();
		struct decision decision;

		view.stall_us = rows[i].stall_us;
		policy_decide(&policy_pressure, &standard, &view, &decision);
		assert_in_range(MIB(512) - decision.target_kib, rows[i].step_kib - 4,
				rows[i].step_kib);
		/* In use, and headroom. */
		assert_in_range(decision.goal_kib, MIB(512 - 400) + MIB(512) * 5 / 100,
				MIB(512 - 400) + MIB(512) * 5 / 100 + 4);
	}
}

static void pressure_stops_at_its_headroom(void **state)
{
	struct view view = idle();
	struct decision decision;
	struct policy_knobs knobs = with_floor(FLOOR_FIXED, MIB(92));
	uint64_t goal = MIB(112) + MIB(512) * 5 / 100;

	(void)state;
	for (int i = 0; i < 100; i++) {
		policy_decide(&policy_pressure, &knobs, &view, &decision);
		view.available_kib -= view.current_kib - decision.target_kib;
		view.current_kib = decision.target_kib;
	}
	assert_in_range(view.current_kib, goal, goal + 8);
}

static void pressure_grows_at_once(void **state)
{
	struct view view = idle();
	struct decision decision;

	(void)state;
	view.current_kib = MIB(200);
	view.available_kib = MIB(30);
	view.rising_kib = MIB(64);
	policy_decide(&policy_pressure, &standard, &view, &decision);
	assert_in_range(decision.target_kib, MIB(200 - 30 + 64 + 25), MIB(200 - 30 + 64 + 26));
	assert_int_equal(decision.goal_kib, decision.target_kib);

	/* Waiting alone: 3 % at the set point, (10/20)^2 at ten times, all of it at twenty. */
	view.rising_kib = 0;
	view.available_kib = MIB(100);
	view.stall_us = 10001;
	view.steal_kib = 4;
	policy_decide(&policy_pressure, &standard, &view, &decision);
	assert_in_range(decision.target_kib, MIB(206), MIB(206) + 4);
	view.stall_us = 100000;
	policy_decide(&policy_pressure, &standard, &view, &decision);
	assert_int_equal(decision.target_kib, MIB(250));
	view.stall_us = 1000000;
	policy_decide(&policy_pressure, &standard, &view, &decision);
	assert_int_equal(decision.target_kib, MIB(400));
}

/* Processes that reserve far more than they touch keep `committed` from shrinking, not `pressure`.
 */
static void reserved_and_untouched(void **state)
{
	struct view view = idle();
	struct decision decision;

	(void)state;
	view.committed_kib = MIB(4000);
	policy_decide(&policy_committed, &standard, &view, &decision);
	assert_int_equal(decision.target_kib, MIB(512));
	policy_decide(&policy_pressure, &standard, &view, &decision);
	assert_true(decision.target_kib < MIB(512));
}

static void goals_are_the_sum_of_their_terms(void **state)
{
	(void)state;
	for (size_t i = 0; i < policy_count; i++) {
		struct view view = idle();
		struct decision decision = { 0 };

		policies[i]->decide(&view, &standard, &decision);
		assert_int_equal(decision.goal_kib, policy_sum_kib(policies[i], &view, &standard));
	}
}

static void names(void **state)
{
	(void)state;
	for (size_t i = 0; i < policy_count; i++)
		assert_ptr_equal(policy_find(policies[i]->name), policies[i]);
	assert_null(policy_find("commit"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(committed_steps_down_by_an_eighth),
		cmocka_unit_test(committed_grows_at_once),
		cmocka_unit_test(committed_converges_to_the_floor),
		cmocka_unit_test(below_its_floor_it_grows),
		cmocka_unit_test(no_policy_overrides),
		cmocka_unit_test(pace),
		cmocka_unit_test(pressure_undoes_the_last_step),
		cmocka_unit_test(hurt_counts_as_pressure),
		cmocka_unit_test(no_policy_shrinks_on_hold),
		cmocka_unit_test(pressure_probes_in_small_steps),
		cmocka_unit_test(pressure_stops_at_its_headroom),
		cmocka_unit_test(pressure_grows_at_once),
		cmocka_unit_test(reserved_and_untouched),
		cmocka_unit_test(goals_are_the_sum_of_their_terms),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
