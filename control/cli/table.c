/* SPDX-License-Identifier: MIT */
/*
 * Lays text out in columns. Knows nothing of what it means. Called by the commands that list.
 */
#include "cli_table.h"

#include <stdlib.h>
#include <string.h>

#define GAP	   2
#define ELLIPSIS   "..."
#define LEAST_LAST 16 /* the last column is not cut to less than this */

struct cell {
	char *text; /* escaped */
	enum term_color color;
};

struct column {
	char *title;
	bool right;
	size_t width;
};

struct table {
	size_t columns;
	size_t titles;
	size_t count; /* of cells */
	size_t room;
	struct column *column;
	struct cell *cells;
};

static void *must(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

struct table *table_new(size_t columns)
{
	struct table *table = must(calloc(1, sizeof(*table)));

	table->columns = columns;
	table->column = must(calloc(columns, sizeof(*table->column)));
	return table;
}

void table_free(struct table *table)
{
	for (size_t i = 0; i < table->titles; i++)
		free(table->column[i].title);
	for (size_t i = 0; i < table->count; i++)
		free(table->cells[i].text);
	free(table->column);
	free(table->cells);
	free(table);
}

void table_title(struct table *table, const char *title, bool right)
{
	struct column *column = &table->column[table->titles++];

	column->title = must(strdup(title));
	column->right = right;
	column->width = term_width(title);
}

void table_cell(struct table *table, const char *text, enum term_color color)
{
	struct column *column = &table->column[table->count % table->columns];
	char *escaped = term_escape(text);
	size_t width = term_width(escaped);

	if (table->count == table->room) {
		table->room = table->room ? table->room * 2 : 64;
		table->cells = must(realloc(table->cells, table->room * sizeof(*table->cells)));
	}
	if (width > column->width)
		column->width = width;
	table->cells[table->count++] = (struct cell){ escaped, color };
}

size_t table_rows(const struct table *table)
{
	return table->count / table->columns;
}

static void spaces(FILE *to, size_t count)
{
	while (count--)
		putc(' ', to);
}

/* One cell; `most` columns for it, 0: as many as it takes. The last one is not filled up. */
static void print_cell(FILE *to, const struct column *column, const struct cell *cell, bool last,
		       size_t most)
{
	size_t width = term_width(cell->text), len = strlen(cell->text);
	size_t missing = column->width > width ? column->width - width : 0;
	bool cut = most && width > most;

	if (cut)
		len = term_fit(cell->text, most - strlen(ELLIPSIS));
	if (column->right)
		spaces(to, missing);
	if (cell->color != TERM_PLAIN)
		fputs(term_color(cell->color), to);
	fwrite(cell->text, 1, len, to);
	if (cut)
		fputs(ELLIPSIS, to);
	if (cell->color != TERM_PLAIN)
		fputs(term_color(TERM_PLAIN), to);
	if (!last)
		spaces(to, (column->right ? 0 : missing) + GAP);
}

/* A line ends with its last cell that says something; one that says nothing is none. */
static void print_line(const struct table *table, FILE *to, const struct cell *cells, size_t most)
{
	size_t count = table->columns;

	while (count && !*cells[count - 1].text)
		count--;
	for (size_t i = 0; i < count; i++)
		print_cell(to, &table->column[i], &cells[i], i + 1 == count,
			   i + 1 == table->columns ? most : 0);
	if (count)
		putc('\n', to);
}

/* Columns that are left for the last one; 0: no end. */
static size_t room_for_last(const struct table *table, size_t columns)
{
	size_t used = 0;

	if (!columns)
		return 0;
	for (size_t i = 0; i + 1 < table->columns; i++)
		used += table->column[i].width + GAP;
	return used + LEAST_LAST < columns ? columns - used : LEAST_LAST;
}

void table_print(const struct table *table, FILE *to, size_t columns)
{
	size_t most = room_for_last(table, columns), rows = table_rows(table);
	struct cell *titles = must(calloc(table->columns, sizeof(*titles)));

	for (size_t i = 0; i < table->columns; i++)
		titles[i] = (struct cell){ table->column[i].title, TERM_BOLD };
	if (rows)
		print_line(table, to, titles, 0);
	free(titles);
	for (size_t i = 0; i < rows; i++)
		print_line(table, to, &table->cells[i * table->columns], most);
}

static void print_field(FILE *to, const char *text, bool last)
{
	bool quoted = strpbrk(text, ",\"");

	if (quoted)
		putc('"', to);
	for (; *text; text++) {
		if (*text == '"')
			putc('"', to);
		putc(*text, to);
	}
	if (quoted)
		putc('"', to);
	fputs(last ? "\n" : ",", to);
}

void table_print_csv(const struct table *table, FILE *to)
{
	for (size_t i = 0; i < table->columns; i++)
		print_field(to, table->column[i].title, i + 1 == table->columns);
	for (size_t i = 0; i < table_rows(table) * table->columns; i++)
		print_field(to, table->cells[i].text, (i + 1) % table->columns == 0);
}
