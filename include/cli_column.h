/* SPDX-License-Identifier: MIT */
/*
 * What can be shown of a guest: columns, one row of a table each. Measured values come from the
 * metric table, so a new one needs nothing here.
 */
#ifndef XENBALLOON_CLI_COLUMN_H
#define XENBALLOON_CLI_COLUMN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "cli_term.h"

struct guest;
struct options;

#define COLUMN_TEXT 64

enum column_kind {
	SHOWN_HOST,  /* the way's label */
	SHOWN_TEXTS, /* the API's text */
	SHOWN_STATE, /* the same in its colour */
	SHOWN_NUMBER,
	SHOWN_SIZE,  /* KiB */
	SHOWN_ON,    /* true or false */
	SHOWN_CENTI, /* hundredths of a percent */
	SHOWN_TIME   /* Unix seconds, shown as age */
};

struct column {
	char name[32];	/* for -o, and the API's field without its unit */
	char field[32]; /* the API's field, and the CSV's title */
	char title[32];
	enum column_kind kind;
	const char *help;
};

/* All there are. */
const struct column *column_all(size_t *count);

/*
 * The columns that a list of names names, "" for the usual ones; with `host` the host's comes
 * first. How many, to be given to free(); 0 after saying on standard error what is wrong.
 */
size_t column_choose(const char *names, bool host, const struct column ***chosen);

const struct column *column_find(const char *name, size_t len);

/* The value for people; or as it is in the API, in KiB. "" where there is none. */
void column_text(const struct column *column, const struct guest *guest, bool human, char **text);
enum term_color column_color(const struct column *column, const struct guest *guest);

/* Below, equal or above 0 as of strcmp(); absent values come last. */
int column_compare(const struct column *column, const struct guest *a, const struct guest *b);

/* Orders guests by a column, with a leading '-' backwards. False, said: there is none. */
struct guests;
bool column_sort(const char *order, struct guests *guests);

void column_help(FILE *to);

/* The states there are, one a line. */
void column_states(FILE *to);

/* The colour that a state has everywhere. */
enum term_color column_state_color(const char *state);

#endif
