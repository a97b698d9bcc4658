/* SPDX-License-Identifier: MIT */
/*
 * `token make`, `list` and `revoke`: who may ask the agent over HTTP, in the file that it reads. A
 * token is printed once; the file keeps its hash.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "cli_agent.h"
#include "cli_command.h"
#include "cli_principals.h"
#include "cli_size.h"
#include "cli_table.h"

#define TOKEN_BYTES  32
#define TOKEN_PREFIX "xb_" /* so that a token which leaked is known for one */
#define TOKEN_SIZE   (sizeof(TOKEN_PREFIX) + (TOKEN_BYTES * 8 + 5) / 6)

static const char *const proofs[] = {
	[PROOF_TOKEN] = "token", [PROOF_BASIC] = "basic", [PROOF_CERTIFICATE] = "certificate"
};

/* The file that is meant. False, said: none is named anywhere. */
static bool find_file(const struct options *options, char *path, size_t size)
{
	char error[256];
	char *settings;

	if (options->file) {
		snprintf(path, size, "%s", options->file);
		return true;
	}
	settings = agent_settings(options->config, error, sizeof(error));
	if (!settings) {
		fprintf(stderr,
			"xenballoon: the agent's configuration can't be read: %s\n  Name the "
			"principals file: --file FILE\n",
			error);
		return false;
	}
	agent_setting(settings, "http.principal_file", path, size);
	free(settings);
	if (*path == '/')
		return true;
	fprintf(stderr,
		"xenballoon: the agent's configuration names no http.principal_file\n  Set it "
		"to /etc/xenballoon/principals, say, and reload the agent; or use --file "
		"FILE\n");
	return false;
}

/* URL-safe base64 (RFC 4648, 5) without filling. */
static bool make_token(char token[TOKEN_SIZE])
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				     "0123456789-_";
	unsigned char bytes[TOKEN_BYTES];
	unsigned int bits = 0, held = 0;
	char *at = token + strlen(TOKEN_PREFIX);

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return false;
	memcpy(token, TOKEN_PREFIX, strlen(TOKEN_PREFIX));
	for (size_t i = 0; i < sizeof(bytes); i++) {
		bits = bits << 8 | bytes[i];
		for (held += 8; held >= 6; held -= 6)
			*at++ = digits[bits >> (held - 6) & 63];
	}
	*at++ = digits[bits << (6 - held) & 63];
	*at = '\0';
	explicit_bzero(bytes, sizeof(bytes));
	return true;
}

static bool usage(const char *what, const char *value, const char *right)
{
	fprintf(stderr, "xenballoon: %s \"%.64s\": must be %s\n", what, value ? value : "", right);
	return false;
}

static bool read_expiry(const char *text, struct principal_line *line)
{
	uint64_t seconds;

	if (!text)
		return true;
	line->expires = true;
	if (principal_time_parse(text, strlen(text), &line->expires_s))
		return true;
	line->expires_s = (int64_t)time(NULL);
	if (!duration_parse(text, &seconds) || !seconds)
		return usage("--expires", text,
			     DURATION_HELP ", or a UTC time such as 2030-12-31T23:59:59Z");
	line->expires_s += (int64_t)seconds;
	return true;
}

/* The line that the options ask for, but for the hash. False, said: they make no sense. */
static bool read_line(const struct options *options, const char *name, struct principal_line *line)
{
	*line = (struct principal_line){ .proof = PROOF_TOKEN };
	if (!principal_name_valid(name, strlen(name)))
		return usage("name", name, "1 to 63 of A-Z a-z 0-9 _ . - @ +");
	strcpy(line->name, name);
	for (line->role = ROLE_VIEWER; line->role <= ROLE_OPERATOR; line->role++)
		if (options->role && !strcmp(control_role_name(line->role), options->role))
			break;
	if (line->role > ROLE_OPERATOR)
		return usage("--role", options->role, "viewer or operator");
	if (options->domains &&
	    (!*options->domains ||
	     !principal_domains_valid(options->domains, strlen(options->domains))))
		return usage(
			"--domains", options->domains,
			"patterns of names with commas between, such as web*,db1; or uuid: and a "
			"whole UUID");
	if (options->domains)
		strcpy(line->domains, options->domains);
	return read_expiry(options->expires, line);
}

