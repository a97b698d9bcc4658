/* SPDX-License-Identifier: MIT */
/*
 * What was asked for on the command line. Each option is one row of a table, which also gives the
 * help and the completion their words.
 */
#ifndef XENBALLOON_CLI_OPTIONS_H
#define XENBALLOON_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define OPTIONS_HOSTS_MAX 64

/* Which commands take an option: a bit per group; a command names its groups. */
enum option_group {
	GROUP_WAY = 1 << 0,	/* how to reach the agents: all commands */
	GROUP_FORMAT = 1 << 1,	/* --json */
	GROUP_TABLE = 1 << 2,	/* --csv, -o, --sort */
	GROUP_CHANGE = 1 << 3,	/* --dry-run, --force */
	GROUP_ALL = 1 << 4,	/* --all */
	GROUP_WAIT = 1 << 5,	/* --wait */
	GROUP_CHECK = 1 << 6,	/* -w, -c, -v */
	GROUP_TOP = 1 << 7,	/* -b, -d */
	GROUP_COUNT = 1 << 8,	/* -n */
	GROUP_FILTER = 1 << 9,	/* of audit */
	GROUP_TOKEN = 1 << 10,	/* of token */
	GROUP_CONFIG = 1 << 11, /* --config */
	GROUP_DRY = 1 << 12,	/* --dry-run alone */
	GROUP_OFF = 1 << 13,	/* --restore */
	GROUP_POLICY = 1 << 14	/* --reset */
};

struct options {
	/* how to reach the agents */
	const char *socket, *url;
	const char *host[OPTIONS_HOSTS_MAX];
	size_t host_count;
	const char *token_file, *user, *password_file;
	const char *ca, *cert, *key;
	uint64_t timeout_s;
	/* what to do */
	bool json, csv, all, dry_run, force, batch, wait, restore, reset, dry_runs;
	uint64_t wait_s, delay_s, count;
	const char *columns, *sort, *state;
	const char *warning, *critical;
	const char *action, *result, *principal, *domain;
	const char *role, *domains, *expires, *file;
	const char *config;
	bool help, version;
	uint64_t verbose; /* how often -v was given */
};

/*
 * Reads options of these groups. A command's may stand anywhere among its words, which are moved
 * behind them; with `only_before` reading ends at the first word. The index of the first word, or
 * -1 after saying on standard error what was wrong.
 */
int options_read(struct options *options, unsigned int groups, bool only_before, int argc,
		 char **argv);

/* Fills what was not given from the environment. */
void options_environment(struct options *options);

/* The help lines of the options in these groups. */
void options_help(unsigned int groups, FILE *to);

/* Their words, one a line, for completion. */
void options_words(unsigned int groups, FILE *to);

#endif
