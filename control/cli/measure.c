/* SPDX-License-Identifier: MIT */
/*
 * Owns the table of what `check` measures: reads its thresholds, takes the values from what the
 * agents answered, writes both. Judges nothing.
 */
#include "cli_measure.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include <jansson.h>

#include "cli_guests.h"
#include "cli_size.h"

#define RANGE_SIZE 48

/* clang-format off */
const struct measure measures[MEASURE_COUNT] = {
	{ "free", UNIT_SIZE, "free_kib", "free", { NULL }, { "low_kib", "reserve_kib" } },
	{ "unmet", UNIT_SIZE, "unmet_kib", "wanted beyond what guests have", { NULL }, { NULL } },
	{ "age", UNIT_SECONDS, "age_ms", "since the agent last saw xenstore", { "60", "5m" }, { NULL } },
	{ "stuck", UNIT_GUESTS, NULL, "stuck", { "0" }, { NULL } },
	{ "silent", UNIT_GUESTS, NULL, "silent", { "0" }, { NULL } },
	{ "refused", UNIT_GUESTS, NULL, "that can't balloon", { "0" }, { NULL } },
	{ "host_full", UNIT_GUESTS, NULL, "waiting for memory", { "0" }, { NULL } },
	{ "starving", UNIT_GUESTS, NULL, "lacking memory", { "0" }, { NULL } },
	{ "pressure", UNIT_PERCENT, NULL, "of the time waiting for memory", { "10" }, { NULL } },
	{ "crashed", UNIT_GUESTS, NULL, "crashed", { "0" }, { NULL } },
	{ "capped", UNIT_GUESTS, NULL, "capped", { NULL }, { NULL } },
	{ "no_agent", UNIT_GUESTS, NULL, "without xenballoon-guest", { NULL }, { NULL } },
};
/* clang-format on */

static bool read_size(const char *text, double *number)
{
	uint64_t kib;

	if (!size_parse(text, &kib))
		return false;
	*number = (double)kib;
	return true;
}

static bool read_seconds(const char *text, double *number)
{
	uint64_t seconds;

	if (!duration_parse(text, &seconds))
		return false;
	*number = (double)seconds;
	return true;
}

static void write_size(char text[RANGE_TEXT], double number)
{
	char word[SIZE_TEXT];

	size_word(word, (uint64_t)fabs(number));
	snprintf(text, RANGE_TEXT, "%s%s", number < 0 ? "-" : "", word);
}

static void write_seconds(char text[RANGE_TEXT], double number)
{
	char words[SIZE_TEXT];

	duration_text(words, (uint64_t)fabs(number));
	snprintf(text, RANGE_TEXT, "%s%s", number < 0 ? "-" : "", words);
}

static void write_percent(char text[RANGE_TEXT], double number)
{
	range_digits(text, number);
	snprintf(text + strlen(text), RANGE_TEXT - strlen(text), " %%");
}

static const struct {
	range_number *read;
	range_writer *write;
	const char *uom; /* in performance data */
	double factor;	 /* and its unit in ours */
	const char *help;
} units[] = {
	[UNIT_SIZE] = { read_size, write_size, "B", 1024,
			"a range of sizes, such as 256M: (not below it), ~:2G (not above it) or "
			"5%: (of the host's memory), or off" },
	[UNIT_SECONDS] = { read_seconds, write_seconds, "s", 1,
			   "a range of times, such as 60s or 5m (not above it), or off" },
	[UNIT_GUESTS] = { range_plain, range_digits, "", 1,
			  "a range of numbers of guests, such as 0 (not above it), or off" },
	[UNIT_PERCENT] = { range_plain, write_percent, "%", 1,
			   "a range of percentages, such as 10 (not above it), or off" },
};

/* A number alone is the least that must be free, as to other plugins that look at what is left. */
static bool read_range(const struct measure *measure, const char *text, struct range *range)
{
	bool least = measure->says[LIMIT_WARNING] && !strpbrk(text, "@:");
	char whole[RANGE_SIZE + 1];

	*range = (struct range){ 0 };
	if (!strcmp(text, "off"))
		return true;
	snprintf(whole, sizeof(whole), "%s%s", text, least ? ":" : "");
	if (!range_parse(whole, units[measure->unit].read, range))
		return false;
	if (measure->unit == UNIT_PERCENT)
		range->percent = false;
	return !range->percent || measure->unit == UNIT_SIZE;
}

static size_t find_measure(const char *name, size_t len)
{
	size_t at = 0;

	while (at < MEASURE_COUNT &&
	       (strlen(measures[at].name) != len || strncmp(measures[at].name, name, len) != 0))
		at++;
	return at;
}

static bool complain(enum measure_limit limit, const char *text, size_t len, const char *right)
{
	fprintf(stderr, "xenballoon: %s: \"%.*s\" must be %s\n",
		limit == LIMIT_WARNING ? "-w" : "-c", (int)len, text, right);
	return false;
}

