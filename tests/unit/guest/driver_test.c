/* SPDX-License-Identifier: MIT */
/*
 * A balloon driver that doesn't obey, or isn't there: what the sizer does and reports.
 */
#include "sizer_world.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>

/* What a process may write, which root is bound by, too: 0 makes the driver's file refuse. */
static void files_take(rlim_t bytes)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* A step in which the driver refuses or not; what a test puts into its files is never refused. */
static int step_while(bool refusing, int64_t ms)
{
	int err;

	files_take(refusing ? 0 : RLIM_INFINITY);
	err = step(ms);
	files_take(RLIM_INFINITY);
	return err;
}

static void a_driver_that_refuses_is_reported_and_left_alone(void **state)
{
	(void)state;
	order(true, MIB(512));
	step(1);
	assert_int_equal(step_while(true, 5000), -EFBIG);
	assert_int_equal(report.stats.driver.value, DRIVER_OTHER);
	assert_int_equal(report.actual_kib, MIB(512));
	assert_in_range(report.stats.wanted_kib.value, MIB(100), MIB(200));
	/* The next is asked for when it is time to try again, and not at every look. */
	assert_int_equal(step_while(true, 100), -EFBIG);
	assert_int_equal(report.selftarget_kib.state, READING_ABSENT);
	assert_int_equal(sizer_pause_ms(&sizer, now), SIZER_SLOW_MS);
	assert_int_equal(step_while(false, DRIVER_RETRY_FIRST_MS - 200), -EFBIG);
	assert_int_equal(target(), MIB(512));
	/* It is proved by its present target; then all goes on. */
	assert_int_equal(step_while(false, 200), 0);
	assert_int_equal(report.stats.driver.value, DRIVER_OBEYS);
	assert_int_equal(report.selftarget_kib.state, READING_OK);
	step(5000);
	assert_true(target() < MIB(512));
}

static void a_refusal_is_tried_again_ever_less_often(void **state)
{
	int64_t refused = 0, last = 0;

	(void)state;
	order(true, MIB(512));
	step(1);
	step_while(true, 5000);
	for (unsigned int looks = 0; looks < 600; looks++) {
		int64_t was = sizer.kernel.driver.retry_ms;

		assert_int_equal(step_while(true, 1000), -EFBIG);
		if (sizer.kernel.driver.retry_ms == was)
			continue;
		refused++;
		assert_true(sizer.kernel.driver.retry_ms - now >= last);
		last = sizer.kernel.driver.retry_ms - now;
	}
	assert_int_equal(last, DRIVER_RETRY_MAX_MS);
	assert_in_range(refused, 10, 14);
}

static void refused_while_off_is_reported(void **state)
{
	(void)state;
	order(false, MIB(512));
	files_take(0);
	driver_close(&sizer.kernel.driver);
	driver_open(&sizer.kernel.driver, place, place, true);
	files_take(RLIM_INFINITY);
	assert_int_equal(sizer.kernel.driver.err, -EFBIG);
	assert_int_equal(step_while(true, 1), -EFBIG);
	assert_int_equal(report.stats.driver.value, DRIVER_OTHER);
	assert_int_equal(report.actual_kib, MIB(512));
	assert_int_equal(target(), MIB(512));
}

/* No balloon driver: dom0 still hears of memory and of why; the sizes are not known. */
static void no_driver_is_reported(void **state)
{
	(void)state;
	driver_close(&sizer.kernel.driver);
	driver_open(&sizer.kernel.driver, "/nonexistent", place, true);
	for (int on = 0; on <= 1; on++) {
		order(on, MIB(512));
		assert_int_equal(step(1), -ENOENT);
		assert_int_equal(report.orders, orders.serial);
		assert_int_equal(report.stats.driver.value, DRIVER_ABSENT);
		assert_true(report.sizeless);
		assert_int_equal(report.selftarget_kib.state, READING_ABSENT);
		assert_int_equal(report.stats.wanted_kib.state, READING_ABSENT);
		assert_int_equal(report.stats.total_kib.value, MIB(456));
	}
	/* One that appears is found. */
	sizer.kernel.driver.sysfs = place;
	assert_int_equal(step(DRIVER_RETRY_FIRST_MS), 0);
	assert_false(report.sizeless);
	step(5000);
	assert_true(target() < MIB(512));
}

/* KiB as measured on Xen 4.17: each guest as it stands at its target. */
static const struct kind {
	const char *type;
	uint64_t static_max, target, current, low, constant;
} kinds[] = {
	{ "PV\n", 262144, 262144, 262144, 0, 0 },
	{ "PV\n", 524288, 262144, 262144, 100000, 0 }, /* Linux made room for no more */
	{ "PVH\n", 131072, 131072, 130684, 0, 388 },
	{ "PVH\n", 262144, 196608, 196220, 65536, 388 },
	{ "HVM\n", 262144, 262144, 261736, 0, 408 },
	{ "HVM\n", 262144, 196608, 196200, 65536, 408 },
	{ "HVM\n", 262144, 245760, 228968, 16384, 16792 },
	{ "", 262144, 262144, 261756, 0, 0 },
};

