/* SPDX-License-Identifier: MIT */
/*
 * Owns the table of options, and reads them. Knows nothing of what the commands do. Called by
 * main.c.
 */
#include "cli_options.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "cli_size.h"

#define PROGRAM		  "xenballoon"
#define FIRST_LONG	  256 /* beyond all letters */
#define ARRAY_COUNT(rows) (sizeof(rows) / sizeof(*(rows)))

enum option_kind {
	KIND_FLAG,     /* bool */
	KIND_TEXT,     /* const char * */
	KIND_DURATION, /* uint64_t, seconds */
	KIND_NUMBER,   /* uint64_t, at least 1 */
	KIND_TIMES,    /* uint64_t, how often */
	KIND_HOST,     /* appended to host[] */
	KIND_WAIT      /* flag, with a duration if one is given */
};

struct option_row {
	char letter; /* 0: none */
	const char *name;
	const char *argument; /* NULL: none */
	enum option_kind kind;
	unsigned int groups;
	size_t offset;
	const char *help;
};

#define AT(member) offsetof(struct options, member)

/* clang-format off */
static const struct option_row rows[] = {
	{ 'o', "output", "COL,COL", KIND_TEXT, GROUP_TABLE, AT(columns),
	  "show these columns; -o help lists them" },
	{ 0, "sort", "[-]COL", KIND_TEXT, GROUP_TABLE | GROUP_TOP, AT(sort),
	  "order by this column, with - the largest first" },
	{ 0, "json", NULL, KIND_FLAG, GROUP_FORMAT, AT(json), "print JSON, with the fields of the API" },
	{ 0, "csv", NULL, KIND_FLAG, GROUP_TABLE, AT(csv), "print comma-separated values, sizes in KiB" },
	{ 0, "all", NULL, KIND_FLAG, GROUP_ALL, AT(all), "every guest" },
	{ 0, "state", "STATE,STATE", KIND_TEXT, GROUP_TABLE, AT(state), "only guests in these states" },
	{ 0, "restore", NULL, KIND_FLAG, GROUP_OFF, AT(restore),
	  "and give back the target from before selfballooning" },
	{ 0, "reset", NULL, KIND_FLAG, GROUP_POLICY, AT(reset),
	  "take dom0's order back: the guest's own configuration counts" },
	{ 0, "dry-run", NULL, KIND_FLAG, GROUP_CHANGE | GROUP_DRY, AT(dry_run),
	  "check and say what would be, change nothing" },
	{ 0, "force", NULL, KIND_FLAG, GROUP_CHANGE, AT(force), "pass a soft limit; never a hard one" },
	{ 0, "wait", "DURATION", KIND_WAIT, GROUP_WAIT, AT(wait),
	  "follow the guest until it is there, or say why not (60s)" },
	{ 'w', "warning", "LIST", KIND_TEXT, GROUP_CHECK, AT(warning),
	  "ranges that warn, such as free=256M:,stuck=3" },
	{ 'c', "critical", "LIST", KIND_TEXT, GROUP_CHECK, AT(critical), "ranges that are critical" },
	{ 'v', "verbose", NULL, KIND_TIMES, GROUP_CHECK, AT(verbose), "say more; up to three times" },
	{ 'b', "batch", NULL, KIND_FLAG, GROUP_TOP, AT(batch), "print plain text instead of a live screen" },
	{ 'd', "delay", "DURATION", KIND_DURATION, GROUP_TOP, AT(delay_s), "between two looks (2s)" },
	{ 'n', "count", "NUMBER", KIND_NUMBER, GROUP_COUNT, AT(count), "end after so many" },
	{ 0, "action", "ACTION", KIND_TEXT, GROUP_FILTER, AT(action), "only selfballoon, target or policy" },
	{ 0, "result", "RESULT", KIND_TEXT, GROUP_FILTER, AT(result), "only such as ok, forbidden, soft_limit" },
	{ 0, "principal", "NAME", KIND_TEXT, GROUP_FILTER, AT(principal), "only what NAME asked for" },
	{ 0, "domain", "GUEST", KIND_TEXT, GROUP_FILTER, AT(domain), "only about this guest, or those that a pattern fits" },
	{ 0, "dry-runs", NULL, KIND_FLAG, GROUP_FILTER, AT(dry_runs), "dry runs, too" },
	{ 0, "role", "ROLE", KIND_TEXT, GROUP_TOKEN, AT(role), "viewer or operator" },
	{ 0, "domains", "PATTERNS", KIND_TEXT, GROUP_TOKEN, AT(domains),
	  "may change only guests of these names, such as 'web*,db1'" },
	{ 0, "expires", "DURATION", KIND_TEXT, GROUP_TOKEN, AT(expires), "ends after this time, such as 90d" },
	{ 0, "file", "FILE", KIND_TEXT, GROUP_TOKEN, AT(file),
	  "the principals (http.principal_file of the agent's configuration)" },
	{ 0, "config", "FILE", KIND_TEXT, GROUP_CONFIG, AT(config),
	  "the agent's configuration (/etc/xenballoon/agent.yml)" },
	{ 0, "socket", "PATH", KIND_TEXT, GROUP_WAY, AT(socket),
	  "the agent's Unix socket (/run/xenballoon/agent.sock)" },
	{ 0, "url", "URL", KIND_TEXT, GROUP_WAY, AT(url), "the agent at this address instead" },
	{ 'H', "host", "HOST", KIND_HOST, GROUP_WAY, AT(host),
	  "the agent on HOST[:PORT] or at a URL; several times for a rack" },
	{ 0, "token-file", "FILE", KIND_TEXT, GROUP_WAY, AT(token_file), "prove who you are by the token in FILE" },
	{ 0, "user", "NAME", KIND_TEXT, GROUP_WAY, AT(user), "prove it by a password, which is asked for; with --token-file, to a proxy" },
	{ 0, "password-file", "FILE", KIND_TEXT, GROUP_WAY, AT(password_file), "or read from FILE" },
	{ 0, "ca", "FILE", KIND_TEXT, GROUP_WAY, AT(ca), "trust certificates that are signed by these" },
	{ 0, "cert", "FILE", KIND_TEXT, GROUP_WAY, AT(cert), "prove it by a client certificate" },
	{ 0, "key", "FILE", KIND_TEXT, GROUP_WAY, AT(key), "and its key" },
	{ 't', "timeout", "DURATION", KIND_DURATION, GROUP_WAY, AT(timeout_s), "wait so long for an answer (10s)" },
	{ 'h', "help", NULL, KIND_FLAG, ~0U, AT(help), "explain, and end" },
	{ 'V', "version", NULL, KIND_FLAG, GROUP_WAY, AT(version), "print the version, and end" },
};
/* clang-format on */

