/* SPDX-License-Identifier: MIT */
/*
 * Who may ask, whom, and every limit: each refusal names the limit and the value that would pass,
 * and that value then does pass.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control_host.h"
#include "tag.h"

/* Refused by that limit; the value that it says would pass is the nearest that does. */
static void refused(uint64_t kib, enum control_result result, const char *limit, uint64_t nearest)
{
	struct control_answer answer = target(kib);
	int64_t towards = kib > nearest ? 1 : -1;

	assert_int_equal(answer.result, result);
	assert_string_equal(answer.limit, limit);
	assert_int_equal(answer.would_pass.state, READING_OK);
	assert_int_equal(answer.would_pass.value, nearest);
	assert_int_equal(answer.after.value, answer.before.value);
	/* People read MiB; the sentence leaves what passes to who shows it. */
	assert_null(strstr(answer.detail, "KiB"));
	assert_null(strstr(answer.detail, "pass"));
	assert_int_equal(target(nearest).result, RESULT_OK);
	assert_int_equal(target(answer.would_say.value).result, RESULT_OK);
	assert_int_equal(target(nearest + (uint64_t)towards).result, result);
}

static void forced(uint64_t kib, enum control_result result)
{
	struct control_request request = ask(CONTROL_TARGET, "web1", kib);
	struct control_answer answer;

	request.force = true;
	answer = check(request);
	assert_int_equal(answer.result, result);
	assert_int_equal(answer.warning[0] != '\0', result == RESULT_OK);
}

static void who_asks(void **state)
{
	static const enum control_result expected[] = { [ROLE_NONE] = RESULT_UNAUTHENTICATED,
							[ROLE_VIEWER] = RESULT_FORBIDDEN,
							[ROLE_OPERATOR] = RESULT_OK };

	(void)state;
	for (unsigned int role = ROLE_NONE; role <= ROLE_OPERATOR; role++) {
		struct control_request request = ask(CONTROL_TARGET, "web1", 200 * MIB);

		request.force = true;
		request.who.role = role;
		assert_int_equal(check(request).result, expected[role]);
		/* Who may not change learns nothing about who is there. */
		snprintf(request.subject, sizeof(request.subject), "nobody");
		if (role != ROLE_OPERATOR)
			assert_int_equal(check(request).result, expected[role]);
	}
}

static void whom_it_concerns(void **state)
{
	static const struct {
		const char *subject;
		enum control_result result;
		uint32_t domid;
	} rows[] = {
		{ "1", RESULT_OK, 1 },
		{ "web2", RESULT_OK, 2 },
		{ "00000000-0000-4000-8000-000000000002", RESULT_OK, 2 },
		{ "", RESULT_MALFORMED, 0 },
		{ "0", RESULT_DOM0, 0 },
		{ "000", RESULT_DOM0, 0 },
		{ "Domain-0", RESULT_DOM0, 0 },
		{ "00000000-0000-0000-0000-000000000000", RESULT_DOM0, 0 },
		{ "3", RESULT_NOT_FOUND, 0 },
		{ "-1", RESULT_NOT_FOUND, 0 },
		{ "4294967297", RESULT_NOT_FOUND, 0 },
		{ "web", RESULT_NOT_FOUND, 0 },
		{ "web1 ", RESULT_NOT_FOUND, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct control_answer answer = check(ask(CONTROL_SELFBALLOON, rows[i].subject, 1));

		assert_int_equal(answer.result, rows[i].result);
		assert_int_equal(answer.domid, rows[i].domid);
		assert_int_equal(answer.detail[0] != '\0', answer.result != RESULT_OK);
	}
	snprintf(host->domain[1].name, sizeof(host->domain[1].name), "web1");
	assert_int_equal(target(200 * MIB).result, RESULT_AMBIGUOUS);
	/* A guest's name is nobody's permission to speak of dom0. */
	snprintf(host->domain[1].name, sizeof(host->domain[1].name), "Domain-0");
	assert_int_equal(check(ask(CONTROL_TARGET, "Domain-0", 200 * MIB)).result, RESULT_DOM0);
}

static void nonsense(void **state)
{
	(void)state;
	assert_int_equal(check(ask(CONTROL_SELFBALLOON, "web1", 2)).result, RESULT_MALFORMED);
	assert_int_equal(check(ask(CONTROL_ACTION_COUNT, "web1", 1)).result, RESULT_MALFORMED);
}

static void nothing_answers(void **state)
{
	(void)state;
	host->store_up = false;
	assert_int_equal(target(200 * MIB).result, RESULT_UNAVAILABLE);
	host->store_up = true;
	host->hypervisor_up = false;
	assert_int_equal(target(200 * MIB).result, RESULT_UNAVAILABLE);
}

static void hard_limits(void **state)
{
	(void)state;
	refused(512 * MIB + 1, RESULT_HARD_LIMIT, "static_max", 512 * MIB);
	forced(512 * MIB + 1, RESULT_HARD_LIMIT);
	refused(UINT64_MAX, RESULT_HARD_LIMIT, "static_max", 512 * MIB);
	host->domain[0].value[VALUE_MINIMUM] = ok(0);
	refused(0, RESULT_HARD_LIMIT, "lowest_target", 4096);
	refused(4095, RESULT_HARD_LIMIT, "lowest_target", 4096);
	forced(4095, RESULT_HARD_LIMIT);
}

static int growth_is_no_matter(void **state)
{
	if (setup(state))
		return -1;
	host->host[HOST_FREE] = ok(UINT64_C(1) << 30);
	return 0;
}

static void static_max_unknown(void **state)
{
	static const enum reading_state states[] = { READING_ABSENT, READING_BAD };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		host->domain[0].value[VALUE_STATIC_MAX] = (struct reading){ states[i], 0 };
		assert_string_equal(target(200 * MIB).limit, "static_max");
		assert_string_equal(check(ask(CONTROL_SELFBALLOON, "web1", 1)).limit, "static_max");
	}
}

