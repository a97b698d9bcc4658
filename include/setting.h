/* SPDX-License-Identifier: MIT */
/*
 * The settings of agent.yml as a table: what each is called, what it may be and where it is kept.
 * The reader, the reload, the list that `--config.describe` prints and the tests all walk it.
 */
#ifndef XENBALLOON_SETTING_H
#define XENBALLOON_SETTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"

enum setting_kind {
	SETTING_TEXT,	/* a char array */
	SETTING_LIST,	/* the same; in the file a list, too, here with commas between */
	SETTING_CHOICE, /* an enum, one of a list of words */
	SETTING_FLAG,	/* a bool */
	SETTING_MIB,	/* MiB in the file, KiB in a uint64_t */
	SETTING_NUMBER	/* an unsigned int */
};

struct setting {
	const char *path; /* section.key; those of one section stand together */
	enum setting_kind kind;
	size_t offset, size;	    /* of its field in struct config */
	uint64_t min, max;	    /* of a number */
	const char *initial;	    /* the default, as one would write it in the file */
	const char *const *choices; /* the words in the order of their enum, from 0; ends in NULL */
	const char *(*check)(const char *text); /* of a text: NULL if it will do, else what would */
	bool restart;				/* a running agent can't change it */
	const char *help;
};

#define SETTING_COUNT 29

extern const struct setting settings[SETTING_COUNT];

/* Says what may be written for this setting, "a number from 1 to 9". */
void setting_describe_range(const struct setting *setting, char *text, size_t size);

/*
 * Stores what a file says. NULL when done; else what would be right, either constant or in the
 * caller's buffer.
 */
const char *setting_store(const struct setting *setting, struct config *config, const char *text,
			  char *right, size_t size);

/* The value as one would write it in the file. */
void setting_show(const struct setting *setting, const struct config *config, char *text,
		  size_t size);

/* Whether all of a valid http.listen can be reached from this host alone. */
bool setting_is_loopback(const char *listen);

#endif
