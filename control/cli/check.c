/* SPDX-License-Identifier: MIT */
/*
 * `check`: a plugin for Nagios, Icinga and their like: one line with what is wrong and the numbers,
 * and the four exit codes. Only reads.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "cli_check.h"
#include "cli_command.h"
#include "cli_guests.h"
#include "cli_measure.h"
#include "cli_problem.h"
#include "cli_term.h"
#include "cli_way.h"

#define NAMES_MAX 3 /* guests that the line names for one trouble, unless -v */

/* How often -v was given: what more is said. */
enum { VERBOSE_VALUES = 1, VERBOSE_RANGES, VERBOSE_GUESTS };

/* Numbers as in the plugin guidelines; the worst is the last here that occurs. */
enum level { LEVEL_OK, LEVEL_UNKNOWN, LEVEL_WARNING, LEVEL_CRITICAL };

static const struct {
	int exit;
	const char *word;
} levels[] = {
	[LEVEL_OK] = { 0, "OK" },
	[LEVEL_UNKNOWN] = { EXIT_PLUGIN_UNKNOWN, "UNKNOWN" },
	[LEVEL_WARNING] = { 1, "WARNING" },
	[LEVEL_CRITICAL] = { 2, "CRITICAL" },
};

struct check {
	struct guests guests;
	struct thresholds thresholds;
	uint64_t verbose;
	enum level worst;
	FILE *words, *numbers, *more; /* the line, its performance data, the lines after it */
};

/* One measure of one host. */
struct finding {
	const struct measure *measure;
	const struct client_call *host;
	double value, whole;		    /* of what it may be percent */
	struct range range[LIMIT_COUNT];    /* as given, for people */
	struct range resolved[LIMIT_COUNT]; /* the same without percent of a whole */
	enum level level;
};

static void worsen(struct check *check, enum level level)
{
	if (level > check->worst)
		check->worst = level;
}

static void say_name(const struct guest *guest, FILE *to)
{
	char *shown = term_escape(guest_text(guest->object, "name"));

	fputs(shown, to);
	free(shown);
}

static bool is_named(const struct finding *found, const struct guest *guest)
{
	enum measure_limit limit = found->level == LEVEL_CRITICAL ? LIMIT_CRITICAL : LIMIT_WARNING;

	return guest->way == found->host->way &&
	       measure_names(found->measure, &found->range[limit], guest);
}

/* "(above 3; web1, web2, db1, ...)". That a count is above 0 needs no words. */
static void say_details(const struct check *check, const struct finding *found)
{
	const struct range *range =
		&found->range[found->level == LEVEL_CRITICAL ? LIMIT_CRITICAL : LIMIT_WARNING];
	const char *before = " (";
	size_t named = 0;

	if (found->level != LEVEL_OK && (range->high != 0 || range->inside)) {
		fputs(before, check->words);
		measure_reason(found->measure, range, found->whole, found->value, check->words);
		before = "; ";
	}
	for (size_t i = 0; i < check->guests.count && found->level != LEVEL_OK; i++) {
		if (!is_named(found, &check->guests.guest[i]))
			continue;
		fputs(before, check->words);
		before = ", ";
		if (named++ == NAMES_MAX && !check->verbose) {
			fputs("...", check->words);
			break;
		}
		say_name(&check->guests.guest[i], check->words);
	}
	fputs(strcmp(before, " (") != 0 ? ")" : "", check->words);
}

static void say_ranges(const struct check *check, const struct finding *found)
{
	fprintf(check->more, "%s: %s: %s: ", found->host->way->label, found->measure->name,
		levels[found->level].word);
	measure_say(found->measure, found->value, check->more);
	fputs("; warning ", check->more);
	measure_range_say(found->measure, &found->range[LIMIT_WARNING], check->more);
	fputs(", critical ", check->more);
	measure_range_say(found->measure, &found->range[LIMIT_CRITICAL], check->more);
	fputc('\n', check->more);
}

static bool find_out(const struct check *check, size_t host, size_t measure, struct finding *found)
{
	const struct client_call *call = &check->guests.hosts[host];
	uint64_t total;

	guest_number(call->answer, "total_kib", &total);
	*found = (struct finding){ .measure = &measures[measure],
				   .host = call,
				   .whole = (double)total };
	if (!measure_value(found->measure, &check->guests, host, &found->value))
		return false;
	for (enum measure_limit limit = 0; limit < LIMIT_COUNT; limit++) {
		found->range[limit] =
			measure_range(&check->thresholds, measure, limit, call->answer);
		found->resolved[limit] = range_of(&found->range[limit], found->whole);
	}
	if (range_alerts(&found->resolved[LIMIT_CRITICAL], found->value))
		found->level = LEVEL_CRITICAL;
	else if (range_alerts(&found->resolved[LIMIT_WARNING], found->value))
		found->level = LEVEL_WARNING;
	return true;
}

