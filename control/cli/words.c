/* SPDX-License-Identifier: MIT */
/*
 * The words that completion offers, one a line, from the tables that say what is taken.
 */
#include "cli_words.h"

#include <string.h>

#include "cli_check.h"
#include "cli_column.h"
#include "cli_command.h"
#include "cli_view.h"
#include "control.h"
#include "policy_text.h"

#define ARRAY_COUNT(rows) (sizeof(rows) / sizeof(*(rows)))

static void columns(FILE *to)
{
	size_t count;
	const struct column *all = column_all(&count);

	for (size_t i = 0; i < count; i++)
		fprintf(to, "%s\n", all[i].name);
}

static void orders(FILE *to)
{
	size_t count;
	const struct column *all = column_all(&count);

	for (size_t i = 0; i < count; i++)
		fprintf(to, "%s\n-%s\n", all[i].name, all[i].name);
}

static void results(FILE *to)
{
	for (size_t i = 0; i < RESULT_COUNT; i++)
		fprintf(to, "%s\n", control_results[i].name);
}

static void actions(FILE *to)
{
	for (enum control_action action = 0; action < CONTROL_ACTION_COUNT; action++)
		fprintf(to, "%s\n", control_action_name(action));
}

static void roles(FILE *to)
{
	fputs("viewer\noperator\n", to);
}

static void guests(FILE *to)
{
	fputs("GUEST\n", to);
}

/* No option: what may follow the guest in `policy`. */
#define POLICY_WORDS "POLICY"

static const struct {
	const char *option;
	void (*print)(FILE *to);
} values[] = {
	{ "-o", columns },
	{ "--output", columns },
	{ "--sort", orders },
	{ "--state", column_states },
	{ "--result", results },
	{ "--action", actions },
	{ "--role", roles },
	{ "--domain", guests },
	{ "-w", check_words },
	{ "--warning", check_words },
	{ POLICY_WORDS, policy_text_words },
	{ "-c", check_words },
	{ "--critical", check_words },
};

static void print_command(const struct command *command, FILE *to)
{
	options_words(command->groups, to);
	if (command->traits & TRAIT_GUESTS)
		fputs("GUEST\n", to);
}

void words_print(const char *name, FILE *to)
{
	const struct command *command = name ? command_find(name) : NULL;

	for (size_t i = 0; name && i < ARRAY_COUNT(values); i++)
		if (!strcmp(values[i].option, name)) {
			values[i].print(to);
			return;
		}
	if (command) {
		print_command(command, to);
		return;
	}
	options_words(GROUP_WAY, to);
	for (size_t i = 0; i < command_count; i++)
		fprintf(to, "%s\n", commands[i].name);
}
