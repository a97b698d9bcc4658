/* SPDX-License-Identifier: MIT */
/*
 * `watch`: follows the agents' events, one line per change, until it is ended. Only reads.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jansson.h>

#include "cli_client.h"
#include "cli_column.h"
#include "cli_command.h"
#include "cli_events.h"
#include "cli_guests.h"
#include "cli_problem.h"
#include "cli_size.h"
#include "cli_term.h"

#define STEP_MS	       1000
#define RETRY_FIRST_S  1
#define RETRY_MOST_S   30
#define LEAST_STEP_KIB 1024 /* a size that changed by less is not told */

struct watch;

/* One agent that is followed. */
struct stream {
	struct watch *watch;
	struct client_call call;
	struct events events;
	json_t *guests; /* by UUID, as they were last told of */
	json_t *host;
	bool running, connected; /* connected: ever */
	time_t retry_at;	 /* by CLOCK_MONOTONIC */
	unsigned int retry_s;
};

struct watch {
	const struct cli *cli;
	size_t count; /* of words: guests that are meant; 0: all */
	char **words;
	uint64_t lines;
	struct stream streams[OPTIONS_HOSTS_MAX];
};

/* What is waited for is measured by a clock that nobody sets; lines bear the wall's. */
static time_t monotonic_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

static bool meant(const struct watch *watch, const json_t *guest)
{
	for (size_t i = 0; i < watch->count; i++)
		if (guests_means(watch->words[i], guest))
			return true;
	return !watch->count;
}

static void begin_line(const struct stream *stream, const json_t *guest)
{
	struct tm local;
	time_t now = time(NULL);
	char text[16], *name = term_escape(guest_text(guest, "name"));

	localtime_r(&now, &local);
	strftime(text, sizeof(text), "%H:%M:%S", &local);
	printf("%s%s%s  ", term_color(TERM_DIM), text, term_color(TERM_PLAIN));
	if (stream->watch->cli->way_count > 1)
		printf("%s  ", stream->call.way->label);
	printf("%s%-10s%s  ", term_color(TERM_BOLD), name, term_color(TERM_PLAIN));
	free(name);
}

static void end_line(const struct stream *stream)
{
	putchar('\n');
	stream->watch->lines++;
}

static void print_escaped(const char *text)
{
	char *shown = term_escape(text);

	fputs(shown, stdout);
	free(shown);
}

static uint64_t number_of(const json_t *object, const char *field)
{
	uint64_t number;

	guest_number(object, field, &number);
	return number;
}

/* "313 MiB -> 286 MiB" of a size that changed, else the size. */
static void print_size(uint64_t before, uint64_t after)
{
	char from[SIZE_TEXT], to[SIZE_TEXT], line[2 * SIZE_TEXT + 8];

	if (before && before != after)
		snprintf(line, sizeof(line), "%s -> %s", size_text(from, before),
			 size_text(to, after));
	else
		snprintf(line, sizeof(line), "%s", size_text(to, after));
	printf("%-20s  ", line);
}

static bool size_changed(const json_t *before, const json_t *after, const char *field)
{
	uint64_t old = number_of(before, field), now = number_of(after, field);

	return (old > now ? old - now : now - old) >= LEAST_STEP_KIB;
}

static bool text_changed(const json_t *before, const json_t *after, const char *field)
{
	return strcmp(guest_text(before, field), guest_text(after, field)) != 0;
}

/* "" is that there is none any more. */
static void tell_text(const char *what, const char *text)
{
	if (!*text)
		return;
	fputs(what, stdout);
	print_escaped(text);
	fputs("; ", stdout);
}

static bool worth_telling(const json_t *before, const json_t *after)
{
	return !before || guest_true(before, "selfballoon") != guest_true(after, "selfballoon") ||
	       strcmp(guest_text(before, "state"), guest_text(after, "state")) != 0 ||
	       size_changed(before, after, "allocated_kib") ||
	       text_changed(before, after, "policy") ||
	       text_changed(before, after, "policy_note") ||
	       size_changed(before, after, "target_kib");
}

