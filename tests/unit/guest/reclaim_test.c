/* SPDX-License-Identifier: MIT */
/*
 * Whose reclaim it is, and how much of it hurts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "kib.h"
#include "reclaim.h"

#define PAGE 4

static struct reclaim reclaim;
static struct vmstat vmstat;
static int64_t now;

static int fresh(void **state)
{
	(void)state;
	reclaim = (struct reclaim){ 0 };
	vmstat = (struct vmstat){ 0 };
	now = 1000;
	return 0;
}

static void put(enum vmstat_counter counter, uint64_t pages)
{
	vmstat.counters[counter] = (struct reading){ READING_OK, pages };
}

static struct view look(void)
{
	struct view view = { 0 };

	now += 1000;
	reclaim_feel(&reclaim, &vmstat, PAGE, now, &view);
	return view;
}

/* What counters stand at when first seen happened before. */
static void the_first_look_counts_nothing(void **state)
{
	struct view view;

	(void)state;
	put(VM_STEALS, 1000);
	put(VM_STALLS, 10);
	put(VM_ACTIVATE_FILE, 500);
	view = look();
	assert_int_equal(view.steal_kib + view.stalls + view.hurt_kib, 0);
}

static void a_control_group_evicts_by_itself(void **state)
{
	(void)state;
	put(VM_STEALS, 0);
	put(VM_ACTIVATE_FILE, 0);
	look();
	put(VM_ACTIVATE_FILE, 755750);
	assert_int_equal(look().hurt_kib, 0);
	put(VM_STEALS, 100);
	put(VM_ACTIVATE_FILE, 755750 + 300);
	assert_int_equal(look().hurt_kib, 100 * PAGE); /* no more than was evicted */
	put(VM_ACTIVATE_FILE, 755750 + 600);
	assert_int_equal(look().hurt_now_kib, 0);
}

static void what_was_evicted_long_ago_is_forgotten(void **state)
{
	(void)state;
	put(VM_STEALS, 0);
	put(VM_ACTIVATE_FILE, 0);
	look();
	put(VM_STEALS, 8192);
	look();
	now += RECLAIM_HALF_LIFE_MS - 1000;
	put(VM_ACTIVATE_FILE, 8192);
	assert_in_range(look().hurt_now_kib, 4090 * PAGE, 4097 * PAGE);
}

/* A restore is a part of activate, or alone where activate isn't counted. */
static void needed_again_is_the_larger_of_both(void **state)
{
	(void)state;
	put(VM_STEALS, 0);
	put(VM_ACTIVATE_FILE, 0);
	put(VM_RESTORE_FILE, 0);
	put(VM_RESTORE_ANON, 0);
	put(VM_SWAPINS, 0);
	look();
	put(VM_STEALS, 10000);
	put(VM_ACTIVATE_FILE, 30);
	put(VM_RESTORE_FILE, 20);
	put(VM_RESTORE_ANON, 5);
	put(VM_SWAPINS, 4000); /* stands in on old kernels only */
	assert_int_equal(look().hurt_kib, 35 * PAGE);
}

static void swap_stands_in_on_old_kernels(void **state)
{
	(void)state;
	put(VM_STEALS, 0);
	put(VM_SWAPINS, 0);
	look();
	put(VM_STEALS, 10000);
	put(VM_SWAPINS, 40);
	assert_int_equal(look().hurt_kib, 40 * PAGE);
}

static void counters_that_go_back_count_nothing(void **state)
{
	struct view view;

	(void)state;
	put(VM_STEALS, 500);
	put(VM_STALLS, 5);
	look();
	put(VM_STEALS, 100);
	put(VM_STALLS, 1);
	view = look();
	assert_int_equal(view.steal_kib + view.stalls, 0);
	vmstat = (struct vmstat){ 0 };
	view = look();
	assert_int_equal(view.steal_kib + view.stalls + view.hurt_kib, 0);
}

static void measuring_begins_anew(void **state)
{
	(void)state;
	put(VM_STEALS, 0);
	look();
	put(VM_STEALS, 10);
	assert_int_equal(look().steal_kib, 10 * PAGE);
	assert_int_equal(look().steal_kib, 10 * PAGE);
	reclaim_begin(&reclaim);
	assert_int_equal(look().steal_kib, 0);
}

static void halves(void **state)
{
	(void)state;
	assert_int_equal(kib_halved(1 << 20, 0, 1000), 1 << 20);
	assert_int_equal(kib_halved(1 << 20, 1000, 1000), 1 << 19);
	assert_int_equal(kib_halved(1 << 20, 500, 1000), (1 << 20) / 4 * 3);
	assert_int_equal(kib_halved(1 << 20, INT64_MAX, 1000), 0);
	assert_int_equal(kib_halved(UINT64_C(1) << 60, 3000, 1000), UINT64_C(1) << 57);
	for (int64_t ms = 0; ms < 3000; ms++)
		assert_true(kib_halved(12345, ms + 1, 1000) <= kib_halved(12345, ms, 1000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_first_look_counts_nothing, fresh),
		cmocka_unit_test_setup(a_control_group_evicts_by_itself, fresh),
		cmocka_unit_test_setup(what_was_evicted_long_ago_is_forgotten, fresh),
		cmocka_unit_test_setup(needed_again_is_the_larger_of_both, fresh),
		cmocka_unit_test_setup(swap_stands_in_on_old_kernels, fresh),
		cmocka_unit_test_setup(counters_that_go_back_count_nothing, fresh),
		cmocka_unit_test_setup(measuring_begins_anew, fresh),
		cmocka_unit_test(halves),
	};

	return cmocka_run_group_tests_name("reclaim", tests, NULL, NULL);
}
