/* SPDX-License-Identifier: MIT */
/*
 * Tries whether a folder can be written. What was found is kept for a second, so that probes don't
 * keep a disk busy.
 */
#include "writable.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"

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
