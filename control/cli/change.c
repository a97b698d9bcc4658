/* SPDX-License-Identifier: MIT */
/*
 * `on`, `off` and `target`: asks for changes and says how each ended. Judges nothing itself. With
 * several hosts a guest is looked for first, and must be on one of them only.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "cli_command.h"
#include "cli_follow.h"
#include "cli_guests.h"
#include "cli_problem.h"
#include "cli_size.h"
#include "cli_term.h"

static void add_options(const struct cli *cli, json_t *body)
{
	if (cli->options->dry_run)
		json_object_set_new(body, "dry_run", json_true());
	if (cli->options->force)
		json_object_set_new(body, "force", json_true());
}

static void say_value(const json_t *value, bool size)
{
	char text[SIZE_TEXT];

	if (json_is_integer(value))
		fputs(size_text(text, (uint64_t)json_integer_value(value)), stdout);
	else if (size)
		fputs("none", stdout);
	else
		fputs(json_is_true(value) ? "on" : "off", stdout);
}

/* "web1: selfballooning on (was off)", and what the operator should know although it was done. */
static void say_done(const struct cli *cli, const struct way *way, const json_t *answer)
{
	const char *warning = guest_text(answer, "warning");
	bool target = !strcmp(guest_text(answer, "action"), "target");
	char *name = term_escape(guest_text(answer, "name"));

	if (cli->way_count > 1)
		printf("%s: ", way->label);
	printf("%s%s%s: %s%s ", term_color(TERM_BOLD), name, term_color(TERM_PLAIN),
	       guest_true(answer, "dry_run") ? "would be: " : "",
	       target ? "target" : "selfballooning");
	say_value(json_object_get(answer, "after"), target);
	fputs(" (was ", stdout);
	say_value(json_object_get(answer, "before"), target);
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
		say_done(cli, call->way, answer);
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
	if (!json_array_size(answers))
		printf("%s: there are no guests to switch.\n", call->way->label);
	json_array_foreach(answers, at, answer)
	{
		own = tell(cli, call, answer);
		if (own > code)
			code = own;
	}
	return code;
}

/*
 * The guests that are meant, by host: a list of names or UUIDs each. EXIT_DONE; EXIT_NO_ANSWER if a
 * host is down, but all were found elsewhere; *good is false, said, if one is not there.
 */
static int sort_out(struct cli *cli, size_t count, char **words, json_t **lists, bool *good)
{
	struct guests guests;

	*good = true;
	for (size_t i = 0; i < cli->way_count; i++)
		lists[i] = json_array();
	if (cli->way_count == 1) {
		for (size_t i = 0; i < count; i++)
			json_array_append_new(lists[0], json_string(words[i]));
		return EXIT_DONE;
	}
	guests_read(cli, &guests);
	for (size_t i = 0; i < count; i++) {
		const struct guest *guest = guests_find(&guests, words[i]);

		*good = *good && guest;
		if (guest)
			json_array_append_new(lists[guest->way - cli->ways],
					      json_string(guest_text(guest->object, "uuid")));
	}
	guests_free(&guests);
	return guests.exit;
}

static int ask_all(struct cli *cli, bool on, json_t **lists)
{
	struct client_call calls[OPTIONS_HOSTS_MAX] = { 0 };
	size_t count = 0;
	int code = EXIT_DONE, own;

	for (size_t i = 0; i < cli->way_count; i++) {
		json_t *body;

		if (lists && !json_array_size(lists[i]))
			continue;
		body = json_pack("{sb}", "enabled", on);
		if (lists)
			json_object_set(body, "domains", lists[i]);
		add_options(cli, body);
		calls[count] = (struct client_call){ .way = &cli->ways[i],
						     .method = "POST",
						     .path = "/api/v1/selfballoon",
						     .send = body };
		count++;
	}
	client_run(calls, count);
	for (size_t i = 0; i < count; i++) {
		own = tell_all(cli, &calls[i]);
		if (own > code)
			code = own;
		json_decref(calls[i].send);
	}
	client_free(calls, count);
	return code;
}

static int switch_guests(struct cli *cli, bool on, size_t count, char **words)
{
	json_t *lists[OPTIONS_HOSTS_MAX] = { 0 };
	int code, own = EXIT_REFUSED;
	bool good;

	if (cli->options->all == !!count) {
		fprintf(stderr, "xenballoon: name the guests, or --all for every one; "
				"`xenballoon list` shows them\n");
		return EXIT_USAGE;
	}
	if (!count)
		return ask_all(cli, on, NULL);
	code = sort_out(cli, count, words, lists, &good);
	if (good)
		own = ask_all(cli, on, lists);
	for (size_t i = 0; i < cli->way_count; i++)
		json_decref(lists[i]);
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

/* The host and the name that a request for this guest goes to; *id NULL, said: there is none. */
static int locate(struct cli *cli, const char *word, const struct way **way, char **id)
{
	const struct guest *guest;
	struct guests guests;

	*way = &cli->ways[0];
	*id = NULL;
	if (cli->way_count == 1) {
		*id = strdup(word);
		return EXIT_DONE;
	}
	guests_read(cli, &guests);
	guest = guests_find(&guests, word);
	if (guest) {
		*way = guest->way;
		*id = strdup(guest_text(guest->object, "uuid"));
	} else if (guests.exit == EXIT_DONE) {
		guests.exit = EXIT_REFUSED;
	}
	guests_free(&guests);
	return guests.exit;
}

int command_target(struct cli *cli, size_t count, char **words)
{
	struct client_call call = { .method = "POST" };
	int code, located;
	uint64_t kib;
	char *id;

	(void)count;
	if (!size_parse(words[1], &kib)) {
		fprintf(stderr, "xenballoon: \"%.64s\" is no size: it must be " SIZE_HELP "\n",
			words[1]);
		return EXIT_USAGE;
	}
	located = locate(cli, words[0], &call.way, &id);
	if (!id)
		return located;
	client_path(&call, "/api/v1/domains/%s/target", id);
	free(id);
	call.send = json_pack("{sI}", "target_kib", (json_int_t)kib);
	add_options(cli, call.send);
	client_run(&call, 1);
	code = problem_exit(&call);
	if (problem_good(&call)) {
		say_done(cli, call.way, call.answer);
		if (cli->options->wait && !cli->options->dry_run)
			code = follow_target(cli, call.way, guest_text(call.answer, "uuid"), kib);
	}
	json_decref(call.send);
	client_free(&call, 1);
	return code == EXIT_DONE ? located : code;
}
