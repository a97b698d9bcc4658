/* SPDX-License-Identifier: MIT */
/*
 * Passwords: each kind of bcrypt is checked, who isn't there takes as long as who is, and what was
 * found out is remembered.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "password.h"

/* Of "example", by htpasswd's and others' ways to say the same. */
static const struct web_user users[] = {
	{ "a", "$2a$04$pOOaU7P2UGTXYmbxBRVyeOUihlixTgel72NVFBP4Zaln6.iV4GLY2" },
	{ "b", "$2b$04$pOOaU7P2UGTXYmbxBRVyeOUihlixTgel72NVFBP4Zaln6.iV4GLY2" },
	{ "y", "$2y$04$pOOaU7P2UGTXYmbxBRVyeOUihlixTgel72NVFBP4Zaln6.iV4GLY2" },
};

static void each_kind_is_checked(void **state)
{
	struct password_book *book = password_new(users, 3);

	(void)state;
	assert_non_null(book);
	for (size_t i = 0; i < 3; i++) {
		assert_true(password_check(book, users[i].name, "example"));
		assert_false(password_check(book, users[i].name, "Example"));
		assert_false(password_check(book, users[i].name, ""));
	}
	assert_false(password_check(book, "nobody", "example"));
	assert_false(password_check(book, "", ""));
	password_free(book);
}

static void what_was_found_out_is_remembered(void **state)
{
	struct password_book *book = password_new(users, 3);
	char wrong[16];

	(void)state;
	assert_int_equal(password_recall(book, "a", "example"), PASSWORD_NOT_KNOWN);
	password_check(book, "a", "example");
	password_check(book, "a", "wrong");
	assert_int_equal(password_recall(book, "a", "example"), PASSWORD_RIGHT);
	assert_int_equal(password_recall(book, "a", "wrong"), PASSWORD_WRONG);
	assert_int_equal(password_recall(book, "b", "example"), PASSWORD_NOT_KNOWN);
	/* A flood of wrong ones makes nobody wait who was right before. */
	for (int i = 0; i < 300; i++) {
		snprintf(wrong, sizeof(wrong), "wrong%d", i);
		password_check(book, "nobody", wrong);
	}
	assert_int_equal(password_recall(book, "a", "example"), PASSWORD_RIGHT);
	assert_int_equal(password_recall(book, "a", "wrong"), PASSWORD_NOT_KNOWN);
	assert_int_equal(password_recall(book, "nobody", "wrong299"), PASSWORD_WRONG);
	password_free(book);
}

static void nobody_is_in_an_empty_book(void **state)
{
	struct password_book *book = password_new(NULL, 0);

	(void)state;
	assert_false(password_check(book, "a", "example"));
	password_free(book);
	password_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_is_checked),
		cmocka_unit_test(what_was_found_out_is_remembered),
		cmocka_unit_test(nobody_is_in_an_empty_book),
	};

	return cmocka_run_group_tests_name("password", tests, NULL, NULL);
}
