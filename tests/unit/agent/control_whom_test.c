/* SPDX-License-Identifier: MIT */
/* Which guest a request means, and who may change which. */
#include "control_host.h"

/* Whoever asks has met a domain: neither its domid nor its UUID may be another's by now. */
static void pinned(void **state)
{
	struct control_request request = ask(CONTROL_SELFBALLOON, "web1", 1);

	(void)state;
	request.domid = 2;
	snprintf(request.uuid, sizeof(request.uuid), "%s", host->domain[1].uuid);
	assert_int_equal(check(request).domid, 2);
	request.uuid[0] = 'f';
	assert_int_equal(check(request).result, RESULT_NOT_FOUND);
	request.domid = 3;
	assert_int_equal(check(request).result, RESULT_NOT_FOUND);
}

/* However one of the two is named: what is decided for it would be the other's, too. */
static void a_shared_uuid(void **state)
{
	const char *const subjects[] = { "1", "2", "web1", "web2", host->domain[0].uuid };
	struct control_request request;

	(void)state;
	memcpy(host->domain[1].uuid, host->domain[0].uuid, sizeof(host->domain[1].uuid));
	for (size_t i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++) {
		request = ask(CONTROL_SELFBALLOON, subjects[i], 1);
		assert_int_equal(check(request).result, RESULT_AMBIGUOUS);
		request = ask(CONTROL_TARGET, subjects[i], 256 * MIB);
		request.force = true;
		assert_int_equal(check(request).result, RESULT_AMBIGUOUS);
	}
	request.domid = 2;
	memcpy(request.uuid, host->domain[1].uuid, sizeof(request.uuid));
	assert_int_equal(check(request).result, RESULT_AMBIGUOUS);
	host->domain[1].run = RUN_DYING;
	assert_int_equal(target(256 * MIB).result, RESULT_OK);
}

static void beyond_its_reach(void **state)
{
	static const struct {
		const char *domains, *subject;
		enum control_result result;
	} rows[] = {
		{ "web1", "web1", RESULT_OK },
		{ "web1", "1", RESULT_OK },
		{ "uuid:00000000-0000-4000-8000-000000000002", "web2", RESULT_OK },
		{ "*-00000000000?,0*", "web2", RESULT_FORBIDDEN },
		{ "web1", "web2", RESULT_FORBIDDEN },
		{ "web1", "2", RESULT_FORBIDDEN },
		{ "db*,mail", "00000000-0000-4000-8000-000000000001", RESULT_FORBIDDEN },
		{ "web1", "nobody", RESULT_NOT_FOUND },
		{ "*", "0", RESULT_DOM0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct control_request request = ask(CONTROL_TARGET, rows[i].subject, 256 * MIB);
		struct control_answer answer;

		snprintf(request.who.domains, sizeof(request.who.domains), "%s", rows[i].domains);
		request.force = true;
		answer = check(request);
		assert_int_equal(answer.result, rows[i].result);
		request.action = CONTROL_SELFBALLOON;
		request.value = 1;
		answer = check(request);
		assert_int_equal(answer.result, rows[i].result);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(pinned),
		EACH(a_shared_uuid),
		EACH(beyond_its_reach),
	};

	return cmocka_run_group_tests_name("control_whom", tests, NULL, NULL);
}
