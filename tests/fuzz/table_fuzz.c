/* SPDX-License-Identifier: MIT */
/*
 * What an agent says of its guests, as it is shown on a terminal and as CSV. The first byte is the
 * terminal's width; then a cell each, between FUZZ_STOPs, the first two being titles.
 */
#include <jansson.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "cli_table.h"
#include "fuzz.h"

#define COLUMNS	 2
#define CELL_MAX 256

/* UTF-8 without anything that a terminal would obey. */
static void harmless(const char *text, size_t len)
{
	json_t *utf8 = json_stringn(text, len);

	MUST(utf8);
	json_decref(utf8);
	for (size_t i = 0; i < len; i++) {
		const unsigned char *byte = (const unsigned char *)text + i;

		MUST(*byte == '\n' || (*byte >= 0x20 && *byte != 0x7f));
		MUST(*byte != 0xc2 || byte[1] >= 0xa0);		      /* C1 controls */
		MUST(len - i < 3 || memcmp(byte, "\xe2\x80\xae", 3)); /* right to left */
	}
}

static size_t lines(const char *text)
{
	size_t count = 0;

	for (; *text; text++)
		count += *text == '\n';
	return count;
}

/* RFC 4180: fields of a line between commas, each perhaps in quotes, which are doubled within. */
static void check_csv(const char *text, const char *last)
{
	char *field = malloc(strlen(text) + 1);
	size_t commas = 0, len = 0;
	bool quoted = false;

	MUST(field);
	for (const char *c = text; *c; c++) {
		if (quoted && c[0] == '"' && c[1] == '"')
			field[len++] = *c++;
		else if (*c == '"')
			quoted = !quoted;
		else if (!quoted && (*c == ',' || *c == '\n'))
			commas += *c == ',', len = c[1] ? 0 : len;
		else if (*c != '\r')
			field[len++] = *c;
	}
	field[len] = '\0';
	MUST(!quoted && commas == lines(text) * (COLUMNS - 1));
	MUST(strcmp(field, last) == 0);
	free(field);
}

static char *print(const struct table *table, size_t columns, bool csv)
{
	char *text = NULL;
	size_t len;
	FILE *to = open_memstream(&text, &len);

	MUST(to);
	if (csv)
		table_print_csv(table, to);
	else
		table_print(table, to, columns);
	fclose(to);
	harmless(text, len);
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = { data, size };
	size_t columns = fuzz_byte(&input), cells = 0;
	struct table *table;
	char text[CELL_MAX], *shown, *last = NULL;
	static bool begun;

	if (!begun)
		MUST(setlocale(LC_CTYPE, "C.UTF-8"));
	begun = true;
	table = table_new(COLUMNS);
	for (size_t i = 0; i < COLUMNS; i++)
		table_title(table, i ? "SECOND" : "FIRST", i);
	while (input.left || cells % COLUMNS) {
		fuzz_text(&input, text, sizeof(text));
		table_cell(table, text, TERM_BAD);
		cells++;
	}
	last = term_escape(cells ? text : "SECOND");
	MUST(table_rows(table) == cells / COLUMNS);
	shown = print(table, columns, false);
	MUST(lines(shown) <= cells / COLUMNS + 1);
	free(shown);
	shown = print(table, columns, true);
	MUST(lines(shown) == cells / COLUMNS + 1);
	check_csv(shown, last);
	free(shown);
	free(last);
	table_free(table);
	return 0;
}
