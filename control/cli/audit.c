/* SPDX-License-Identifier: MIT */
/*
 * `audit`: who asked for what and how it ended, from the agent's memory. Only reads.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "cli_client.h"
#include "cli_command.h"
#include "cli_guests.h"
#include "cli_problem.h"
#include "cli_size.h"
#include "cli_table.h"

#define USUAL_COUNT 50
#define PAGE_MAX    1000 /* the API's */

enum shown { TEXT, TIME, RESULT, MODE, VALUE };

static const struct {
	const char *title, *field;
	enum shown shown;
} columns[] = {
	{ "TIME", "time", TIME },	 { "WHO", "principal", TEXT },
	{ "WAY IN", "interface", TEXT }, { "ACTION", "action", TEXT },
	{ "GUEST", "name", TEXT },	 { "ASKED", "requested", VALUE },
	{ "BEFORE", "before", VALUE },	 { "AFTER", "after", VALUE },
	{ "MODE", "dry_run", MODE },	 { "RESULT", "result", RESULT },
	{ "DETAIL", "detail", TEXT },
};

#define COLUMNS (sizeof(columns) / sizeof(*columns))

/* A check is no decision: it is shown to those who ask for checks. */
static bool all_runs(const struct options *options)
{
	return options->dry_runs || (options->result && !strcmp(options->result, "checked"));
}

static void add_filters(const struct options *options, struct client_call *call)
{
	const struct {
		const char *name, *value;
	} filters[] = { { "action", options->action },
			{ "result", options->result },
			{ "principal", options->principal },
			{ "domain", options->domain },
			{ "dry_run", all_runs(options) ? NULL : "false" } };

	for (size_t i = 0; i < sizeof(filters) / sizeof(*filters); i++)
		if (filters[i].value)
			client_query(call, filters[i].name, filters[i].value);
}

/* Appends what a page holds; the serial before which the next one begins, 0: there is none. */
static uint64_t take_page(const struct client_call *call, json_t *entries)
{
	uint64_t next;

	json_array_extend(entries, json_object_get(call->answer, "entries"));
	guest_number(call->answer, "next", &next);
	return next;
}

/* The latest entries of one host, newest first. */
static int read_entries(const struct cli *cli, const struct way *way, json_t *entries)
{
	uint64_t left = cli->options->count ? cli->options->count : USUAL_COUNT, before = 0;
	int code = EXIT_DONE;

	do {
		struct client_call call = { .way = way, .method = "GET", .path = "/api/v1/audit" };
		char number[24];

		snprintf(number, sizeof(number), "%zu",
			 (size_t)(left < PAGE_MAX ? left : PAGE_MAX));
		client_query(&call, "limit", number);
		snprintf(number, sizeof(number), "%llu", (unsigned long long)before);
		if (before)
			client_query(&call, "before", number);
		add_filters(cli->options, &call);
		client_run(&call, 1);
		before = 0;
		if (problem_good(&call)) {
			size_t had = json_array_size(entries);

			before = take_page(&call, entries);
			had = json_array_size(entries) - had;
			left -= had < left ? had : left;
			/* An agent that gives nothing and yet more would never end this. */
			before = had ? before : 0;
		} else {
			code = problem_exit(&call);
		}
		client_free(&call, 1);
	} while (before && left);
	return code;
}

static void add_value(struct table *table, const json_t *value)
{
	const char *words = json_string_value(value);
	char text[SIZE_TEXT] = "-";

	if (json_is_boolean(value))
		strcpy(text, json_is_true(value) ? "on" : "off");
	else if (json_is_integer(value))
		size_text(text, (uint64_t)json_integer_value(value));
	table_cell(table, words && *words ? words : text, TERM_PLAIN);
}

/* "2026-11-23T07:00:00.123Z" to the second, without the T. */
static void time_text(const char *time, char text[SIZE_TEXT])
{
	snprintf(text, SIZE_TEXT, "%.19s", time);
	if (strlen(text) > 10 && text[10] == 'T')
		text[10] = ' ';
}

static enum term_color result_color(const char *result)
{
	if (!strcmp(result, "ok") || !strcmp(result, "checked"))
		return TERM_GOOD;
	return TERM_BAD;
}

static bool changed(const json_t *entry)
{
	return !strcmp(guest_text(entry, "result"), "ok") && !guest_true(entry, "dry_run");
}

static const char *mode_of(const json_t *entry)
{
	if (guest_true(entry, "dry_run"))
		return "dry run";
	return guest_true(entry, "force") ? "forced" : "-";
}

static void add_cell(struct table *table, const json_t *entry, size_t column)
{
	const char *field = columns[column].field, *text = guest_text(entry, field);
	char short_text[SIZE_TEXT];

	switch (columns[column].shown) {
	case TIME:
		time_text(text, short_text);
		table_cell(table, short_text, TERM_PLAIN);
		return;
	case MODE:
		table_cell(table, mode_of(entry), TERM_PLAIN);
		return;
	case VALUE:
		/* Nothing came after what changed nothing. */
		add_value(table, strcmp(field, "after") || changed(entry)
					 ? json_object_get(entry, field)
					 : NULL);
		return;
	case RESULT:
		table_cell(table, text, result_color(text));
		return;
	case TEXT:
		break;
	}
	/* A request that named no guest that there is: what it named. */
	if (!*text && !strcmp(field, "name"))
		text = guest_text(entry, "subject");
	table_cell(table, *text || column + 1 == COLUMNS ? text : "-", TERM_PLAIN);
}

/* Oldest first, as a log reads. */
static void print_table(const json_t *entries, const char *host)
{
	struct table *table = table_new(COLUMNS);

	if (host)
		printf("%s:\n", host);
	for (size_t i = 0; i < COLUMNS; i++)
		table_title(table, columns[i].title, columns[i].shown == VALUE);
	for (size_t i = json_array_size(entries); i-- > 0;)
		for (size_t k = 0; k < COLUMNS; k++)
			add_cell(table, json_array_get(entries, i), k);
	table_print(table, stdout, term_columns());
	if (!table_rows(table))
		puts("No decision that fits since the agent started.");
	table_free(table);
}

static void print_json(json_t *entries, const char *host)
{
	for (size_t i = json_array_size(entries); i-- > 0;) {
		json_t *entry = json_array_get(entries, i);

		if (host)
			json_object_set_new(entry, "host", json_string(host));
		json_dumpf(entry, stdout, JSON_COMPACT);
		putchar('\n');
	}
}

int command_audit(struct cli *cli, size_t count, char **words)
{
	int code = EXIT_DONE, own;

	(void)count;
	(void)words;
	for (size_t i = 0; i < cli->way_count; i++) {
		json_t *entries = json_array();
		const char *host = cli->way_count > 1 ? cli->ways[i].label : NULL;

		own = read_entries(cli, &cli->ways[i], entries);
		if (own > code)
			code = own;
		if (cli->options->json)
			print_json(entries, host);
		else if (own == EXIT_DONE || json_array_size(entries))
			print_table(entries, host);
		json_decref(entries);
	}
	return code;
}
