/* SPDX-License-Identifier: MIT */
/*
 * `on`, `off` and `target`: asks for changes and says how each ended. Judges nothing itself. With
 * several hosts a guest is looked for first, and must be on one of them only.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "cli_change.h"
#include "cli_command.h"
#include "cli_follow.h"
#include "cli_guests.h"
#include "cli_problem.h"
#include "cli_size.h"
#include "cli_term.h"

/*
 * Guests that one request lists. The agent has control.timeout_ms for a request, and with a
 * thousand guests xenstored takes 40 ms for each change.
 */
#define AT_ONCE 16

#define ARRAY_COUNT(rows) (sizeof(rows) / sizeof(*(rows)))

/* The lowest target of any guest, KiB. */
#define LOWEST_KIB 4096

void change_options(const struct cli *cli, json_t *body)
{
	if (cli->options->dry_run)
		json_object_set_new(body, "dry_run", json_true());
	if (cli->options->force)
		json_object_set_new(body, "force", json_true());
	if (cli->options->restore)
		json_object_set_new(body, "restore", json_true());
}

/* What an action changes, and how none of it reads. */
static const struct subject {
	const char *action, *words, *none;
} subjects[] = {
	{ "selfballoon", "selfballooning", "off" },
	{ "target", "target", "none" },
	{ "policy", "policy", "none" },
};

static const struct subject *subject_of(const json_t *answer)
{
	const struct subject *subject = subjects;

	while (subject < subjects + ARRAY_COUNT(subjects) - 1 &&
	       strcmp(subject->action, guest_text(answer, "action")) != 0)
		subject++;
	return subject;
}

static void say_value(const json_t *value, const struct subject *subject)
{
	char text[SIZE_TEXT], *shown;

	if (json_is_integer(value)) {
		fputs(size_text(text, (uint64_t)json_integer_value(value)), stdout);
	} else if (json_is_string(value)) {
		shown = term_escape(json_string_value(value));
		printf("\"%s\"", shown);
		free(shown);
	} else {
		fputs(json_is_true(value) ? "on" : subject->none, stdout);
	}
}

void change_say(const struct cli *cli, const struct way *way, const json_t *answer)
{
	const char *warning = guest_text(answer, "warning");
	const struct subject *subject = subject_of(answer);
	char *name = term_escape(guest_text(answer, "name"));

	if (cli->way_count > 1)
		printf("%s: ", way->label);
	printf("%s%s%s: %s%s ", term_color(TERM_BOLD), name, term_color(TERM_PLAIN),
	       guest_true(answer, "dry_run") ? "would be: " : "", subject->words);
	say_value(json_object_get(answer, "after"), subject);
	fputs(" (was ", stdout);
	say_value(json_object_get(answer, "before"), subject);
	puts(guest_true(answer, "dry_run") ? "); nothing has changed" : ")");
	free(name);
	if (*warning) {
		char *shown = term_escape(warning);

		printf("  %snote:%s %s\n", term_color(TERM_WARN), term_color(TERM_PLAIN), shown);
		free(shown);
	}
}

static bool done(const json_t *answer)
{
	const char *result = guest_text(answer, "result");

	return !strcmp(result, "ok") || !strcmp(result, "checked");
}

/* One answer of many. What the agent could not do is worse than what it would not. */
static int tell(const struct cli *cli, const struct client_call *call, const json_t *answer)
{
	const char *name = guest_text(answer, "name");
	uint64_t status;

	if (done(answer)) {
		change_say(cli, call->way, answer);
		return EXIT_DONE;
	}
	problem_say(*name ? name : guest_text(answer, "subject"), answer);
	guest_number(answer, "status", &status);
	return status >= 500 ? EXIT_NO_ANSWER : EXIT_REFUSED;
}

static int tell_all(const struct cli *cli, const struct client_call *call)
{
	json_t *answers = json_object_get(call->answer, "answers"), *answer;
	int code = EXIT_DONE, own;
	size_t at;

	if (!json_is_array(answers))
		return problem_good(call) ? EXIT_DONE : problem_exit(call);
	json_array_foreach(answers, at, answer)
	{
		own = tell(cli, call, answer);
		if (own > code)
			code = own;
	}
	return code;
}

static bool any_pattern(size_t count, char **words)
{
	for (size_t i = 0; i < count; i++)
		if (guests_is_pattern(words[i]))
			return true;
	return false;
}

/* The guests that are meant on one host, by UUID or as they were called, and how far we are. */
struct batch {
	json_t *names;
	size_t done;
};

/*
 * Sorts the guests that are meant by host. EXIT_DONE; EXIT_NO_ANSWER if a host is down, but all
 * were found elsewhere; *good is false, said, if one is not there.
 */
static int sort_out(struct cli *cli, size_t count, char **words, struct batch *batches, bool *good)
{
	const struct guest **list;
	struct guests guests;
	size_t picked;

	*good = true;
	if (count && cli->way_count == 1 && !any_pattern(count, words)) {
		for (size_t i = 0; i < count; i++)
			json_array_append_new(batches[0].names, json_string(words[i]));
		return EXIT_DONE;
	}
	guests_read(cli, &guests);
	list = guests_pick(&guests, count, words, &picked, good);
	for (size_t i = 0; i < picked; i++)
		json_array_append_new(batches[list[i]->way - cli->ways].names,
				      json_string(guest_text(list[i]->object, "uuid")));
	free(list);
	guests_free(&guests);
	return guests.exit;
}

