/* SPDX-License-Identifier: MIT */
/*
 * `policy`: how guests size themselves, as dom0 ordered and as it is in force; orders another, or
 * takes the order back. Judges nothing itself.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "cli_change.h"
#include "cli_column.h"
#include "cli_command.h"
#include "cli_guests.h"
#include "cli_problem.h"
#include "cli_table.h"
#include "contract.h"

static const char *const columns[] = { "name", "policy_ordered", "policy", "policy_note" };

#define COLUMNS (sizeof(columns) / sizeof(*columns))

static json_t *object_of(const struct cli *cli, const struct guest *guest)
{
	json_t *object = json_object();

	if (cli->way_count > 1)
		json_object_set_new(object, "host", json_string(guest->way->label));
	for (size_t i = 0; i < COLUMNS; i++)
		json_object_set(object, columns[i], json_object_get(guest->object, columns[i]));
	return object;
}

static void print_json(const struct cli *cli, const struct guest *const *list, size_t count)
{
	json_t *all = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(all, object_of(cli, list[i]));
	json_dumpf(all, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(all);
}

static void add_cell(struct table *table, const struct guest *guest, const char *name)
{
	char *text;

	column_text(column_find(name, strlen(name)), guest, true, &text);
	table_cell(table, text, TERM_PLAIN);
	free(text);
}

static void print_table(const struct cli *cli, const struct guest *const *list, size_t count)
{
	bool hosts = cli->way_count > 1;
	struct table *table = table_new(COLUMNS + hosts);

	if (hosts)
		table_title(table, "HOST", false);
	for (size_t i = 0; i < COLUMNS; i++)
		table_title(table, column_find(columns[i], strlen(columns[i]))->title, false);
	for (size_t i = 0; i < count; i++) {
		if (hosts)
			add_cell(table, list[i], "host");
		for (size_t k = 0; k < COLUMNS; k++)
			add_cell(table, list[i], columns[k]);
	}
	table_print(table, stdout, term_columns());
	table_free(table);
}

static void show_policies(const struct cli *cli, const struct guests *guests,
			  const struct guest *const *list, size_t picked)
{
	(void)guests;
	if (cli->options->json)
		print_json(cli, list, picked);
	else
		print_table(cli, list, picked);
}

static int order(struct cli *cli, const struct way *way, const char *id, const void *context)
{
	struct client_call call = { .way = way, .method = "POST" };
	int code;

	client_path(&call, "/api/v1/domains/%s/policy", id);
	call.send = json_pack("{ss}", "policy", (const char *)context);
	if (!call.send) {
		fputs("xenballoon: a policy must be text in UTF-8\n", stderr);
		return EXIT_USAGE;
	}
	change_options(cli, call.send);
	client_run(&call, 1);
	code = problem_exit(&call);
	if (problem_good(&call))
		change_say(cli, call.way, call.answer);
	json_decref(call.send);
	client_free(&call, 1);
	return code;
}

/* The words may be one, as they stand in xenstore, or several. */
static bool join(size_t count, char **words, char text[CONTRACT_POLICY_MAX + 1])
{
	size_t used = 0;

	*text = '\0';
	for (size_t i = 0; i < count; i++) {
		size_t len = strlen(words[i]);

		if (used + len + 1 > CONTRACT_POLICY_MAX) {
			fprintf(stderr, "xenballoon: a policy has at most %d bytes\n",
				CONTRACT_POLICY_MAX);
			return false;
		}
		used += (size_t)snprintf(text + used, CONTRACT_POLICY_MAX + 1 - used, "%s%s",
					 used ? " " : "", words[i]);
	}
	return true;
}

int command_policy(struct cli *cli, size_t count, char **words)
{
	char text[CONTRACT_POLICY_MAX + 1];

	if (cli->options->reset && count > 1) {
		fputs("xenballoon: --reset takes the order back, so give no policy with it\n",
		      stderr);
		return EXIT_USAGE;
	}
	if (count == 1 && !cli->options->reset)
		return guests_show(cli, 1, words, show_policies);
	if (!join(count - 1, words + 1, text))
		return EXIT_USAGE;
	if (!*text && !cli->options->reset) {
		fputs("xenballoon: an empty policy orders nothing; --reset takes the order back\n",
		      stderr);
		return EXIT_USAGE;
	}
	return change_each(cli, words[0], order, text);
}
