/* SPDX-License-Identifier: MIT */
/*
 * The commands of `xenbed ctl`.
 */
#ifndef XENBED_VERBS_H
#define XENBED_VERBS_H

#include <stdio.h>

#define VERBS_WORDS_MAX 32

/* Runs one command; its answer, or the reason why not, goes to out. 0 or a negative errno. */
int verbs_run(char **words, int count, FILE *out);
/* All of them, a line each. */
void verbs_help(FILE *out);

#endif
