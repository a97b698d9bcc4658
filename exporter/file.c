/* SPDX-License-Identifier: MIT */
/*
 * The one way to read a small file and to replace it: written beside it, flushed, renamed, and the
 * folder flushed. Knows nothing of what files say.
 */
#include "file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Above so many files, one flush of their file system takes less time than one for each. */
#define FLUSH_EACH_MAX 8

#define ASIDE_MAX 100
#define OLD_END	  ".old"

/* Of the name, so that what is put around it has room. */
#define SCRATCH_STEM_MAX (FILE_NAME_MAX - 8)

static int read_all(int fd, char *text, size_t most, size_t *len)
{
	ssize_t got = 1;

	*len = 0;
	while (got && *len < most) {
		got = read(fd, text + *len, most - *len);
		if (got < 0 && errno != EINTR)
			return -errno;
		*len += got > 0 ? (size_t)got : 0;
	}
	return 0;
}

static int read_open(int fd, size_t most, char **text, size_t *len)
{
	char *bytes = malloc(most + 2);
	int error = bytes ? read_all(fd, bytes, most + 1, len) : -ENOMEM;

	if (!error && *len > most)
		error = -EFBIG;
	if (error) {
		free(bytes);
		return error;
	}
	bytes[*len] = '\0';
	*text = bytes;
	return 0;
}

int file_read(int folder, const char *path, size_t most, int flags, char **text, size_t *len,
	      struct stat *about)
{
	bool any = flags & FILE_ANY_KIND;
	int how = O_RDONLY | O_CLOEXEC | O_NOCTTY | (any ? 0 : O_NONBLOCK) |
		  (flags & FILE_NO_LINK ? O_NOFOLLOW : 0);
	int fd = openat(folder, path, how), error;
	struct stat status;
	size_t count;

