/* SPDX-License-Identifier: MIT */
/*
 * Reads the principals file and puts a changed one in its place. What a line means is
 * principal_file.c's business, what is to be changed token.c's.
 */
#include "cli_principals.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NEW_MODE 0600

int principals_open(struct principals *principals, const char *path, bool change)
{
	int error;

	*principals = (struct principals){ 0 };
	error = file_place_open(&principals->place, path);
	if (!error && change)
		error = file_lock(principals->place.folder);
	if (error)
		return error;
	error = file_read(principals->place.folder, principals->place.name, PRINCIPAL_FILE_MAX, 0,
			  &principals->text, &principals->len, NULL);
	principals->is_new = error == -ENOENT && change;
	if (principals->is_new) {
		principals->text = calloc(1, 1);
		error = principals->text ? 0 : -ENOMEM;
	}
	return error;
}

void principals_close(struct principals *principals)
{
	file_place_close(&principals->place);
	free(principals->text);
	principals->text = NULL;
}

bool principals_next(struct principals *principals, struct principals_line *line)
{
	const char *text = principals->text + principals->at, *end;

	if (principals->at >= principals->len)
		return false;
	end = memchr(text, '\n', principals->len - principals->at);
	line->text = text;
	line->len = end ? (size_t)(end - text) : principals->len - principals->at;
	line->number = ++principals->number;
	line->kind = principal_line_parse(text, line->len, &line->line, line->error,
					  sizeof(line->error));
	principals->at += line->len + 1;
	return true;
}

int principals_replace(struct principals *principals, const char *text, size_t len)
{
	struct file_content file = { .text = text, .len = len, .mode = NEW_MODE };

	memcpy(file.name, principals->place.name, sizeof(file.name));
	return file_replace(principals->place.folder, &file);
}

int principals_put_back(struct principals *principals)
{
	struct file_move none = { .remove = true };

	if (!principals->is_new)
		return principals_replace(principals, principals->text, principals->len);
	memcpy(none.to, principals->place.name, sizeof(none.to));
	return file_settle(principals->place.folder, &none, 1);
}