static void judge(struct check *check, size_t host)
{
	const char *label = check->guests.ways > 1 ? check->guests.hosts[host].way->label : "";
	const char *between = "";
	struct finding found;

	for (size_t i = 0; i < MEASURE_COUNT; i++) {
		if (!find_out(check, host, i, &found))
			continue;
		worsen(check, found.level);
		measure_data(found.measure, label, found.value, found.resolved, check->numbers);
		if (check->verbose >= VERBOSE_RANGES)
			say_ranges(check, &found);
		/* What is free is always of interest. */
		if (found.level == LEVEL_OK && i && !check->verbose)
			continue;
		fputs(between, check->words);
		between = ", ";
		measure_say(found.measure, found.value, check->words);
		say_details(check, &found);
	}
}

static void list_guests(const struct check *check, const struct way *way)
{
	for (size_t i = 0; i < check->guests.count; i++) {
		const struct guest *guest = &check->guests.guest[i];

		if (guest->way != way)
			continue;
		fprintf(check->more, "%s: ", way->label);
		say_name(guest, check->more);
		fprintf(check->more, ": %s: %s\n", guest_text(guest->object, "state"),
			guest_text(guest->object, "reason"));
	}
}

static const char *what_is_down(const struct json_t *host)
{
	if (!guest_true(host, "store_up"))
		return "xenstored does not answer the agent, ";
	return guest_true(host, "hypervisor_up") ? ""
						 : "the hypervisor does not answer the agent, ";
}

static void judge_host(struct check *check, size_t host)
{
	const struct client_call *call = &check->guests.hosts[host];
	const struct client_call *domains = &check->guests.calls[host];
	const char *down;

	if (check->verbose >= VERBOSE_RANGES)
		fprintf(check->more, "%s: %s%s: HTTP %d, %s: HTTP %d\n", call->way->label,
			call->way->url, call->path, call->status, domains->path, domains->status);
	if (call->status != 200 || domains->status != 200) {
		worsen(check, LEVEL_UNKNOWN);
		problem_line(call->status != 200 ? call : domains, check->words);
		return;
	}
	down = what_is_down(call->answer);
	if (*down)
		worsen(check, LEVEL_CRITICAL);
	if (check->guests.ways > 1)
		fprintf(check->words, "%s: ", call->way->label);
	fputs(down, check->words);
	judge(check, host);
	if (check->verbose >= VERBOSE_GUESTS)
		list_guests(check, call->way);
}

/* Nothing but the one that precedes performance data: the text of others may hold one. */
static void print_text(char *text, FILE *to)
{
	for (char *at = text; (at = strchr(at, '|'));)
		*at = '/';
	fputs(text, to);
}

static int report(struct check *check)
{
	char *texts[3];
	size_t lengths[3];

	check->words = open_memstream(&texts[0], &lengths[0]);
	check->numbers = open_memstream(&texts[1], &lengths[1]);
	check->more = open_memstream(&texts[2], &lengths[2]);
	if (!check->words || !check->numbers || !check->more)
		abort();
	for (size_t i = 0; i < check->guests.ways; i++) {
		fputs(i ? "; " : "", check->words);
		judge_host(check, i);
	}
	fclose(check->words);
	fclose(check->numbers);
	fclose(check->more);
	printf("XENBALLOON %s - ", levels[check->worst].word);
	print_text(texts[0], stdout);
	printf("%s%s\n", *texts[1] ? " |" : "", texts[1]);
	print_text(texts[2], stdout);
	for (size_t i = 0; i < 3; i++)
		free(texts[i]);
	return levels[check->worst].exit;
}

void check_words(FILE *to)
{
	for (size_t i = 0; i < MEASURE_COUNT; i++)
		fprintf(to, "%s=\n", measures[i].name);
}

int command_check(struct cli *cli, size_t count, char **words)
{
	const struct options *options = cli->options;
	struct check check = { .verbose = options->verbose };
	int code;

	(void)count;
	(void)words;
	if (!measure_thresholds(&check.thresholds,
				(const char *const[]){ options->warning, options->critical }))
		return EXIT_BAD_OPTION;
	guests_ask(cli, &check.guests);
	code = report(&check);
	guests_free(&check.guests);
	return code;
}
