/* SPDX-License-Identifier: MIT */
/*
 * `advise`: what selfballooning would free, per guest and in total, from what each guest says it
 * would want to be. Only reads.
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

/* What one guest would give or need; KiB. */
struct advice {
	const struct guest *guest;
	bool known;   /* it runs, reports, and says what it wants */
	bool refused; /* it can't change its size, whatever it wants */
	bool on;
	uint64_t has, wants, frees, needs;
};

struct sums {
	uint64_t frees, needs;
	size_t off, unknown;
};

/* The agent reckons, so that this says what every face does. */
static void reckon(const struct guest *guest, struct advice *advice, struct sums *sums)
{
	*advice = (struct advice){ .guest = guest, .on = guest_true(guest->object, "selfballoon") };
	guest_number(guest->object, "allocated_kib", &advice->has);
	guest_number(guest->object, "wanted_kib", &advice->wants);
	advice->known = guest_number(guest->object, "reclaimable_kib", &advice->frees) &&
			guest_number(guest->object, "unmet_kib", &advice->needs);
	advice->refused = !strcmp(guest_text(guest->object, "state"), "refused");
	if (!advice->known) {
		sums->unknown++;
		return;
	}
	if (advice->on)
		return;
	sums->off++;
	sums->frees += advice->frees;
	sums->needs += advice->needs;
}

static int most_first(const void *a, const void *b)
{
	const struct advice *left = a, *right = b;

	if (left->on != right->on)
		return left->on - right->on;
	if (left->frees != right->frees)
		return left->frees < right->frees ? 1 : -1;
	return (left->guest > right->guest) - (left->guest < right->guest);
}

static const char *what(const struct advice *advice)
{
	if (advice->refused)
		return "can't balloon: xenballoon explain says why";
	if (!advice->known)
		return guest_text(advice->guest->object, "state");
	if (advice->on)
		return "selfballooning is on";
	if (advice->frees)
		return "could free";
	return advice->needs ? "lacks" : "has what it wants";
}

static void size_cell(struct table *table, bool known, uint64_t kib, enum term_color color)
{
	char text[SIZE_TEXT];

	table_cell(table, known ? size_text(text, kib) : "-", color);
}

static void print_table(const struct cli *cli, const struct advice *advice, size_t count)
{
	bool hosts = cli->way_count > 1;
	struct table *table = table_new(6 + hosts);

	if (hosts)
		table_title(table, "HOST", false);
	table_title(table, "NAME", false);
	table_title(table, "HAS", true);
	table_title(table, "WANTS", true);
	table_title(table, "FREES", true);
	table_title(table, "NEEDS", true);
	table_title(table, "", false);
	for (size_t i = 0; i < count; i++) {
		const struct guest *guest = advice[i].guest;

		if (hosts)
			table_cell(table, guest->way->label, TERM_PLAIN);
		table_cell(table, guest_text(guest->object, "name"), TERM_PLAIN);
		size_cell(table, advice[i].has, advice[i].has, TERM_PLAIN);
		size_cell(table, advice[i].known, advice[i].wants, TERM_PLAIN);
		size_cell(table, advice[i].frees && !advice[i].on, advice[i].frees, TERM_GOOD);
		size_cell(table, advice[i].needs && !advice[i].on, advice[i].needs, TERM_WARN);
		table_cell(table, what(&advice[i]), TERM_DIM);
	}
	table_print(table, stdout, term_columns());
	table_free(table);
}

/* What all hosts have free now; false if none says so. */
static bool free_now(const struct guests *guests, uint64_t *kib)
{
	bool known = false;
	uint64_t own;

	*kib = 0;
	for (size_t i = 0; i < guests->ways; i++)
		if (guest_number(guests->hosts[i].answer, "free_kib", &own)) {
			known = true;
			*kib += own;
		}
	return known;
}

static void print_sums(const struct sums *sums, const struct guests *guests)
{
	char frees[SIZE_TEXT], needs[SIZE_TEXT], now[SIZE_TEXT];
	uint64_t free_kib;

	if (!sums->off) {
		printf("\nSelfballooning is on in all guests that say what they want.\n");
	} else {
		printf("\nSelfballooning in %zu more guest%s would free %s%s%s", sums->off,
		       sums->off == 1 ? "" : "s", term_color(TERM_BOLD),
		       size_text(frees, sums->frees), term_color(TERM_PLAIN));
		if (sums->needs)
			printf(", and give %s to those that lack it",
			       size_text(needs, sums->needs));
		printf(".\nTurn it on:  xenballoon on --all     or one by one:  xenballoon on "
		       "NAME...\n");
	}
	if (free_now(guests, &free_kib))
		printf("Free now: %s.\n", size_text(now, free_kib));
	if (sums->unknown)
		printf("%zu guest%s not say what %s: see the state.\n", sums->unknown,
		       sums->unknown == 1 ? " does" : "s do",
		       sums->unknown == 1 ? "it wants" : "they want");
}

static void print_json(const struct advice *advice, size_t count, const struct sums *sums)
{
	json_t *list = json_array(), *whole;

	for (size_t i = 0; i < count; i++) {
		const struct guest *guest = advice[i].guest;
		json_t *row = json_pack(
			"{ss ss ss sb sb sI sI sI sI}", "host", guest->way->label, "name",
			guest_text(guest->object, "name"), "uuid",
			guest_text(guest->object, "uuid"), "selfballoon", advice[i].on, "known",
			advice[i].known, "allocated_kib", (json_int_t)advice[i].has, "wanted_kib",
			(json_int_t)advice[i].wants, "frees_kib", (json_int_t)advice[i].frees,
			"needs_kib", (json_int_t)advice[i].needs);

		json_array_append_new(list, row);
	}
	whole = json_pack("{so sI sI}", "domains", list, "frees_kib", (json_int_t)sums->frees,
			  "needs_kib", (json_int_t)sums->needs);
	json_dumpf(whole, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
	putchar('\n');
	json_decref(whole);
}

int command_advise(struct cli *cli, size_t count, char **words)
{
	struct advice *advice;
	struct guests guests;
	struct sums sums = { 0 };
	int code;

	(void)count;
	(void)words;
	guests_read(cli, &guests);
	code = guests.exit;
	advice = calloc(guests.count + 1, sizeof(*advice));
	if (!advice)
		abort();
	for (size_t i = 0; i < guests.count; i++)
		reckon(&guests.guest[i], &advice[i], &sums);
	qsort(advice, guests.count, sizeof(*advice), most_first);
	if (cli->options->json) {
		print_json(advice, guests.count, &sums);
	} else if (guests.count) {
		print_table(cli, advice, guests.count);
		print_sums(&sums, &guests);
	} else if (code == EXIT_DONE) {
		puts("There are no guests to advise on.");
	}
	free(advice);
	guests_free(&guests);
	return code;
}