#define ROWS ARRAY_COUNT(rows)

static bool complain(const struct option_row *row, const char *value, const char *right)
{
	fprintf(stderr, PROGRAM ": --%s: \"%.64s\" must be %s\n", row->name, value, right);
	return false;
}

static bool read_number(const char *text, uint64_t *number)
{
	char *end;

	*number = strtoull(text, &end, 10);
	return *text >= '0' && *text <= '9' && !*end && *number && *number <= UINT32_MAX;
}

static bool store_host(struct options *options, const struct option_row *row, const char *value)
{
	if (options->host_count == OPTIONS_HOSTS_MAX)
		return complain(row, value, "one of 64 hosts at most");
	options->host[options->host_count++] = value;
	return true;
}

static bool store(struct options *options, const struct option_row *row, const char *value)
{
	void *at = (char *)options + row->offset;

	switch (row->kind) {
	case KIND_FLAG:
		*(bool *)at = true;
		return true;
	case KIND_TIMES:
		++*(uint64_t *)at;
		return true;
	case KIND_TEXT:
		*(const char **)at = value;
		return true;
	case KIND_HOST:
		return store_host(options, row, value);
	case KIND_WAIT:
		*(bool *)at = true;
		at = &options->wait_s;
		if (!value)
			return true;
		/* fall through */
	case KIND_DURATION:
		return (duration_parse(value, at) && *(uint64_t *)at) ||
		       complain(row, value, DURATION_HELP);
	case KIND_NUMBER:
		return read_number(value, at) || complain(row, value, "a number from 1");
	}
	return false;
}

