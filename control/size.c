/* SPDX-License-Identifier: MIT */
/*
 * Writes sizes and lengths of time for people. Pure.
 */
#include "size.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define MIB UINT64_C(1024)
#define GIB (1024 * MIB)
#define TIB (1024 * GIB)

/* At most one decimal, and none for a whole number. */
static void put(char text[SIZE_TEXT], uint64_t kib, uint64_t unit, const char *name)
{
	uint64_t tenths = kib / unit * 10 + (kib % unit * 10 + unit / 2) / unit;

	if (tenths % 10)
		snprintf(text, SIZE_TEXT, "%" PRIu64 ".%" PRIu64 " %s", tenths / 10, tenths % 10,
			 name);
	else
		snprintf(text, SIZE_TEXT, "%" PRIu64 " %s", tenths / 10, name);
}

const char *size_text(char text[SIZE_TEXT], uint64_t kib)
{
	if (kib && kib < MIB)
		snprintf(text, SIZE_TEXT, "%.3g MiB", (double)kib / MIB);
	else if (kib < 10 * MIB)
		put(text, kib, MIB, "MiB");
	else if (kib < 10 * GIB)
		snprintf(text, SIZE_TEXT, "%" PRIu64 " MiB", (kib + MIB / 2) / MIB);
	else if (kib < 10 * TIB)
		put(text, kib, GIB, "GiB");
	else
		put(text, kib, TIB, "TiB");
	return text;
}

void size_texts(char one[SIZE_TEXT], uint64_t one_kib, char other[SIZE_TEXT], uint64_t other_kib)
{
	size_text(one, one_kib);
	size_text(other, other_kib);
	if (one_kib == other_kib || strcmp(one, other) != 0)
		return;
	snprintf(one, SIZE_TEXT, "%.3f MiB", (double)one_kib / MIB);
	snprintf(other, SIZE_TEXT, "%.3f MiB", (double)other_kib / MIB);
}

const char *size_word(char text[SIZE_TEXT], uint64_t kib)
{
	if (kib % (MIB / 2))
		snprintf(text, SIZE_TEXT, "%" PRIu64 "K", kib);
	else
		snprintf(text, SIZE_TEXT, "%" PRIu64 "%sM", kib / MIB, kib % MIB ? ".5" : "");
	return text;
}

const char *duration_text(char text[SIZE_TEXT], uint64_t seconds)
{
	if (seconds < 120)
		snprintf(text, SIZE_TEXT, "%" PRIu64 " s", seconds);
	else if (seconds < 2 * 3600)
		snprintf(text, SIZE_TEXT, "%" PRIu64 " min", seconds / 60);
	else if (seconds < 2 * 86400)
		snprintf(text, SIZE_TEXT, "%" PRIu64 " h", seconds / 3600);
	else
		snprintf(text, SIZE_TEXT, "%" PRIu64 " days", seconds / 86400);
	return text;
}
