/* SPDX-License-Identifier: MIT */
/*
 * Owns the table of columns: which there are and how a guest's value reads. Knows no command.
 * Called by all that shows guests.
 */
#include "cli_column.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "cli_guests.h"
#include "cli_size.h"
#include "cli_way.h"
#include "metric.h"

#define USUAL		  "name,state,selfballoon,allocated,target,wanted,static_max,reason"
#define ARRAY_COUNT(rows) (sizeof(rows) / sizeof(*(rows)))

static const struct column words[] = {
	{ "host", "host", "HOST", SHOWN_HOST, "Which host was asked." },
	{ "domid", "domid", "DOMID", SHOWN_NUMBER, "Its number on this host until it reboots." },
	{ "name", "name", "NAME", SHOWN_TEXTS, "Its name." },
	{ "uuid", "uuid", "UUID", SHOWN_TEXTS, "What names it for good." },
	{ "type", "type", "TYPE", SHOWN_TEXTS, "pv, pvh or hvm." },
	{ "state", "state", "STATE", SHOWN_STATE, "State, see xenballoon(1)." },
	{ "reason", "reason", "REASON", SHOWN_TEXTS, "Why it has the size it has." },
	{ "manager", "manager", "MANAGER", SHOWN_TEXTS, "Another program that owns its target." },
	{ "swap", "has_swap", "SWAP", SHOWN_ON, "Whether it has swap space." },
	{ "policy", "policy", "POLICY", SHOWN_TEXTS, "Policy in force, as the guest reports it." },
	{ "policy_ordered", "policy_ordered", "ORDERED", SHOWN_TEXTS, "Policy that dom0 ordered." },
	{ "policy_note", "policy_note", "NOTE", SHOWN_TEXTS,
	  "Why the policy in force is another." },
	{ "former_target", "former_target_kib", "FORMER TARGET", SHOWN_SIZE,
	  "Target from before selfballooning, which off --restore gives back." },
};

static const enum column_kind kinds[] = {
	[UNIT_KIB] = SHOWN_SIZE,  [UNIT_BOOL] = SHOWN_ON,      [UNIT_CENTI] = SHOWN_CENTI,
	[UNIT_TIME] = SHOWN_TIME, [UNIT_GAUGE] = SHOWN_NUMBER, [UNIT_COUNT] = SHOWN_NUMBER,
};

static const struct {
	const char *state;
	enum term_color color;
} colors[] = {
	{ "converged", TERM_GOOD }, { "growing", TERM_BUSY },	{ "shrinking", TERM_BUSY },
	{ "capped", TERM_WARN },    { "host_full", TERM_WARN }, { "stuck", TERM_BAD },
	{ "silent", TERM_BAD },	    { "no_agent", TERM_DIM },	{ "foreign", TERM_DIM },
	{ "refused", TERM_BAD },    { "paused", TERM_DIM },	{ "shut_down", TERM_DIM },
	{ "suspended", TERM_DIM },  { "crashed", TERM_BAD },	{ "dying", TERM_DIM },
	{ "unknown", TERM_DIM },    { "starving", TERM_BAD },
};

static struct column all[ARRAY_COUNT(words) + VALUE_COUNT];

/* Titles that would be wider than what stands below them. */
static const struct {
	const char *name, *title;
} short_titles[] = { { "selfballoon", "SELF" },
		     { "static_max", "MAX" },
		     { "key_errors", "ERRORS" } };

/* "swap_used_kib" is the column swap_used with the title "SWAP USED". */
static void from_metric(const struct metric *metric, struct column *column)
{
	size_t len = strlen(metric->name);
	const char *unit = strrchr(metric->name, '_');

	if (unit && (!strcmp(unit, "_kib") || !strcmp(unit, "_centipercent")))
		len = (size_t)(unit - metric->name);
	snprintf(column->name, sizeof(column->name), "%.*s", (int)len, metric->name);
	snprintf(column->field, sizeof(column->field), "%s", metric->name);
	for (size_t i = 0; i < len; i++) {
		char c = metric->name[i];

		column->title[i] = c == '_' ? ' ' : (char)toupper((unsigned char)c);
	}
	for (size_t i = 0; i < ARRAY_COUNT(short_titles); i++)
		if (!strcmp(short_titles[i].name, column->name))
			snprintf(column->title, sizeof(column->title), "%s", short_titles[i].title);
	column->kind = kinds[metric->unit];
	column->help = metric->help;
}

const struct column *column_all(size_t *count)
{
	if (!*all[0].name) {
		memcpy(all, words, sizeof(words));
		for (size_t i = 0; i < VALUE_COUNT; i++)
			from_metric(&metric_domain[i], &all[ARRAY_COUNT(words) + i]);
	}
	*count = ARRAY_COUNT(all);
	return all;
}

const struct column *column_find(const char *name, size_t len)
{
	size_t count;
	const struct column *columns = column_all(&count);

	for (size_t i = 0; i < count; i++) {
		const struct column *column = &columns[i];

		if ((strlen(column->name) == len && !memcmp(column->name, name, len)) ||
		    (strlen(column->field) == len && !memcmp(column->field, name, len)))
			return column;
	}
	fprintf(stderr, "xenballoon: there is no column \"%.*s\"; there are:", (int)len, name);
	for (size_t i = 0; i < count; i++)
		fprintf(stderr, " %s", columns[i].name);
	fputc('\n', stderr);
	return NULL;
}

