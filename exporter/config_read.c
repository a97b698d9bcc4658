/* SPDX-License-Identifier: MIT */
/*
 * Reads agent.yml into a struct config; the one user of libyaml. Takes a strict and small part of
 * YAML: sections of settings, each once, no anchors, tags or second documents. Which settings there
 * are is setting.c's. Called by config.c alone.
 */
#include "config_read.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <yaml.h>

#define FILE_MAX (64 * 1024)

struct reader {
	const char *path;
	yaml_parser_t parser;
	yaml_event_t event;
	struct config *config;
	size_t *line;			    /* where each was set; 0: not in the file */
	size_t section_line[SETTING_COUNT]; /* the same, by a section's first setting */
	char *error;
	size_t error_size;
};

static bool __attribute__((format(printf, 3, 4)))
fail(struct reader *reader, size_t line, const char *format, ...)
{
	int len = snprintf(reader->error, reader->error_size, "%s:%zu: ", reader->path, line);
	char *what = reader->error + len;
	va_list arguments;

	if (len < 0 || (size_t)len >= reader->error_size)
		return false;
	va_start(arguments, format);
	vsnprintf(what, reader->error_size - (size_t)len, format, arguments);
	va_end(arguments);
	/* The file's own words go to a terminal. */
	for (; *what; what++)
		if (*what < 0x20 || *what > 0x7e)
			*what = '?';
	return false;
}

static size_t line_of(const struct reader *reader)
{
	return reader->event.start_mark.line + 1;
}

/* The next event, with what YAML can and a configuration needn't refused. */
static bool next_event(struct reader *reader)
{
	yaml_event_t *event = &reader->event;
	const yaml_char_t *anchor = NULL, *tag = NULL;

	yaml_event_delete(event);
	if (!yaml_parser_parse(&reader->parser, event)) {
		const yaml_mark_t *mark = &reader->parser.problem_mark;

		return fail(reader, mark->line + 1, "not YAML: %s",
			    reader->parser.problem ? reader->parser.problem : "out of memory");
	}
	if (event->type == YAML_SCALAR_EVENT) {
		anchor = event->data.scalar.anchor;
		tag = event->data.scalar.tag;
		if (strlen((const char *)event->data.scalar.value) != event->data.scalar.length)
			return fail(reader, line_of(reader), "a zero byte; only text is allowed");
	} else if (event->type == YAML_MAPPING_START_EVENT) {
		anchor = event->data.mapping_start.anchor;
		tag = event->data.mapping_start.tag;
	}
	if (anchor || event->type == YAML_ALIAS_EVENT)
		return fail(reader, line_of(reader),
			    "anchors and aliases are not allowed; write the value out");
	if (tag)
		return fail(reader, line_of(reader), "tags (!) are not allowed; leave it out");
	return true;
}

static const char *scalar(const struct reader *reader)
{
	return reader->event.type == YAML_SCALAR_EVENT
		       ? (const char *)reader->event.data.scalar.value
		       : NULL;
}

static bool is_plain(const struct reader *reader)
{
	return reader->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
}

/* The YAML 1.2 core schema's ways to say nothing. */
static bool is_null(const struct reader *reader)
{
	static const char *const nothing[] = { "", "~", "null", "Null", "NULL" };

	if (!scalar(reader) || !is_plain(reader))
		return false;
	for (size_t i = 0; i < sizeof(nothing) / sizeof(nothing[0]); i++)
		if (strcmp(scalar(reader), nothing[i]) == 0)
			return true;
	return false;
}

/* Length of the section's name in a path; the key follows the dot. */
static size_t section_length(const struct setting *setting)
{
	return strcspn(setting->path, ".");
}

static bool same_section(const struct setting *one, const struct setting *other)
{
	size_t len = section_length(one);

	return len == section_length(other) && strncmp(one->path, other->path, len) == 0;
}

static const char *key_of(const struct setting *setting)
{
	return setting->path + section_length(setting) + 1;
}

/* All sections, or all keys of one (named by its first setting), as a list for people. */
static void list_names(const struct setting *section, char *text, size_t size)
{
	size_t at = 0;

	text[0] = '\0';
	for (size_t i = 0; i < SETTING_COUNT && at < size; i++) {
		const struct setting *row = &settings[i];
		const char *name = section ? key_of(row) : row->path;
		size_t len = section ? strlen(name) : section_length(row);

		if (section ? !same_section(row, section) : i && same_section(row, row - 1))
			continue;
		at += (size_t)snprintf(text + at, size - at, "%s%.*s", at ? ", " : "", (int)len,
				       name);
	}
}

static bool read_value(struct reader *reader, const struct setting *setting)
{
	size_t index = (size_t)(setting - settings);
	char right[128];
	const char *wanted;

	if (reader->line[index])
		return fail(reader, line_of(reader), "%s was already set in line %zu; keep one",
			    setting->path, reader->line[index]);
	reader->line[index] = line_of(reader);
	if (!next_event(reader))
		return false;
	setting_describe_range(setting, right, sizeof(right));
	if (!scalar(reader) || is_null(reader))
		return fail(reader, reader->line[index], "%s needs one value: %s", setting->path,
			    right);
	if (setting->kind != SETTING_TEXT && setting->kind != SETTING_CHOICE && !is_plain(reader))
		return fail(reader, reader->line[index], "%s is a text: must be %s, without quotes",
			    setting->path, right);
	wanted = setting_store(setting, reader->config, scalar(reader), right, sizeof(right));
	return !wanted || fail(reader, reader->line[index], "%s is \"%.80s\": must be %s",
			       setting->path, scalar(reader), wanted);
}

