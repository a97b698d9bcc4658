/* SPDX-License-Identifier: MIT */
/*
 * `check`: a plugin for Nagios, Icinga and their like: one line with what is wrong and the numbers,
 * and the four exit codes. Only reads.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "cli_check.h"
#include "cli_command.h"
#include "cli_guests.h"
#include "cli_size.h"
#include "cli_term.h"

#define NEVER	   UINT64_MAX
#define ITS_LIMIT  (UINT64_MAX - 1) /* the agent says: low_kib, reserve_kib */
#define NAMES_MAX  3		    /* guests that the line names for one trouble */
#define WORDS_SIZE 512

/* Numbers as in the plugin guidelines; the worst is the last here that occurs. */
enum level { LEVEL_OK, LEVEL_UNKNOWN, LEVEL_WARNING, LEVEL_CRITICAL };

static const struct {
	int exit;
	const char *word;
} levels[] = {
	[LEVEL_OK] = { 0, "OK" },
	[LEVEL_UNKNOWN] = { 3, "UNKNOWN" },
	[LEVEL_WARNING] = { 1, "WARNING" },
	[LEVEL_CRITICAL] = { 2, "CRITICAL" },
};

enum unit { UNIT_SIZE, UNIT_SECONDS, UNIT_GUESTS, UNIT_PERCENT };

/* What can be bad, and from where on it is by default. */
struct measure {
	const char *name;
	enum unit unit;
	bool below; /* bad below the threshold; else at or above it */
	uint64_t warning, critical;
	const char *field; /* of /api/v1/host; NULL: guests in the state of this name, or the
			      highest pressure of any */
	const char *words; /* what it is, after the value */
};

static const struct measure measures[] = {
	{ "free", UNIT_SIZE, true, ITS_LIMIT, ITS_LIMIT, "free_kib", "free" },
	{ "unmet", UNIT_SIZE, false, NEVER, NEVER, "unmet_kib", "wanted beyond what guests have" },
	{ "age", UNIT_SECONDS, false, 60, 300, "age_ms", "since the agent last saw xenstore" },
	{ "stuck", UNIT_GUESTS, false, 1, NEVER, NULL, "stuck" },
	{ "silent", UNIT_GUESTS, false, 1, NEVER, NULL, "silent" },
	{ "refused", UNIT_GUESTS, false, 1, NEVER, NULL, "that can't balloon" },
	{ "host_full", UNIT_GUESTS, false, 1, NEVER, NULL, "waiting for memory" },
	{ "starving", UNIT_GUESTS, false, 1, NEVER, NULL, "lacking memory" },
	{ "pressure", UNIT_PERCENT, false, 10, NEVER, NULL, "of the time waiting for memory" },
	{ "crashed", UNIT_GUESTS, false, 1, NEVER, NULL, "crashed" },
	{ "capped", UNIT_GUESTS, false, NEVER, NEVER, NULL, "capped" },
	{ "no_agent", UNIT_GUESTS, false, NEVER, NEVER, NULL, "without xenballoon-guest" },
};

#define MEASURES (sizeof(measures) / sizeof(*measures))

struct thresholds {
	uint64_t warning[MEASURES], critical[MEASURES];
};

/* One host's line and numbers. */
struct verdict {
	enum level level;
	char words[WORDS_SIZE];
	char numbers[2048];
};

static bool complain(const char *option, const char *text, size_t len, const char *right)
{
	fprintf(stderr, "xenballoon: %s: \"%.*s\" must be %s\n", option, (int)len, text, right);
	return false;
}

static bool read_value(enum unit unit, const char *text, uint64_t *value)
{
	if (!strcmp(text, "off")) {
		*value = NEVER;
		return true;
	}
	if (unit == UNIT_SIZE)
		return size_parse(text, value);
	if (unit == UNIT_SECONDS)
		return duration_parse(text, value);
	/* A count reads as a size without a unit does. */
	return strspn(text, "0123456789") == strlen(text) && size_parse(text, value);
}

/* One "free=256M" of a list. */
static bool read_one(const char *option, const char *text, size_t len, uint64_t *values)
{
	size_t name = strcspn(text, "=,");
	char value[32];

	for (size_t i = 0; i < MEASURES; i++) {
		if (text[name] != '=' || strlen(measures[i].name) != name ||
		    strncmp(measures[i].name, text, name) != 0)
			continue;
		snprintf(value, sizeof(value), "%.*s", (int)(len - name - 1), text + name + 1);
		return (len - name - 1 < sizeof(value) &&
			read_value(measures[i].unit, value, &values[i])) ||
		       complain(option, text, len,
				measures[i].unit == UNIT_SIZE	   ? SIZE_HELP ", or off"
				: measures[i].unit == UNIT_SECONDS ? DURATION_HELP ", or off"
				: measures[i].unit == UNIT_PERCENT ? "a whole percentage, or off"
								   : "a count of guests, or off");
	}
	return complain(option, text, len,
			"NAME=VALUE, the name one of free, unmet, age, stuck, silent, refused, "
			"host_full, starving, pressure, crashed, capped, no_agent");
}

