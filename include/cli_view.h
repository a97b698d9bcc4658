/* SPDX-License-Identifier: MIT */
/*
 * What `top` shows, as lines of text: for the live screen and for plain output alike.
 */
#ifndef XENBALLOON_CLI_VIEW_H
#define XENBALLOON_CLI_VIEW_H

#include <stdbool.h>
#include <stddef.h>

#include "cli_guests.h"
#include "cli_term.h"

#define VIEW_FILTER_MAX 63

/* Which guests are shown, and in which order. */
/* What the signs of a bar mean, here and in `explain`. */
#define VIEW_LEGEND "# has | target + wants"

struct view {
	size_t order;			  /* of view_orders() */
	bool backward;			  /* the largest first */
	char filter[VIEW_FILTER_MAX + 1]; /* a part of name or state, in any case; "": all */
	size_t count;
	const struct guest **shown; /* of the guests that view_arrange() was given */
};

/* A line, and where in it colour belongs; in columns. */
struct view_line {
	char *text; /* escaped, to be given to free() */
	size_t state_at, state_len, bar_at, bar_len;
	enum term_color state_color;
};

/* The names of the orders there are, for keys and --sort. */
const char *view_order(size_t order); /* NULL beyond the last */

/* Chooses and orders. The guests must stay until the next call or view_free(). */
void view_arrange(struct view *view, const struct guests *guests);
void view_free(struct view *view);

/* The host, or all of them; at most so many columns. To be given to free(). */
char *view_head(const struct guests *guests, size_t columns);

/* What keys and signs mean, line by line; NULL beyond the last. */
const char *view_help(size_t line);

/* The titles, and one guest; `hosts`: with a column for its host. */
char *view_titles(size_t columns, bool hosts);
void view_guest(const struct guest *guest, size_t columns, bool hosts, struct view_line *line);

#endif
