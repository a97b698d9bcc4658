/* SPDX-License-Identifier: MIT */
/*
 * What the commands that change guests have in common: whom they ask about, with which options, and
 * how the answer reads.
 */
#ifndef XENBALLOON_CLI_CHANGE_H
#define XENBALLOON_CLI_CHANGE_H

#include "cli_command.h"

struct json_t;

/* Adds --dry-run, --force and --restore to the body of a request, as far as they were given. */
void change_options(const struct cli *cli, struct json_t *body);

/* "web1: selfballooning on (was off)", and the note of the agent's, if there is one. */
void change_say(const struct cli *cli, const struct way *way, const struct json_t *answer);

/*
 * Calls one() for each guest that the word names, by UUID or as it was called; context is its own.
 * The worst of the EXIT_ codes.
 */
int change_each(struct cli *cli, char *word,
		int (*one)(struct cli *cli, const struct way *way, const char *id,
			   const void *context),
		const void *context);

#endif
