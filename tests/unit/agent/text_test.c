/* SPDX-License-Identifier: MIT */
/*
 * The text that answers are rendered into: what it makes of foreign bytes, and how it grows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "text.h"

#define REPLACED "\xef\xbf\xbd"

static void check(enum text_escape escape, const char *bytes, size_t len, const char *expected)
{
	struct text text = { 0 };

	text_foreign(&text, escape, bytes, len);
	assert_false(text.failed);
	assert_int_equal(text.len, strlen(expected));
	assert_memory_equal(text.bytes, expected, text.len);
	text_free(&text);
}

static void escapes_what_has_a_meaning(void **state)
{
	(void)state;
	check(TEXT_LABEL, "a\"b\\c\nd\te", 9, "a\\\"b\\\\c\\nd" REPLACED "e");
	check(TEXT_JSON, "a\"b\\c\nd\x7f", 8, "a\\\"b\\\\c\\u000ad\\u007f");
	check(TEXT_HTML, "<a href='x'>&\"\x1b", 15,
	      "&lt;a href=&#39;x&#39;&gt;&amp;&quot;" REPLACED);
	check(TEXT_JSON, "a\0b", 3, "a\\u0000b");
	check(TEXT_LABEL, "a\0b", 3, "a" REPLACED "b");
}

/* Each is a case of Unicode's table 3-7: none may pass, none may swallow what follows it. */
static void replaces_what_is_no_utf8(void **state)
{
	static const struct {
		const char *bytes, *shown;
	} cases[] = {
		{ "\x80z", REPLACED "z" },
		{ "\xc0\x80z", REPLACED REPLACED "z" },
		{ "\xc1\xbfz", REPLACED REPLACED "z" },
		{ "\xc3z", REPLACED "z" },
		{ "\xe0\x80\x80z", REPLACED REPLACED REPLACED "z" },
		{ "\xed\xa0\x80z", REPLACED REPLACED REPLACED "z" },
		{ "\xe2\x82z", REPLACED REPLACED "z" },
		{ "\xf0\x80\x80\x80z", REPLACED REPLACED REPLACED REPLACED "z" },
		{ "\xf4\x90\x80\x80z", REPLACED REPLACED REPLACED REPLACED "z" },
		{ "\xf5z", REPLACED "z" },
		{ "\xffz", REPLACED "z" },
		{ "\xe2\x82", REPLACED REPLACED },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		for (enum text_escape escape = TEXT_LABEL; escape <= TEXT_HTML; escape++)
			check(escape, cases[i].bytes, strlen(cases[i].bytes), cases[i].shown);
}

static void keeps_what_is_utf8(void **state)
{
	static const char good[] =
		"z\xc3\xbc\xe2\x82\xac\xed\x9f\xbf\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf";

	(void)state;
	for (enum text_escape escape = TEXT_LABEL; escape <= TEXT_HTML; escape++)
		check(escape, good, strlen(good), good);
}

static void writes_numbers(void **state)
{
	static const uint64_t numbers[] = { 0, 9, 10, UINT64_MAX };
	static const char *const expected[] = { "0", "9", "10", "18446744073709551615" };

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct text text = { 0 };

		text_number(&text, numbers[i]);
		assert_int_equal(text.len, strlen(expected[i]));
		assert_memory_equal(text.bytes, expected[i], text.len);
		text_free(&text);
	}
}

static void grows_and_keeps_all(void **state)
{
	struct text text = { 0 };

	(void)state;
	for (unsigned int i = 0; i < 100000; i++)
		text_format(&text, "%05u", i);
	assert_int_equal(text.len, 500000);
	assert_memory_equal(text.bytes + 5 * 54321, "5432154322", 10);
	text_free(&text);
	assert_null(text.bytes);
	assert_int_equal(text.len, 0);
}

static void fails_for_good_without_memory(void **state)
{
	struct text text = { 0 };

	(void)state;
	text_string(&text, "kept");
	assert_null(text_reserve(&text, SIZE_MAX - 16));
	assert_true(text.failed);
	text_string(&text, "not added");
	assert_int_equal(text.len, 4);
	text_free(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(escapes_what_has_a_meaning),
		cmocka_unit_test(replaces_what_is_no_utf8),
		cmocka_unit_test(keeps_what_is_utf8),
		cmocka_unit_test(writes_numbers),
		cmocka_unit_test(grows_and_keeps_all),
		cmocka_unit_test(fails_for_good_without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