static void target_while_selfballooning(void **state)
{
	struct control_answer answer;

	(void)state;
	host->domain[0].value[VALUE_SELFBALLOON] = ok(1);
	answer = target(200 * MIB);
	assert_int_equal(answer.result, RESULT_SELFBALLOONING);
	assert_string_equal(answer.limit, "selfballoon");
	assert_non_null(strstr(answer.detail, "turn it off first"));
	forced(200 * MIB, RESULT_SELFBALLOONING);
	host->domain[0].value[VALUE_SELFBALLOON] = (struct reading){ READING_BAD, 0 };
	assert_int_equal(target(200 * MIB).result, RESULT_OK);
}

static void foreign_manager(void **state)
{
	(void)state;
	host->domain[0].manager = "squeezed";
	forced(200 * MIB, RESULT_FOREIGN);
	assert_non_null(strstr(target(200 * MIB).detail, "squeezed"));
	assert_int_equal(check(ask(CONTROL_SELFBALLOON, "web1", 0)).result, RESULT_FOREIGN);
}

static void minimum(void **state)
{
	(void)state;
	refused(99 * MIB, RESULT_SOFT_LIMIT, "minimum", 100 * MIB);
	forced(99 * MIB, RESULT_OK);
	/* A guest can say that it needs everything; force still steers it. */
	host->domain[0].value[VALUE_MINIMUM] = ok(512 * MIB);
	assert_int_equal(target(300 * MIB).result, RESULT_SOFT_LIMIT);
	forced(300 * MIB, RESULT_OK);
}

/* m < 128: 8 + m/2; < 512: 40 + m/4; < 2048: 104 + m/8; else 296 + m/32. */
static void floor_where_none_is_said(void **state)
{
	static const struct {
		uint64_t static_max_mib, floor_mib;
	} rows[] = { { 96, 56 },   { 127, 71 },	  { 128, 72 },	 { 511, 167 },
		     { 512, 168 }, { 2047, 359 }, { 2048, 360 }, { 65536, 2344 } };
	static const struct reading minimums[] = { { READING_ABSENT, 0 }, { READING_BAD, 0 } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t max = rows[i].static_max_mib * MIB;
		uint64_t floor = rows[i].floor_mib * MIB;

		if (rows[i].static_max_mib % 8)
			floor = rows[i].static_max_mib == 127	? 8 * MIB + max / 2
				: rows[i].static_max_mib == 511 ? 40 * MIB + max / 4
								: 104 * MIB + max / 8;
		host->domain[0].value[VALUE_STATIC_MAX] = ok(max);
		host->domain[0].value[VALUE_TARGET] = ok(max);
		host->domain[0].value[VALUE_ALLOCATED] = ok(max);
		host->domain[0].value[VALUE_MINIMUM] = minimums[i % 2];
		refused(floor - 1, RESULT_SOFT_LIMIT, "minimum", floor);
		/* What can't be true is as good as nothing. */
		host->domain[0].value[VALUE_MINIMUM] = ok(max + 1);
		refused(floor - 1, RESULT_SOFT_LIMIT, "minimum", floor);
	}
	/* A guest that already lives below it may stay there. */
	host->domain[0].value[VALUE_TARGET] = ok(80 * MIB);
	refused(80 * MIB - 1, RESULT_SOFT_LIMIT, "minimum", 80 * MIB);
}

