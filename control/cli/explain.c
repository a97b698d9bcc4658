/* SPDX-License-Identifier: MIT */
/*
 * `explain`: why a guest has the size it has, in words, the numbers behind it, and what would
 * change it. Only reads.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "cli_column.h"
#include "cli_command.h"
#include "cli_guests.h"
#include "cli_size.h"
#include "cli_table.h"
#include "cli_view.h"

#define SCALE_CELLS 50

enum whose { ANY, OFF, ON };

/*
 * What would change it, by state and by whether the guest sizes itself. {name} is what to call it
 * on a command line; {target} {wanted} {max} {free} are sizes, {other} is the other manager.
 */
static const struct {
	const char *state;
	enum whose whose;
	const char *words;
} advice[] = {
	{ "converged", ON, "It moves by itself as its work changes." },
	{ "converged", ON,
	  "To keep it at one size: xenballoon off {name}, then xenballoon target {name} SIZE" },
	{ "converged", OFF,
	  "It stays there until dom0 says otherwise: xenballoon target {name} SIZE" },
	{ "converged", OFF,
	  "With selfballooning on it would go to {wanted}: xenballoon on {name}" },
	{ "growing", ANY, "Nothing: it is on its way. Follow it: xenballoon watch {name}" },
	{ "shrinking", ANY, "Nothing: it is on its way. Follow it: xenballoon watch {name}" },
	{ "capped", ON,
	  "dom0's own word raises the limit to its maximum of {max}: xenballoon on {name}" },
	{ "capped", OFF,
	  "Setting the target again sets the limit with it: xenballoon target {name} SIZE" },
	{ "host_full", ANY,
	  "Another guest must give memory ({free} is free): xenballoon advise shows which would" },
	{ "stuck", OFF,
	  "A balloon driver that has given up wakes for a new target: xenballoon target {name} "
	  "SIZE" },
	{ "stuck", ON, "In the guest, xenballoon-guest explain says what it waits for" },
	{ "stuck", ANY, "In the guest, dmesg may tell what its balloon driver meets" },
	{ "silent", ANY, "In the guest: systemctl status xenballoon-guest" },
	{ "silent", ANY, "It may hang: xl list {name}" },
	{ "refused", ANY,
	  "In the guest, xenballoon-guest status says what refuses and what to do about it" },
	{ "refused", ANY, "In the guest: journalctl -u xenballoon-guest" },
	{ "no_agent", ANY, "In the guest: systemctl enable --now xenballoon-guest" },
	{ "no_agent", ANY, "A target works without it: xenballoon target {name} SIZE" },
	{ "paused", ANY, "Nothing in it runs until dom0 lets it: xl unpause {name}" },
	{ "shut_down", ANY, "It is over; dom0 destroys it, or by hand: xl destroy {name}" },
	{ "suspended", ANY, "Nothing: it goes on here or elsewhere when dom0 resumes it" },
	{ "crashed", ANY, "Its last words: xl dmesg, and its console's log" },
	{ "crashed", ANY, "Its memory is free again after: xl destroy {name}" },
	{ "dying", ANY, "Nothing: its memory comes back when all who have it mapped let go" },
	{ "unknown", ANY, "Nothing: guests report each 30 s, and then it shows" },
	{ "unknown", ANY, "A target works meanwhile: xenballoon target {name} SIZE" },
	{ "starving", ON, "It can't grow above its maximum of {max}: boot it with a larger one" },
	{ "starving", OFF, "Let it take what it wants: xenballoon on {name}" },
	{ "starving", OFF, "Or by hand: xenballoon target {name} SIZE ({free} is free)" },
	{ "foreign", ANY, "{other} decides: change it there, or stop {other} on this host" },
};

static const char *const numbers[] = {
	"allocated", "target",	   "cap",	  "static_max", "actual",
	"minimum",   "selftarget", "wanted",	  "committed",	"available",
	"swap_used", "pressure",   "last_report",
};

/* A name that a shell takes as it is; else the domid, as anything may stand in a name. */
static const char *callable(const json_t *guest, char text[SIZE_TEXT])
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789._-";
	const char *name = guest_text(guest, "name");
	uint64_t domid;

	if (*name && *name != '-' && !name[strspn(name, plain)])
		return name;
	guest_number(guest, "domid", &domid);
	snprintf(text, SIZE_TEXT, "%llu", (unsigned long long)domid);
	return text;
}

/* What stands for {word}; text is room for it. NULL: not known of this guest. */
static const char *replacement(const char *word, size_t len, const json_t *guest,
			       const json_t *host, char text[SIZE_TEXT])
{
	static const struct {
		const char *word, *field;
		bool host;
	} sizes[] = { { "target", "target_kib", false },
		      { "wanted", "wanted_kib", false },
		      { "max", "static_max_kib", false },
		      { "free", "free_kib", true } };
	uint64_t kib;

	if (!strncmp(word, "name", len))
		return callable(guest, text);
	if (!strncmp(word, "other", len))
		return guest_text(guest, "manager");
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
		if (!strncmp(word, sizes[i].word, len) &&
		    guest_number(sizes[i].host ? host : guest, sizes[i].field, &kib))
			return size_text(text, kib);
	return NULL;
}