static void stands(const struct kind *kind)
{
	pages_kib = kind->current + kind->low;
	guest_has(kind->current, MIB(40), MIB(60));
	put("guest_type", kind->type);
	put_number("target_kb", kind->current);
	kernel_close(&sizer.kernel);
	memset(&sizer, 0, sizeof(sizer));
	assert_int_equal(kernel_open(&sizer.kernel, &places, true, &(const char *){ NULL }), 0);
	assert_int_equal(target(), kind->current);
}

static void order_kind(const struct kind *kind, bool on, uint64_t target_kib)
{
	order(on, target_kib);
	orders.static_max_kib.value = kind->static_max;
}

static void dom0_hears_its_own_scale(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		stands(&kinds[i]);
		order_kind(&kinds[i], false, kinds[i].target);
		assert_int_equal(step(1), 0);
		assert_int_equal(report.actual_kib, kinds[i].current + kinds[i].constant);
		if (kinds[i].constant)
			assert_int_equal(report.actual_kib, kinds[i].target);
		assert_true(report.minimum_kib < report.actual_kib);
		assert_true(report.stats.wanted_kib.value <= kinds[i].static_max);
	}
}

/* More than its pages would make Linux plug memory in. */
static void all_that_is_asked_for_is_what_the_driver_has(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		uint64_t most = kinds[i].current + kinds[i].low;

		stands(&kinds[i]);
		guest_has(kinds[i].current, MIB(4096), 0);
		order_kind(&kinds[i], true, kinds[i].target);
		for (unsigned int looks = 0; looks < 30; looks++) {
			step(250);
			assert_true(target() <= most);
		}
		/* Not PV: all that there is; met, so that dom0 sees it where it wants to be. */
		guest_has(most, MIB(4096), 0);
		step(5000);
		assert_int_equal(target(), most);
		assert_int_equal(report.stats.wanted_kib.value, most + kinds[i].constant);
		assert_int_equal(report.actual_kib, report.stats.wanted_kib.value);
	}
}

/* As Linux does with each target while selfballoon is 0. */
static void a_target_handed_over_is_reduced(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		stands(&kinds[i]);
		order_kind(&kinds[i], true, kinds[i].target);
		step(1);
		order_kind(&kinds[i], true, kinds[i].target - 4096);
		step(100);
		order_kind(&kinds[i], false, kinds[i].target - 4096);
		step(100);
		assert_int_equal(target(), kinds[i].target - 4096 - kinds[i].constant);
		/* And one that stays, stays to the page. */
		stands(&kinds[i]);
		order_kind(&kinds[i], true, kinds[i].target);
		step(1);
		order_kind(&kinds[i], false, kinds[i].target);
		step(10000);
		assert_int_equal(target(), kinds[i].current);
	}
}

static void giving_way_is_reduced(void **state)
{
	const struct kind *kind = &kinds[6];
	uint64_t lowered = kind->target - MIB(8);

	(void)state;
	stands(kind);
	guest_has(kind->current, MIB(200), MIB(60));
	order_kind(kind, true, kind->target);
	step(1);
	order_kind(kind, true, lowered);
	step(100);
	assert_int_equal(target(), lowered - kind->constant);
}

/* Pages lent to others are missing from the sum for a while, and a sum seen once may be none. */
static void the_most_pages_that_two_looks_saw_count(void **state)
{
	const struct kind *kind = &kinds[2];

	(void)state;
	stands(kind);
	order_kind(kind, false, kind->target);
	step(1);
	pages_kib -= 4000;
	guest_has(kind->current - 4000, MIB(40), MIB(60));
	step(5000);
	step(5000);
	assert_int_equal(report.actual_kib, kind->target - 4000);
	put_number("info/high_kb", 4200);
	step(5000);
	assert_int_equal(report.actual_kib, kind->target - 4000);
	step(5000);
	assert_int_equal(report.actual_kib, kind->target - 4200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_driver_that_refuses_is_reported_and_left_alone,
						start, stop),
		cmocka_unit_test_setup_teardown(a_refusal_is_tried_again_ever_less_often, start,
						stop),
		cmocka_unit_test_setup_teardown(refused_while_off_is_reported, start, stop),
		cmocka_unit_test_setup_teardown(no_driver_is_reported, start, stop),
		cmocka_unit_test_setup_teardown(dom0_hears_its_own_scale, start, stop),
		cmocka_unit_test_setup_teardown(all_that_is_asked_for_is_what_the_driver_has, start,
						stop),
		cmocka_unit_test_setup_teardown(a_target_handed_over_is_reduced, start, stop),
		cmocka_unit_test_setup_teardown(giving_way_is_reduced, start, stop),
		cmocka_unit_test_setup_teardown(the_most_pages_that_two_looks_saw_count, start,
						stop),
	};

	return run_in_place("driver", tests, sizeof(tests) / sizeof(tests[0]));
}