static void tell(const struct stream *stream, const json_t *before, const json_t *after)
{
	const char *state = guest_text(after, "state");
	char size[SIZE_TEXT];

	begin_line(stream, after);
	printf("%s%-9s%s  ", term_color(column_state_color(state)), state, term_color(TERM_PLAIN));
	print_size(number_of(before, "allocated_kib"), number_of(after, "allocated_kib"));
	if (!before)
		printf("appeared; ");
	else if (guest_true(before, "selfballoon") != guest_true(after, "selfballoon"))
		printf("selfballooning %s; ", guest_true(after, "selfballoon") ? "on" : "off");
	if (before && text_changed(before, after, "policy"))
		tell_text("policy ", guest_text(after, "policy"));
	if (before && text_changed(before, after, "policy_note"))
		tell_text("", guest_text(after, "policy_note"));
	if (before && size_changed(before, after, "target_kib"))
		printf("target %s; ", size_text(size, number_of(after, "target_kib")));
	print_escaped(guest_text(after, "reason"));
	end_line(stream);
}

static void take_domain(struct stream *stream, json_t *guest, bool quiet)
{
	const char *uuid = guest_text(guest, "uuid");
	json_t *before = json_object_get(stream->guests, uuid);

	if (quiet || worth_telling(before, guest)) {
		if (!quiet && meant(stream->watch, guest))
			tell(stream, before, guest);
		json_object_set(stream->guests, uuid, guest);
	}
}

/* After a new beginning: what changed meanwhile is told, what is as it was is not. */
static void take_domains(struct stream *stream, json_t *whole)
{
	json_t *list = json_object_get(whole, "domains"), *guest;
	bool first = !json_object_size(stream->guests);
	size_t at;

	json_array_foreach(list, at, guest) take_domain(stream, guest, first);
}

static void take_gone(struct stream *stream, json_t *guest)
{
	if (meant(stream->watch, guest)) {
		begin_line(stream, guest);
		printf("%sgone%s", term_color(TERM_WARN), term_color(TERM_PLAIN));
		end_line(stream);
	}
	json_object_del(stream->guests, guest_text(guest, "uuid"));
}

static void print_asked(const json_t *entry)
{
	const json_t *asked = json_object_get(entry, "requested");
	char size[SIZE_TEXT];

	if (!strcmp(guest_text(entry, "action"), "policy")) {
		fputs("policy ", stdout);
		print_escaped(*guest_text(entry, "requested") ? guest_text(entry, "requested")
							      : "none");
	} else if (json_is_integer(asked))
		printf("target %s", size_text(size, (uint64_t)json_integer_value(asked)));
	else
		printf("selfballooning %s", json_is_true(asked) ? "on" : "off");
}

static void take_control(struct stream *stream, json_t *entry)
{
	const char *result = guest_text(entry, "result"), *detail = guest_text(entry, "detail");
	bool good = !strcmp(result, "ok") || !strcmp(result, "checked");

	if (!meant(stream->watch, entry))
		return;
	begin_line(stream, entry);
	print_escaped(*guest_text(entry, "principal") ? guest_text(entry, "principal")
						      : "somebody");
	fputs(" asked for ", stdout);
	print_asked(entry);
	printf(": %s%s%s", term_color(good ? TERM_GOOD : TERM_BAD), result, term_color(TERM_PLAIN));
	if (*detail) {
		fputs(", ", stdout);
		print_escaped(detail);
	}
	end_line(stream);
}

/* Only that the agent lost sight of the host, or has it again, is worth a line. */
static void take_host(struct stream *stream, json_t *host)
{
	bool was = !stream->host || (guest_true(stream->host, "store_up") &&
				     guest_true(stream->host, "hypervisor_up"));
	bool is = guest_true(host, "store_up") && guest_true(host, "hypervisor_up");

	json_decref(stream->host);
	stream->host = json_incref(host);
	if (was == is || stream->watch->count)
		return;
	begin_line(stream, NULL);
	fputs(is ? "xenstored and the hypervisor answer the agent again"
		 : "xenstored or the hypervisor does not answer the agent",
	      stdout);
	end_line(stream);
}

static void take_whole(struct stream *stream, json_t *whole)
{
	take_domains(stream, whole);
}

static void take_one(struct stream *stream, json_t *guest)
{
	take_domain(stream, guest, false);
}

static const struct {
	const char *name;
	void (*take)(struct stream *stream, json_t *object);
} takers[] = {
	{ "host", take_host }, { "domains", take_whole },   { "domain", take_one },
	{ "gone", take_gone }, { "control", take_control },
};

