/* SPDX-License-Identifier: MIT */
/*
 * Turns a YAML file into a tree; the one user of libyaml. Knows no setting. Called by config_read.c
 * and web_config.c.
 */
#include "tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "file.h"

struct reader {
	const char *path;
	yaml_parser_t parser;
	yaml_event_t event;
	unsigned int depth;
	char *error;
	size_t error_size;
};

static void __attribute__((format(printf, 5, 0))) fail_at(char *error, size_t size,
							  const char *path, size_t line,
							  const char *format, va_list arguments)
{
	int len = snprintf(error, size, "%s:%zu: ", path, line);
	char *what = error + len;

	if (len < 0 || (size_t)len >= size)
		return;
	vsnprintf(what, size - (size_t)len, format, arguments);
	/* The file's own words go to a terminal. */
	for (; *what; what++)
		if (*what < 0x20 || *what > 0x7e)
			*what = '?';
}

bool tree_fail(char *error, size_t size, const char *path, size_t line, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fail_at(error, size, path, line, format, arguments);
	va_end(arguments);
	return false;
}

static bool fail(struct reader *reader, size_t line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static bool fail(struct reader *reader, size_t line, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fail_at(reader->error, reader->error_size, reader->path, line, format, arguments);
	va_end(arguments);
	return false;
}

static size_t line_of(const struct reader *reader)
{
	return reader->event.start_mark.line + 1;
}

/* What YAML can and a configuration needn't is refused. */
static bool check_event(struct reader *reader)
{
	const yaml_event_t *event = &reader->event;
	const yaml_char_t *anchor = NULL, *tag = NULL;

	if (event->type == YAML_SCALAR_EVENT) {
		anchor = event->data.scalar.anchor;
		tag = event->data.scalar.tag;
		if (strlen((const char *)event->data.scalar.value) != event->data.scalar.length)
			return fail(reader, line_of(reader), "a zero byte; only text is allowed");
	} else if (event->type == YAML_MAPPING_START_EVENT) {
		anchor = event->data.mapping_start.anchor;
		tag = event->data.mapping_start.tag;
	} else if (event->type == YAML_SEQUENCE_START_EVENT) {
		anchor = event->data.sequence_start.anchor;
		tag = event->data.sequence_start.tag;
	}
	if (anchor || event->type == YAML_ALIAS_EVENT)
		return fail(reader, line_of(reader),
			    "anchors and aliases are not allowed; write the value out");
	if (tag)
		return fail(reader, line_of(reader), "tags (!) are not allowed; leave it out");
	return true;
}

static bool next_event(struct reader *reader)
{
	yaml_event_delete(&reader->event);
	if (!yaml_parser_parse(&reader->parser, &reader->event)) {
		const yaml_mark_t *mark = &reader->parser.problem_mark;

		return fail(reader, mark->line + 1, "not YAML: %s",
			    reader->parser.problem ? reader->parser.problem : "out of memory");
	}
	return check_event(reader);
}

/* The YAML 1.2 core schema's ways to say nothing. */
static bool says_nothing(const char *text)
{
	static const char *const nothing[] = { "", "~", "null", "Null", "NULL" };

	for (size_t i = 0; i < sizeof(nothing) / sizeof(nothing[0]); i++)
		if (strcmp(text, nothing[i]) == 0)
			return true;
	return false;
}

static struct tree *node_new(struct reader *reader, enum tree_kind kind)
{
	struct tree *node = calloc(1, sizeof(*node));

	if (!node) {
		fail(reader, line_of(reader), "out of memory");
		return NULL;
	}
	node->kind = kind;
	node->line = line_of(reader);
	return node;
}

static struct tree *read_text(struct reader *reader)
{
	struct tree *node = node_new(reader, TREE_TEXT);

	if (!node)
		return NULL;
	node->text = strdup((const char *)reader->event.data.scalar.value);
	if (!node->text) {
		fail(reader, node->line, "out of memory");
		tree_free(node);
		return NULL;
	}
	node->plain = reader->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	if (node->plain && says_nothing(node->text))
		node->kind = TREE_NOTHING;
	return node;
}

static struct tree *read_node(struct reader *reader);

/* A key's line is its value's, as it is where people look. */
static struct tree *read_pair(struct reader *reader)
{
	struct tree *key = read_node(reader), *value;

	if (!key || !next_event(reader)) {
		tree_free(key);
		return NULL;
	}
	value = read_node(reader);
	if (value) {
		value->line = key->line;
		value->key = key->text ? key->text : strdup("?");
		key->text = NULL;
		if (!value->key) {
			fail(reader, value->line, "out of memory");
			tree_free(value);
			value = NULL;
		}
	}
	tree_free(key);
	return value;
}

/* What stands in a list or a map, until its end. */
static bool read_children(struct reader *reader, struct tree *parent)
{
	struct tree **last = &parent->first;

	for (;;) {
		if (!next_event(reader))
			return false;
		if (reader->event.type == YAML_MAPPING_END_EVENT ||
		    reader->event.type == YAML_SEQUENCE_END_EVENT)
			return true;
		*last = parent->kind == TREE_MAP ? read_pair(reader) : read_node(reader);
		if (!*last)
			return false;
		last = &(*last)->next;
	}
}

/* The node that begins with the current event, which is its last one afterwards. */
static struct tree *read_node(struct reader *reader)
{
	bool map = reader->event.type == YAML_MAPPING_START_EVENT;
	struct tree *node;

	if (reader->event.type == YAML_SCALAR_EVENT)
		return read_text(reader);
	if (reader->depth == TREE_DEPTH_MAX) {
		fail(reader, line_of(reader), "nested too deeply");
		return NULL;
	}
	node = node_new(reader, map ? TREE_MAP : TREE_LIST);
	reader->depth++;
	if (node && !read_children(reader, node)) {
		tree_free(node);
		node = NULL;
	}
	reader->depth--;
	return node;
}

/* One document, or nothing but comments. */
static struct tree *read_stream(struct reader *reader)
{
	struct tree *tree;

	do {
		if (!next_event(reader))
			return NULL;
	} while (reader->event.type == YAML_STREAM_START_EVENT ||
		 reader->event.type == YAML_DOCUMENT_START_EVENT);
	if (reader->event.type == YAML_STREAM_END_EVENT)
		return node_new(reader, TREE_NOTHING);
	tree = read_node(reader);
	if (!tree)
		return NULL;
	if (next_event(reader) && next_event(reader)) {
		if (reader->event.type == YAML_STREAM_END_EVENT)
			return tree;
		fail(reader, line_of(reader), "a second document; keep everything in one");
	}
	tree_free(tree);
	return NULL;
}

static struct tree *parse(struct reader *reader, const char *text, size_t len)
{
	struct tree *tree;

	if (!yaml_parser_initialize(&reader->parser)) {
		fail(reader, 1, "out of memory");
		return NULL;
	}
	yaml_parser_set_input_string(&reader->parser, (const unsigned char *)text, len);
	yaml_parser_set_encoding(&reader->parser, YAML_UTF8_ENCODING);
	tree = read_stream(reader);
	yaml_event_delete(&reader->event);
	yaml_parser_delete(&reader->parser);
	return tree;
}

struct tree *tree_read(const char *path, char *error, size_t size)
{
	struct reader reader = { .path = path, .error = error, .error_size = size };
	struct tree *tree = NULL;
	char *text;
	size_t len;
	int failed = file_read(AT_FDCWD, path, TREE_FILE_MAX, FILE_ANY_KIND, &text, &len, NULL);

	if (failed == -EFBIG)
		fail(&reader, 1, "longer than %d bytes, the most that is read", TREE_FILE_MAX);
	else if (failed)
		fail(&reader, 1, "cannot read it: %s", strerror(-failed));
	else
		tree = parse(&reader, text, len);
	free(text);
	return tree;
}

/* Lists are long, depth is bounded. */
void tree_free(struct tree *tree)
{
	while (tree) {
		struct tree *next = tree->next;

		tree_free(tree->first);
		free(tree->key);
		free(tree->text);
		free(tree);
		tree = next;
	}
}
