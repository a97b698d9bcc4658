/* SPDX-License-Identifier: MIT */
/*
 * What a terminal is told: colour where it takes it, foreign text made harmless, bars.
 */
#ifndef XENBALLOON_CLI_TERM_H
#define XENBALLOON_CLI_TERM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum term_color { TERM_PLAIN, TERM_BOLD, TERM_DIM, TERM_GOOD, TERM_BUSY, TERM_WARN, TERM_BAD };

/* Standard output is a terminal; NO_COLOR (not empty) and TERM=dumb switch colour off. */
void term_init(void);

/* No colour whatever standard output is, for formats that programs read. */
void term_no_color(void);

/* The sequence that starts a colour, "" where there is none; TERM_PLAIN ends one. */
const char *term_color(enum term_color color);

bool term_is_tty(void);

/* Columns of the terminal; 0: not a terminal. */
size_t term_columns(void);

/*
 * Foreign text for a terminal, to be given to free(): control characters, what reverses the reading
 * order, what has no width and bytes that are no character come out as \xNN or \u{NNNN}. Aborts
 * when out of memory.
 */
char *term_escape(const char *text);

/* Columns that escaped text takes. */
size_t term_width(const char *text);

/* Bytes of escaped text that fit into so many columns. */
size_t term_fit(const char *text, size_t columns);

/* Where a scale has its marks; sizes of one unit, at most `scale`. */
struct term_bar {
	uint64_t scale;
	uint64_t filled; /* from the left end up to here */
	uint64_t mark;	 /* one cell that is marked; beyond the scale: none */
	uint64_t second; /* one more, drawn where the mark is not */
};

/*
 * Draws a bar of so many cells, one ASCII character each, terminated: '#' filled, '.' empty, '|'
 * the mark, '+' the second.
 */
void term_bar(char *cells, size_t count, const struct term_bar *bar);

#endif
