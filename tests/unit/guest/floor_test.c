/* SPDX-License-Identifier: MIT */
/*
 * Floors against the functions that they come from.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy_world.h"

static void floor_2011(void **state)
{
	/* Worked by hand from the rule: reserve + base + (useful - base) / slope. */
	static const struct {
		uint64_t max_mib, reserve_mib, gap_mib, floor_kib;
	} rows[] = {
		{ 512, 0, 0, MIB(99) + (512 - 99) * 1024 / 32 },
		{ 512, 8, 0, MIB(8 + 40) + (504 - 40) * 1024 / 8 },
		{ 512, 30, 0, MIB(30 + 40) + (482 - 40) * 1024 / 8 },
		{ 512, 8, 56, MIB(8 + 40) + (504 - 40) * 1024 / 8 },
		{ 512, 8, 60, MIB(60 + 48) }, /* what Linux needs beside the gap */
		{ 8192, 64, 0, MIB(64 + 99) + (8128 - 99) * 1024 / 32 },
		{ 128, 4, 50, MIB(50 + 48) },
		{ 64, 0, 0, MIB(48) },
		{ 40, 0, 0, MIB(40) },
		{ 16, 0, 0, MIB(16) },
		{ 8, 16, 0, MIB(8) }, /* a reserve beyond the size: all of it */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct view view = { .max_kib = MIB(rows[i].max_mib),
				     .current_kib = MIB(rows[i].max_mib),
				     .reserve_kib = MIB(rows[i].reserve_mib),
				     .gap_kib = MIB(rows[i].gap_mib) };

		if (policy_minimum_kib(&view, &standard) != (rows[i].floor_kib + 3) / 4 * 4)
			fail_msg("row %zu: %ju", i,
				 (uintmax_t)policy_minimum_kib(&view, &standard));
	}
}

static void floor_2011_of_512_mib(void **state)
{
	struct view view = idle();

	(void)state;
	view.gap_kib = 0;
	for (view.reserve_kib = 0; view.reserve_kib <= MIB(32); view.reserve_kib += 512)
		assert_in_range(policy_minimum_kib(&view, &standard), MIB(99), MIB(128));
}

static void floor_2008(void **state)
{
	static const struct {
		uint64_t max_mib, floor_mib;
	} rows[] = { { 16, 16 },    { 32, 32 },	   { 128, 72 },	   { 512, 168 },
		     { 2048, 360 }, { 8192, 552 }, { 32768, 1320 } };
	struct policy_knobs knobs = with_floor(FLOOR_2008, 0);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct view view = { .max_kib = MIB(rows[i].max_mib),
				     .current_kib = MIB(rows[i].max_mib) };

		assert_int_equal(policy_minimum_kib(&view, &knobs), MIB(rows[i].floor_mib));
	}
}

static void floor_2008_never_enforces_growth(void **state)
{
	struct policy_knobs knobs = with_floor(FLOOR_2008, 0);
	struct view view = idle();

	(void)state;
	view.current_kib = MIB(120);
	assert_int_equal(policy_minimum_kib(&view, &knobs), MIB(120));
}

/* A guest was seen to panic there: no setting may lead to it. */
static void no_floor_is_deadly(void **state)
{
	static const struct policy_knobs knobs[] = {
		{ .floor_rule = FLOOR_2011, .hysteresis_down = 1, .hysteresis_up = 1 },
		{ .floor_rule = FLOOR_2008, .hysteresis_down = 1, .hysteresis_up = 1 },
		{ .floor_rule = FLOOR_FIXED,
		  .floor_kib = MIB(4),
		  .hysteresis_down = 1,
		  .hysteresis_up = 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(knobs) / sizeof(knobs[0]); i++) {
		struct view view = idle();

		assert_true(policy_minimum_kib(&view, &knobs[i]) >= MIB(56 + 36));
		view.max_kib = MIB(128);
		view.current_kib = MIB(128);
		assert_true(policy_minimum_kib(&view, &knobs[i]) >= MIB(56 + 36));
		view.max_kib = MIB(64);
		view.current_kib = MIB(64);
		assert_int_equal(policy_minimum_kib(&view, &knobs[i]), MIB(64));
	}
}

static void floor_fixed_never_beyond_full_size(void **state)
{
	struct view view = idle();
	struct policy_knobs knobs = with_floor(FLOOR_FIXED, MIB(92));

	(void)state;
	assert_int_equal(policy_minimum_kib(&view, &knobs), MIB(92));
	knobs.floor_kib = MIB(4096);
	assert_int_equal(policy_minimum_kib(&view, &knobs), MIB(512));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(floor_2011),
		cmocka_unit_test(floor_2011_of_512_mib),
		cmocka_unit_test(floor_2008),
		cmocka_unit_test(floor_2008_never_enforces_growth),
		cmocka_unit_test(no_floor_is_deadly),
		cmocka_unit_test(floor_fixed_never_beyond_full_size),
	};

	return cmocka_run_group_tests_name("floor", tests, NULL, NULL);
}
