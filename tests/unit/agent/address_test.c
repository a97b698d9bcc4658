/* SPDX-License-Identifier: MIT */
/*
 * HOST:PORT in each form, and what is none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "address.h"

static const struct {
	const char *text;
	struct address is;
} right[] = {
	{ "web1", { "web1", false, false, 0 } },
	{ "web1:9", { "web1", false, true, 9 } },
	{ "127.0.0.1:65535", { "127.0.0.1", false, true, 65535 } },
	{ ":10047", { "", false, true, 10047 } },
	{ "[::1]:1", { "::1", true, true, 1 } },
	{ "[::1]", { "::1", true, false, 0 } },
	{ "fe80::1", { "fe80::1", true, false, 0 } },
	{ "::", { "::", true, false, 0 } },
};

static const char *const wrong[] = { "",	"web1:",     "web1:x",	 "web1:65536", "web1:+1",
				     "web1: 1", "web1:1 ",   "[::1",	 "[]:1",       "[::1]1",
				     "[::1]:",	"[::1]:0x1", "[::1]:1:", "web1:1:2]" };

static void each_form_is_taken_apart(void **state)
{
	struct address address;

	(void)state;
	for (size_t i = 0; i < sizeof(right) / sizeof(*right); i++) {
		assert_true(address_parse(right[i].text, &address));
		assert_string_equal(address.host, right[i].is.host);
		assert_int_equal(address.v6, right[i].is.v6);
		assert_int_equal(address.has_port, right[i].is.has_port);
		assert_int_equal(address.port, right[i].is.port);
	}
}

static void what_is_none_is_refused(void **state)
{
	struct address address;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		if (address_parse_listen(wrong[i], &address))
			fail_msg("taken: %s", wrong[i]);
}

static void a_server_listens_on_numbers(void **state)
{
	struct address address;

	(void)state;
	assert_true(address_parse_listen("[::]:1", &address));
	assert_true(address_parse_listen(":1", &address));
	assert_false(address_parse_listen("localhost:1", &address));
	assert_false(address_parse_listen("127.0.0.1", &address));
	assert_false(address_parse_listen("[127.0.0.1]:1", &address));
	assert_true(address_parse("localhost:1", &address) && address_is_loopback(&address));
	assert_true(address_parse("127.9.0.1", &address) && address_is_loopback(&address));
	assert_false(address_parse("127.example", &address) && address_is_loopback(&address));
	assert_false(address_parse(":1", &address) && address_is_loopback(&address));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_form_is_taken_apart),
		cmocka_unit_test(what_is_none_is_refused),
		cmocka_unit_test(a_server_listens_on_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
