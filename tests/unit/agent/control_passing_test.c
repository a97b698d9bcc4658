/* SPDX-License-Identifier: MIT */
/* What a refusal names passes; a change of a guest that does not run says so. */
#include <stdlib.h>

#include "control_host.h"

static uint64_t some(uint64_t below)
{
	return ((uint64_t)rand() << 31 | (uint64_t)rand()) % below;
}

static struct reading some_reading(uint64_t below)
{
	return rand() % 8 ? ok(some(below)) : (struct reading){ rand() % 2 ? READING_BAD : 0, 0 };
}

/* Whatever a refusal names passes all rules, without force, in whatever a guest and a host are. */
static void what_is_named_passes(void **state)
{
	struct domain *guest = &host->domain[0];
	size_t named = 0, unnamed = 0;

	(void)state;
	srand(15);
	for (size_t round = 0; round < 200000; round++) {
		uint64_t most = some(4096 * MIB), asked = some(2) ? some(most + MIB) : some(12000);
		struct control_answer answer;

		guest->value[VALUE_STATIC_MAX] = ok(most);
		guest->value[VALUE_TARGET] = some_reading(most + MIB);
		guest->value[VALUE_ALLOCATED] = some_reading(most + MIB);
		guest->value[VALUE_MINIMUM] = some_reading(most + MIB);
		guest->value[VALUE_SELFBALLOON] = ok(!some(16));
		guest->overhead_kib = some(32 * MIB);
		host->host[HOST_FREE] = some_reading(most + MIB);
		limits.reserve_kib = some(256 * MIB);
		answer = target(asked);
		named += answer.would_pass.state == READING_OK;
		unnamed += answer.limit && answer.would_pass.state != READING_OK;
		if (answer.would_pass.state != READING_OK)
			continue;
		assert_int_equal(target(answer.would_pass.value).result, RESULT_OK);
		assert_int_equal(target(answer.would_say.value).result, RESULT_OK);
	}
	assert_true(named > 10000 && unnamed > 100);
}

/* A change of a guest that does not run is done, and said to come to nothing for now. */
static void who_does_not_run(void **state)
{
	static const struct {
		enum domain_run run;
		const char *note;
	} rows[] = { { RUN_PAUSED, "paused" },
		     { RUN_SHUTTING_DOWN, "shut down" },
		     { RUN_SUSPENDED, "suspended" },
		     { RUN_CRASHED, "crashed" } };
	struct control_answer answer;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		host->domain[0].run = rows[i].run;
		answer = target(200 * MIB);
		assert_int_equal(answer.result, RESULT_OK);
		assert_non_null(strstr(answer.warning, rows[i].note));
		answer = check(ask(CONTROL_SELFBALLOON, "web1", i % 2));
		assert_int_equal(answer.result, RESULT_OK);
		assert_non_null(strstr(answer.warning, rows[i].note));
	}
	host->domain[0].run = RUN_DYING;
	assert_int_equal(target(200 * MIB).result, RESULT_NOT_FOUND);
	/* The one that bears its name now is meant. */
	snprintf(host->domain[1].name, sizeof(host->domain[1].name), "web1");
	assert_int_equal(target(200 * MIB).domid, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(what_is_named_passes),
		EACH(who_does_not_run),
	};

	return cmocka_run_group_tests_name("control_passing", tests, NULL, NULL);
}
