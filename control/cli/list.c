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

/* Whether its state is one of the list; NULL: any is. */
static bool in_state(const struct guest *guest, const char *states)
{
	const char *state = guest_text(guest->object, "state");
	size_t len;

	for (; states && *states; states += len + (states[len] == ',')) {
		len = strcspn(states, ",");
		if (strlen(state) == len && !strncmp(states, state, len))
			return true;
	}
	return !states;
}

/* Leaves those that are meant, in the order asked for. False, said: a word names none. */
static bool keep_meant(struct guests *guests, const char *states, size_t count, char **words)
{
	size_t picked, kept = 0;
	bool good;
	const struct guest **list = guests_pick(guests, count, words, &picked, &good);
	struct guest *meant = calloc(picked + 1, sizeof(*meant));

	if (!meant)
		abort();
	for (size_t i = 0; i < picked; i++)
		if (in_state(list[i], states))
			meant[kept++] = *list[i];
	free(list);
	free(guests->guest);
	guests->guest = meant;
	guests->count = kept;
	return good;
}

static uint64_t sum(const struct guest *guests, size_t count, const char *field)
{
	uint64_t total = 0, own;

	for (size_t i = 0; i < count; i++) {
		guest_number(guests[i].object, field, &own);
		total += own;
	}
	return total;
}

/* "15 guests have 1853 MiB and lack 12 MiB; 38 MiB free" */
static void list_sums(const struct guests *guests)
{
	char has[SIZE_TEXT], lacks[SIZE_TEXT], left[SIZE_TEXT];
	uint64_t unmet = sum(guests->guest, guests->count, "unmet_kib"), free_kib = 0, own;

	for (size_t i = 0; i < guests->ways; i++) {
		guest_number(guests->hosts[i].answer, "free_kib", &own);
		free_kib += own;
	}
	printf("%zu guest%s %s %s", guests->count, guests->count == 1 ? "" : "s",
	       guests->count == 1 ? "has" : "have",
	       size_text(has, sum(guests->guest, guests->count, "allocated_kib")));
	if (unmet)
		printf(" and lack%s %s", guests->count == 1 ? "s" : "", size_text(lacks, unmet));
	printf(", %s free\n", size_text(left, free_kib));
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
	if (!csv)
		list_sums(guests);
}

int command_list(struct cli *cli, size_t count, char **words)
{
	const struct column **columns;
	struct guests guests;
	size_t chosen;
	int code;

	if (cli->options->columns && !strcmp(cli->options->columns, "help")) {
		column_help(stdout);
		return EXIT_DONE;
	}
	chosen = column_choose(cli->options->columns, cli->way_count > 1, &columns);
	if (!chosen)
		return EXIT_USAGE;
	guests_read(cli, &guests);
	code = guests.exit;
	if (!keep_meant(&guests, cli->options->state, count, words) && code == EXIT_DONE)
		code = EXIT_REFUSED;
	if (!column_sort(cli->options->sort, &guests))
		code = EXIT_USAGE;
	else if (cli->options->json)
		list_json(cli, &guests);
	else if (guests.count || cli->options->csv)
		list_table(cli, &guests, columns, chosen);
	else if (code == EXIT_DONE)
		puts(cli->options->state ? "No guest is in that state."
					 : "This host has no guests.");
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

static void show_guests(const struct cli *cli, const struct guests *guests,
			const struct guest *const *list, size_t picked)
{
	(void)guests;
	for (size_t i = 0; i < picked; i++)
		if (cli->options->json)
			print_json(object_of(cli, list[i]));
		else
			show_guest(list[i], cli->way_count > 1);
}

int command_show(struct cli *cli, size_t count, char **words)
{
	return count ? guests_show(cli, count, words, show_guests) : show_hosts(cli);
}