static void print_event(struct stream *stream, const char *name, json_t *object)
{
	json_t *event = json_pack("{ss ss sO}", "host", stream->call.way->label, "event", name,
				  "data", object);

	json_dumpf(event, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER);
	json_decref(event);
	end_line(stream);
}

static bool ended(const struct watch *watch)
{
	uint64_t most = watch->cli->options->count;

	return ferror(stdout) || (most && watch->lines >= most);
}

static void take_event(void *context, const char *name, const char *data)
{
	struct stream *stream = context;
	json_t *object = json_loads(data, 0, NULL);

	if (!stream->connected || stream->retry_s > RETRY_FIRST_S)
		stream->retry_s = RETRY_FIRST_S;
	stream->connected = true;
	if (object && !ended(stream->watch) && stream->watch->cli->options->json) {
		print_event(stream, name, object);
	} else if (object) {
		for (size_t i = 0; i < sizeof(takers) / sizeof(*takers); i++)
			if (!strcmp(takers[i].name, name) && !ended(stream->watch))
				takers[i].take(stream, object);
	}
	json_decref(object);
}

static void feed(void *context, const char *bytes, size_t len)
{
	struct stream *stream = context;

	events_feed(&stream->events, bytes, len);
}

static void open_stream(struct stream *stream)
{
	events_free(&stream->events);
	stream->events = (struct events){ .take = take_event, .context = stream };
	stream->call = (struct client_call){ .way = stream->call.way,
					     .method = "GET",
					     .path = "/api/v1/events",
					     .data = feed,
					     .context = stream };
	client_begin(&stream->call, 1);
	stream->running = true;
}

/* An agent that can be asked again later is; one that refuses is not. True: given up. */
static bool lost(struct stream *stream, time_t now, int *code)
{
	int status = stream->call.status;

	stream->running = false;
	if (status / 100 == 2)
		fprintf(stderr, "xenballoon: %s: the agent ended the stream\n",
			stream->call.way->label);
	else
		problem_good(&stream->call);
	stream->retry_at = 0;
	*code = status / 100 == 4 ? EXIT_REFUSED : EXIT_NO_ANSWER;
	client_free(&stream->call, 1);
	if (!stream->connected || status / 100 == 4)
		return true;
	stream->retry_at = now + stream->retry_s;
	stream->retry_s = stream->retry_s * 2 < RETRY_MOST_S ? stream->retry_s * 2 : RETRY_MOST_S;
	return false;
}

static int follow(struct watch *watch)
{
	const struct timespec pause = { .tv_nsec = 100 * 1000000L };
	size_t left = watch->cli->way_count;
	int code = EXIT_DONE, own;

	for (size_t i = 0; i < left; i++)
		open_stream(&watch->streams[i]);
	while (left && !ended(watch)) {
		time_t now = monotonic_s();

		if (!client_step(STEP_MS, -1))
			nanosleep(&pause, NULL);
		for (size_t i = 0; i < watch->cli->way_count; i++) {
			struct stream *stream = &watch->streams[i];

			if (stream->running && client_ended(&stream->call)) {
				left -= lost(stream, now, &own);
				code = own > code ? own : code;
			} else if (!stream->running && stream->connected && stream->retry_at &&
				   now >= stream->retry_at) {
				open_stream(stream);
			}
		}
	}
	return left ? EXIT_DONE : code;
}

int command_watch(struct cli *cli, size_t count, char **words)
{
	struct watch *watch = calloc(1, sizeof(*watch));
	int code;

	if (!watch)
		abort();
	watch->cli = cli;
	watch->count = count;
	watch->words = words;
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (size_t i = 0; i < cli->way_count; i++)
		watch->streams[i] = (struct stream){ .watch = watch,
						     .call = { .way = &cli->ways[i] },
						     .guests = json_object() };
	if (term_is_tty() && !cli->options->json)
		fprintf(stderr, "%sEach change is a line; Ctrl-C ends.%s\n", term_color(TERM_DIM),
			term_color(TERM_PLAIN));
	code = follow(watch);
	for (size_t i = 0; i < cli->way_count; i++) {
		client_free(&watch->streams[i].call, 1);
		events_free(&watch->streams[i].events);
		json_decref(watch->streams[i].guests);
		json_decref(watch->streams[i].host);
	}
	free(watch);
	return code;
}
