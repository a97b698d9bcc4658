/* SPDX-License-Identifier: MIT */
/*
 * What is printed: columns that stand, foreign text that does nothing to a terminal, bars.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli_table.h"

static struct table *sample(const char *name)
{
	struct table *table = table_new(3);

	table_title(table, "NAME", false);
	table_title(table, "SIZE", true);
	table_title(table, "REASON", false);
	table_cell(table, name, TERM_PLAIN);
	table_cell(table, "9 MiB", TERM_GOOD);
	table_cell(table, "is at dom0's target, and so on and on", TERM_PLAIN);
	table_cell(table, "b", TERM_PLAIN);
	table_cell(table, "1023 KiB", TERM_PLAIN);
	table_cell(table, "", TERM_PLAIN);
	return table;
}

/* What a table prints, in columns or as CSV, compared and freed. */
static void check(struct table *table, bool csv, size_t columns, const char *expected)
{
	char *text;
	size_t len;
	FILE *to = open_memstream(&text, &len);

	if (csv)
		table_print_csv(table, to);
	else
		table_print(table, to, columns);
	fclose(to);
	assert_string_equal(text, expected);
	free(text);
	table_free(table);
}

static void aligns(void **state)
{
	(void)state;
	check(sample("web1"), false, 0,
	      "NAME      SIZE  REASON\n"
	      "web1     9 MiB  is at dom0's target, and so on and on\n"
	      "b     1023 KiB\n");
}

static void cuts_the_last_column_only(void **state)
{
	(void)state;
	check(sample("web1"), false, 40,
	      "NAME      SIZE  REASON\n"
	      "web1     9 MiB  is at dom0's target, ...\n"
	      "b     1023 KiB\n");
	/* Never to nothing, however narrow the terminal is. */
	check(sample("web1"), false, 3,
	      "NAME      SIZE  REASON\n"
	      "web1     9 MiB  is at dom0's ...\n"
	      "b     1023 KiB\n");
}

static void counts_columns_not_bytes(void **state)
{
	(void)state;
	check(sample("w\xc3\xb6"
		     "b\xe4\xb8\xad"),
	      false, 0,
	      "NAME       SIZE  REASON\n"
	      "w\xc3\xb6"
	      "b\xe4\xb8\xad     9 MiB  is at dom0's target, and so on and on\n"
	      "b      1023 KiB\n");
}

static void prints_nothing_without_rows(void **state)
{
	struct table *table = table_new(1);

	(void)state;
	table_title(table, "NAME", false);
	check(table, false, 0, "");
}

static void quotes_csv(void **state)
{
	(void)state;
	check(sample("a\"b,c"), true, 0,
	      "NAME,SIZE,REASON\n"
	      "\"a\"\"b,c\",9 MiB,\"is at dom0's target, and so on and on\"\n"
	      "b,1023 KiB,\n");
}

/* A name may hold anything that the toolstack lets through. */
static void disarms_foreign_text(void **state)
{
	static const struct {
		const char *foreign, *shown;
	} cases[] = {
		{ "web1", "web1" },
		{ "\033[31mred", "\\x1b[31mred" },
		{ "a\nb\tc\rd\x7f", "a\\x0ab\\x09c\\x0dd\\x7f" },
		{ "\xc2\x9b"
		  "31m",
		  "\\u{9b}31m" }, /* C1: CSI */
		{ "ab\xe2\x80\xae"
		  "cd",
		  "ab\\u{202e}cd" },				   /* right to left from here */
		{ "zero\xe2\x80\x8bwidth", "zero\\u{200b}width" }, /* looks like another name */
		{ "\xff\xfe", "\\xff\\xfe" },
		{ "cut\xe2\x82", "cut\\xe2\\x82" },
		{ "\xc3\xa4", "\xc3\xa4" },
		{ "", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char *shown = term_escape(cases[i].foreign);

		assert_string_equal(shown, cases[i].shown);
		free(shown);
	}
}

static void escapes_any_bytes(void **state)
{
	unsigned int seed = 2008;

	(void)state;
	for (size_t run = 0; run < 50000; run++) {
		char text[40], *shown;
		size_t len = (size_t)rand_r(&seed) % sizeof(text);

		for (size_t i = 0; i < len; i++)
			text[i] = (char)(1 + rand_r(&seed) % 255);
		text[len ? len - 1 : 0] = '\0';
		shown = term_escape(text);
		for (const char *at = shown; *at; at++)
			assert_true((unsigned char)*at >= ' ' && *at != 0x7f);
		assert_true(term_fit(shown, term_width(shown)) == strlen(shown));
		free(shown);
	}
}

static void draws_bars(void **state)
{
	static const struct {
		struct term_bar bar;
		const char *cells;
	} cases[] = {
		{ { 100, 0, 200, 200 }, ".........." },
		{ { 100, 1, 200, 200 }, "#........." },
		{ { 100, 100, 200, 200 }, "##########" },
		{ { 100, 50, 75, 20 }, "##+##..|.." },
		{ { 100, 50, 20, 20 }, "##|##....." },
		{ { 100, 300, 0, 100 }, "|########+" },
		{ { 0, 5, 5, 5 }, ".........." },
		{ { UINT64_MAX, UINT64_MAX, UINT64_MAX, 0 }, "+########|" },
	};
	char cells[11];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		term_bar(cells, 10, &cases[i].bar);
		assert_string_equal(cells, cases[i].cells);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(aligns),
		cmocka_unit_test(cuts_the_last_column_only),
		cmocka_unit_test(counts_columns_not_bytes),
		cmocka_unit_test(prints_nothing_without_rows),
		cmocka_unit_test(quotes_csv),
		cmocka_unit_test(disarms_foreign_text),
		cmocka_unit_test(escapes_any_bytes),
		cmocka_unit_test(draws_bars),
	};

	setlocale(LC_ALL, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