static int failed(const char *path, int error)
{
	if (error == -ENOENT) {
		fprintf(stderr,
			"xenballoon: there is no %s\n  xenballoon token make NAME --role operator "
			"makes it, if its folder is there\n",
			path);
		return EXIT_NO_ANSWER;
	}
	fprintf(stderr, "xenballoon: %s: %s\n", path,
		error == -EFBIG || error == -EINVAL ? "not a file, or larger than 1 MiB"
						    : strerror(-error));
	return EXIT_NO_ANSWER;
}

/* The agent takes a file as a whole or not at all, so a bad line elsewhere would make this one
 * void. */
static bool addable(struct principals *principals, const char *name)
{
	struct principals_line line;

	while (principals_next(principals, &line)) {
		if (line.kind == LINE_BAD)
			fprintf(stderr, "xenballoon: %s:%zu: %s; mend it first\n",
				principals->place.path, line.number, line.error);
		else if (line.kind == LINE_PRINCIPAL && !strcmp(line.line.name, name))
			fprintf(stderr,
				"xenballoon: %s:%zu: %s is there already; xenballoon token revoke "
				"%s "
				"first, or choose another name\n",
				principals->place.path, line.number, name, name);
		else
			continue;
		return false;
	}
	return true;
}

static int append(struct principals *principals, const struct principal_line *line)
{
	char *text = malloc(principals->len + PRINCIPAL_LINE_SIZE + 2);
	size_t len = principals->len;
	int error = -EFBIG;

	if (!text)
		return -ENOMEM;
	memcpy(text, principals->text, len);
	if (len && text[len - 1] != '\n')
		text[len++] = '\n';
	if (principal_line_format(line, text + len, PRINCIPAL_LINE_SIZE)) {
		len += strlen(text + len);
		text[len++] = '\n';
		if (len <= PRINCIPAL_FILE_MAX)
			error = principals_replace(principals, text, len);
	}
	free(text);
	return error;
}

/* Where standard output is a file, a full disk may show only now. */
static int show(const char *token)
{
	if (printf("%s\n", token) < 0 || fflush(stdout) != 0)
		return -errno;
	return fsync(STDOUT_FILENO) && errno != EINVAL && errno != EROFS && errno != ENOTSUP
		       ? -errno
		       : 0;
}

/* Kept first, so that a token which somebody has is good; one that nobody saw opens nothing. */
static int keep_and_show(struct principals *principals, const struct principal_line *line,
			 const char *token)
{
	int error = append(principals, line), undone;

	if (error)
		return failed(principals->place.path, error);
	error = show(token);
	if (!error) {
		fprintf(stderr,
			"xenballoon: this token of %s is shown once; %s keeps only its hash\n",
			line->name, principals->place.path);
		return EXIT_DONE;
	}
	undone = principals_put_back(principals);
	fprintf(stderr, "xenballoon: can't show the token: %s\n  %s\n", strerror(-error),
		undone ? "Its line stays; take it away: xenballoon token revoke NAME"
		       : "It has been taken back; nothing has changed");
	return EXIT_NO_ANSWER;
}

static int make_and_keep(const struct options *options, struct principals *principals,
			 struct principal_line *line)
{
	char token[TOKEN_SIZE];
	int code;

	if (!addable(principals, line->name))
		return EXIT_REFUSED;
	if (!make_token(token) || !principal_hash(token, strlen(token), line->hash))
		return failed(principals->place.path, -EIO);
	if (options->dry_run) {
		printf("%s would be added to %s as %s; nothing has changed\n", line->name,
		       principals->place.path, control_role_name(line->role));
		code = EXIT_DONE;
	} else {
		code = keep_and_show(principals, line, token);
	}
	explicit_bzero(token, sizeof(token));
	return code;
}

static int make(const struct options *options, const char *name, const char *path)
{
	struct principals principals;
	struct principal_line line;
	int error, code;

	if (!read_line(options, name, &line))
		return EXIT_USAGE;
	error = principals_open(&principals, path, true);
	code = error ? failed(path, error) : make_and_keep(options, &principals, &line);
	principals_close(&principals);
	return code;
}