	*text = NULL;
	if (fd < 0)
		return -errno;
	error = fstat(fd, &status) ? -errno : 0;
	if (!error && !any && !S_ISREG(status.st_mode))
		error = -EINVAL;
	if (!error)
		error = read_open(fd, most, text, &count);
	close(fd);
	if (!error && len)
		*len = count;
	if (!error && about)
		*about = status;
	return error;
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

/* Before the contents, so that nobody reads them who may not. */
static int grant(int folder, const struct file_content *file, int fd)
{
	struct stat old;

	if (fstatat(folder, file->name, &old, AT_SYMLINK_NOFOLLOW) || !S_ISREG(old.st_mode))
		return fchmod(fd, file->mode) ? -errno : 0;
	/* One who may not give files away leaves it to its own group, which may do less. */
	if (fchown(fd, old.st_uid, old.st_gid) && errno != EPERM)
		return -errno;
	return fchmod(fd, old.st_mode & 07777) ? -errno : 0;
}

/* Under the scratch name, which comes back in *beside. */
static int write_beside(int folder, const struct file_content *file, struct file_move *beside)
{
	int fd, error;

	*beside = (struct file_move){ .remove = false };
	snprintf(beside->from, sizeof(beside->from), ".%.*s" FILE_SCRATCH_END, SCRATCH_STEM_MAX,
		 file->name);
	memcpy(beside->to, file->name, sizeof(beside->to));
	/* What is there was left by a writer that was killed. */
	unlinkat(folder, beside->from, 0);
	fd = openat(folder, beside->from, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	error = grant(folder, file, fd);
	if (!error)
		error = write_all(fd, file->text, file->len);
	if (close(fd) && !error)
		error = -errno;
	if (error)
		unlinkat(folder, beside->from, 0);
	return error;
}

/* What a file was before, until the new one is sure. */
static void old_name(const struct file_move *move, char old[FILE_NAME_MAX + 1])
{
	snprintf(old, FILE_NAME_MAX + 1, ".%.*s" OLD_END, SCRATCH_STEM_MAX, move->to);
}

/* Once the new one is sure, or did not come to be. */
static void conclude(int folder, const struct file_move *move, bool done)
{
	char old[FILE_NAME_MAX + 1];

	old_name(move, old);
	unlinkat(folder, old, 0);
	if (done && move->remove)
		unlinkat(folder, move->from, 0);
}

enum before { BEFORE_NONE, BEFORE_LINKED, BEFORE_UNKNOWN };

/* Where the file system has no links, what can't be flushed can't be taken back either. */
static int link_old(int folder, const struct file_move *move, enum before *before)
{
	char old[FILE_NAME_MAX + 1];

	old_name(move, old);
	unlinkat(folder, old, 0);
	*before = BEFORE_LINKED;
	if (!linkat(folder, move->to, folder, old, 0))
		return 0;
	*before = errno == ENOENT ? BEFORE_NONE : BEFORE_UNKNOWN;
	return errno == ENOENT || errno == EPERM || errno == EOPNOTSUPP ? 0 : -errno;
}

static int take(int folder, const struct file_move *move, enum before *before)
{
	int error = link_old(folder, move, before);

	if (error)
		return error;
	if (move->remove)
		error = unlinkat(folder, move->to, 0) && errno != ENOENT ? -errno : 0;
	else
		error = renameat(folder, move->from, folder, move->to) ? -errno : 0;
	if (error)
		conclude(folder, move, false);
	return error;
}

static void take_back(int folder, const struct file_move *move, enum before before)
{
	char old[FILE_NAME_MAX + 1];

	old_name(move, old);
	if (before == BEFORE_UNKNOWN)
		return;
	if (!move->remove)
		renameat(folder, move->to, folder, move->from);
	if (before == BEFORE_LINKED)
		renameat(folder, old, folder, move->to);
}

static int flush_one(int folder, const char *name)
{
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), error;

	if (fd < 0)
		return -errno;
	error = fsync(fd) ? -errno : 0;
	close(fd);
	return error;
}

static int flush(int folder, const struct file_move *moves, size_t count)
{
	int error = 0;

	if (count > FLUSH_EACH_MAX)
		return syncfs(folder) ? -errno : 0;
	for (size_t i = 0; i < count && !error; i++)
		if (!moves[i].remove)
			error = flush_one(folder, moves[i].from);
	return error;
}

int file_settle(int folder, const struct file_move *moves, size_t count)
{
	enum before *before = calloc(count + 1, sizeof(*before));
	int error = before ? flush(folder, moves, count) : -ENOMEM;
	size_t done = 0;

	while (done < count && !error) {
		error = take(folder, &moves[done], &before[done]);
		done += !error;
	}
	if (!error && count && fsync(folder))
		error = -errno;
	for (size_t i = done; i-- > 0;)
		if (error)
			take_back(folder, &moves[i], before[i]);
		else
			conclude(folder, &moves[i], true);
	free(before);
	return error;
}

int file_write(int folder, const struct file_content *file)
{
	struct file_move beside;
	int error = write_beside(folder, file, &beside);

	if (!error && renameat(folder, beside.from, folder, beside.to)) {
		error = -errno;
		unlinkat(folder, beside.from, 0);
	}
	return error;
}

int file_replace(int folder, const struct file_content *file)
{
	struct file_move beside;
	int error = write_beside(folder, file, &beside);

	if (error)
		return error;
	error = file_settle(folder, &beside, 1);
	if (error)
		unlinkat(folder, beside.from, 0);
	return error;
}

int file_set_aside(int folder, const char *name, char aside[FILE_NAME_MAX + 1])
{
	size_t len = strlen(aside);
	int error = -EEXIST;

	for (unsigned int i = 0; i < ASIDE_MAX && error == -EEXIST; i++) {
		if (i)
			snprintf(aside + len, FILE_NAME_MAX + 1 - len, ".%u", i);
		error = renameat2(folder, name, folder, aside, RENAME_NOREPLACE) ? -errno : 0;
	}
	return !error && fsync(folder) ? -errno : error;
}

static bool ends_in(const char *name, const char *end)
{
	size_t len = strlen(name), end_len = strlen(end);

	return len > end_len && !strcmp(name + len - end_len, end);
}

void file_sweep(int folder)
{
	/* A position of its own, which dup() would not give. */
	int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	while (directory && (entry = readdir(directory)))
		if (ends_in(entry->d_name, FILE_SCRATCH_END) || ends_in(entry->d_name, OLD_END))
			unlinkat(folder, entry->d_name, 0);
	if (directory)
		closedir(directory);
	else if (fd >= 0)
		close(fd);
}

int file_place_open(struct file_place *place, const char *path)
{
	char *whole = realpath(path, NULL), copy[sizeof(place->path)];
	int len;

	place->folder = -1;
	snprintf(place->path, sizeof(place->path), "%s", whole ? whole : path);
	free(whole);
	memcpy(copy, place->path, sizeof(copy));
	len = snprintf(place->name, sizeof(place->name), "%s", basename(copy));
	if (len >= (int)sizeof(place->name))
		return -ENAMETOOLONG;
	memcpy(copy, place->path, sizeof(copy));
	place->folder = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return place->folder < 0 ? -errno : 0;
}

int file_make_folder(const char *path, unsigned int mode)
{
	struct file_place place;
	int error;

	if (mkdir(path, mode))
		return errno == EEXIST ? 0 : -errno;
	error = file_place_open(&place, path);
	if (!error && fsync(place.folder))
		error = -errno;
	file_place_close(&place);
	return error;
}

void file_place_close(struct file_place *place)
{
	if (place->folder >= 0)
		close(place->folder);
	place->folder = -1;
}

int file_lock(int folder)
{
	int error;

	do
		error = flock(folder, LOCK_EX) ? -errno : 0;
	while (error == -EINTR);
	return error;
}

void file_unlock(int folder)
{
	flock(folder, LOCK_UN);
}
