/* SPDX-License-Identifier: MIT */
/*
 * What completion asks the program for.
 */
#ifndef XENBALLOON_CLI_WORDS_H
#define XENBALLOON_CLI_WORDS_H

#include <stdio.h>

/*
 * The words that may follow a command, or stand after an option; GUEST stands for the names of
 * guests. Without a name, or after one that nothing is known of: all commands.
 */
void words_print(const char *name, FILE *to);

#endif