/* Fills a sentence in. False: it needs something that is not known. */
static bool fill(const char *words, const json_t *guest, const json_t *host, char *line,
		 size_t size)
{
	size_t used = 0;

	while (*words) {
		size_t len = strcspn(words, "{");
		char text[SIZE_TEXT];
		const char *value = "";

		used += (size_t)snprintf(line + used, size - used, "%.*s", (int)len, words);
		words += len;
		if (*words) {
			len = strcspn(words + 1, "}");
			value = replacement(words + 1, len, guest, host, text);
			words += len + 2;
		}
		if (!value || used + strlen(value) >= size)
			return false;
		used += (size_t)snprintf(line + used, size - used, "%s", value);
	}
	return true;
}

static void print_escaped(const char *before, const char *text, const char *after)
{
	char *shown = term_escape(text);

	printf("%s%s%s", before, shown, after);
	free(shown);
}

static void print_head(const struct guest *guest)
{
	const char *state = guest_text(guest->object, "state");
	uint64_t domid;

	guest_number(guest->object, "domid", &domid);
	print_escaped(term_color(TERM_BOLD), guest_text(guest->object, "name"),
		      term_color(TERM_PLAIN));
	printf(" is domid %llu on this host, a %s guest, ", (unsigned long long)domid,
	       guest_text(guest->object, "type"));
	printf("and %s.\n", guest_true(guest->object, "selfballoon")
				    ? "sets its own size (selfballooning on)"
				    : "follows dom0's target (selfballooning off)");
	print_escaped(term_color(column_state_color(state)), state, term_color(TERM_PLAIN));
	print_escaped(": it ", guest_text(guest->object, "reason"), ".\n");
}

/* Where it stands between nothing and its static maximum. */
static void print_scale(const json_t *guest)
{
	struct term_bar bar = { .mark = UINT64_MAX, .second = UINT64_MAX };
	char cells[SCALE_CELLS + 1], most[SIZE_TEXT];

	if (!guest_number(guest, "static_max_kib", &bar.scale) || !bar.scale)
		return;
	guest_number(guest, "allocated_kib", &bar.filled);
	if (!guest_number(guest, "target_kib", &bar.mark))
		bar.mark = UINT64_MAX;
	if (!guest_number(guest, "wanted_kib", &bar.second))
		bar.second = UINT64_MAX;
	term_bar(cells, SCALE_CELLS, &bar);
	printf("\n  0 [%s] %s    " VIEW_LEGEND "\n", cells, size_text(most, bar.scale));
}

static void print_numbers(const struct guest *guest)
{
	struct table *table = table_new(3);

	table_title(table, "", false);
	table_title(table, "", true);
	table_title(table, "", false);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		const struct column *column = column_find(numbers[i], strlen(numbers[i]));
		char *text, left[COLUMN_TEXT];

		column_text(column, guest, true, &text);
		snprintf(left, sizeof(left), "  %s", column->name);
		if (strcmp(text, "-") != 0) {
			table_cell(table, left, TERM_PLAIN);
			table_cell(table, text, TERM_BOLD);
			table_cell(table, column->help, TERM_DIM);
		}
		free(text);
	}
	table_print(table, stdout, term_columns());
	table_free(table);
}

static void print_policy(const json_t *guest)
{
	const char *force = guest_text(guest, "policy"), *note = guest_text(guest, "policy_note");
	const char *ordered = guest_text(guest, "policy_ordered");

	print_escaped("\nIts policy is ", *force ? force : "not known", "");
	print_escaped(*ordered ? "; dom0 ordered " : "", ordered, ".\n");
	if (*note)
		print_escaped("But ", note, ".\n");
}

static void print_advice(const json_t *guest, const json_t *host)
{
	const char *state = guest_text(guest, "state");
	enum whose whose = guest_true(guest, "selfballoon") ? ON : OFF;
	char line[512];

	puts("\nWhat would change it:");
	for (size_t i = 0; i < sizeof(advice) / sizeof(*advice); i++) {
		if (strcmp(advice[i].state, state) != 0 ||
		    (advice[i].whose != ANY && advice[i].whose != whose))
			continue;
		if (fill(advice[i].words, guest, host, line, sizeof(line)))
			print_escaped("  - ", line, "\n");
	}
}

/* What the agent says of the host that this guest is on. */
static const json_t *host_of(const struct guests *guests, const struct guest *guest)
{
	for (size_t i = 0; i < guests->ways; i++)
		if (guests->hosts[i].way == guest->way)
			return guests->hosts[i].answer;
	return NULL;
}

static void explain(const struct guests *guests, const struct guest *guest)
{
	print_head(guest);
	print_scale(guest->object);
	print_numbers(guest);
	print_policy(guest->object);
	print_advice(guest->object, host_of(guests, guest));
}

static void explain_all(const struct cli *cli, const struct guests *guests,
			const struct guest *const *list, size_t picked)
{
	(void)cli;
	for (size_t i = 0; i < picked; i++) {
		if (i)
			putchar('\n');
		explain(guests, list[i]);
	}
}

int command_explain(struct cli *cli, size_t count, char **words)
{
	return guests_show(cli, count, words, explain_all);
}
