/* SPDX-License-Identifier: MIT */
/*
 * The guest daemon's configuration, /etc/xenballoon/guest.conf: lines of `key value`, '#' begins a
 * comment. A file that isn't there leaves the defaults.
 */
#ifndef XENBALLOON_SETTINGS_H
#define XENBALLOON_SETTINGS_H

#include <stdio.h>

#include "policy.h"

#define SETTINGS_FILE "/etc/xenballoon/guest.conf"

struct settings {
	const struct policy *policy;
	struct policy_knobs knobs;
};

void settings_default(struct settings *settings);

/*
 * Takes the text of a file (named for messages) over what *settings holds. On failure false, and
 * error says "FILE:LINE: what is wrong and what would be right"; *settings is then of no use.
 */
bool settings_parse(struct settings *settings, const char *name, const char *text, size_t len,
		    char *error, size_t size);

/*
 * Takes dom0's word over what *settings holds: `[POLICY] [SETTING=VALUE]...`, between blanks, with
 * the settings of the file. On failure false, *settings as it was, and a sentence in error.
 */
bool settings_obey(struct settings *settings, const char *text, char *error, size_t size);

/* Defaults and then the file. 0, -EINVAL or another negative errno, with a sentence in error. */
int settings_load(struct settings *settings, const char *path, char *error, size_t size);

/*
 * What differs from the defaults, the policy's name aside: "floor=96MiB,interval_s=1", or "-" where
 * nothing does. Settings that don't fit are left out whole.
 */
void settings_list(const struct settings *settings, char *text, size_t size);

/* Whether the setting of this name is the same in both; true where there is none of that name. */
bool settings_agree(const struct settings *a, const struct settings *b, const char *key);

/* The floor as the configuration writes it: "2011", "2008" or "96MiB". */
void settings_floor_name(const struct policy_knobs *knobs, char *name, size_t size);

/* What may stand in an order of dom0's, a word a line: policies, and settings with an equals sign.
 */
void settings_words(FILE *out);

/* Every setting with range, default and meaning, for --help. */
void settings_describe(FILE *out);

#endif