void column_help(FILE *to)
{
	size_t count;
	const struct column *columns = column_all(&count);

	for (size_t i = 0; i < count; i++)
		fprintf(to, "%-12s  %s\n", columns[i].name, columns[i].help);
}

size_t column_choose(const char *names, bool host, const struct column ***chosen)
{
	size_t room, count = 0, len;

	if (!names || !*names)
		names = USUAL;
	room = strlen(names) + 2;
	*chosen = calloc(room, sizeof(**chosen));
	if (!*chosen)
		abort();
	if (host)
		(*chosen)[count++] = column_find("host", strlen("host"));
	for (;; names += len + 1) {
		len = strcspn(names, ",");
		(*chosen)[count] = column_find(names, len);
		if (!(*chosen)[count++]) {
			free(*chosen);
			*chosen = NULL;
			return 0;
		}
		if (!names[len])
			return count;
	}
}

static void human_number(const struct column *column, uint64_t number, char text[COLUMN_TEXT])
{
	char small[SIZE_TEXT];

	switch (column->kind) {
	case SHOWN_SIZE:
		snprintf(text, COLUMN_TEXT, "%s", size_text(small, number));
		break;
	case SHOWN_CENTI:
		snprintf(text, COLUMN_TEXT, "%.2f %%", (double)number / 100);
		break;
	default:
		snprintf(text, COLUMN_TEXT, "%" PRIu64, number);
	}
}

/* How long ago, as the agent reckoned it: this program's clock may be another one. */
static void age_text(const struct guest *guest, char text[COLUMN_TEXT])
{
	char small[SIZE_TEXT];
	uint64_t age_ms;

	if (guest_number(guest->object, "report_age_ms", &age_ms))
		snprintf(text, COLUMN_TEXT, "%s ago", duration_text(small, age_ms / 1000));
	else
		strcpy(text, "-");
}

static const char *const switch_words[2][2] = { { "false", "true" }, { "off", "on" } };

void column_text(const struct column *column, const struct guest *guest, bool human, char **text)
{
	const json_t *value = json_object_get(guest->object, column->field);
	char short_text[COLUMN_TEXT] = "";
	uint64_t number;

	if (column->kind == SHOWN_HOST)
		*text = strdup(guest->way->label);
	else if (json_is_string(value))
		*text = strdup(json_string_value(value));
	else {
		if (json_is_boolean(value))
			strcpy(short_text, switch_words[human][json_is_true(value)]);
		else if (column->kind == SHOWN_TIME && human)
			age_text(guest, short_text);
		else if (!guest_number(guest->object, column->field, &number))
			strcpy(short_text, human ? "-" : "");
		else if (human)
			human_number(column, number, short_text);
		else
			snprintf(short_text, sizeof(short_text), "%" PRIu64, number);
		*text = strdup(short_text);
	}
	if (!*text)
		abort();
}

void column_states(FILE *to)
{
	for (size_t i = 0; i < ARRAY_COUNT(colors); i++)
		fprintf(to, "%s\n", colors[i].state);
}

enum term_color column_state_color(const char *state)
{
	for (size_t i = 0; i < ARRAY_COUNT(colors); i++)
		if (!strcmp(colors[i].state, state))
			return colors[i].color;
	return TERM_PLAIN;
}

enum term_color column_color(const struct column *column, const struct guest *guest)
{
	if (column->kind == SHOWN_STATE)
		return column_state_color(guest_text(guest->object, column->field));
	if (column->kind == SHOWN_ON)
		return guest_true(guest->object, column->field) ? TERM_GOOD : TERM_PLAIN;
	return TERM_PLAIN;
}

int column_compare(const struct column *column, const struct guest *a, const struct guest *b)
{
	uint64_t left, right;
	bool has_left, has_right;

	if (column->kind == SHOWN_HOST)
		return strcmp(a->way->label, b->way->label);
	if (column->kind == SHOWN_TEXTS || column->kind == SHOWN_STATE)
		return strcmp(guest_text(a->object, column->field),
			      guest_text(b->object, column->field));
	if (column->kind == SHOWN_ON)
		return guest_true(b->object, column->field) - guest_true(a->object, column->field);
	has_left = guest_number(a->object, column->field, &left);
	has_right = guest_number(b->object, column->field, &right);
	if (!has_left || !has_right)
		return has_right - has_left;
	return (left > right) - (left < right);
}

struct order {
	const struct column *column;
	int sign;
};

static int compare(const void *a, const void *b, void *context)
{
	const struct order *order = context;
	int result = order->sign * column_compare(order->column, a, b);

	/* Equal ones stay in the order they came in: by host, then domid. */
	if (!result && ((const struct guest *)a)->way != ((const struct guest *)b)->way)
		result = ((const struct guest *)a)->way < ((const struct guest *)b)->way ? -1 : 1;
	return result;
}

bool column_sort(const char *order, struct guests *guests)
{
	struct order by = { .sign = 1 };

	if (!order || !*order)
		return true;
	if (*order == '-') {
		by.sign = -1;
		order++;
	}
	by.column = column_find(order, strlen(order));
	if (!by.column)
		return false;
	qsort_r(guests->guest, guests->count, sizeof(*guests->guest), compare, &by);
	return true;
}