/* The next few of a host's guests, as a request. */
static json_t *next_body(const struct cli *cli, bool on, struct batch *batch)
{
	json_t *body = json_pack("{sb}", "enabled", on), *names = json_array();

	for (size_t i = 0; i < AT_ONCE && batch->done < json_array_size(batch->names); i++)
		json_array_append(names, json_array_get(batch->names, batch->done++));
	json_object_set_new(body, "domains", names);
	change_options(cli, body);
	return body;
}

/* One round: a few guests of each host that has some left. False: there were none. */
static bool ask_some(struct cli *cli, bool on, struct batch *batches, int *code)
{
	struct client_call calls[OPTIONS_HOSTS_MAX] = { 0 };
	size_t count = 0;

	for (size_t i = 0; i < cli->way_count; i++) {
		if (batches[i].done == json_array_size(batches[i].names))
			continue;
		calls[count] = (struct client_call){ .way = &cli->ways[i],
						     .method = "POST",
						     .path = "/api/v1/selfballoon",
						     .send = next_body(cli, on, &batches[i]) };
		count++;
	}
	client_run(calls, count);
	for (size_t i = 0; i < count; i++) {
		int own = tell_all(cli, &calls[i]);

		/* Without answers one by one, the others would meet the same. */
		if (!json_is_array(json_object_get(calls[i].answer, "answers")))
			batches[calls[i].way - cli->ways].done =
				json_array_size(batches[calls[i].way - cli->ways].names);
		*code = own > *code ? own : *code;
		json_decref(calls[i].send);
	}
	client_free(calls, count);
	return count;
}

/* One guest's target; EXIT_ as it ended. */
static int set_target(struct cli *cli, const struct way *way, const char *id, const void *context)
{
	uint64_t kib = *(const uint64_t *)context;
	struct client_call call = { .way = way, .method = "POST" };
	int code;

	client_path(&call, "/api/v1/domains/%s/target", id);
	call.send = json_pack("{sI}", "target_kib", (json_int_t)kib);
	change_options(cli, call.send);
	client_run(&call, 1);
	code = problem_exit(&call);
	if (problem_good(&call)) {
		change_say(cli, call.way, call.answer);
		if (cli->options->wait && !cli->options->dry_run)
			code = follow_target(cli, call.way, guest_text(call.answer, "uuid"), kib);
	}
	json_decref(call.send);
	client_free(&call, 1);
	return code;
}

static int switch_guests(struct cli *cli, bool on, size_t count, char **words)
{
	struct batch batches[OPTIONS_HOSTS_MAX] = { 0 };
	int code, own = EXIT_DONE;
	bool good, any = false;

	if (cli->options->all == !!count) {
		fprintf(stderr, "xenballoon: name the guests, or --all for every one; "
				"`xenballoon list` shows them\n");
		return EXIT_USAGE;
	}
	for (size_t i = 0; i < cli->way_count; i++)
		batches[i].names = json_array();
	code = sort_out(cli, count, words, batches, &good);
	if (!good)
		own = EXIT_REFUSED;
	while (good && ask_some(cli, on, batches, &own))
		any = true;
	if (good && !any && code == EXIT_DONE)
		puts("There are no guests to switch.");
	for (size_t i = 0; i < cli->way_count; i++)
		json_decref(batches[i].names);
	return own > code ? own : code;
}

int command_on(struct cli *cli, size_t count, char **words)
{
	return switch_guests(cli, true, count, words);
}

int command_off(struct cli *cli, size_t count, char **words)
{
	return switch_guests(cli, false, count, words);
}

int change_each(struct cli *cli, char *word,
		int (*one)(struct cli *cli, const struct way *way, const char *id,
			   const void *context),
		const void *context)
{
	const struct guest **list;
	struct guests guests;
	size_t picked;
	bool good;
	int code = EXIT_DONE, own;

	if (cli->way_count == 1 && !guests_is_pattern(word))
		return one(cli, &cli->ways[0], word, context);
	guests_read(cli, &guests);
	list = guests_pick(&guests, 1, &word, &picked, &good);
	for (size_t i = 0; i < picked; i++) {
		own = one(cli, list[i]->way, guest_text(list[i]->object, "uuid"), context);
		code = own > code ? own : code;
	}
	if (code == EXIT_DONE)
		code = good || guests.exit != EXIT_DONE ? guests.exit : EXIT_REFUSED;
	free(list);
	guests_free(&guests);
	return code;
}

/* Fewer KiB than any guest's lowest are a forgotten unit. */
static bool unit_forgotten(const char *text, uint64_t kib)
{
	if (kib >= LOWEST_KIB || text[strspn(text, "0123456789")])
		return false;
	fprintf(stderr, "xenballoon: %s without a unit is KiB; did you mean %sM?\n", text, text);
	return true;
}

int command_target(struct cli *cli, size_t count, char **words)
{
	uint64_t kib;

	(void)count;
	if (!size_parse(words[1], &kib)) {
		fprintf(stderr, "xenballoon: \"%.64s\" is no size: it must be " SIZE_HELP "\n",
			words[1]);
		return EXIT_USAGE;
	}
	if (unit_forgotten(words[1], kib))
		return EXIT_USAGE;
	return change_each(cli, words[0], set_target, &kib);
}
