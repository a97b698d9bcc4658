/* SPDX-License-Identifier: MIT */
/*
 * What `check` measures, for completion.
 */
#ifndef XENBALLOON_CLI_CHECK_H
#define XENBALLOON_CLI_CHECK_H

#include <stdio.h>

/* "free=" and so on, one a line. */
void check_words(FILE *to);

#endif
