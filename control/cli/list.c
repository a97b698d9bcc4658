/* SPDX-License-Identifier: MIT */
/*
 * `list`, `show` and `advise`: what guests and hosts are, one per line or one in full, and what
 * selfballooning would free. Only reads.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "cli_column.h"
#include "cli_command.h"
#include "cli_guests.h"
#include "cli_problem.h"
#include "cli_size.h"
#include "cli_table.h"
#include "metric.h"

/* One guest's fields, its host's name with them where there are several. */
static json_t *object_of(const struct cli *cli, const struct guest *guest)
{
	json_t *object = json_copy(guest->object);

	if (object && cli->way_count > 1)
		json_object_set_new(object, "host", json_string(guest->way->label));
	return object;
}

static void print_json(json_t *json)
{
	json_dumpf(json, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(json);
}

static void list_json(const struct cli *cli, const struct guests *guests)
{
	json_t *list = json_array();

	for (size_t i = 0; i < guests->count; i++)
		json_array_append_new(list, object_of(cli, &guests->guest[i]));
	print_json(list);
}

static bool at_right(const struct column *column)
{
	return column->kind == SHOWN_SIZE || column->kind == SHOWN_NUMBER ||
	       column->kind == SHOWN_CENTI || column->kind == SHOWN_TIME;
}

static void list_table(const struct cli *cli, const struct guests *guests,
		       const struct column **columns, size_t count)
{
	struct table *table = table_new(count);
	bool csv = cli->options->csv;

	for (size_t i = 0; i < count; i++)
		table_title(table, csv ? columns[i]->field : columns[i]->title,
			    !csv && at_right(columns[i]));
	for (size_t i = 0; i < guests->count; i++)
		for (size_t k = 0; k < count; k++) {
			char *text;

			column_text(columns[k], &guests->guest[i], !csv, &text);
			table_cell(table, text, column_color(columns[k], &guests->guest[i]));
			free(text);
		}
	if (csv)
		table_print_csv(table, stdout);
	else
		table_print(table, stdout, term_columns());
	table_free(table);
}

int command_list(struct cli *cli, size_t count, char **words)
{
	const struct column **columns;
	struct guests guests;
	size_t chosen;
	int code;

	(void)count;
	(void)words;
	if (cli->options->columns && !strcmp(cli->options->columns, "help")) {
		column_help(stdout);
		return EXIT_DONE;
	}
	chosen = column_choose(cli->options->columns, cli->way_count > 1, &columns);
	if (!chosen)
		return EXIT_USAGE;
	guests_read(cli, &guests);
	code = guests.exit;
	if (!column_sort(cli->options->sort, &guests))
		code = EXIT_USAGE;
	else if (cli->options->json)
		list_json(cli, &guests);
	else if (guests.count || cli->options->csv)
		list_table(cli, &guests, columns, chosen);
	else if (code == EXIT_DONE)
		puts("This host has no guests.");
	guests_free(&guests);
	free(columns);
	return code;
}

static void show_line(struct table *table, const char *title, const char *text, const char *help)
{
	table_cell(table, title, TERM_PLAIN);
	table_cell(table, text, TERM_BOLD);
	table_cell(table, help, TERM_DIM);
}

static struct table *show_table(void)
{
	struct table *table = table_new(3);

	table_title(table, "WHAT", false);
	table_title(table, "VALUE", false);
	table_title(table, "MEANING", false);
	return table;
}

/* Errors are the names of values that the guest wrote and that make no sense. */
static void show_errors(const json_t *object)
{
	json_t *list = json_object_get(object, "errors"), *name;
	size_t at;

	json_array_foreach(list, at, name)
		printf("%s%s%s%s\n", term_color(TERM_BAD), json_string_value(name),
		       ": its value can't be read", term_color(TERM_PLAIN));
}

static void show_guest(const struct guest *guest, bool host)
{
	struct table *table = show_table();
	size_t count;
	const struct column *columns = column_all(&count);

	for (size_t i = 0; i < count; i++) {
		char *text;

		if (columns[i].kind == SHOWN_HOST && !host)
			continue;
		column_text(&columns[i], guest, true, &text);
		show_line(table, columns[i].name, text, columns[i].help);
		free(text);
	}
	table_print(table, stdout, term_columns());
	table_free(table);
	show_errors(guest->object);
}

static void show_host(const struct client_call *call, bool label)
{
	struct table *table = show_table();
	char text[SIZE_TEXT];
	uint64_t number;

	if (label)
		show_line(table, "host", call->way->label, "Which host was asked.");
	show_line(table, "xen", guest_text(call->answer, "xen_version"), "Version of Xen.");
	for (size_t i = 0; i < HOST_VALUE_COUNT; i++) {
		const struct metric *metric = &metric_host[i];
		char name[32];

		snprintf(name, sizeof(name), "%.*s", (int)strcspn(metric->name, "_"), metric->name);
		snprintf(text, sizeof(text), "-");
		if (guest_number(call->answer, metric->name, &number) && metric->unit == UNIT_KIB)
			size_text(text, number);
		else if (guest_number(call->answer, metric->name, &number))
			snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
		show_line(table, metric->unit == UNIT_KIB ? name : metric->name, text,
			  metric->help);
	}
	table_print(table, stdout, term_columns());
	table_free(table);
}

static int show_hosts(struct cli *cli)
{
	struct guests guests;
	json_t *list = json_array();
	int code;

	guests_read(cli, &guests);
	code = guests.exit;
	for (size_t i = 0; i < guests.ways; i++) {
		struct guest host = { &cli->ways[i], guests.hosts[i].answer };

		if (guests.hosts[i].status != 200 || !host.object)
			continue;
		if (cli->options->json)
			json_array_append_new(list, object_of(cli, &host));
		else
			show_host(&guests.hosts[i], cli->way_count > 1);
	}
	if (cli->options->json)
		print_json(list);
	else
		json_decref(list);
	guests_free(&guests);
	return code;
}

int command_show(struct cli *cli, size_t count, char **words)
{
	struct guests guests;
	const struct guest *guest;
	int code = EXIT_REFUSED;

	if (!count)
		return show_hosts(cli);
	guests_read(cli, &guests);
	guest = guests_find(&guests, words[0]);
	if (guest && cli->options->json)
		print_json(object_of(cli, guest));
	else if (guest)
		show_guest(guest, cli->way_count > 1);
	if (guest || guests.exit != EXIT_DONE)
		code = guests.exit;
	guests_free(&guests);
	return code;
}
