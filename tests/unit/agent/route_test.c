/* SPDX-License-Identifier: MIT */
/*
 * How a method and a path find their row, and that every row can be found.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "openapi.h"
#include "route.h"

static const struct route *route;
static char id[SNAPSHOT_NAME_MAX + 1];
static const char *allow;

static enum route_match find(const char *method, const char *path)
{
	return route_find(method, path, &route, id, &allow);
}

static void finds_every_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < route_count; i++) {
		const char *brace = strstr(routes[i].path, "{id}");
		char path[128] = "";

		strncat(path, routes[i].path,
			brace ? (size_t)(brace - routes[i].path) : sizeof(path) - 1);
		if (brace) {
			strcat(path, "web1");
			strcat(path, brace + 4);
		}
		assert_int_equal(find(routes[i].method, path), ROUTE_FOUND);
		assert_ptr_equal(route, &routes[i]);
		assert_string_equal(id, brace ? "web1" : "");
	}
}

/* What changes something must never be within a viewer's reach. */
static void only_operators_post(void **state)
{
	(void)state;
	for (size_t i = 0; i < route_count; i++) {
		assert_non_null(routes[i].handler);
		assert_true(strlen(routes[i].help) > 0);
		if (strcmp(routes[i].method, "GET"))
			assert_int_equal(routes[i].role, ROLE_OPERATOR);
		else
			assert_int_equal(routes[i].action, CONTROL_ACTION_COUNT);
	}
}

static void decodes_the_guest(void **state)
{
	static const struct {
		const char *path, *id;
	} cases[] = {
		{ "/api/v1/domains/7", "7" },
		{ "/api/v1/domains/a%2Fb", "a/b" },
		{ "/api/v1/domains/a%2fb%20c+d", "a/b c+d" },
		{ "/api/v1/domains/%C3%BC%ff", "\xc3\xbc\xff" },
		{ "/api/v1/domains/%25", "%" },
		{ "/api/v1/domains/..", ".." },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_equal(find("GET", cases[i].path), ROUTE_FOUND);
		assert_string_equal(id, cases[i].id);
	}
	assert_int_equal(find("POST", "/api/v1/domains/x%2Ftarget/target"), ROUTE_FOUND);
	assert_string_equal(id, "x/target");
}

static void refuses_a_malformed_guest(void **state)
{
	static const char *const paths[] = { "/api/v1/domains/%00",   "/api/v1/domains/a%",
					     "/api/v1/domains/a%4",   "/api/v1/domains/%zz",
					     "/api/v1/domains/%4%41", "/api/v1/domains/%4\x11" };
	char longest[16 + SNAPSHOT_NAME_MAX + 2] = "/api/v1/domains/";

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++)
		assert_int_equal(find("GET", paths[i]), ROUTE_BAD_ID);
	memset(longest + 16, 'x', SNAPSHOT_NAME_MAX);
	assert_int_equal(find("GET", longest), ROUTE_FOUND);
	assert_int_equal(strlen(id), SNAPSHOT_NAME_MAX);
	longest[16 + SNAPSHOT_NAME_MAX] = 'x';
	assert_int_equal(find("GET", longest), ROUTE_BAD_ID);
	assert_string_equal(id, "");
}

static void knows_what_is_not_there(void **state)
{
	static const char *const paths[] = { "",
					     "/metrics/",
					     "/Metrics",
					     "//metrics",
					     "/%6detrics",
					     "/api/v1/domains/",
					     "/api/v1/domains//target",
					     "/api/v1/domains/1/targets",
					     "/api/v1/domains/1/2/target",
					     "*" };

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++)
		assert_int_equal(find("GET", paths[i]), ROUTE_NO_PATH);
}

static void says_which_methods_there_are(void **state)
{
	(void)state;
	assert_int_equal(find("POST", "/metrics"), ROUTE_NO_METHOD);
	assert_string_equal(allow, "GET, HEAD");
	assert_int_equal(find("GET", "/api/v1/domains/1/target"), ROUTE_NO_METHOD);
	assert_string_equal(allow, "POST");
	assert_int_equal(find("HEAD", "/api/v1/selfballoon"), ROUTE_NO_METHOD);
	assert_int_equal(find("get", "/metrics"), ROUTE_NO_METHOD);
	assert_int_equal(find("HEAD", "/metrics"), ROUTE_FOUND);
	assert_string_equal(route->method, "GET");
}

static void each_row_is_described(void **state)
{
	struct text text = { 0 };
	char wanted[128];

	(void)state;
	openapi_put(&text);
	text_add(&text, "", 1);
	assert_false(text.failed);
	for (size_t i = 0; i < route_count; i++) {
		snprintf(wanted, sizeof(wanted), "\"%s\":{\"%s\":{\"operationId\":", routes[i].path,
			 strcmp(routes[i].method, "GET") ? "post" : "get");
		if (!strstr(text.bytes, wanted))
			fail_msg("%s %s is not described", routes[i].method, routes[i].path);
	}
	text_free(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_every_row),
		cmocka_unit_test(only_operators_post),
		cmocka_unit_test(decodes_the_guest),
		cmocka_unit_test(refuses_a_malformed_guest),
		cmocka_unit_test(knows_what_is_not_there),
		cmocka_unit_test(says_which_methods_there_are),
		cmocka_unit_test(each_row_is_described),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
