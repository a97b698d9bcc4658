/* SPDX-License-Identifier: MIT */
/*
 * The privileges that a systemd unit leaves its program, for starting it the same way without
 * systemd.
 */
#ifndef XENBED_UNIT_H
#define XENBED_UNIT_H

#include <stdbool.h>
#include <stddef.h>

#define UNIT_WORDS 4 /* at most, before the program's own */

struct unit {
	char bounding[1024]; /* setpriv's list; "": the unit limits nothing */
	bool no_new_privs;
};

/* Reads CapabilityBoundingSet= and NoNewPrivileges=. False: error says what is wrong. */
bool unit_load(struct unit *unit, const char *path, char *error, size_t size);
/* Puts the words before argv's that make it run so; returns how many. */
size_t unit_words(const struct unit *unit, const char **words);

#endif
