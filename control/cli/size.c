/* SPDX-License-Identifier: MIT */
/*
 * Reads sizes and lengths of time. Pure.
 */
#include "cli_size.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define SIZE_MAX_KIB	  (1ULL << 53)
#define DURATION_MAX_S	  (100ULL * 365 * 86400)
#define DECIMALS	  3
#define THOUSAND	  1000
#define ARRAY_COUNT(rows) (sizeof(rows) / sizeof(*(rows)))

struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit size_units[] = {
	{ "", 1 },	     { "k", 1 },	  { "kib", 1 },
	{ "m", 1ULL << 10 }, { "mib", 1 << 10 },  { "g", 1ULL << 20 },
	{ "gib", 1 << 20 },  { "t", 1ULL << 30 }, { "tib", 1 << 30 },
};

static const struct unit duration_units[] = {
	{ "", 1 },     { "s", 1 },     { "m", 60 },	   { "min", 60 },
	{ "h", 3600 }, { "d", 86400 }, { "w", 7 * 86400 },
};

static const struct unit *find_unit(const struct unit *units, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (!strcasecmp(units[i].name, name))
			return &units[i];
	return NULL;
}

/* Digits into *number; where they end, or NULL if there are none or they exceed most. */
static const char *digits(const char *text, uint64_t most, uint64_t *number)
{
	const char *start = text;

	*number = 0;
	for (; *text >= '0' && *text <= '9'; text++) {
		unsigned int digit = (unsigned int)(*text - '0');

		if (*number > (most - digit) / 10)
			return NULL;
		*number = *number * 10 + digit;
	}
	return text > start ? text : NULL;
}

/* The decimals after a point, as thousandths. */
static const char *decimals(const char *text, uint64_t *thousandths)
{
	const char *end = digits(text, THOUSAND - 1, thousandths);

	if (!end || end - text > DECIMALS)
		return NULL;
	for (long missing = DECIMALS - (end - text); missing > 0; missing--)
		*thousandths *= 10;
	return end;
}

bool size_parse(const char *text, uint64_t *kib)
{
	const struct unit *unit;
	uint64_t whole, thousandths = 0;
	bool fraction = false;

	text = digits(text, SIZE_MAX_KIB, &whole);
	if (text && *text == '.') {
		fraction = true;
		text = decimals(text + 1, &thousandths);
	}
	unit = text ? find_unit(size_units, ARRAY_COUNT(size_units), text) : NULL;
	if (!unit || (fraction && unit->factor == 1) || whole > SIZE_MAX_KIB / unit->factor)
		return false;
	*kib = whole * unit->factor + thousandths * unit->factor / THOUSAND;
	return *kib <= SIZE_MAX_KIB;
}

bool duration_parse(const char *text, uint64_t *seconds)
{
	const struct unit *unit;
	uint64_t number;

	text = digits(text, DURATION_MAX_S, &number);
	unit = text ? find_unit(duration_units, ARRAY_COUNT(duration_units), text) : NULL;
	if (!unit || number > DURATION_MAX_S / unit->factor)
		return false;
	*seconds = number * unit->factor;
	return true;
}
