/* SPDX-License-Identifier: MIT */
/*
 * The JSON of the API, read back by a library; and the bodies of requests, taken or refused by
 * name.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "json.h"
#include "problem.h"

static json_t *parse(struct text *text)
{
	json_error_t error;
	json_t *root;

	assert_false(text->failed);
	root = json_loadb(text->bytes, text->len, JSON_REJECT_DUPLICATES, &error);
	if (!root)
		print_error("%s at %d\n%.*s\n", error.text, error.position, (int)text->len,
			    text->bytes);
	assert_non_null(root);
	text_free(text);
	return root;
}

static const char *word(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	assert_non_null(value);
	return value;
}

static json_int_t number(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	assert_true(json_is_integer(value));
	return json_integer_value(value);
}

static struct domain sample(void)
{
	struct domain domain = { .domid = 7,
				 .uuid = "00000000-0000-4000-8000-000000000007",
				 .name = "we\"b\n\xff<1>",
				 .type = DOMAIN_PVH,
				 .state = STATE_CAPPED,
				 .reason = "wants 412 MiB" };

	for (size_t i = 0; i < VALUE_COUNT; i++)
		domain.value[i] = (struct reading){ READING_OK, 1000 + i };
	domain.value[VALUE_SELFBALLOON].value = 1;
	return domain;
}

static void a_domain_shows_every_row_of_the_table(void **state)
{
	struct domain domain = sample();
	struct text text = { 0 };
	json_t *root;

	(void)state;
	json_put_domain(&text, &domain);
	root = parse(&text);
	assert_int_equal(number(root, "domid"), 7);
	assert_string_equal(word(root, "name"), "we\"b\n\xef\xbf\xbd<1>");
	assert_string_equal(word(root, "type"), "pvh");
	assert_string_equal(word(root, "state"), "capped");
	assert_true(json_is_null(json_object_get(root, "manager")));
	assert_int_equal(json_array_size(json_object_get(root, "errors")), 0);
	for (size_t i = 0; i < VALUE_COUNT; i++) {
		if (metric_domain[i].unit == UNIT_BOOL)
			assert_true(json_is_true(json_object_get(root, metric_domain[i].name)));
		else if (metric_domain[i].unit == UNIT_TIME)
			assert_in_range(number(root, metric_domain[i].name),
					clock_unix_at(1000 + (int64_t)i) - 1,
					clock_unix_at(1000 + (int64_t)i) + 1);
		else
			assert_int_equal(number(root, metric_domain[i].name), 1000 + i);
	}
	json_decref(root);
}

static void absent_is_null_and_bad_is_named(void **state)
{
	struct domain domain = sample();
	struct text text = { 0 };
	const json_t *errors;
	json_t *root;

	(void)state;
	domain.manager = "squeezed";
	domain.value[VALUE_TARGET] = (struct reading){ READING_ABSENT, 0 };
	domain.value[VALUE_SELFBALLOON] = (struct reading){ READING_BAD, 0 };
	domain.value[VALUE_ACTUAL] = (struct reading){ READING_BAD, 0 };
	json_put_domain(&text, &domain);
	root = parse(&text);
	assert_true(json_is_null(json_object_get(root, "target_kib")));
	assert_true(json_is_null(json_object_get(root, "selfballoon")));
	assert_true(json_is_null(json_object_get(root, "actual_kib")));
	assert_string_equal(word(root, "manager"), "squeezed");
	errors = json_object_get(root, "errors");
	assert_int_equal(json_array_size(errors), 2);
	assert_string_equal(json_string_value(json_array_get(errors, 0)), "actual_kib");
	assert_string_equal(json_string_value(json_array_get(errors, 1)), "selfballoon");
	json_decref(root);
}

static void host_and_list_are_whole(void **state)
{
	struct snapshot *snapshot = snapshot_new(3);
	struct text text = { 0 };
	const json_t *list;
	json_t *root;

	(void)state;
	for (uint32_t i = 0; i < 3; i++) {
		snapshot->domain[i] = sample();
		snapshot->domain[i].domid = i + 1;
	}
	snapshot->host[HOST_FREE] = (struct reading){ READING_OK, 4096 };
	json_put_host(&text, snapshot, 250);
	root = parse(&text);
	assert_int_equal(number(root, "free_kib"), 4096);
	assert_true(json_is_null(json_object_get(root, "total_kib")));
	/* Nothing was published yet, so nothing has an age. */
	assert_true(json_is_null(json_object_get(root, "age_ms")));
	json_decref(root);
	snapshot->generation = 9;
	json_put_domains(&text, snapshot, -1); /* published, but never known to be true */
	root = parse(&text);
	assert_true(json_is_null(json_object_get(root, "age_ms")));
	json_decref(root);
	json_put_domains(&text, snapshot, 250);
	root = parse(&text);
	assert_int_equal(number(root, "generation"), 9);
	assert_int_equal(number(root, "age_ms"), 250);
	list = json_object_get(root, "domains");
	assert_int_equal(json_array_size(list), 3);
	assert_int_equal(number(json_array_get(list, 2), "domid"), 3);
	json_decref(root);
	snapshot_release(snapshot);
}

