/* SPDX-License-Identifier: MIT */
/*
 * Reads the guests of all hosts that were asked for and finds one among them. Knows no command.
 * Called by the commands.
 */
#include "cli_guests.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "cli_command.h"
#include "cli_problem.h"
#include "cli_term.h"
#include "cli_way.h"
#include "naming.h"
#include "pattern.h"

void guests_begin(struct cli *cli, struct guests *guests)
{
	size_t ways = cli->way_count;

	*guests = (struct guests){ .exit = EXIT_DONE, .ways = ways };
	guests->calls = calloc(2 * ways, sizeof(*guests->calls));
	if (!guests->calls)
		abort();
	guests->hosts = guests->calls + ways;
	for (size_t i = 0; i < 2 * ways; i++)
		guests->calls[i] =
			(struct client_call){ .way = &cli->ways[i % ways], .method = "GET" };
	for (size_t i = 0; i < ways; i++) {
		snprintf(guests->calls[i].path, sizeof(guests->calls[i].path), "/api/v1/domains");
		snprintf(guests->hosts[i].path, sizeof(guests->hosts[i].path), "/api/v1/host");
	}
	client_begin(guests->calls, 2 * ways);
}

bool guests_ended(const struct guests *guests)
{
	for (size_t i = 0; i < 2 * guests->ways; i++)
		if (!client_ended(&guests->calls[i]))
			return false;
	return true;
}

static void add(struct guests *guests, const struct client_call *call)
{
	json_t *list = json_object_get(call->answer, "domains"), *object;
	size_t at;

	if (!json_array_size(list))
		return;
	guests->guest = realloc(guests->guest,
				(guests->count + json_array_size(list)) * sizeof(*guests->guest));
	if (!guests->guest)
		abort();
	json_array_foreach(list, at, object) guests->guest[guests->count++] =
		(struct guest){ call->way, object };
}

void guests_end(struct guests *guests)
{
	for (size_t i = 0; i < guests->ways; i++) {
		add(guests, &guests->calls[i]);
		if (guests->calls[i].status != 200)
			guests->exit = problem_exit(&guests->calls[i]);
	}
}

void guests_ask(struct cli *cli, struct guests *guests)
{
	guests_begin(cli, guests);
	while (client_step(1000, -1))
		;
	guests_end(guests);
}

void guests_read(struct cli *cli, struct guests *guests)
{
	guests_ask(cli, guests);
	for (size_t i = 0; i < guests->ways; i++)
		problem_good(&guests->calls[i]);
}

void guests_free(struct guests *guests)
{
	client_free(guests->calls, 2 * guests->ways);
	free(guests->calls);
	free(guests->guest);
}

static bool is_called(const struct json_t *object, const struct naming *naming)
{
	uint64_t domid;

	guest_number(object, "domid", &domid);
	return naming_means(naming, (uint32_t)domid, guest_text(object, "uuid"),
			    guest_text(object, "name"));
}

/* The one that is called so; *other is another one, if there is. */
static const struct guest *find(const struct guests *guests, const char *id,
				const struct guest **other)
{
	const struct naming naming = naming_of(id);
	const struct guest *found = NULL;

	*other = NULL;
	for (size_t i = 0; i < guests->count; i++) {
		if (!is_called(guests->guest[i].object, &naming))
			continue;
		if (found)
			*other = &guests->guest[i];
		else
			found = &guests->guest[i];
	}
	return found;
}

const struct guest *guests_find(const struct guests *guests, const char *id)
{
	const struct guest *other, *found = find(guests, id, &other);
	char *shown = term_escape(id);

	if (other && other->way != found->way)
		fprintf(stderr, "xenballoon: \"%s\" is a guest on %s and on %s: ask one host\n",
			shown, found->way->label, other->way->label);
	else if (other)
		fprintf(stderr, "xenballoon: several guests are called \"%s\"; use a domid\n",
			shown);
	else if (!found && guests->exit == EXIT_DONE)
		fprintf(stderr, "xenballoon: no guest has the domid, name or UUID \"%s\"\n", shown);
	free(shown);
	return other ? NULL : found;
}

bool guests_is_pattern(const char *word)
{
	return pattern_is(word);
}

bool guests_means(const char *word, const struct json_t *object)
{
	const struct naming naming = naming_of(word);

	return (pattern_is(word) && pattern_match(word, guest_text(object, "name"))) ||
	       is_called(object, &naming);
}

static void pick(const struct guest **list, size_t *picked, const struct guest *guest)
{
	for (size_t i = 0; i < *picked; i++)
		if (list[i] == guest)
			return;
	list[(*picked)++] = guest;
}

/* A pattern, unless a guest is called just so. False, said: it fits none. */
static bool pick_fitting(const struct guests *guests, const char *word, const struct guest **list,
			 size_t *picked)
{
	size_t fitting = 0;
	char *shown;

	for (size_t i = 0; i < guests->count; i++)
		if (guests_means(word, guests->guest[i].object)) {
			pick(list, picked, &guests->guest[i]);
			fitting++;
		}
	if (fitting || guests->exit != EXIT_DONE)
		return fitting;
	shown = term_escape(word);
	fprintf(stderr, "xenballoon: no guest's name fits \"%s\"\n", shown);
	free(shown);
	return false;
}

const struct guest **guests_pick(const struct guests *guests, size_t count, char **words,
				 size_t *picked, bool *good)
{
	const struct guest **list = calloc(guests->count + 1, sizeof(*list)), *one;

	if (!list)
		abort();
	*picked = 0;
	*good = true;
	for (size_t i = 0; i < guests->count && !count; i++)
		pick(list, picked, &guests->guest[i]);
	for (size_t i = 0; i < count; i++) {
		if (guests_is_pattern(words[i])) {
			*good &= pick_fitting(guests, words[i], list, picked);
			continue;
		}
		one = guests_find(guests, words[i]);
		*good &= one != NULL;
		if (one)
			pick(list, picked, one);
	}
	return list;
}

int guests_show(struct cli *cli, size_t count, char **words,
		void (*show)(const struct cli *cli, const struct guests *guests,
			     const struct guest *const *list, size_t picked))
{
	const struct guest **list;
	struct guests guests;
	size_t picked;
	bool good;
	int code;

	guests_read(cli, &guests);
	list = guests_pick(&guests, count, words, &picked, &good);
	code = good || guests.exit != EXIT_DONE ? guests.exit : EXIT_REFUSED;
	show(cli, &guests, list, picked);
	free(list);
	guests_free(&guests);
	return code;
}

const char *guest_text(const struct json_t *object, const char *field)
{
	const char *text = json_string_value(json_object_get(object, field));

	return text ? text : "";
}

bool guest_number(const struct json_t *object, const char *field, uint64_t *number)
{
	const json_t *value = json_object_get(object, field);

	*number = 0;
	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return false;
	*number = (uint64_t)json_integer_value(value);
	return true;
}

bool guest_true(const struct json_t *object, const char *field)
{
	return json_is_true(json_object_get(object, field));
}
