/* SPDX-License-Identifier: MIT */
/*
 * Patterns of names, as the command line takes them: `*`, `?` and `[...]`. The time for a match is
 * bounded by the product of both lengths, whoever wrote them. Pure.
 */
#ifndef XENBALLOON_PATTERN_H
#define XENBALLOON_PATTERN_H

#include <stdbool.h>

/* Whether a word is a pattern, and not what one guest is called. */
bool pattern_is(const char *word);

/* Whether the whole text fits. A `[` without its `]` stands for itself. */
bool pattern_match(const char *pattern, const char *text);

#endif
