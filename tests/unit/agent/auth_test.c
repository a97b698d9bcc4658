/* SPDX-License-Identifier: MIT */
/*
 * The token file: what is taken, what is refused and with which words, and whose a token is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth.h"

/* sha256 of "secret" and of "other", by sha256sum. */
#define SECRET "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"
#define OTHER  "d9298a10d1b0735837dc4bd85dac641b0f3cef27a47e5d53a54f2f3f5b2fcffa"

static char error[256];

static int load(const char *text, size_t len, struct auth_tokens **tokens)
{
	char path[] = "/tmp/auth_test.XXXXXX";
	int fd = mkstemp(path), code;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), len);
	close(fd);
	*tokens = NULL;
	error[0] = '\0';
	code = auth_load(path, tokens, error, sizeof(error));
	unlink(path);
	return code;
}

static void finds_its_owner(void **state)
{
	static const char text[] = "# who\n\n  ops operator " SECRET "\r\nsee.it\tviewer\t" OTHER;
	struct auth_tokens *tokens;
	struct principal who = { .via = VIA_HTTP };

	(void)state;
	assert_int_equal(load(text, sizeof(text) - 1, &tokens), 0);
	assert_true(auth_bearer(tokens, "secret", 6, &who));
	assert_string_equal(who.name, "ops");
	assert_int_equal(who.role, ROLE_OPERATOR);
	assert_int_equal(who.via, VIA_HTTP);
	assert_true(auth_bearer(tokens, "other", 5, &who));
	assert_string_equal(who.name, "see.it");
	assert_int_equal(who.role, ROLE_VIEWER);
	auth_free(tokens);
}

static void knows_nobody_else(void **state)
{
	static const char text[] = "ops operator " SECRET "\n";
	static const char *const wrong[] = { "", "Secret", "secret ", "secre", "secrets", SECRET };
	struct auth_tokens *tokens;
	struct principal who = { .name = "" };

	(void)state;
	assert_int_equal(load(text, sizeof(text) - 1, &tokens), 0);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(auth_bearer(tokens, wrong[i], strlen(wrong[i]), &who));
	assert_false(auth_bearer(tokens, "secret\0", 7, &who));
	assert_false(auth_bearer(NULL, "secret", 6, &who));
	assert_string_equal(who.name, "");
	assert_int_equal(who.role, ROLE_NONE);
	auth_free(tokens);
}

static void nobody_at_all(void **state)
{
	struct auth_tokens *tokens;
	struct principal who;

	(void)state;
	assert_int_equal(load("", 0, &tokens), 0);
	assert_false(auth_bearer(tokens, "", 0, &who));
	auth_free(tokens);
}

static void says_what_is_wrong(void **state)
{
	static const struct {
		const char *text;
		const char *where;
		const char *what;
	} rows[] = {
		{ "ops operator\n", ":1: ", "2 words" },
		{ "#\nops operator " SECRET " x\n", ":2: ", "4 words" },
		{ "ops admin " SECRET "\n", ":1: ", "viewer or operator" },
		{ "ops none " SECRET "\n", ":1: ", "viewer or operator" },
		{ "ops operator secret\n", ":1: ", "64 hexadecimal digits" },
		{ "ops operator g"
		  "bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b",
		  ":1: ", "64 hexadecimal digits" },
		{ "o/s operator " SECRET "\n", ":1: ", "A-Z a-z 0-9" },
		{ "ops viewer " SECRET "\nops operator " OTHER "\n", ":2: ", "already" },
	};
	struct auth_tokens *tokens;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_true(load(rows[i].text, strlen(rows[i].text), &tokens) < 0);
		assert_null(tokens);
		assert_non_null(strstr(error, rows[i].where));
		assert_non_null(strstr(error, rows[i].what));
	}
	assert_true(load("a\0b viewer " SECRET, 12 + 64, &tokens) < 0);
}

static void long_name(void **state)
{
	char text[256];
	struct auth_tokens *tokens;
	struct principal who = { .name = "" };

	(void)state;
	for (size_t len = 63; len <= 64; len++) {
		int n = snprintf(text, sizeof(text), "%0*d operator " SECRET "\n", (int)len, 7);

		assert_int_equal(load(text, (size_t)n, &tokens), len == 63 ? 0 : -EINVAL);
		assert_int_equal(auth_bearer(tokens, "secret", 6, &who), len == 63);
		auth_free(tokens);
	}
	assert_int_equal(strlen(who.name), 63);
}

static void not_a_file_of_ours(void **state)
{
	char path[] = "/tmp/auth_test.XXXXXX";
	char *big = calloc(1, (1 << 20) + 1);
	struct auth_tokens *tokens = NULL;

	(void)state;
	assert_int_equal(auth_load("/nowhere/tokens", &tokens, error, sizeof(error)), -ENOENT);
	assert_non_null(strstr(error, "/nowhere/tokens"));
	assert_int_equal(auth_load("/tmp", &tokens, error, sizeof(error)), -EINVAL);
	assert_non_null(mkdtemp(path));
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(auth_load(path, &tokens, error, sizeof(error)), -EINVAL);
	unlink(path);
	assert_non_null(big);
	memset(big, '\n', (1 << 20) + 1);
	assert_int_equal(load(big, (1 << 20) + 1, &tokens), -EINVAL);
	assert_int_equal(load(big, 1 << 20, &tokens), 0);
	auth_free(tokens);
	free(big);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_its_owner), cmocka_unit_test(knows_nobody_else),
		cmocka_unit_test(nobody_at_all),   cmocka_unit_test(says_what_is_wrong),
		cmocka_unit_test(long_name),	   cmocka_unit_test(not_a_file_of_ours),
	};

	return cmocka_run_group_tests_name("auth", tests, NULL, NULL);
}