static void host_memory(void **state)
{
	(void)state;
	/* 256 held, 300 free, 44 of them kept. */
	host->domain[0].value[VALUE_STATIC_MAX] = ok(1024 * MIB);
	refused(512 * MIB + 4, RESULT_SOFT_LIMIT, "host_free", 512 * MIB);
	forced(1024 * MIB, RESULT_OK);
	/* What it holds counts, not what it was last told. */
	host->domain[0].value[VALUE_ALLOCATED] = ok(200 * MIB);
	refused(457 * MIB, RESULT_SOFT_LIMIT, "host_free", 456 * MIB);
	/* Less what its target doesn't speak of; its driver takes the video memory off by itself.
	 */
	host->domain[0].videoram_kib = ok(16 * MIB);
	refused(457 * MIB, RESULT_SOFT_LIMIT, "host_free", 456 * MIB);
	host->domain[0].overhead_kib = 16 * MIB;
	refused(441 * MIB, RESULT_SOFT_LIMIT, "host_free", 440 * MIB);
	/* The reserve is gone already. */
	host->host[HOST_FREE] = ok(10 * MIB);
	refused(256 * MIB + 1, RESULT_SOFT_LIMIT, "host_free", 256 * MIB);
}

static void lowering_asks_for_no_memory(void **state)
{
	(void)state;
	host->host[HOST_FREE] = ok(0);
	host->domain[0].value[VALUE_ALLOCATED] = ok(120 * MIB);
	assert_int_equal(target(200 * MIB).result, RESULT_OK);
	assert_int_equal(target(256 * MIB).result, RESULT_OK);
}

static void switching_warns(void **state)
{
	struct domain *guest = &host->domain[0];
	struct control_request on = ask(CONTROL_SELFBALLOON, "web1", 1);

	(void)state;
	assert_string_equal(check(on).warning, "");
	guest->has_swap = false;
	assert_int_equal(check(on).result, RESULT_OK);
	assert_non_null(strstr(check(on).warning, "no swap"));
	guest->state = STATE_SILENT;
	assert_non_null(strstr(check(on).warning, "silent"));
	guest->state = STATE_REFUSED;
	guest->driver = DRIVER_EPERM;
	strcpy(guest->reason, "can't size itself, as its driver refuses");
	assert_int_equal(check(on).result, RESULT_OK);
	assert_string_equal(check(on).warning, "The guest can't size itself, as its driver "
					       "refuses. It keeps its size until that is mended.");
	assert_string_equal(target(200 * MIB).warning, "");
	guest->driver = DRIVER_ABSENT;
	assert_int_equal(target(200 * MIB).result, RESULT_OK);
	assert_non_null(strstr(target(200 * MIB).warning, "no target moves it"));
	guest->state = STATE_NO_AGENT;
	assert_int_equal(check(on).result, RESULT_OK);
	assert_non_null(strstr(check(on).warning, "No guest daemon"));
	assert_string_equal(check(ask(CONTROL_SELFBALLOON, "web1", 0)).warning, "");
}

/* The target from before is held against the limits of any target. */
static void restoring(void **state)
{
	struct control_request off = ask(CONTROL_SELFBALLOON, "web1", 0);
	struct domain *web1 = &host->domain[0];
	struct control_answer answer;

	(void)state;
	off.restore = true;
	assert_non_null(strstr(check(off).warning, "No target from before"));
	web1->former_kib = ok(200 * MIB);
	assert_non_null(strstr(check(off).warning, "to be 200 MiB, as before"));
	web1->former_kib = ok(513 * MIB);
	answer = check(off);
	assert_int_equal(answer.result, RESULT_HARD_LIMIT);
	assert_int_equal(answer.would_pass.state, READING_ABSENT);
	web1->former_kib = ok(90 * MIB);
	assert_string_equal(check(off).limit, "minimum");
	off.force = true;
	assert_int_equal(check(off).result, RESULT_OK);
	off.force = false;
	host->host[HOST_FREE] = ok(50 * MIB);
	web1->former_kib = ok(400 * MIB);
	assert_string_equal(check(off).limit, "host_free");
	/* Nothing kept, but the target still stands while it is on. */
	web1->former_kib = (struct reading){ 0 };
	web1->value[VALUE_SELFBALLOON] = ok(1);
	assert_non_null(strstr(check(off).warning, "to be 256 MiB, as before"));
	off.value = 1;
	assert_int_equal(check(off).result, RESULT_MALFORMED);
	off = ask(CONTROL_TARGET, "web1", 200 * MIB);
	off.restore = true;
	assert_int_equal(check(off).result, RESULT_MALFORMED);
}

