/* SPDX-License-Identifier: MIT */
/*
 * Whatever the policy, it stays ahead of what is being taken: by how much, and that a look at what
 * was taken is no older than it may be.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "pulse.h"
#include "settings.h"

#define MIB(n) ((uint64_t)(n) * 1024)

/* In need: it has less than any policy wants. */
static const struct view short_of = {
	.current_kib = MIB(200),
	.max_kib = MIB(512),
	.gap_kib = MIB(56),
	.committed_kib = MIB(190),
	.available_kib = MIB(10),
};

static void four_times_what_was_taken(void **state)
{
	static const struct {
		uint64_t taken_kib, ahead_kib;
	} rows[] = { { POLICY_RISE_KIB - 1, 0 },
		     { POLICY_RISE_KIB, 4 * POLICY_RISE_KIB },
		     { MIB(16), MIB(64) },
		     { MIB(400), MIB(64) } }; /* an eighth of full size */
	struct settings settings;

	(void)state;
	settings_default(&settings);
	for (size_t p = 0; p < policy_count; p++)
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			struct view view = short_of;
			struct decision without, with;

			policy_decide(policies[p], &settings.knobs, &view, &without);
			view.taken_kib = rows[i].taken_kib;
			policy_decide(policies[p], &settings.knobs, &view, &with);
			assert_int_equal(with.goal_kib - without.goal_kib, rows[i].ahead_kib);
			assert_int_equal(with.target_kib - without.target_kib, rows[i].ahead_kib);
		}
}

static struct sample look(struct pulse *pulse, uint64_t available_kib, int64_t now_ms)
{
	struct settings settings;
	struct sample sample;

	settings_default(&settings);
	memset(&sample, 0, sizeof(sample));
	sample.view = short_of;
	sample.view.available_kib = available_kib;
	pulse_feel(pulse, &sample, 4, &settings.knobs, now_ms);
	return sample;
}

static void taken_is_between_two_looks(void **state)
{
	struct pulse pulse;

	(void)state;
	memset(&pulse, 0, sizeof(pulse));
	assert_int_equal(look(&pulse, MIB(100), 1000).view.taken_kib, 0);
	assert_int_equal(look(&pulse, MIB(90), 1050).view.taken_kib, MIB(10));
	assert_int_equal(look(&pulse, MIB(90), 1100).view.taken_kib, 0);
	assert_int_equal(look(&pulse, MIB(95), 1150).view.taken_kib, 0);
	assert_int_equal(look(&pulse, MIB(50), 1150 + PULSE_LOOK_MS).view.taken_kib, MIB(45));
	/* One that comes late sees a rate, not all at once. */
	assert_int_equal(look(&pulse, MIB(10), 1150 + 6 * PULSE_LOOK_MS).view.taken_kib, MIB(8));
}

/* 10 MiB in 50 ms are 100 in 500, but an eighth of full size is the most; half an hour halves it.
 */
static void a_burst_is_remembered(void **state)
{
	struct pulse pulse;

	(void)state;
	memset(&pulse, 0, sizeof(pulse));
	look(&pulse, MIB(100), 1000);
	assert_int_equal(look(&pulse, MIB(98), 1050).view.burst_kib, MIB(20));
	assert_int_equal(look(&pulse, MIB(88), 1100).view.burst_kib, MIB(64));
	assert_int_equal(look(&pulse, MIB(88), 1100 + PULSE_BURST_HALF_LIFE_MS).view.burst_kib,
			 MIB(32));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(four_times_what_was_taken),
		cmocka_unit_test(taken_is_between_two_looks),
		cmocka_unit_test(a_burst_is_remembered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
