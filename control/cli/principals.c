/* SPDX-License-Identifier: MIT */
/*
 * Reads the principals file and puts a changed one in its place. What a line means is
 * principal_file.c's business, what is to be changed token.c's.
 */
#include "cli_principals.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define NEW_MODE 0600

/* Where the file really is, and its folder, which need a path each to be worked on. */
static int split(struct principals *principals, const char *path, char *folder, size_t size)
{
	char *whole = realpath(path, NULL), copy[sizeof(principals->path)];
	int error = 0;

	snprintf(principals->path, sizeof(principals->path), "%s", whole ? whole : path);
	free(whole);
	memcpy(copy, principals->path, sizeof(copy));
	snprintf(folder, size, "%s", dirname(copy));
	memcpy(copy, principals->path, sizeof(copy));
	if (snprintf(principals->name, sizeof(principals->name), "%s", basename(copy)) >=
	    (int)sizeof(principals->name) - 16)
		error = -ENAMETOOLONG;
	return error;
}

static int read_file(struct principals *principals)
{
	struct stat about;
	int fd = open(principals->path, O_RDONLY | O_CLOEXEC), error = 0;
	ssize_t got;

	principals->mode = NEW_MODE;
	principals->uid = geteuid();
	principals->gid = getegid();
	principals->text = calloc(1, PRINCIPAL_FILE_MAX + 2);
	if (!principals->text)
		error = -ENOMEM;
	else if (fd < 0 || fstat(fd, &about) != 0)
		error = -errno;
	else if (!S_ISREG(about.st_mode) || about.st_size > PRINCIPAL_FILE_MAX)
		error = -EFBIG;
	if (error)
		goto out;
	principals->mode = about.st_mode & 07777;
	principals->uid = about.st_uid;
	principals->gid = about.st_gid;
	while ((got = read(fd, principals->text + principals->len,
			   PRINCIPAL_FILE_MAX + 1 - principals->len)) > 0)
		principals->len += (size_t)got;
	if (got < 0)
		error = -errno;
	if (principals->len > PRINCIPAL_FILE_MAX)
		error = -EFBIG;
out:
	if (fd >= 0)
		close(fd);
	return error;
}

int principals_open(struct principals *principals, const char *path, bool change)
{
	char folder[sizeof(principals->path)];
	int error;

	*principals = (struct principals){ .folder = -1 };
	error = split(principals, path, folder, sizeof(folder));
	if (error)
		return error;
	if (change) {
		principals->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (principals->folder < 0 || flock(principals->folder, LOCK_EX) != 0)
			return -errno;
	}
	error = read_file(principals);
	return change && error == -ENOENT ? 0 : error;
}

void principals_close(struct principals *principals)
{
	if (principals->folder >= 0)
		close(principals->folder);
	free(principals->text);
	*principals = (struct principals){ .folder = -1 };
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

static int write_all(int fd, const char *text, size_t len)
{
	while (len) {
		ssize_t done = write(fd, text, len);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -errno;
		text += done;
		len -= (size_t)done;
	}
	return 0;
}

/* Mode and owner before the contents, so that nobody reads them who may not. */
static int fill(const struct principals *principals, int fd, const char *text, size_t len)
{
	int error;

	if (fchown(fd, principals->uid, principals->gid) != 0 && errno != EPERM)
		return -errno;
	if (fchmod(fd, principals->mode) != 0)
		return -errno;
	error = write_all(fd, text, len);
	if (!error && fsync(fd) != 0)
		error = -errno;
	return error;
}

int principals_replace(struct principals *principals, const char *text, size_t len)
{
	char temporary[sizeof(principals->name) + 16];
	int fd, error;

	snprintf(temporary, sizeof(temporary), ".%s.new", principals->name);
	/* The folder is locked: what is there was left by one who was killed. */
	unlinkat(principals->folder, temporary, 0);
	fd = openat(principals->folder, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	error = fill(principals, fd, text, len);
	close(fd);
	if (!error &&
	    renameat(principals->folder, temporary, principals->folder, principals->name) != 0)
		error = -errno;
	if (error)
		unlinkat(principals->folder, temporary, 0);
	else
		fsync(principals->folder);
	return error;
}