static void answer_says_what_would_be(void **state)
{
	struct control_answer answer = target(200 * MIB);

	(void)state;
	assert_int_equal(answer.before.value, 256 * MIB);
	assert_int_equal(answer.after.value, 200 * MIB);
	assert_string_equal(answer.name, "web1");
	assert_string_equal(answer.uuid, "00000000-0000-4000-8000-000000000001");
	assert_null(answer.limit);
}

static void off_and_target_together(void **state)
{
	struct control_request requests[2] = { ask(CONTROL_TARGET, "web1", 200 * MIB),
					       ask(CONTROL_SELFBALLOON, "1", 0) };
	struct control_answer answers[2];

	(void)state;
	host->domain[0].value[VALUE_SELFBALLOON] = ok(1);
	assert_true(control_check_all(host, &limits, requests, answers, 2));
	requests[1].value = 1;
	assert_false(control_check_all(host, &limits, requests, answers, 2));
	assert_int_equal(answers[0].result, RESULT_SELFBALLOONING);
	assert_int_equal(answers[1].result, RESULT_DEPENDENCY);
	/* Another guest's switch is no help. */
	requests[1] = ask(CONTROL_SELFBALLOON, "web2", 0);
	assert_false(control_check_all(host, &limits, requests, answers, 2));
}

static void growth_adds_up(void **state)
{
	struct control_request requests[2] = { ask(CONTROL_TARGET, "web1", 384 * MIB),
					       ask(CONTROL_TARGET, "web2", 384 * MIB) };
	struct control_answer answers[2];

	(void)state;
	assert_true(control_check_all(host, &limits, requests, answers, 2));
	requests[1].value += 4;
	assert_false(control_check_all(host, &limits, requests, answers, 2));
	assert_string_equal(answers[1].limit, "host_free");
	assert_int_equal(answers[1].would_pass.value, 384 * MIB);
	assert_int_equal(answers[0].result, RESULT_DEPENDENCY);
}

/* Every result has its row: a hole would send status 0 to somebody. */
static void every_result_has_words(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < RESULT_COUNT; i++) {
		assert_non_null(control_results[i].name);
		assert_non_null(control_results[i].title);
		assert_in_range(control_results[i].http_status, 200, 599);
		assert_in_range(control_results[i].snmp_error, 0, 18);
		assert_int_equal(control_results[i].snmp_error == 0,
				 control_results[i].http_status == 200);
		for (unsigned int j = 0; j < i; j++)
			assert_string_not_equal(control_results[i].name, control_results[j].name);
	}
}

static void tags_name_what_a_change_touches(void **state)
{
	struct domain domain = { .domid = 7, .uuid = "00000000-0000-4000-8000-000000000007" };
	static const char *const valid[] = { "*", "\"a\"", "\"a\", \"b\"", "W/\"a\"", "\"\"," };
	static const char *const wrong[] = {
		"", "a", "\"a", "\"a\"b", "W/", "*, \"a\"", "\"a\" x"
	};
	char tag[TAG_SIZE], other[TAG_SIZE];

	(void)state;
	domain.value[VALUE_TARGET] = (struct reading){ READING_OK, 262144 };
	tag_of_domain(&domain, tag);
	assert_string_equal(tag, "\"00000000-0000-4000-8000-000000000007.7.262144.none.none\"");
	domain.value[VALUE_CAP] = (struct reading){ READING_OK, 1 };
	tag_of_domain(&domain, other);
	assert_string_not_equal(tag, other);
	assert_true(tag_list_has(tag, tag));
	assert_true(tag_list_has("*", tag));
	assert_false(tag_list_has(other, tag));
	assert_false(tag_list_has("W/\"a\"", "\"a\""));
	assert_true(tag_list_has("\"b\" ,\"a\"", "\"a\""));
	for (size_t i = 0; i < sizeof(valid) / sizeof(*valid); i++)
		assert_true(tag_list_valid(valid[i]));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_false(tag_list_valid(wrong[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tags_name_what_a_change_touches),
		EACH(who_asks),
		EACH(whom_it_concerns),
		EACH(nonsense),
		EACH(nothing_answers),
		EACH(hard_limits),
		EACH(static_max_unknown),
		EACH(target_while_selfballooning),
		EACH(foreign_manager),
		EACH(minimum),
		cmocka_unit_test_setup_teardown(floor_where_none_is_said, growth_is_no_matter,
						teardown),
		EACH(host_memory),
		EACH(lowering_asks_for_no_memory),
		EACH(switching_warns),
		EACH(restoring),
		EACH(answer_says_what_would_be),
		EACH(off_and_target_together),
		EACH(growth_adds_up),
		cmocka_unit_test(every_result_has_words),
	};

	return cmocka_run_group_tests_name("control_check", tests, NULL, NULL);
}
