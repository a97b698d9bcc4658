/* SPDX-License-Identifier: MIT */
/*
 * Reads and writes the ranges of monitoring plugins. Pure.
 */
#include "cli_range.h"

#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define END_SIZE     32
#define DIGITS_MAX   9
#define DECIMALS_MAX 3
#define EXACT	     1e12 /* from there on decimals are of no interest */

static size_t digits(const char **text, double *number)
{
	size_t count = 0;

	for (; **text >= '0' && **text <= '9'; (*text)++, count++)
		*number = *number * 10 + (**text - '0');
	return count;
}

bool range_plain(const char *text, double *number)
{
	static const double scale[DECIMALS_MAX + 1] = { 1, 10, 100, 1000 };
	double decimals = 0;
	size_t count;

	*number = 0;
	count = digits(&text, number);
	if (!count || count > DIGITS_MAX)
		return false;
	if (*text == '.') {
		text++;
		count = digits(&text, &decimals);
		if (!count || count > DECIMALS_MAX)
			return false;
		*number += decimals / scale[count];
	}
	return !*text;
}

static bool read_end(const char *text, size_t len, range_number *read, bool *percent, double *end)
{
	char copy[END_SIZE];
	bool negative = len && *text == '-';

	if (len >= sizeof(copy))
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	*percent = len && copy[len - 1] == '%';
	if (*percent)
		copy[len - 1] = '\0';
	if (!(*percent ? range_plain : read)(copy + negative, end))
		return false;
	if (negative)
		*end = -*end;
	return true;
}

static bool read_low(const char *text, size_t len, range_number *read, struct range *range)
{
	if (!len)
		return true;
	if (len == 1 && *text == '~') {
		range->low = -INFINITY;
		return true;
	}
	return read_end(text, len, read, &range->percent, &range->low);
}

static bool read_high(const char *text, range_number *read, struct range *range)
{
	bool percent;

	if (!read_end(text, strlen(text), read, &percent, &range->high))
		return false;
	if (isfinite(range->low) && range->low != 0 && percent != range->percent)
		return false;
	range->percent = percent;
	return true;
}

bool range_parse(const char *text, range_number *read, struct range *range)
{
	const char *colon;

	*range = (struct range){ .set = true, .inside = *text == '@', .high = INFINITY };
	text += range->inside;
	colon = strchr(text, ':');
	if (colon && !read_low(text, (size_t)(colon - text), read, range))
		return false;
	text = colon ? colon + 1 : text;
	if ((*text || !colon) && !read_high(text, read, range))
		return false;
	return range->low <= range->high;
}

struct range range_of(const struct range *range, double whole)
{
	struct range of = *range;

	if (of.percent) {
		of.low *= whole / 100;
		of.high *= whole / 100;
	}
	of.percent = false;
	return of;
}

bool range_alerts(const struct range *range, double value)
{
	if (!range->set)
		return false;
	return (value >= range->low && value <= range->high) == range->inside;
}

void range_digits(char text[RANGE_TEXT], double number)
{
	double most = number < 0 ? -number : number;
	uint64_t thousandths = most < EXACT ? (uint64_t)(most * 1000 + 0.5) : 0;
	size_t last;

	if (thousandths % 1000 == 0) {
		snprintf(text, RANGE_TEXT, "%.0f", number);
		return;
	}
	snprintf(text, RANGE_TEXT, "%s%" PRIu64 ".%03" PRIu64, number < 0 ? "-" : "",
		 thousandths / 1000, thousandths % 1000);
	for (last = strlen(text) - 1; text[last] == '0'; last--)
		text[last] = '\0';
}

static void write_end(char text[RANGE_TEXT], const struct range *range, double end,
		      range_writer *write)
{
	if (!range->percent) {
		write(text, end);
		return;
	}
	range_digits(text, end);
	snprintf(text + strlen(text), RANGE_TEXT - strlen(text), "%%");
}

void range_text(char text[3 * RANGE_TEXT], const struct range *range, range_writer *write)
{
	char low[RANGE_TEXT] = "~", high[RANGE_TEXT] = "";

	*text = '\0';
	if (!range->set)
		return;
	if (isfinite(range->low))
		write_end(low, range, range->low, write);
	if (isfinite(range->high))
		write_end(high, range, range->high, write);
	if (range->low == 0 && *high)
		*low = '\0';
	snprintf(text, 3 * RANGE_TEXT, "%s%s%s%s", range->inside ? "@" : "", low, *low ? ":" : "",
		 high);
}

void range_reason(char text[3 * RANGE_TEXT], const struct range *range, double whole, double value,
		  range_writer *write)
{
	bool below = value < range_of(range, whole).low;
	char low[RANGE_TEXT] = "", high[RANGE_TEXT] = "";

	if (isfinite(range->low))
		write_end(low, range, range->low, write);
	if (isfinite(range->high))
		write_end(high, range, range->high, write);
	if (!range->inside)
		snprintf(text, 3 * RANGE_TEXT, "%s %s", below ? "below" : "above",
			 below ? low : high);
	else if (*low && *high)
		snprintf(text, 3 * RANGE_TEXT, "within %s to %s", low, high);
	else
		snprintf(text, 3 * RANGE_TEXT, "%s %s", *low ? "at least" : "at most",
			 *low ? low : high);
}