/* One "free=256M:" of a list. */
static bool read_one(struct thresholds *thresholds, enum measure_limit limit, const char *text,
		     size_t len)
{
	size_t name = strcspn(text, "=,"), at = find_measure(text, name), value;
	char range[RANGE_SIZE];

	if (text[name] != '=' || at == MEASURE_COUNT)
		return complain(limit, text, len,
				"NAME=RANGE, the name one of free, unmet, age, stuck, silent, "
				"refused, host_full, starving, pressure, crashed, capped, "
				"no_agent");
	value = len - name - 1;
	snprintf(range, sizeof(range), "%.*s", (int)value, text + name + 1);
	thresholds->by_host[at][limit] = false;
	return (value < sizeof(range) &&
		read_range(&measures[at], range, &thresholds->range[at][limit])) ||
	       complain(limit, text, len, units[measures[at].unit].help);
}

static void take_default(struct thresholds *thresholds, size_t at, enum measure_limit limit)
{
	const char *usual = measures[at].limits[limit];

	thresholds->by_host[at][limit] = measures[at].says[limit] != NULL;
	if (usual)
		read_range(&measures[at], usual, &thresholds->range[at][limit]);
}

bool measure_thresholds(struct thresholds *thresholds, const char *const given[LIMIT_COUNT])
{
	memset(thresholds, 0, sizeof(*thresholds));
	for (enum measure_limit limit = 0; limit < LIMIT_COUNT; limit++) {
		const char *list = given[limit];

		for (size_t at = 0; at < MEASURE_COUNT; at++)
			take_default(thresholds, at, limit);
		for (size_t len; list && *list; list += len + (list[len] == ',')) {
			len = strcspn(list, ",");
			if (!read_one(thresholds, limit, list, len))
				return false;
		}
	}
	return true;
}

struct range measure_range(const struct thresholds *thresholds, size_t measure,
			   enum measure_limit limit, const struct json_t *host)
{
	const char *field = measures[measure].says[limit];
	uint64_t kib;

	if (!thresholds->by_host[measure][limit] || !guest_number(host, field, &kib))
		return thresholds->range[measure][limit];
	return (struct range){ .set = true, .low = (double)kib, .high = INFINITY };
}

/* 0 where it is not known, or not of now: of a guest that doesn't run or report. */
static double pressure_of(const struct guest *guest)
{
	uint64_t centi, reclaimable;

	if (!guest_number(guest->object, "reclaimable_kib", &reclaimable) ||
	    !guest_number(guest->object, "pressure_centipercent", &centi))
		return 0;
	return (double)centi / 100;
}

bool measure_names(const struct measure *measure, const struct range *range,
		   const struct guest *guest)
{
	if (measure->field)
		return false;
	if (measure->unit == UNIT_PERCENT)
		return range_alerts(range, pressure_of(guest));
	return !strcmp(guest_text(guest->object, "state"), measure->name);
}

static double count_or_most(const struct measure *measure, const struct guests *guests, size_t host)
{
	double count = 0, most = 0;

	for (size_t i = 0; i < guests->count; i++) {
		const struct guest *guest = &guests->guest[i];

		if (guest->way != guests->hosts[host].way)
			continue;
		count += measure_names(measure, &(struct range){ 0 }, guest);
		most = pressure_of(guest) > most ? pressure_of(guest) : most;
	}
	return measure->unit == UNIT_PERCENT ? most : count;
}

bool measure_value(const struct measure *measure, const struct guests *guests, size_t host,
		   double *value)
{
	uint64_t number;

	if (!measure->field) {
		*value = count_or_most(measure, guests, host);
		return true;
	}
	if (!guest_number(guests->hosts[host].answer, measure->field, &number))
		return false;
	*value = (double)number / (measure->unit == UNIT_SECONDS ? 1000 : 1);
	return true;
}

void measure_say(const struct measure *measure, double value, FILE *to)
{
	char text[RANGE_TEXT];

	if (measure->unit == UNIT_SIZE)
		size_text(text, (uint64_t)value);
	else
		units[measure->unit].write(text, value);
	fputs(text, to);
	if (measure->unit == UNIT_GUESTS)
		fprintf(to, " guest%s", value == 1 ? "" : "s");
	fprintf(to, " %s", measure->words);
}

void measure_reason(const struct measure *measure, const struct range *range, double whole,
		    double value, FILE *to)
{
	char text[3 * RANGE_TEXT];

	range_reason(text, range, whole, value, units[measure->unit].write);
	fputs(text, to);
}

void measure_range_say(const struct measure *measure, const struct range *range, FILE *to)
{
	char text[3 * RANGE_TEXT];

	range_text(text, range, units[measure->unit].write);
	fputs(*text ? text : "off", to);
}

void measure_data(const struct measure *measure, const char *label, double value,
		  const struct range range[LIMIT_COUNT], FILE *to)
{
	double factor = units[measure->unit].factor;
	char text[3 * RANGE_TEXT];

	range_digits(text, value * factor);
	fprintf(to, " '%s%s%s'=%s%s", label, *label ? " " : "", measure->name, text,
		units[measure->unit].uom);
	for (enum measure_limit limit = 0; limit < LIMIT_COUNT; limit++) {
		struct range scaled = range[limit];

		scaled.low *= factor;
		scaled.high *= factor;
		range_text(text, &scaled, range_digits);
		fprintf(to, ";%s", text);
	}
	fputs(";0", to);
}