static const struct control_request request = { .action = CONTROL_TARGET,
						.subject = "web1",
						.value = 4096 };

static void a_problem_names_the_limit(void **state)
{
	static const enum control_result results[] = { RESULT_SOFT_LIMIT, RESULT_HARD_LIMIT };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct control_answer answer = { .result = results[i],
						 .domid = 7,
						 .name = "web1",
						 .before = { READING_OK, 262144 },
						 .limit = "minimum",
						 .would_pass = { READING_OK, 98304 },
						 .detail = "too \"low\"" };
		struct reply reply = { 0 };
		json_t *root;

		problem_answer(&reply, &request, &answer);
		assert_int_equal(reply.status, control_results[results[i]].http_status);
		assert_string_equal(reply.type, "application/problem+json");
		root = parse(&reply.text);
		assert_int_equal(number(root, "status"), reply.status);
		assert_string_equal(word(root, "title"), control_results[results[i]].title);
		assert_non_null(strstr(word(root, "type"), control_results[results[i]].name));
		assert_string_equal(word(root, "detail"), "too \"low\"");
		assert_string_equal(word(root, "limit"), "minimum");
		assert_int_equal(number(root, "would_pass_kib"), 98304);
		assert_int_equal(json_is_true(json_object_get(root, "forceable")),
				 results[i] == RESULT_SOFT_LIMIT);
		json_decref(root);
	}
}

static void waiting_is_advised_where_it_helps(void **state)
{
	(void)state;
	for (enum control_result result = RESULT_UNAUTHENTICATED; result < RESULT_COUNT; result++) {
		struct control_answer answer = { .result = result };
		struct reply reply = { 0 };
		json_t *root;

		problem_answer(&reply, &request, &answer);
		assert_int_equal(reply.retry_after_s > 0, result == RESULT_UNAVAILABLE);
		root = parse(&reply.text);
		assert_null(json_object_get(root, "limit"));
		assert_null(json_object_get(root, "would_pass_kib"));
		assert_null(json_object_get(root, "domid"));
		json_decref(root);
	}
}

static struct json_change change;
static char error[256];

static bool take(enum json_kind kind, const char *body)
{
	json_change_free(&change);
	*error = 0;
	return json_change_parse(body, strlen(body), kind, &change, error, sizeof(error));
}

static void takes_good_bodies(void **state)
{
	(void)state;
	assert_true(take(JSON_SELFBALLOON, "{\"enabled\": true}"));
	assert_true(change.enabled);
	assert_false(change.dry_run || change.force);
	assert_true(
		take(JSON_SELFBALLOON, " {\"force\":true,\"dry_run\":true,\"enabled\":false}\r\n"));
	assert_true(change.dry_run && change.force && !change.enabled);
	assert_true(take(JSON_TARGET, "{\"target_kib\": 0}"));
	assert_true(take(JSON_TARGET, "{\"target_kib\": 1099511627776}"));
	assert_int_equal(change.target_kib, UINT64_C(1) << 40);
	assert_true(take(JSON_SELFBALLOON_MANY, "{\"enabled\":true}"));
	assert_null(change.domains);
	assert_true(take(JSON_SELFBALLOON_MANY, "{\"enabled\":true,\"domains\":[\"web1\",\"7\"]}"));
	assert_int_equal(change.count, 2);
	assert_string_equal(change.domains[0], "web1");
	assert_string_equal(change.domains[1], "7");
	json_change_free(&change);
}

