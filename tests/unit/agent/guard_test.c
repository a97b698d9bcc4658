/* SPDX-License-Identifier: MIT */
/* Who tries credentials is told to wait, and nobody else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http_call.h"

/* So many wrong ones, beyond what anyone may have wrong. */
static void try_many(const char *address)
{
	unsigned int wait_s = 0;

	for (int i = 0; i < 30 && !wait_s; i++)
		wait_s = http_guard_wrong(address);
	assert_true(wait_s > 0);
}

static void each_address_for_itself(void **state)
{
	(void)state;
	try_many("192.0.2.1");
	assert_int_equal(http_guard_wrong("192.0.2.2"), 0);
	try_many("::ffff:192.0.2.3");
	assert_int_equal(http_guard_wrong("::ffff:192.0.2.4"), 0);
}

static void a_network_is_one_subscriber(void **state)
{
	(void)state;
	try_many("2001:db8::1");
	assert_true(http_guard_wrong("2001:db8::2:3:4:5") > 0);
	assert_int_equal(http_guard_wrong("2001:db8:0:1::1"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_address_for_itself),
		cmocka_unit_test(a_network_is_one_subscriber),
	};

	return cmocka_run_group_tests_name("guard", tests, NULL, NULL);
}
