/* SPDX-License-Identifier: MIT */
/*
 * Text in aligned columns for people, or as CSV for programs.
 */
#ifndef XENBALLOON_CLI_TABLE_H
#define XENBALLOON_CLI_TABLE_H

#include <stdio.h>

#include "cli_term.h"

struct table;

/* A table of so many columns; aborts when out of memory, as all below do. */
struct table *table_new(size_t columns);
void table_free(struct table *table);

/* Titles come first, one per column; a column of numbers stands at its right edge. */
void table_title(struct table *table, const char *title, bool right);

/* The next cell, row by row. The text is foreign: it is escaped when printed. */
void table_cell(struct table *table, const char *text, enum term_color color);

/* Rows that are whole. */
size_t table_rows(const struct table *table);

/*
 * Aligned, two spaces between; on a terminal of `columns` columns (0: endless) the last column is
 * cut where it would wrap. Without a row, nothing.
 */
void table_print(const struct table *table, FILE *to, size_t columns);

/* Quoted as in RFC 4180, with the titles as the first line. */
void table_print_csv(const struct table *table, FILE *to);

#endif