/* Each body is refused, and the sentence names what has to be put right. */
static void refuses_by_name(void **state)
{
	static const struct {
		enum json_kind kind;
		const char *body, *named;
	} cases[] = {
		{ JSON_SELFBALLOON, "", "empty" },
		{ JSON_SELFBALLOON, "{", "no valid JSON" },
		{ JSON_SELFBALLOON, "{\"enabled\":true}x", "no valid JSON" },
		{ JSON_SELFBALLOON, "[true]", "object" },
		{ JSON_SELFBALLOON, "true", "object" },
		{ JSON_SELFBALLOON, "null", "object" },
		{ JSON_SELFBALLOON, "{}", "\"enabled\" is missing" },
		{ JSON_SELFBALLOON, "{\"enabled\":1}", "\"enabled\" must be true or false" },
		{ JSON_SELFBALLOON, "{\"enabled\":\"true\"}", "\"enabled\" must be" },
		{ JSON_SELFBALLOON, "{\"enabled\":null}", "\"enabled\" must be" },
		{ JSON_SELFBALLOON, "{\"enabled\":true,\"enabled\":false}", "enabled" },
		{ JSON_SELFBALLOON, "{\"enabled\":true,\"evil\":1}", "\"evil\"" },
		{ JSON_SELFBALLOON, "{\"enabled\":true,\"Force\":true}", "\"Force\"" },
		{ JSON_SELFBALLOON, "{\"enabled\":true,\"domains\":[\"1\"]}", "\"domains\"" },
		{ JSON_SELFBALLOON, "{\"enabled\":true,\"target_kib\":1}", "\"target_kib\"" },
		{ JSON_SELFBALLOON, "{\"enabled\":true,\"dry_run\":0}", "\"dry_run\" must be" },
		{ JSON_TARGET, "{\"target_kib\":-1}", "from 0 to" },
		{ JSON_TARGET, "{\"target_kib\":1099511627777}", "from 0 to" },
		{ JSON_TARGET, "{\"target_kib\":99999999999999999999}", "big integer" },
		{ JSON_TARGET, "{\"target_kib\":1.5}", "whole number" },
		{ JSON_TARGET, "{\"target_kib\":1e3}", "whole number" },
		{ JSON_TARGET, "{\"target_kib\":\"4096\"}", "whole number" },
		{ JSON_TARGET, "{\"target_kib\":true}", "whole number" },
		{ JSON_TARGET, "{\"enabled\":true}", "\"enabled\"" },
		{ JSON_SELFBALLOON_MANY, "{\"enabled\":true,\"domains\":[]}", "at least one" },
		{ JSON_SELFBALLOON_MANY, "{\"enabled\":true,\"domains\":\"1\"}", "list" },
		{ JSON_SELFBALLOON_MANY, "{\"enabled\":true,\"domains\":[\"a\",7]}", "string" },
		{ JSON_SELFBALLOON_MANY, "{\"enabled\":true,\"domains\":[\"\"]}", "1 to 255" },
		{ JSON_SELFBALLOON_MANY, "{\"enabled\":true,\"domains\":[\"a\\u0000b\"]}", "JSON" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		if (take(cases[i].kind, cases[i].body))
			fail_msg("taken: %s", cases[i].body);
		if (!strstr(error, cases[i].named))
			fail_msg("%s: \"%s\" does not name %s", cases[i].body, error,
				 cases[i].named);
	}
	json_change_free(&change);
}

static bool take_form(enum json_kind kind, const char *body)
{
	json_change_free(&change);
	*error = 0;
	return json_change_parse_form(body, strlen(body), kind, &change, error, sizeof(error));
}

static void takes_good_forms(void **state)
{
	(void)state;
	assert_true(take_form(JSON_SELFBALLOON, "enabled=1"));
	assert_true(change.enabled && !change.dry_run && !change.force);
	assert_true(take_form(JSON_SELFBALLOON, "dry_run=yes&enabled=off&force=true&"));
	assert_true(!change.enabled && change.dry_run && change.force);
	assert_true(take_form(JSON_TARGET, "target%5Fkib=1099511627776"));
	assert_int_equal(change.target_kib, UINT64_C(1) << 40);
	assert_true(take_form(JSON_SELFBALLOON_MANY, "enabled=0"));
	assert_null(change.domains);
	assert_true(take_form(JSON_SELFBALLOON_MANY,
			      "domains=a%26b+c&enabled=1&domains=7&domains=%c3%bc"));
	assert_int_equal(change.count, 3);
	assert_string_equal(change.domains[0], "a&b c");
	assert_string_equal(change.domains[1], "7");
	assert_string_equal(change.domains[2], "\xc3\xbc");
	json_change_free(&change);
}

static void refuses_forms_by_name(void **state)
{
	static const struct {
		enum json_kind kind;
		const char *body, *named;
	} cases[] = {
		{ JSON_SELFBALLOON, "", "\"enabled\" is missing" },
		{ JSON_SELFBALLOON, "{\"enabled\":true}", "Content-Type: application/json" },
		{ JSON_SELFBALLOON, "enabled", "name=value" },
		{ JSON_SELFBALLOON, "=1", "name=value" },
		{ JSON_SELFBALLOON, "enabled=", "\"enabled\" must be" },
		{ JSON_SELFBALLOON, "enabled=2", "\"enabled\" must be" },
		{ JSON_SELFBALLOON, "enabled=%ff", "\"enabled\" must be" },
		{ JSON_SELFBALLOON, "enabled=%4", "%25" },
		{ JSON_SELFBALLOON, "enabled=%00", "%25" },
		{ JSON_SELFBALLOON, "enabled=1&enabled=1", "\"enabled\" was sent twice" },
		{ JSON_SELFBALLOON, "enabled=1&evil=1", "\"evil\"" },
		{ JSON_SELFBALLOON, "enabled=1&domains=7", "\"domains\"" },
		{ JSON_SELFBALLOON, "enabled=1&%ff%fe=1", "Unknown field" },
		{ JSON_TARGET, "target_kib=-1", "whole number" },
		{ JSON_TARGET, "target_kib=1e3", "whole number" },
		{ JSON_TARGET, "target_kib=1099511627777", "from 0 to" },
		{ JSON_TARGET, "target_kib=99999999999999999999", "whole number" },
		{ JSON_SELFBALLOON_MANY, "enabled=1&domains=", "1 to 255" },
		{ JSON_SELFBALLOON_MANY, "enabled=1&domains=%ff", "string" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		if (take_form(cases[i].kind, cases[i].body))
			fail_msg("taken: %s", cases[i].body);
		if (!strstr(error, cases[i].named))
			fail_msg("%s: \"%s\" does not name %s", cases[i].body, error,
				 cases[i].named);
	}
	json_change_free(&change);
}

static void a_list_is_bounded(void **state)
{
	static char body[16 * (JSON_DOMAINS_MAX + 1)];
	size_t len = (size_t)sprintf(body, "{\"enabled\":true,\"domains\":[\"0\"");

	(void)state;
	for (unsigned int i = 1; i < JSON_DOMAINS_MAX; i++)
		len += (size_t)sprintf(body + len, ",\"%u\"", i);
	strcpy(body + len, "]}");
	assert_true(take(JSON_SELFBALLOON_MANY, body));
	assert_int_equal(change.count, JSON_DOMAINS_MAX);
	strcpy(body + len, ",\"x\"]}");
	assert_false(take(JSON_SELFBALLOON_MANY, body));
	assert_non_null(strstr(error, "at most 4096"));
	json_change_free(&change);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_domain_shows_every_row_of_the_table),
		cmocka_unit_test(absent_is_null_and_bad_is_named),
		cmocka_unit_test(host_and_list_are_whole),
		cmocka_unit_test(a_problem_names_the_limit),
		cmocka_unit_test(waiting_is_advised_where_it_helps),
		cmocka_unit_test(takes_good_bodies),
		cmocka_unit_test(refuses_by_name),
		cmocka_unit_test(takes_good_forms),
		cmocka_unit_test(refuses_forms_by_name),
		cmocka_unit_test(a_list_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
