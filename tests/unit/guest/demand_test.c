/* SPDX-License-Identifier: MIT */
/*
 * What the balloon driver is told while it obeys, falls asleep, is capped, or is told otherwise.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "demand.h"
#include "policy.h"

#define MIB(n) ((uint64_t)(n) * 1024)
#define TICK   250

/* A driver as Linux has it: it moves to its target, at most to a cap, if it is awake. */
struct driver {
	uint64_t current, target, cap;
	uint64_t speed;	   /* KiB per tick */
	uint64_t page;	   /* it rounds its target down to; 0: not at all */
	bool asleep;	   /* until the target differs */
	unsigned int told; /* how often its target was written */
};

static void tell(struct driver *driver, uint64_t kib)
{
	driver->told++;
	if (kib != driver->target)
		driver->asleep = false;
	driver->target = kib;
}

static void move(struct driver *driver)
{
	uint64_t goal = driver->target < driver->cap ? driver->target : driver->cap;
	uint64_t step;

	if (driver->page)
		goal -= goal % driver->page;
	if (driver->asleep)
		return;
	step = driver->current > goal ? driver->current - goal : goal - driver->current;
	step = step < driver->speed ? step : driver->speed;
	driver->current += driver->current > goal ? -step : step;
}

/* Lets n ticks pass from *now on. */
static void run(struct demand *demand, struct driver *driver, uint64_t want, int n, int64_t *now)
{
	while (n-- > 0) {
		uint64_t kib = demand_step(demand, want, driver->current, driver->target, *now);

		if (kib)
			tell(driver, kib);
		move(driver);
		*now += TICK;
	}
}

static struct driver driver_at(uint64_t mib, uint64_t cap_mib)
{
	return (struct driver){
		.current = MIB(mib), .target = MIB(mib), .cap = MIB(cap_mib), .speed = MIB(16)
	};
}

static void met_is_quiet(void **state)
{
	struct demand demand = { 0 };
	struct driver driver = driver_at(200, 512);
	int64_t now = 5000;

	(void)state;
	run(&demand, &driver, MIB(200), 100, &now);
	assert_int_equal(driver.told, 0);
}

static void both_ways_in_one_go(void **state)
{
	struct demand demand = { 0 };
	struct driver driver = driver_at(200, 512);
	int64_t now = 5000;

	(void)state;
	demand_reset(&demand, now);
	run(&demand, &driver, MIB(400), 40, &now);
	assert_int_equal(driver.current, MIB(400));
	assert_int_equal(driver.told, 1);
	run(&demand, &driver, MIB(150), 40, &now);
	assert_int_equal(driver.current, MIB(150));
	assert_int_equal(driver.told, 2);
}

/* A kernel with larger pages rounds: less than a page off is met, and nothing is written for it. */
static void large_pages_are_met(void **state)
{
	static const unsigned int pages[] = { 4, 16, 64 };

	(void)state;
	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		struct demand demand = { .page_kib = pages[i] };
		struct driver driver = driver_at(256, 512);
		int64_t now = 5000;

		driver.page = pages[i];
		demand_reset(&demand, now);
		run(&demand, &driver, 204848, 200, &now);
		assert_in_range(driver.current, 204848 - pages[i], 204848);
		assert_in_range(driver.told, 1, 2);
		assert_false(demand.limited);
	}
}

static void wakes_a_sleeping_driver(void **state)
{
	struct demand demand = { 0 };
	struct driver driver = driver_at(200, 512);
	int64_t now = 5000;

	(void)state;
	demand_reset(&demand, now);
	run(&demand, &driver, MIB(400), 4, &now);
	driver.asleep = true;
	assert_true(driver.current < MIB(400));
	run(&demand, &driver, MIB(400), 40, &now);
	assert_int_equal(driver.current, MIB(400));
}

static void takes_back_what_is_out_of_reach(void **state)
{
	struct demand demand = { 0 };
	struct driver driver = driver_at(200, 257);
	int64_t now = 5000;

	(void)state;
	demand_reset(&demand, now);
	run(&demand, &driver, MIB(400), 8 + 2 * DEMAND_STALL_MS / TICK, &now);
	assert_int_equal(driver.current, MIB(257));
	assert_int_equal(driver.target, driver.current);
	assert_true(demand.limited);
}

