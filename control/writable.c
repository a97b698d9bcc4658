/* SPDX-License-Identifier: MIT */
/*
 * Tries whether a folder can be written, and looks for damaged files in it. What was found is kept
 * for a second, so that probes don't keep a disk busy.
 */
#include "writable.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "decision.h"

#define KEPT_MS 1000
#define BLOCK	4096

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
	bool tried;
	int64_t at_ms;
	int error;
} last;

/* A file without a name goes with its descriptor; where there are none, it has one for a moment. */
static int open_scratch(const char *directory)
{
	char path[300];
	int fd = open(directory, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);

	if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR))
		return fd;
	snprintf(path, sizeof(path), "%.256s/.writable.XXXXXX", directory);
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		unlink(path);
	return fd;
}

static int try_now(const char *directory)
{
	static const char block[BLOCK];
	int fd = open_scratch(directory), error = 0;
	ssize_t put;

	if (fd < 0)
		return -errno;
	put = write(fd, block, sizeof(block));
	if (put != (ssize_t)sizeof(block))
		error = put < 0 ? -errno : -ENOSPC;
	else if (fdatasync(fd))
		error = -errno;
	close(fd);
	return error;
}

int writable_try(const char *directory)
{
	int64_t now_ms = clock_ms();
	int error;

	pthread_mutex_lock(&lock);
	if (!last.tried || now_ms - last.at_ms >= KEPT_MS) {
		last.error = try_now(directory);
		last.at_ms = now_ms;
		last.tried = true;
	}
	error = last.error;
	pthread_mutex_unlock(&lock);
	return error;
}

static void look_for_damaged(const char *directory, char name[FILE_NAME_MAX + 1])
{
	DIR *open = opendir(directory);
	const struct dirent *entry;

	*name = '\0';
	while (open && !*name && (entry = readdir(open)))
		if (strstr(entry->d_name, DECISION_DAMAGED))
			snprintf(name, FILE_NAME_MAX + 1, "%s", entry->d_name);
	if (open)
		closedir(open);
}

bool writable_damaged(const char *directory, char name[FILE_NAME_MAX + 1])
{
	static char found[FILE_NAME_MAX + 1];
	static int64_t looked_ms;
	int64_t now_ms = clock_ms();

	pthread_mutex_lock(&lock);
	if (!looked_ms || now_ms - looked_ms >= KEPT_MS) {
		look_for_damaged(directory, found);
		looked_ms = now_ms;
	}
	memcpy(name, found, sizeof(found));
	pthread_mutex_unlock(&lock);
	return *name;
}
