/* SPDX-License-Identifier: MIT */
/*
 * Owns what is known of the terminal and what may be sent to it. Knows neither tables nor guests.
 * Called by all that prints.
 */
#include "cli_term.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>
#include <wctype.h>

static bool tty;
static bool colored;

static const char *const sequences[] = {
	[TERM_PLAIN] = "\033[0m", [TERM_BOLD] = "\033[1m",  [TERM_DIM] = "\033[2m",
	[TERM_GOOD] = "\033[32m", [TERM_BUSY] = "\033[36m", [TERM_WARN] = "\033[33m",
	[TERM_BAD] = "\033[31m",
};

void term_init(void)
{
	const char *no_color = getenv("NO_COLOR"), *name = getenv("TERM");

	tty = isatty(STDOUT_FILENO);
	colored = tty && !(no_color && *no_color) && name && strcmp(name, "dumb") != 0;
}

void term_no_color(void)
{
	colored = false;
}

const char *term_color(enum term_color color)
{
	return colored ? sequences[color] : "";
}

bool term_is_tty(void)
{
	return tty;
}

size_t term_columns(void)
{
	struct winsize size;

	if (!tty)
		return 0;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col)
		return size.ws_col;
	return 80;
}

/* Characters that are printable and yet change how what follows reads (Unicode's Bidi_Control). */
static bool reorders(wchar_t c)
{
	return c == 0x61c || (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2060 && c <= 0x206f) || c == 0xfeff;
}

/* Reads one character; *len bytes of it, 0 columns if it must not be shown as it is. */
static int next(const char *text, size_t *len, wchar_t *c)
{
	mbstate_t state = { 0 };
	int columns;

	*len = mbrtowc(c, text, strlen(text), &state);
	if (*len == 0 || *len > strlen(text)) {
		*len = 1;
		*c = (unsigned char)*text;
		return 0;
	}
	columns = wcwidth(*c);
	return columns > 0 && iswprint((wint_t)*c) && !reorders(*c) ? columns : 0;
}

char *term_escape(const char *text)
{
	/* The longest: one byte becomes \xNN, a character of two bytes or more \u{10FFFF}. */
	size_t room = strlen(text) * 5 + 1, used = 0, len;
	char *escaped = malloc(room);
	wchar_t c;

	if (!escaped)
		abort();
	for (; *text; text += len) {
		int columns = next(text, &len, &c);

		if (columns) {
			memcpy(escaped + used, text, len);
			used += len;
		} else {
			used += (size_t)snprintf(escaped + used, room - used,
						 len > 1 ? "\\u{%x}" : "\\x%02x", (unsigned int)c);
		}
	}
	escaped[used] = '\0';
	return escaped;
}

size_t term_width(const char *text)
{
	size_t columns = 0, len;
	wchar_t c;

	for (; *text; text += len)
		columns += (size_t)next(text, &len, &c);
	return columns;
}

size_t term_fit(const char *text, size_t columns)
{
	const char *at = text;
	size_t len;
	wchar_t c;

	while (*at) {
		size_t width = (size_t)next(at, &len, &c);

		if (width > columns)
			break;
		columns -= width;
		at += len;
	}
	return (size_t)(at - text);
}

/* The cell, counted from 0, that a size falls into. */
static size_t cell(const struct term_bar *bar, uint64_t size, size_t count)
{
	size_t at = (size_t)((double)size / (double)bar->scale * (double)count);

	return at < count ? at : count - 1;
}

void term_bar(char *cells, size_t count, const struct term_bar *bar)
{
	size_t full = 0;

	memset(cells, '.', count);
	cells[count] = '\0';
	if (!bar->scale || !count)
		return;
	if (bar->filled)
		full = cell(bar, bar->filled - 1, count) + 1;
	memset(cells, '#', full);
	if (bar->second <= bar->scale)
		cells[cell(bar, bar->second, count)] = '+';
	if (bar->mark <= bar->scale)
		cells[cell(bar, bar->mark, count)] = '|';
}