/* The setting that the current event names, or NULL with the error set. */
static const struct setting *find_setting(struct reader *reader, const struct setting *section)
{
	char names[128];

	for (size_t i = 0; scalar(reader) && i < SETTING_COUNT; i++)
		if (same_section(&settings[i], section) &&
		    strcmp(key_of(&settings[i]), scalar(reader)) == 0)
			return &settings[i];
	list_names(section, names, sizeof(names));
	fail(reader, line_of(reader), "unknown setting \"%.40s\" in %.*s: it has %s",
	     scalar(reader) ? scalar(reader) : "?", (int)section_length(section), section->path,
	     names);
	return NULL;
}

static bool read_section(struct reader *reader, const struct setting *section)
{
	for (;;) {
		const struct setting *setting;

		if (!next_event(reader))
			return false;
		if (reader->event.type == YAML_MAPPING_END_EVENT)
			return true;
		setting = find_setting(reader, section);
		if (!setting || !read_value(reader, setting))
			return false;
	}
}

/* The first setting of the section that the current event names, or NULL with the error set. */
static const struct setting *find_section(struct reader *reader)
{
	char names[128];

	for (size_t i = 0; scalar(reader) && i < SETTING_COUNT; i++)
		if (strlen(scalar(reader)) == section_length(&settings[i]) &&
		    strncmp(scalar(reader), settings[i].path, section_length(&settings[i])) == 0)
			return &settings[i];
	list_names(NULL, names, sizeof(names));
	fail(reader, line_of(reader), "unknown section \"%.40s\": there are %s",
	     scalar(reader) ? scalar(reader) : "?", names);
	return NULL;
}

/* A section may come once, so that no setting hides in a second one. */
static bool enter_section(struct reader *reader, const struct setting *section)
{
	size_t *line = &reader->section_line[section - settings];

	if (*line)
		return fail(reader, line_of(reader), "%.*s already began in line %zu; join them",
			    (int)section_length(section), section->path, *line);
	*line = line_of(reader);
	if (!next_event(reader))
		return false;
	if (is_null(reader))
		return true;
	if (reader->event.type != YAML_MAPPING_START_EVENT)
		return fail(reader, *line, "%.*s must hold settings, `key: value` in a line each",
			    (int)section_length(section), section->path);
	return read_section(reader, section);
}

static bool read_sections(struct reader *reader)
{
	for (;;) {
		const struct setting *section;

		if (!next_event(reader))
			return false;
		if (reader->event.type == YAML_MAPPING_END_EVENT)
			return true;
		section = find_section(reader);
		if (!section || !enter_section(reader, section))
			return false;
	}
}

/* One document with one mapping, or nothing but comments. */
static bool read_stream(struct reader *reader)
{
	do {
		if (!next_event(reader))
			return false;
	} while (reader->event.type == YAML_STREAM_START_EVENT ||
		 reader->event.type == YAML_DOCUMENT_START_EVENT);
	if (reader->event.type == YAML_STREAM_END_EVENT)
		return true;
	if (reader->event.type == YAML_MAPPING_START_EVENT) {
		if (!read_sections(reader))
			return false;
	} else if (!is_null(reader)) {
		return fail(reader, line_of(reader),
			    "must hold sections, such as `http:`, each with settings below it");
	}
	if (!next_event(reader) || !next_event(reader))
		return false;
	return reader->event.type == YAML_STREAM_END_EVENT ||
	       fail(reader, line_of(reader), "a second document; keep everything in one");
}

static bool read_yaml(struct reader *reader, const char *text, size_t len)
{
	bool good;

	if (!yaml_parser_initialize(&reader->parser))
		return fail(reader, 1, "out of memory");
	yaml_parser_set_input_string(&reader->parser, (const unsigned char *)text, len);
	yaml_parser_set_encoding(&reader->parser, YAML_UTF8_ENCODING);
	good = read_stream(reader);
	yaml_event_delete(&reader->event);
	yaml_parser_delete(&reader->parser);
	return good;
}

/* Reads at most size bytes of a file of any kind. The length, or a negative errno. */
static ssize_t read_file(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t got = 1;

	if (fd < 0)
		return -errno;
	while (got > 0 && len < size) {
		got = read(fd, text + len, size - len);
		if (got > 0)
			len += (size_t)got;
		else if (got < 0 && errno == EINTR)
			got = 1;
		else if (got < 0)
			len = 0;
	}
	got = got < 0 ? -errno : (ssize_t)len;
	close(fd);
	return got;
}

static bool read_text(struct reader *reader)
{
	char *text = malloc(FILE_MAX + 1);
	ssize_t len;
	bool good;

	if (!text)
		return fail(reader, 1, "out of memory");
	len = read_file(reader->path, text, FILE_MAX + 1);
	if (len < 0)
		good = fail(reader, 1, "cannot read it: %s", strerror((int)-len));
	else if (len > FILE_MAX)
		good = fail(reader, 1, "longer than %d bytes, the most that is read", FILE_MAX);
	else
		good = read_yaml(reader, text, (size_t)len);
	free(text);
	return good;
}

bool config_read(const char *path, struct config *config, size_t line[SETTING_COUNT], char *error,
		 size_t size)
{
	struct reader reader = {
		.path = path, .config = config, .line = line, .error = error, .error_size = size
	};

	return read_text(&reader);
}
