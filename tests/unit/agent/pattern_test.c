/* SPDX-License-Identifier: MIT */
/*
 * Patterns of names: the same as fnmatch(3) says, in time that nobody can make long.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "pattern.h"

static void what_is_one(void **state)
{
	(void)state;
	assert_true(pattern_is("web*"));
	assert_true(pattern_is("web?"));
	assert_true(pattern_is("web[12]"));
	assert_false(pattern_is("web1"));
	assert_false(pattern_is(""));
}

static void as_fnmatch_does(void **state)
{
	static const char letters[] = "ab*?[]!-";
	char pattern[9], text[7];

	(void)state;
	srand(1);
	for (int run = 0; run < 200000; run++) {
		size_t len = (size_t)rand() % 8, n = (size_t)rand() % 6;

		for (size_t i = 0; i < len; i++)
			pattern[i] = letters[(size_t)rand() % (sizeof(letters) - 1)];
		for (size_t i = 0; i < n; i++)
			text[i] = "ab-"[rand() % 3];
		pattern[len] = text[n] = '\0';
		/* Of sets that are malformed or of a reversed range, POSIX says nothing. */
		if (strchr(pattern, '['))
			continue;
		if (pattern_match(pattern, text) != !fnmatch(pattern, text, FNM_NOESCAPE))
			fail_msg("%s with %s", pattern, text);
	}
}

static void sets(void **state)
{
	static const struct {
		const char *pattern, *text;
		bool fits;
	} rows[] = {
		{ "web[12]", "web1", true },
		{ "web[12]", "web3", false },
		{ "web[1-3]*", "web3-x", true },
		{ "web[!1-3]", "web3", false },
		{ "web[!1-3]", "web4", true },
		{ "[]x]", "]", true },
		{ "[", "[", true },
		{ "[a", "[a", true },
		{ "*[0-9]", "db9", true },
		{ "*[0-9]", "db", false },
		{ "[a-]", "-", true },
		{ "[^a]", "b", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (pattern_match(rows[i].pattern, rows[i].text) != rows[i].fits)
			fail_msg("%s with %s", rows[i].pattern, rows[i].text);
}

/* fnmatch(3) would not end while anybody looks. */
static void many_asterisks(void **state)
{
	char pattern[201], text[256];

	(void)state;
	for (size_t i = 0; i < 200; i++)
		pattern[i] = i % 2 ? '*' : 'a';
	pattern[199] = 'b';
	pattern[200] = '\0';
	memset(text, 'a', 255);
	text[255] = '\0';
	assert_false(pattern_match(pattern, text));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_one),
		cmocka_unit_test(as_fnmatch_does),
		cmocka_unit_test(sets),
		cmocka_unit_test(many_asterisks),
	};

	return cmocka_run_group_tests_name("pattern", tests, NULL, NULL);
}
