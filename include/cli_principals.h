/* SPDX-License-Identifier: MIT */
/*
 * The principals file as a whole: read, and changed so that the agent never sees half of it.
 */
#ifndef XENBALLOON_CLI_PRINCIPALS_H
#define XENBALLOON_CLI_PRINCIPALS_H

#include <stdbool.h>
#include <stddef.h>

#include "file.h"
#include "principal_file.h"

/* Its lines one after the other; text, as each line, has no end of line in it. */
struct principals_line {
	const char *text;
	size_t len;
	size_t number; /* from 1 */
	enum principal_line_kind kind;
	struct principal_line line; /* of LINE_PRINCIPAL */
	char error[256];	    /* of LINE_BAD */
};

struct principals {
	char *text; /* the file's, "" where there is none yet */
	size_t len, at, number;
	struct file_place place; /* its folder held, if it is to be changed */
	bool is_new;		 /* there is no file yet */
};

/*
 * Opens the file; to be changed, with its folder locked against others who do the same. 0 or a
 * negative errno (-ENOENT only when it is not to be changed).
 */
int principals_open(struct principals *principals, const char *path, bool change);
void principals_close(struct principals *principals);

/* The next line; false at the end. */
bool principals_next(struct principals *principals, struct principals_line *line);

/*
 * Puts other contents in its place, whole or not at all; mode and owner stay. 0 or a negative
 * errno.
 */
int principals_replace(struct principals *principals, const char *text, size_t len);

/* The same with what was there when it was opened, if only no file. */
int principals_put_back(struct principals *principals);

#endif
