/* SPDX-License-Identifier: MIT */
/*
 * Reads a script of guests and workloads and plays its clock. The format is the text of
 * script_help() below. Called by main.c.
 */
#include "script.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_LEN  256
#define WORDS_MAX 24

const char *script_help(void)
{
	return "A script has a line each for its guests and for what they do; # starts a comment:\n"
	       "  guest NAME STATIC_MAX_MIB [pv|pvh|hvm] [memory=MIB] [swap=MIB] [uuid=UUID]\n"
	       "        [daemon=yes|no] [poster=yes|no]\n"
	       "  at SECONDS NAME WORKLOAD [ARGS...] [+ WORKLOAD...]   seconds after all guests "
	       "are up\n"
	       "  repeat SECONDS                       then all \"at\" lines start over\n"
	       "With --guests N the first N guests of the script exist; guests beyond its last "
	       "are\n"
	       "called guest<number> and do what the script's guests do, in turn.\n"
	       "Workloads:\n";
}

struct parser {
	struct script *script;
	const struct guest_spec *defaults;
	char *error;
	size_t size;
};

static bool set_word(struct parser *p, struct guest_spec *spec, char *word)
{
	static const struct alias {
		const char *word;
		const char *key;
	} aliases[] = { { "memory", "memory-mib" }, { "swap", "swap-mib" } };
	char *value = strchr(word, '=');

	if (value == NULL)
		return spec_set(spec, "type", word, p->error, p->size);
	*value++ = '\0';
	for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++) {
		if (strcmp(word, aliases[i].word) == 0)
			return spec_set(spec, aliases[i].key, value, p->error, p->size);
	}
	return spec_set(spec, word, value, p->error, p->size);
}

static bool known(const struct script *script, const char *name)
{
	for (size_t i = 0; i < script->guest_count; i++) {
		if (strcmp(script->guests[i].name, name) == 0)
			return true;
	}
	return false;
}

static bool guest_line(struct parser *p, char **words, size_t count)
{
	struct script *script = p->script;
	struct guest_spec spec = *p->defaults;

	if (count < 3 || !spec_name_ok(words[1])) {
		snprintf(p->error, p->size,
			 "say: guest NAME STATIC_MAX_MIB [pv|pvh|hvm] [KEY=VALUE...]");
		return false;
	}
	if (known(script, words[1])) {
		snprintf(p->error, p->size, "there is a guest %s already", words[1]);
		return false;
	}
	snprintf(spec.name, sizeof(spec.name), "%s", words[1]);
	snprintf(spec.like, sizeof(spec.like), "%s", words[1]);
	if (!spec_set(&spec, "static-max-mib", words[2], p->error, p->size))
		return false;
	for (size_t i = 3; i < count; i++) {
		if (!set_word(p, &spec, words[i]))
			return false;
	}
	script->guests =
		realloc(script->guests, (script->guest_count + 1) * sizeof(*script->guests));
	if (script->guests == NULL)
		abort();
	script->guests[script->guest_count++] = spec;
	return true;
}

static bool parse_seconds(const char *word, int64_t *ms)
{
	char *end;
	double seconds = strtod(word, &end);

	if (end == word || *end != '\0' || !(seconds >= 0 && seconds <= 1e6))
		return false;
	*ms = (int64_t)(seconds * 1000);
	return true;
}

/* Keeps events in order of time; of the same time, in order of the file. */
static void add_event(struct script *script, const struct script_event *event)
{
	size_t i = script->event_count++;

	script->events = realloc(script->events, script->event_count * sizeof(*script->events));
	if (script->events == NULL)
		abort();
	for (; i > 0 && script->events[i - 1].at_ms > event->at_ms; i--)
		script->events[i] = script->events[i - 1];
	script->events[i] = *event;
}

static bool at_line(struct parser *p, char **words, size_t count)
{
	struct script_event event;

	if (count < 4 || !parse_seconds(words[1], &event.at_ms) || !spec_name_ok(words[2])) {
		snprintf(p->error, p->size, "say: at SECONDS NAME WORKLOAD [ARGS...]");
		return false;
	}
	snprintf(event.name, sizeof(event.name), "%s", words[2]);
	if (!workload_parse(&event.workload, words + 3, count - 3, p->error, p->size))
		return false;
	add_event(p->script, &event);
	return true;
}

static bool repeat_line(struct parser *p, char **words, size_t count)
{
	if (count == 2 && parse_seconds(words[1], &p->script->repeat_ms) &&
	    p->script->repeat_ms >= 1000)
		return true;
	snprintf(p->error, p->size, "say: repeat SECONDS, at least 1");
	return false;
}

static const struct line {
	const char *word;
	bool (*parse)(struct parser *p, char **words, size_t count);
} lines[] = {
	{ "guest", guest_line },
	{ "at", at_line },
	{ "repeat", repeat_line },
};

static bool parse_line(struct parser *p, char *text)
{
	char *words[WORDS_MAX], *rest = NULL;
	size_t count = 0;

	text[strcspn(text, "#\n")] = '\0';
	for (char *word = strtok_r(text, " \t", &rest); word != NULL;
	     word = strtok_r(NULL, " \t", &rest)) {
		if (count == WORDS_MAX) {
			snprintf(p->error, p->size, "more than %d words", WORDS_MAX);
			return false;
		}
		words[count++] = word;
	}
	if (count == 0)
		return true;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		if (strcmp(words[0], lines[i].word) == 0)
			return lines[i].parse(p, words, count);
	}
	snprintf(p->error, p->size, "a line starts with guest, at or repeat, not \"%s\"", words[0]);
	return false;
}

bool script_load(struct script *script, const char *path, const struct guest_spec *defaults,
		 char *error, size_t size)
{
	char text[LINE_LEN], what[LINE_LEN];
	struct parser p = { script, defaults, what, sizeof(what) };
	FILE *file = fopen(path, "re");
	bool ok = file != NULL;
	int number = 0;

	*script = (struct script){ .guests = NULL };
	if (!ok)
		snprintf(error, size, "%s: %s", path, strerror(errno));
	while (ok && fgets(text, sizeof(text), file) != NULL) {
		number++;
		ok = parse_line(&p, text);
		if (!ok)
			snprintf(error, size, "%s:%d: %s", path, number, what);
	}
	if (file != NULL)
		fclose(file);
	return ok;
}

void script_free(struct script *script)
{
	free(script->guests);
	free(script->events);
}

void script_start(struct script *script, int64_t now_ms)
{
	script->start_ms = now_ms;
	script->next = 0;
}

void script_run(struct script *script, int64_t now_ms,
		void (*apply)(const struct script_event *event, int64_t now_ms))
{
	if (script->start_ms == 0)
		return;
	if (script->repeat_ms > 0 && now_ms - script->start_ms >= script->repeat_ms)
		script_start(script, script->start_ms + script->repeat_ms);
	while (script->next < script->event_count &&
	       script->events[script->next].at_ms <= now_ms - script->start_ms)
		apply(&script->events[script->next++], now_ms);
}