/* The tables that getopt_long() wants, of the rows in these groups. */
struct getopt_tables {
	char letters[2 * ROWS + 3];
	struct option names[ROWS + 1];
};

static int argument_kind(const struct option_row *row)
{
	if (row->kind == KIND_WAIT)
		return optional_argument;
	return row->argument ? required_argument : no_argument;
}

static void make_tables(struct getopt_tables *tables, unsigned int groups, bool only_before)
{
	char *letter = tables->letters;
	size_t count = 0;

	memset(tables, 0, sizeof(*tables));
	if (only_before)
		*letter++ = '+';
	for (size_t i = 0; i < ROWS; i++) {
		if (!(rows[i].groups & groups))
			continue;
		tables->names[count++] = (struct option){ rows[i].name, argument_kind(&rows[i]),
							  NULL, FIRST_LONG + (int)i };
		if (!rows[i].letter)
			continue;
		*letter++ = rows[i].letter;
		if (rows[i].argument)
			*letter++ = ':';
	}
}

static const struct option_row *find_row(int option)
{
	for (size_t i = 0; i < ROWS; i++)
		if (option == FIRST_LONG + (int)i || (option && option == rows[i].letter))
			return &rows[i];
	return NULL;
}

int options_read(struct options *options, unsigned int groups, bool only_before, int argc,
		 char **argv)
{
	static char program[] = PROGRAM;
	struct getopt_tables tables;
	int option;

	make_tables(&tables, groups, only_before);
	argv[0] = program; /* getopt's own messages begin with it */
	optind = 0;	   /* glibc: start anew */
	while ((option = getopt_long(argc, argv, tables.letters, tables.names, NULL)) != -1) {
		const struct option_row *row = find_row(option);

		if (!row || !store(options, row, optarg))
			return -1;
	}
	return optind;
}

void options_environment(struct options *options)
{
	bool way = options->socket || options->url || options->host_count;

	if (!way && getenv("XENBALLOON_URL") && *getenv("XENBALLOON_URL"))
		options->url = getenv("XENBALLOON_URL");
	else if (!way && getenv("XENBALLOON_SOCKET") && *getenv("XENBALLOON_SOCKET"))
		options->socket = getenv("XENBALLOON_SOCKET");
	if (!options->token_file && !options->user && !options->cert)
		options->token_file = getenv("XENBALLOON_TOKEN_FILE");
	if (!options->ca)
		options->ca = getenv("XENBALLOON_CA");
}

void options_help(unsigned int groups, FILE *to)
{
	for (size_t i = 0; i < ROWS; i++) {
		char left[64];

		if (!(rows[i].groups & groups))
			continue;
		snprintf(left, sizeof(left), rows[i].kind == KIND_WAIT ? "%s%s[=%s]" : "%s%s %s",
			 "--", rows[i].name, rows[i].argument ? rows[i].argument : "");
		if (rows[i].letter)
			fprintf(to, "  -%c, %-24s %s\n", rows[i].letter, left, rows[i].help);
		else
			fprintf(to, "      %-24s %s\n", left, rows[i].help);
	}
}

void options_words(unsigned int groups, FILE *to)
{
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].groups & groups)
			fprintf(to, "--%s%s\n", rows[i].name, rows[i].argument ? "=" : "");
}
