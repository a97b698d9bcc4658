/* SPDX-License-Identifier: MIT */
/*
 * A YAML file as a tree: a strict and small part of YAML, one document of maps, lists and texts,
 * without anchors, aliases and tags. What the texts mean is the caller's.
 */
#ifndef XENBALLOON_TREE_H
#define XENBALLOON_TREE_H

#include <stdbool.h>
#include <stddef.h>

/* The longest file that is read, in bytes, and how deep maps and lists may stand in each other. */
#define TREE_FILE_MAX  (64 * 1024)
#define TREE_DEPTH_MAX 8

enum tree_kind {
	TREE_NOTHING, /* no value, ~ or null */
	TREE_TEXT,
	TREE_LIST,
	TREE_MAP
};

struct tree {
	enum tree_kind kind;
	size_t line; /* where it stands, that of its key in a map; from 1 */
	char *key;   /* in a map, as text; "?" where it is none. Else NULL */
	char *text;  /* of a text and of nothing; without zero bytes */
	bool plain;  /* a text without quotes */
	struct tree *first, *next;
};

/*
 * Reads a file. NULL, with "path:LINE: what is wrong and what would be right" in error, if it can't
 * be read or is none. An empty file is nothing.
 */
struct tree *tree_read(const char *path, char *error, size_t size);
void tree_free(struct tree *tree); /* NULL is allowed */

/* Writes such an error; what the file said is made harmless for a terminal. Returns false. */
bool tree_fail(char *error, size_t size, const char *path, size_t line, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

#endif
