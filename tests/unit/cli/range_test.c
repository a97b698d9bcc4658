/* SPDX-License-Identifier: MIT */
/*
 * Ranges: the table of the Monitoring Plugins' guidelines, what is no range, that what is written
 * reads back, and the words of a reason.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli_range.h"

#define RUNS 100000

/* A range, values that it alerts on and values that it doesn't; NAN ends a list. */
static const struct {
	const char *text;
	double bad[6], good[6];
} ranges[] = {
	/* the guidelines' own examples */
	{ "10", { -1, 10.001, 11, INFINITY, NAN }, { 0, 1, 10, NAN } },
	{ "10:", { -INFINITY, 0, 9.999, NAN }, { 10, 11, INFINITY, NAN } },
	{ "~:10", { 10.001, 11, INFINITY, NAN }, { -INFINITY, -1, 0, 10, NAN } },
	{ "10:20", { 9.999, 20.001, -1, 0, NAN }, { 10, 15, 20, NAN } },
	{ "@10:20", { 10, 15, 20, NAN }, { 9.999, 20.001, -1, NAN } },
	/* and what follows from their rules */
	{ "0", { -1, 0.001, 1, NAN }, { 0, NAN } },
	{ "~:0", { 0.001, 1, NAN }, { -1, 0, NAN } },
	{ "1:", { 0, -1, NAN }, { 1, 2, NAN } },
	{ "0:", { -0.001, NAN }, { 0, 1, NAN } },
	{ "@0", { 0, NAN }, { -1, 1, NAN } },
	{ "@1:", { 1, 2, INFINITY, NAN }, { 0, -1, NAN } },
	{ "@10", { 0, 5, 10, NAN }, { -1, 10.001, NAN } },
	{ "@~:3", { -INFINITY, 0, 3, NAN }, { 3.001, 4, NAN } },
	{ ":10", { -1, 11, NAN }, { 0, 10, NAN } },
	{ "5:5", { 4, 6, NAN }, { 5, NAN } },
	{ "-10:10", { -11, 11, NAN }, { -10, 0, 10, NAN } },
	{ "-20:-10", { -9, -21, 0, NAN }, { -20, -10, NAN } },
	{ "0.5:1.5", { 0.4, 1.6, NAN }, { 0.5, 1, 1.5, NAN } },
	{ "~:", { NAN }, { -INFINITY, 0, INFINITY, NAN } },
};

static const char *const no_ranges[] = {
	"",	"@",	  "~",	   "@~",   "20:10", "-1:-2", "1:2:3", "a",	    "1:b",   "a:2",
	" 1",	"1 ",	  "1 :2",  "10:~", "--1",   "+1",    "1e3",   "0x10",	    "1,5",   "1.",
	".5",	"1.2345", "@@1",   "1@",   "~1",    "~1:2",  "nan",   "inf",	    "1-2",   "-",
	"10:-", "5%:10",  "5:10%", "%",	   "%:",    "5%%",   "-1",    "9999999999", "1M:2%", "1::2",
};

static void test_table(void **state)
{
	struct range range;

	(void)state;
	for (size_t i = 0; i < sizeof(ranges) / sizeof(*ranges); i++) {
		print_message("# %s\n", ranges[i].text);
		assert_true(range_parse(ranges[i].text, range_plain, &range));
		for (size_t k = 0; !isnan(ranges[i].bad[k]); k++)
			assert_true(range_alerts(&range, ranges[i].bad[k]));
		for (size_t k = 0; !isnan(ranges[i].good[k]); k++)
			assert_false(range_alerts(&range, ranges[i].good[k]));
	}
}

static void test_not_set(void **state)
{
	const struct range none = { 0 };
	char text[3 * RANGE_TEXT];

	(void)state;
	assert_false(range_alerts(&none, 0));
	assert_false(range_alerts(&none, 1));
	range_text(text, &none, range_digits);
	assert_string_equal(text, "");
}

static void test_refused(void **state)
{
	struct range range;

	(void)state;
	for (size_t i = 0; i < sizeof(no_ranges) / sizeof(*no_ranges); i++) {
		print_message("# \"%s\"\n", no_ranges[i]);
		assert_false(range_parse(no_ranges[i], range_plain, &range));
	}
}