static void tries_ever_less_often(void **state)
{
	struct demand demand = { 0 };
	struct driver driver = driver_at(257, 257);
	int64_t now = 5000;
	unsigned int first, later;

	(void)state;
	demand_reset(&demand, now);
	run(&demand, &driver, MIB(400), 60 * 1000 / TICK, &now);
	first = driver.told;
	run(&demand, &driver, MIB(400), 240 * 1000 / TICK, &now);
	driver.told = 0;
	run(&demand, &driver, MIB(400), 60 * 1000 / TICK, &now);
	later = driver.told;
	assert_true(later < first);
	assert_in_range(later, 2, 6);
	/* Most of the time it asks for nothing. */
	assert_true(demand.delay_ms == DEMAND_RETRY_MAX_MS);
}

static void gets_what_becomes_free(void **state)
{
	struct demand demand = { 0 };
	struct driver driver = driver_at(257, 257);
	int64_t now = 5000;

	(void)state;
	demand_reset(&demand, now);
	run(&demand, &driver, MIB(400), 300 * 1000 / TICK, &now);
	driver.cap = MIB(512);
	run(&demand, &driver, MIB(400), (DEMAND_RETRY_MAX_MS + 5000) / TICK, &now);
	assert_int_equal(driver.current, MIB(400));
}

static void news_from_dom0_end_the_wait(void **state)
{
	struct demand demand = { 0 };
	struct driver driver = driver_at(257, 257);
	int64_t now = 5000;

	(void)state;
	demand_reset(&demand, now);
	run(&demand, &driver, MIB(400), 300 * 1000 / TICK, &now);
	driver.cap = MIB(512);
	demand_reset(&demand, now);
	run(&demand, &driver, MIB(400), 12, &now);
	assert_int_equal(driver.current, MIB(400));
}

static void a_limit_up_is_none_down(void **state)
{
	struct demand demand = { 0 };
	struct driver driver = driver_at(257, 257);
	int64_t now = 5000;

	(void)state;
	demand_reset(&demand, now);
	run(&demand, &driver, MIB(400), 100, &now);
	assert_int_equal(driver.current, MIB(257));
	run(&demand, &driver, MIB(200), 8, &now);
	assert_int_equal(driver.current, MIB(200));
}

static void dom0s_target_is_overridden(void **state)
{
	struct demand demand = { 0 };
	struct driver driver = driver_at(200, 512);
	int64_t now = 5000;

	(void)state;
	demand_reset(&demand, now);
	driver.target = MIB(300);
	run(&demand, &driver, MIB(200), 1, &now);
	assert_int_equal(driver.target, MIB(200));
}

/* Whatever is wanted and had, nothing beyond the two is ever asked for. */
static void never_overshoots(void **state)
{
	struct demand demand = { 0 };
	int64_t now = 1;

	(void)state;
	srandom(1);
	for (int i = 0; i < 100000; i++) {
		uint64_t want = MIB(64 + random() % 64), current = MIB(64 + random() % 64);
		uint64_t low = want < current ? want : current;
		uint64_t kib = demand_step(&demand, want, current, MIB(1), now);

		assert_in_range(kib, low, want + current - low);
		now += random() % 4000;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(met_is_quiet),
		cmocka_unit_test(both_ways_in_one_go),
		cmocka_unit_test(large_pages_are_met),
		cmocka_unit_test(wakes_a_sleeping_driver),
		cmocka_unit_test(takes_back_what_is_out_of_reach),
		cmocka_unit_test(tries_ever_less_often),
		cmocka_unit_test(gets_what_becomes_free),
		cmocka_unit_test(news_from_dom0_end_the_wait),
		cmocka_unit_test(a_limit_up_is_none_down),
		cmocka_unit_test(dom0s_target_is_overridden),
		cmocka_unit_test(never_overshoots),
	};

	return cmocka_run_group_tests_name("demand", tests, NULL, NULL);
}
