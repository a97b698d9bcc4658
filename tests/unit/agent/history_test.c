/* SPDX-License-Identifier: MIT */
/* The last 15 minutes: what is kept, what is forgotten, gaps, and its bound. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "history.h"

#define STEP_MS (HISTORY_INTERVAL_S * 1000)

static const char *uuid(size_t i)
{
	static char text[SNAPSHOT_UUID_SIZE];

	snprintf(text, sizeof(text), "00112233-4455-6677-8899-aabbcc%06zx", i);
	return text;
}

/* Guests first.. first + count - 1, each with this actual. */
static void sample(size_t first, size_t count, uint64_t actual_kib, int64_t number)
{
	struct snapshot *snapshot = snapshot_new(count);

	assert_non_null(snapshot);
	for (size_t i = 0; i < count; i++) {
		struct domain *domain = &snapshot->domain[i];

		memcpy(domain->uuid, uuid(first + i), sizeof(domain->uuid));
		domain->value[VALUE_ACTUAL] = (struct reading){ READING_OK, actual_kib };
		domain->value[VALUE_PRESSURE] = (struct reading){ READING_OK, 7 };
		domain->value[VALUE_MINIMUM] = (struct reading){ READING_BAD, 5 };
	}
	history_sample(snapshot, number * STEP_MS + 1, 1000 + number * HISTORY_INTERVAL_S);
	snapshot_release(snapshot);
}

static size_t read_value(size_t guest, enum domain_value value, struct reading *samples)
{
	int64_t time;

	return history_read(uuid(guest), value, samples, &time);
}

static void assert_sample(struct reading reading, uint64_t value)
{
	assert_int_equal(reading.state, READING_OK);
	assert_int_equal(reading.value, value);
}

static int clear(void **state)
{
	(void)state;
	history_clear();
	return 0;
}

static void test_begins_empty(void **state)
{
	struct reading samples[HISTORY_SAMPLES];
	int64_t time = 1;

	(void)state;
	assert_int_equal(history_read(uuid(0), VALUE_ACTUAL, samples, &time), 0);
	assert_int_equal(time, 0);
}

static void test_keeps_each_value(void **state)
{
	struct reading samples[HISTORY_SAMPLES];
	int64_t time;

	(void)state;
	sample(0, 2, 100, 50);
	sample(0, 2, 999, 50); /* not due */
	sample(0, 2, 110, 51);
	assert_int_equal(history_read(uuid(1), VALUE_ACTUAL, samples, &time), 2);
	assert_int_equal(time, 1510);
	assert_sample(samples[0], 100);
	assert_sample(samples[1], 110);
	assert_int_equal(read_value(1, VALUE_PRESSURE, samples), 2);
	assert_sample(samples[1], 7);
	assert_int_equal(read_value(1, VALUE_MINIMUM, samples), 2);
	assert_int_equal(samples[1].state, READING_ABSENT);
	assert_int_equal(read_value(1, VALUE_SELFBALLOON, samples), 2);
	assert_int_equal(samples[1].state, READING_ABSENT);
}

/* Guests share one axis of time: who came later, went or was not seen has no value there. */
static void test_gaps_are_unknown(void **state)
{
	struct reading samples[HISTORY_SAMPLES];

	(void)state;
	sample(0, 1, 100, 10);
	sample(0, 2, 200, 13);
	sample(1, 1, 300, 14);
	assert_int_equal(read_value(0, VALUE_ACTUAL, samples), 5);
	assert_sample(samples[0], 100);
	assert_int_equal(samples[1].state, READING_ABSENT);
	assert_int_equal(samples[2].state, READING_ABSENT);
	assert_sample(samples[3], 200);
	assert_int_equal(samples[4].state, READING_ABSENT);
	assert_int_equal(read_value(1, VALUE_ACTUAL, samples), 5);
	assert_int_equal(samples[0].state, READING_ABSENT);
	assert_sample(samples[4], 300);
}

static void test_the_oldest_go(void **state)
{
	struct reading samples[HISTORY_SAMPLES];

	(void)state;
	for (int64_t number = 0; number < 3 * HISTORY_SAMPLES + 5; number++)
		sample(0, 1, (uint64_t)number, number);
	assert_int_equal(read_value(0, VALUE_ACTUAL, samples), HISTORY_SAMPLES);
	for (size_t i = 0; i < HISTORY_SAMPLES; i++)
		assert_sample(samples[i], 2 * HISTORY_SAMPLES + 5 + i);
}

static void test_a_long_pause_leaves_nothing(void **state)
{
	struct reading samples[HISTORY_SAMPLES];

	(void)state;
	for (int64_t number = 0; number < HISTORY_SAMPLES; number++)
		sample(0, 2, 1, number);
	sample(0, 1, 2, 1000000);
	assert_int_equal(read_value(0, VALUE_ACTUAL, samples), HISTORY_SAMPLES);
	for (size_t i = 0; i + 1 < HISTORY_SAMPLES; i++)
		assert_int_equal(samples[i].state, READING_ABSENT);
	assert_sample(samples[HISTORY_SAMPLES - 1], 2);
	read_value(1, VALUE_ACTUAL, samples);
	assert_int_equal(samples[HISTORY_SAMPLES - 1].state, READING_ABSENT);
}

static void test_is_bounded_and_makes_room(void **state)
{
	struct reading samples[HISTORY_SAMPLES];

	(void)state;
	sample(0, HISTORY_GUESTS_MAX, 1, 0);
	sample(HISTORY_GUESTS_MAX, 10, 2, 1);
	read_value(HISTORY_GUESTS_MAX, VALUE_ACTUAL, samples);
	assert_int_equal(samples[1].state, READING_ABSENT);
	sample(HISTORY_GUESTS_MAX, 10, 3, HISTORY_SAMPLES);
	assert_int_equal(read_value(HISTORY_GUESTS_MAX, VALUE_ACTUAL, samples), HISTORY_SAMPLES);
	assert_sample(samples[HISTORY_SAMPLES - 1], 3);
}

static void test_huge_values_saturate(void **state)
{
	struct reading samples[HISTORY_SAMPLES];

	(void)state;
	sample(0, 1, UINT64_MAX, 0);
	read_value(0, VALUE_ACTUAL, samples);
	assert_sample(samples[0], UINT32_MAX - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_begins_empty, clear),
		cmocka_unit_test_teardown(test_keeps_each_value, clear),
		cmocka_unit_test_teardown(test_gaps_are_unknown, clear),
		cmocka_unit_test_teardown(test_the_oldest_go, clear),
		cmocka_unit_test_teardown(test_a_long_pause_leaves_nothing, clear),
		cmocka_unit_test_teardown(test_is_bounded_and_makes_room, clear),
		cmocka_unit_test_teardown(test_huge_values_saturate, clear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