static void test_percent(void **state)
{
	struct range range, of;
	char text[3 * RANGE_TEXT];

	(void)state;
	assert_true(range_parse("5%:", range_plain, &range));
	assert_true(range.percent);
	of = range_of(&range, 2048);
	assert_true(range_alerts(&of, 102));
	assert_false(range_alerts(&of, 103));
	range_reason(text, &range, 2048, 102, range_digits);
	assert_string_equal(text, "below 5%");
	assert_true(range_parse("~:12.5%", range_plain, &range));
	of = range_of(&range, 800);
	assert_true(range_alerts(&of, 100.1));
	assert_false(range_alerts(&of, 100));
	assert_true(range_parse("@10%:20%", range_plain, &range));
	assert_true(range_parse("0:20%", range_plain, &range));
	assert_true(range_parse("7", range_plain, &range));
	of = range_of(&range, 800);
	assert_true(of.high == 7);
}

/* What a range is written as, and what people are told of a value that it alerts on. */
static void test_words(void **state)
{
	static const struct {
		const char *given, *written;
		double value;
		const char *reason;
	} rows[] = {
		{ "10", "10", 11, "above 10" },
		{ "0:10", "10", -1, "below 0" },
		{ "10:", "10:", 9.5, "below 10" },
		{ "~:10", "~:10", 11, "above 10" },
		{ "10:20", "10:20", 21, "above 20" },
		{ "@10:20", "@10:20", 15, "within 10 to 20" },
		{ "@1:", "@1:", 2, "at least 1" },
		{ "@~:3", "@~:3", 2, "at most 3" },
		{ "0.250:1.5", "0.25:1.5", 2, "above 1.5" },
		{ "-1.5:", "-1.5:", -2, "below -1.5" },
		{ "0:", "0:", -1, "below 0" },
	};
	char text[3 * RANGE_TEXT];
	struct range range;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_true(range_parse(rows[i].given, range_plain, &range));
		range_text(text, &range, range_digits);
		assert_string_equal(text, rows[i].written);
		assert_true(range_alerts(&range, rows[i].value));
		range_reason(text, &range, 0, rows[i].value, range_digits);
		assert_string_equal(text, rows[i].reason);
	}
}

static void test_digits(void **state)
{
	static const struct {
		double number;
		const char *text;
	} rows[] = { { 0, "0" },	 { 134217728, "134217728" },
		     { 0.25, "0.25" },	 { 1.9996, "2" },
		     { -0.5, "-0.5" },	 { 9223372036854775808.0, "9223372036854775808" },
		     { 10.04, "10.04" }, { 999999.5, "999999.5" } };
	char text[RANGE_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		range_digits(text, rows[i].number);
		assert_string_equal(text, rows[i].text);
	}
}

/* Random texts of the characters that ranges have: what is taken reads back as the same. */
static void test_reads_back(void **state)
{
	static const char letters[] = "0123456789.:~@-%";
	char text[12], written[3 * RANGE_TEXT];
	struct range range, again;
	size_t taken = 0;

	(void)state;
	srand(1);
	for (size_t run = 0; run < RUNS; run++) {
		size_t len = (size_t)rand() % (sizeof(text) - 1);

		for (size_t i = 0; i < len; i++)
			text[i] = letters[(size_t)rand() % (sizeof(letters) - 1)];
		text[len] = '\0';
		if (!range_parse(text, range_plain, &range))
			continue;
		taken++;
		range_text(written, &range, range_digits);
		assert_true(range_parse(written, range_plain, &again));
		assert_true(again.inside == range.inside && again.percent == range.percent);
		assert_true(again.low == range.low && again.high == range.high);
	}
	assert_in_range(taken, RUNS / 100, RUNS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),	   cmocka_unit_test(test_not_set),
		cmocka_unit_test(test_refused),	   cmocka_unit_test(test_percent),
		cmocka_unit_test(test_words),	   cmocka_unit_test(test_digits),
		cmocka_unit_test(test_reads_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
