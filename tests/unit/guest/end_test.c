/* SPDX-License-Identifier: MIT */
/*
 * How a daemon ends, what it is told by a kernel that lacks something, and that it is alone.
 */
#include "sizer_world.h"

#include <errno.h>

/* On its way down: told to be less than it is, and not there yet. */
static void shrinking(void)
{
	order(true, MIB(512));
	step(1);
	step(5000);
	assert_true(target() < MIB(500));
	guest_has(MIB(500), MIB(40), MIB(380));
}

static void it_shrinks_no_further(void **state)
{
	(void)state;
	shrinking();
	sizer_end(&sizer, &settings, false, now);
	assert_int_equal(target(), MIB(500));
	/* Growth under way is not cut off. */
	put_number("target_kb", MIB(510));
	sizer_end(&sizer, &settings, false, now);
	assert_int_equal(target(), MIB(510));
}

static void nor_below_its_floor(void **state)
{
	(void)state;
	assert_true(settings_obey(&settings, "floor=300", (char[256]){ 0 }, 256));
	guest_has(MIB(200), MIB(40), MIB(100));
	put_number("target_kb", MIB(200));
	order(true, MIB(512));
	step(1);
	put_number("target_kb", MIB(100));
	sizer_end(&sizer, &settings, false, now);
	assert_int_equal(target(), MIB(300));
}

static void for_good_it_lets_the_guest_grow(void **state)
{
	(void)state;
	shrinking();
	sizer_end(&sizer, &settings, true, now);
	assert_int_equal(target(), MIB(512));
}

static void but_not_one_that_leaves(void **state)
{
	(void)state;
	shrinking();
	orders.leaving++;
	order(true, MIB(512));
	step(100);
	put_number("target_kb", MIB(400));
	sizer_end(&sizer, &settings, true, now);
	assert_int_equal(target(), MIB(500));
}

static void off_is_left_to_dom0(void **state)
{
	(void)state;
	guest_has(MIB(500), MIB(40), MIB(380));
	put_number("target_kb", MIB(300));
	order(false, MIB(300));
	step(1);
	sizer_end(&sizer, &settings, true, now);
	assert_int_equal(target(), MIB(300));
}

/* The first holds the driver; it is free when that one has closed it, and reading takes no hold. */
static void one_at_a_time(void **state)
{
	static struct driver other;
	const char *missing;

	(void)state;
	driver_open(&other, place, place, true);
	assert_int_equal(other.err, -EALREADY);
	driver_close(&other);
	driver_open(&other, place, place, false);
	assert_int_equal(other.err, 0);
	driver_close(&other);
	driver_open(&other, place, place, true);
	assert_int_equal(other.err, -EALREADY);
	driver_close(&other);
	kernel_close(&sizer.kernel);
	driver_open(&other, place, place, true);
	assert_int_equal(other.err, 0);
	driver_close(&other);
	assert_int_equal(kernel_open(&sizer.kernel, &places, true, &missing), 0);
}

static void an_old_meminfo_is_named(void **state)
{
	char why[256];

	(void)state;
	put("meminfo", "MemTotal: 500000 kB\nCommitted_AS: 40000 kB\n");
	order(false, MIB(512));
	assert_int_equal(step(1), -EBADMSG);
	kernel_failure(&sizer.kernel, &places, -EBADMSG, why, sizeof(why));
	assert_non_null(strstr(why, "/meminfo has no number MemAvailable"));
	assert_non_null(strstr(why, "3.14, and this is "));
	put_number("target_kb", 0);
	put("target_kb", "x\n");
	guest_has(MIB(512), MIB(40), MIB(400));
	assert_int_equal(step(1), -EBADMSG);
	kernel_failure(&sizer.kernel, &places, -EBADMSG, why, sizeof(why));
	assert_non_null(strstr(why, "a size there is no number"));
}

static void what_is_missing_is_listed(void **state)
{
	static const char *const optional[] = { "zoneinfo",
						"pressure/memory",
						"vmstat",
						"uptime",
						"sys/vm/overcommit_memory",
						"sys/vm/overcommit_ratio",
						"sys/vm/overcommit_kbytes" };
	const size_t count = sizeof(optional) / sizeof(optional[0]);
	const char *missing, *name, *without;
	char path[128];
	size_t row = 0, found = 0;

	(void)state;
	assert_false(kernel_without(&sizer.kernel, &row, &name, &without));
	kernel_close(&sizer.kernel);
	for (size_t i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "%s/%s", place, optional[i]);
		unlink(path);
	}
	assert_int_equal(kernel_open(&sizer.kernel, &places, true, &missing), 0);
	for (row = 0; kernel_without(&sizer.kernel, &row, &name, &without); found++) {
		assert_string_equal(name, optional[found]);
		assert_true(strlen(without) > 20);
	}
	assert_int_equal(found, count);
	/* And it goes on. */
	order(true, MIB(512));
	assert_int_equal(step(1), 0);
	step(5000);
	assert_true(target() < MIB(512));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(it_shrinks_no_further, start, stop),
		cmocka_unit_test_setup_teardown(nor_below_its_floor, start, stop),
		cmocka_unit_test_setup_teardown(for_good_it_lets_the_guest_grow, start, stop),
		cmocka_unit_test_setup_teardown(but_not_one_that_leaves, start, stop),
		cmocka_unit_test_setup_teardown(off_is_left_to_dom0, start, stop),
		cmocka_unit_test_setup_teardown(one_at_a_time, start, stop),
		cmocka_unit_test_setup_teardown(an_old_meminfo_is_named, start, stop),
		cmocka_unit_test_setup_teardown(what_is_missing_is_listed, start, stop),
	};

	return run_in_place("end", tests, sizeof(tests) / sizeof(tests[0]));
}
