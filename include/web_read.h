/* SPDX-License-Identifier: MIT */
/*
 * What the files that read web.config.yml share: a section is a table of keys, and a value is taken
 * as the toolkit's YAML library takes it.
 */
#ifndef XENBALLOON_WEB_READ_H
#define XENBALLOON_WEB_READ_H

#include <stdbool.h>
#include <stddef.h>

#include "tree.h"
#include "web_config.h"

struct web_reader {
	const char *path;
	struct web_config *web;
	char *error;
	size_t error_size;
};

#define web_fail(reader, node, ...)                                                                \
	tree_fail((reader)->error, (reader)->error_size, (reader)->path, (node)->line, __VA_ARGS__)

/* A key of a section: takes its value, or returns false. */
struct web_key {
	const char *name;
	bool (*take)(struct web_reader *reader, const struct tree *node);
	const char *right; /* what would be */
};

/* Each key of a map by its row; the table ends in a row without a name. */
bool web_read_keys(struct web_reader *reader, const struct web_key *keys, const struct tree *map);

/* Fails if a key of a map has come before. */
bool web_comes_twice(struct web_reader *reader, const struct tree *map, const struct tree *node);

/* A scalar's text, that of nothing included; NULL: it is a list or a map. */
const char *web_text(const struct tree *node);

/* Any text without control characters that fits. */
bool web_take_text(const struct tree *node, char *text, size_t size);

/* The words of YAML 1.1 for true and false, without quotes; nothing is false. */
bool web_take_flag(const struct tree *node, bool *flag);

/* The section tls_server_config. */
bool web_read_tls(struct web_reader *reader, const struct tree *map);

#endif
