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
	assert_int_equal(step_while(true, 1), -EFBIG);
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
	assert_true(target() < MIB(512));
}

static void a_refusal_is_tried_again_ever_less_often(void **state)
{
	int64_t refused = 0, last = 0;

	(void)state;
	order(true, MIB(512));
	step_while(true, 1);
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
	driver_open(&sizer.kernel.driver, place, true);
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
	driver_open(&sizer.kernel.driver, "/nonexistent", true);
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
	assert_true(target() < MIB(512));
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
	};

	return run_in_place("driver", tests, sizeof(tests) / sizeof(tests[0]));
}