static void list_line(struct table *table, const struct principal_line *line)
{
	char ends[PRINCIPAL_TIME_SIZE] = "never";
	bool over = line->expires && line->expires_s <= (int64_t)time(NULL);

	if (line->expires)
		principal_time_format(line->expires_s, ends);
	table_cell(table, line->name, TERM_BOLD);
	table_cell(table, control_role_name(line->role), TERM_PLAIN);
	table_cell(table, proofs[line->proof], TERM_PLAIN);
	table_cell(table, over ? "expired" : "good", over ? TERM_BAD : TERM_GOOD);
	table_cell(table, ends, TERM_PLAIN);
	table_cell(table, *line->domains ? line->domains : "all", TERM_PLAIN);
}

static int list(const char *path)
{
	static const char *const titles[] = {
		"NAME", "ROLE", "PROOF", "STATE", "EXPIRES", "DOMAINS"
	};
	struct table *table = table_new(sizeof(titles) / sizeof(*titles));
	struct principals principals;
	struct principals_line line;
	int error = principals_open(&principals, path, false), code = EXIT_DONE;

	for (size_t i = 0; i < sizeof(titles) / sizeof(*titles); i++)
		table_title(table, titles[i], false);
	while (!error && principals_next(&principals, &line)) {
		if (line.kind == LINE_PRINCIPAL)
			list_line(table, &line.line);
		if (line.kind != LINE_BAD)
			continue;
		fprintf(stderr, "xenballoon: %s:%zu: %s\n", path, line.number, line.error);
		code = EXIT_REFUSED;
	}
	if (!error && !table_rows(table))
		printf("%s names nobody; xenballoon token make NAME --role operator\n", path);
	table_print(table, stdout, 0);
	table_free(table);
	principals_close(&principals);
	return error ? failed(path, error) : code;
}

/* All lines but those of this name; how many those are. A bad line is no reason to let one stay. */
static size_t without(struct principals *principals, const char *name, char *text, size_t *len)
{
	struct principals_line line;
	size_t count = 0;

	*len = 0;
	while (principals_next(principals, &line)) {
		if (line.kind == LINE_PRINCIPAL && !strcmp(line.line.name, name)) {
			count++;
			continue;
		}
		memcpy(text + *len, line.text, line.len);
		*len += line.len;
		text[(*len)++] = '\n';
	}
	return count;
}

static int take_away(const struct options *options, const char *name, const char *path)
{
	struct principals principals;
	size_t count = 0, len = 0;
	char *text = NULL;
	int error = principals_open(&principals, path, true);

	if (!error) {
		text = malloc(principals.len + 1);
		error = text ? 0 : -ENOMEM;
	}
	if (!error) {
		count = without(&principals, name, text, &len);
		if (count && !options->dry_run)
			error = principals_replace(&principals, text, len);
	}
	free(text);
	principals_close(&principals);
	if (error)
		return failed(path, error);
	if (!count) {
		fprintf(stderr, "xenballoon: %s names no \"%.63s\"; xenballoon token list\n", path,
			name);
		return EXIT_REFUSED;
	}
	printf("%s: %s%s\n", name, options->dry_run ? "would be " : "", "revoked");
	return EXIT_DONE;
}

int command_token(struct cli *cli, size_t count, char **words)
{
	bool is_list = !strcmp(words[0], "list");
	char path[4096] = "";

	if (count != (is_list ? 1 : 2) ||
	    (!is_list && strcmp(words[0], "make") != 0 && strcmp(words[0], "revoke") != 0)) {
		fprintf(stderr,
			"xenballoon: usage: xenballoon token make|revoke NAME, or xenballoon "
			"token list\n");
		return EXIT_USAGE;
	}
	if (!find_file(cli->options, path, sizeof(path)))
		return EXIT_NO_ANSWER;
	if (is_list)
		return list(path);
	return !strcmp(words[0], "make") ? make(cli->options, words[1], path)
					 : take_away(cli->options, words[1], path);
}
