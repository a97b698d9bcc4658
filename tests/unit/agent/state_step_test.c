/* SPDX-License-Identifier: MIT */
/* On its way down a guest rests between two steps; only one that misses its step is stuck. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "state.h"

#define NOW_MS 1000000
#define MIB    1024

static struct snapshot *snapshot;
static struct state_memory memory;

/* It has 196 MiB, wants 114, and asked for so much in its last step. */
static struct domain judged(uint64_t step_mib, int64_t now_ms)
{
	struct domain domain = { .domid = 1 };
	const struct {
		size_t value;
		uint64_t kib;
	} rows[] = {
		{ VALUE_TARGET, 256 * MIB },
		{ VALUE_ALLOCATED, 196 * MIB },
		{ VALUE_CAP, 513 * MIB },
		{ VALUE_WANTED, 114 * MIB },
		{ VALUE_SELFTARGET, step_mib * MIB },
		{ VALUE_SELFBALLOON, 1 },
		{ VALUE_LAST_REPORT, (uint64_t)now_ms },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		domain.value[rows[i].value] = (struct reading){ READING_OK, rows[i].kib };
	state_judge(&domain, snapshot, &memory, now_ms);
	return domain;
}

static int start(void **state)
{
	(void)state;
	memory = (struct state_memory){ 0 };
	snapshot = snapshot_new(0);
	snapshot->host[HOST_FREE] = (struct reading){ READING_OK, 900 * MIB };
	snapshot->store_since_ms = 1;
	return 0;
}

static int stop(void **state)
{
	(void)state;
	snapshot_release(snapshot);
	return 0;
}

static void at_its_step_it_rests(void **state)
{
	struct domain domain;

	(void)state;
	judged(196, NOW_MS);
	domain = judged(196, NOW_MS + 60000);
	assert_int_equal(domain.state, STATE_SHRINKING);
	assert_string_equal(domain.reason,
			    "wants 114 MiB, has 196 MiB and goes there step by step");
}

static void short_of_its_step_it_is_stuck(void **state)
{
	(void)state;
	judged(180, NOW_MS);
	assert_int_equal(judged(180, NOW_MS + 9000).state, STATE_SHRINKING);
	assert_int_equal(judged(180, NOW_MS + 11000).state, STATE_STUCK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(at_its_step_it_rests, start, stop),
		cmocka_unit_test_setup_teardown(short_of_its_step_it_is_stuck, start, stop),
	};

	return cmocka_run_group_tests_name("state_step", tests, NULL, NULL);
}