static bool read_list(const char *option, const char *list, uint64_t *values)
{
	for (size_t len; list && *list; list += len + (list[len] == ',')) {
		len = strcspn(list, ",");
		if (!read_one(option, list, len, values))
			return false;
	}
	return true;
}

/* A '|' would begin the numbers. */
static void append(char *words, const char *text)
{
	size_t used = strlen(words);

	snprintf(words + used, WORDS_SIZE - used, "%s", text);
	for (char *at = words + used; *at; at++)
		if (*at == '|')
			*at = '/';
}

static void append_name(char *words, const struct guest *guest)
{
	char *shown = term_escape(guest_text(guest->object, "name"));

	append(words, shown);
	free(shown);
}

/* In percent; 0 where it is not known, or not of now: of a guest that doesn't run or report. */
static uint64_t pressure_of(const json_t *guest)
{
	uint64_t centi, reclaimable;

	if (!guest_number(guest, "reclaimable_kib", &reclaimable) ||
	    !guest_number(guest, "pressure_centipercent", &centi))
		return 0;
	return (centi + 50) / 100;
}

/* Whether a guest of this host is what the measure is about; from `least` pressure on. */
static bool meant(const struct guest *guest, const struct way *way, const struct measure *measure,
		  uint64_t least)
{
	if (guest->way != way)
		return false;
	if (measure->unit == UNIT_PERCENT)
		return pressure_of(guest->object) >= least;
	return !strcmp(guest_text(guest->object, "state"), measure->name);
}

static uint64_t count_or_most(const struct guests *guests, const struct way *way,
			      const struct measure *measure)
{
	uint64_t count = 0, most = 0;

	for (size_t i = 0; i < guests->count; i++) {
		if (!meant(&guests->guest[i], way, measure, 0))
			continue;
		count++;
		if (pressure_of(guests->guest[i].object) > most)
			most = pressure_of(guests->guest[i].object);
	}
	return measure->unit == UNIT_PERCENT ? most : count;
}

static void append_names(char *words, const struct guests *guests, const struct way *way,
			 const struct measure *measure, uint64_t least)
{
	size_t named = 0;

	for (size_t i = 0; i < guests->count; i++) {
		if (!meant(&guests->guest[i], way, measure, least))
			continue;
		append(words, named ? ", " : " (");
		if (named++ == NAMES_MAX) {
			append(words, "...");
			break;
		}
		append_name(words, &guests->guest[i]);
	}
	append(words, named ? ")" : "");
}

static bool past(const struct measure *measure, uint64_t value, uint64_t threshold)
{
	return threshold != NEVER && (measure->below ? value < threshold : value >= threshold);
}

static void say_value(char *words, const struct measure *measure, uint64_t value)
{
	char text[SIZE_TEXT], part[WORDS_SIZE];

	if (measure->unit == UNIT_SIZE)
		snprintf(part, sizeof(part), "%s %s", size_text(text, value), measure->words);
	else if (measure->unit == UNIT_SECONDS)
		snprintf(part, sizeof(part), "%s %s", duration_text(text, value), measure->words);
	else if (measure->unit == UNIT_PERCENT)
		snprintf(part, sizeof(part), "%" PRIu64 " %% %s", value, measure->words);
	else
		snprintf(part, sizeof(part), "%" PRIu64 " guest%s %s", value, value == 1 ? "" : "s",
			 measure->words);
	append(words, *words ? ", " : "");
	append(words, part);
}

/* A threshold as the plugin guidelines write ranges: "N:" alerts below N, "N" above it. */
static void range(char text[32], const struct measure *measure, uint64_t threshold, uint64_t factor)
{
	*text = '\0';
	if (threshold == NEVER)
		return;
	if (measure->below)
		snprintf(text, 32, "%" PRIu64 ":", threshold * factor);
	else
		snprintf(text, 32, "%" PRIu64, threshold ? threshold * factor - 1 : 0);
}

static void add_number(struct verdict *verdict, const char *label, const struct measure *measure,
		       uint64_t value, uint64_t warning, uint64_t critical)
{
	static const char *const units[] = {
		[UNIT_SIZE] = "B", [UNIT_SECONDS] = "s", [UNIT_GUESTS] = "", [UNIT_PERCENT] = "%"
	};
	uint64_t factor = measure->unit == UNIT_SIZE ? 1024 : 1;
	size_t used = strlen(verdict->numbers);
	char low[32], high[32];

	range(low, measure, warning, factor);
	range(high, measure, critical, factor);
	snprintf(verdict->numbers + used, sizeof(verdict->numbers) - used,
		 " '%s%s%s'=%" PRIu64 "%s;%s;%s;0", label, *label ? " " : "", measure->name,
		 value * factor, units[measure->unit], low, high);
}

