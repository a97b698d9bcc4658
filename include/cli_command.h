/* SPDX-License-Identifier: MIT */
/*
 * The commands: each is one row of a table with its words, options, help and function.
 */
#ifndef XENBALLOON_CLI_COMMAND_H
#define XENBALLOON_CLI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "cli_options.h"
#include "cli_way.h"

/* How the program ends; check has the four of a monitoring plugin instead. */
enum {
	EXIT_DONE = 0,
	EXIT_REFUSED = 1, /* by the agent, or it found something wrong (doctor) */
	EXIT_USAGE = 2,
	EXIT_NO_ANSWER = 3, /* an agent could not be reached, or failed */
	EXIT_NOT_THERE = 4, /* --wait: the guest did not get there in time */

	EXIT_PLUGIN_UNKNOWN = 3,
	EXIT_BAD_OPTION = -1 /* from a command: wrong usage, as the program tells it */
};

/* What a command works on. */
struct cli {
	const struct options *options;
	struct way ways[OPTIONS_HOSTS_MAX];
	size_t way_count;
};

enum command_trait {
	TRAIT_LOCAL = 1 << 0,  /* asks no agent */
	TRAIT_GUESTS = 1 << 1, /* its words are guests, for completion */
	TRAIT_PLUGIN = 1 << 2, /* ends as a monitoring plugin: wrong usage is 3, unknown */
	TRAIT_POLICY = 1 << 3  /* its help ends with the settings of a policy */
};

struct command {
	const char *name;
	const char *words;  /* what follows it, for the help */
	size_t least, most; /* how many words */
	unsigned int groups;
	unsigned int traits;
	int (*run)(struct cli *cli, size_t count, char **words); /* one of EXIT_ */
	const char *summary;
	const char *help; /* paragraphs and examples */
};

extern const struct command commands[];
extern const size_t command_count;

/* The command of this name, or NULL; the one with the name that is nearest to it, or NULL. */
const struct command *command_find(const char *name);
const struct command *command_nearest(const char *name);

void command_overview(FILE *to);
void command_help(const struct command *command, FILE *to);

int command_list(struct cli *cli, size_t count, char **words);
int command_show(struct cli *cli, size_t count, char **words);
int command_explain(struct cli *cli, size_t count, char **words);
int command_on(struct cli *cli, size_t count, char **words);
int command_off(struct cli *cli, size_t count, char **words);
int command_target(struct cli *cli, size_t count, char **words);
int command_policy(struct cli *cli, size_t count, char **words);
int command_watch(struct cli *cli, size_t count, char **words);
int command_audit(struct cli *cli, size_t count, char **words);
int command_check(struct cli *cli, size_t count, char **words);
int command_top(struct cli *cli, size_t count, char **words);
int command_doctor(struct cli *cli, size_t count, char **words);
int command_token(struct cli *cli, size_t count, char **words);
int command_advise(struct cli *cli, size_t count, char **words);

#endif
