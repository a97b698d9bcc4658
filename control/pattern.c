/* SPDX-License-Identifier: MIT */
/*
 * Patterns of names. fnmatch(3) takes exponential time with many asterisks; here only the last one
 * met is ever tried again. Pure, any thread.
 */
#include "pattern.h"

#include <stddef.h>
#include <string.h>

bool pattern_is(const char *word)
{
	return word[strcspn(word, "*?[")];
}

/* The bytes that a set takes, brackets included; 0: it has no end. A `]` may be its first member.
 */
static size_t set_length(const char *set)
{
	size_t first = set[1] == '!' || set[1] == '^' ? 2 : 1;
	const char *end = set[first] ? strchr(set + first + 1, ']') : NULL;

	return end ? (size_t)(end - set) + 1 : 0;
}

static bool in_set(const char *set, size_t len, unsigned char c)
{
	bool negated = set[1] == '!' || set[1] == '^', found = false;

	for (size_t i = negated ? 2 : 1; i < len - 1; i++) {
		bool range = set[i + 1] == '-' && i + 2 < len - 1;
		unsigned char low = (unsigned char)set[i];
		unsigned char high = (unsigned char)set[range ? i + 2 : i];

		found |= c >= low && c <= high;
		i += range ? 2 : 0;
	}
	return found != negated;
}

/* Steps over the pattern's next element if the character fits it; 0: it doesn't. */
static size_t fits(const char *pattern, char c)
{
	size_t set = *pattern == '[' ? set_length(pattern) : 0;

	if (!c || !*pattern)
		return 0;
	if (set)
		return in_set(pattern, set, (unsigned char)c) ? set : 0;
	return *pattern == '?' || *pattern == c ? 1 : 0;
}

bool pattern_match(const char *pattern, const char *text)
{
	const char *star = NULL, *from = NULL; /* after the last asterisk, and what it took up to */

	for (;;) {
		size_t step;

		if (*pattern == '*') {
			star = ++pattern;
			from = text;
		} else if ((step = fits(pattern, *text))) {
			pattern += step;
			text++;
		} else if (!*pattern && !*text) {
			return true;
		} else if (star && *from) {
			pattern = star;
			text = ++from;
		} else {
			return false;
		}
	}
}