static bool value_of(const struct guests *guests, size_t host, const struct measure *measure,
		     uint64_t *value)
{
	if (!measure->field) {
		*value = count_or_most(guests, guests->hosts[host].way, measure);
		return true;
	}
	if (!guest_number(guests->hosts[host].answer, measure->field, value))
		return false;
	if (measure->unit == UNIT_SECONDS)
		*value /= 1000;
	return true;
}

/* One number for one limit: where no option says, the host's own configuration does. */
static uint64_t limit_of(const struct client_call *call, uint64_t threshold, const char *field)
{
	uint64_t kib;

	if (threshold != ITS_LIMIT)
		return threshold;
	return guest_number(call->answer, field, &kib) ? kib : NEVER;
}

static void judge(const struct guests *guests, size_t host, const struct thresholds *thresholds,
		  struct verdict *verdict)
{
	const struct client_call *call = &guests->hosts[host];
	const char *label = guests->ways > 1 ? call->way->label : "";
	uint64_t value;

	for (size_t i = 0; i < MEASURES; i++) {
		const struct measure *measure = &measures[i];
		uint64_t warning = limit_of(call, thresholds->warning[i], "low_kib");
		uint64_t critical = limit_of(call, thresholds->critical[i], "reserve_kib");
		enum level level = LEVEL_OK;

		if (!value_of(guests, host, measure, &value))
			continue;
		if (past(measure, value, critical))
			level = LEVEL_CRITICAL;
		else if (past(measure, value, warning))
			level = LEVEL_WARNING;
		add_number(verdict, label, measure, value, warning, critical);
		if (level > verdict->level)
			verdict->level = level;
		if (level == LEVEL_OK && strcmp(measure->name, "free") != 0)
			continue;
		say_value(verdict->words, measure, value);
		if (!measure->field)
			append_names(verdict->words, guests, call->way, measure,
				     warning < critical ? warning : critical);
	}
}

/* What makes the numbers themselves worthless. */
static void judge_host(const struct guests *guests, size_t host,
		       const struct thresholds *thresholds, struct verdict *verdict)
{
	const struct client_call *call = &guests->hosts[host];

	*verdict = (struct verdict){ 0 };
	if (call->status != 200 || guests->calls[host].status != 200) {
		const char *detail = guest_text(call->answer, "detail");

		verdict->level = LEVEL_UNKNOWN;
		append(verdict->words, *call->error ? call->error : detail);
		return;
	}
	if (!guest_true(call->answer, "store_up") || !guest_true(call->answer, "hypervisor_up")) {
		verdict->level = LEVEL_CRITICAL;
		append(verdict->words, guest_true(call->answer, "store_up")
					       ? "the hypervisor does not answer the agent"
					       : "xenstored does not answer the agent");
	}
	judge(guests, host, thresholds, verdict);
}

static int report(const struct guests *guests, const struct thresholds *thresholds)
{
	struct verdict *verdicts = calloc(guests->ways, sizeof(*verdicts));
	enum level worst = LEVEL_OK;

	if (!verdicts)
		abort();
	for (size_t i = 0; i < guests->ways; i++) {
		judge_host(guests, i, thresholds, &verdicts[i]);
		if (verdicts[i].level > worst)
			worst = verdicts[i].level;
	}
	printf("XENBALLOON %s -", levels[worst].word);
	for (size_t i = 0; i < guests->ways; i++) {
		if (guests->ways > 1)
			printf(" %s:", guests->hosts[i].way->label);
		printf(" %s%s", verdicts[i].words, i + 1 < guests->ways ? ";" : "");
	}
	fputs(" |", stdout);
	for (size_t i = 0; i < guests->ways; i++)
		fputs(verdicts[i].numbers, stdout);
	putchar('\n');
	free(verdicts);
	return levels[worst].exit;
}

void check_words(FILE *to)
{
	for (size_t i = 0; i < MEASURES; i++)
		fprintf(to, "%s=\n", measures[i].name);
}

int command_check(struct cli *cli, size_t count, char **words)
{
	struct thresholds thresholds;
	struct guests guests;
	int code;

	(void)count;
	(void)words;
	for (size_t i = 0; i < MEASURES; i++) {
		thresholds.warning[i] = measures[i].warning;
		thresholds.critical[i] = measures[i].critical;
	}
	if (!read_list("-w", cli->options->warning, thresholds.warning) ||
	    !read_list("-c", cli->options->critical, thresholds.critical))
		return EXIT_BAD_OPTION;
	guests_read(cli, &guests);
	code = report(&guests, &thresholds);
	guests_free(&guests);
	return code;
}
