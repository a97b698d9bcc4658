/* SPDX-License-Identifier: MIT */
/*
 * The command line of `xenbed run`.
 */
#ifndef XENBED_OPTIONS_H
#define XENBED_OPTIONS_H

#include <stdbool.h>
#include <stdio.h>

struct bed_options;

/* Defaults, then the words. False, with a line on standard error, if one is wrong. */
bool options_parse(struct bed_options *options, int argc, char **argv);
void options_help(FILE *out);

#endif
