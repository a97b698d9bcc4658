/* SPDX-License-Identifier: MIT */
/*
 * Small files, read and replaced whole. What is replaced is there after a crash or a power cut, as
 * it was before or as it is now. Any thread and program.
 */
#ifndef XENBALLOON_FILE_H
#define XENBALLOON_FILE_H

#include <stdbool.h>
#include <stddef.h>

struct stat;

/* A file's name in its folder, and what is there while it is written. */
#define FILE_NAME_MAX	 255
#define FILE_SCRATCH_END ".new"

enum {
	FILE_ANY_KIND = 1, /* a pipe too, and wait for it; else only a regular file is read */
	FILE_NO_LINK = 2,  /* not through a symbolic link */
};

/*
 * Reads at most `most` bytes; *text, with a zero byte behind it, is to be given to free(), NULL on
 * failure. `folder` may be AT_FDCWD, len and about NULL. 0 or a negative errno: -EFBIG there is
 * more, -EINVAL no regular file.
 */
int file_read(int folder, const char *path, size_t most, int flags, char **text, size_t *len,
	      struct stat *about);

/* What a file shall hold. */
struct file_content {
	char name[FILE_NAME_MAX + 1];
	const char *text;
	size_t len;
	unsigned int
		mode; /* of a file that is new; one that is there keeps owner, group and mode */
};

/*
 * Puts the file in place, whole, and on disk before it returns. 0 or a negative errno: then it is
 * as it was before.
 */
int file_replace(int folder, const struct file_content *file);

/*
 * The same in two steps, where many are to be on disk together. file_write() puts a file in place,
 * whole, for those who look at it, but a power cut may take it and what was there before.
 * file_settle() has files on disk and then gives them other names, under which nothing gets lost;
 * all, or none if it fails.
 */
int file_write(int folder, const struct file_content *file);

struct file_move {
	char from[FILE_NAME_MAX + 1];
	char to[FILE_NAME_MAX + 1];
	bool remove; /* both, "to" first */
};

int file_settle(int folder, const struct file_move *moves, size_t count);

/*
 * Renames a file to `aside`, or where there is one already to that with ".1" to ".99" behind it,
 * and says in `aside` which it was. 0 or a negative errno.
 */
int file_set_aside(int folder, const char *name, char aside[FILE_NAME_MAX + 1]);

/* In a folder of our own: removes what writers that were killed left behind. */
void file_sweep(int folder);

/* Makes the folder, if there is none, so that it is still there after a power cut. 0 or a negative
 * errno. */
int file_make_folder(const char *path, unsigned int mode);

/* The folder that a file is in, and its name there; links are followed. */
struct file_place {
	int folder; /* -1: not open */
	char path[4096];
	char name[FILE_NAME_MAX + 1];
};

/* 0 or a negative errno. */
int file_place_open(struct file_place *place, const char *path);
void file_place_close(struct file_place *place);

/* Waits until nobody else holds the folder, then holds it until it is given back, or closed. */
int file_lock(int folder);
void file_unlock(int folder);

#endif
