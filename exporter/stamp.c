/* SPDX-License-Identifier: MIT */
/*
 * What the file system says of a file. Called by config.c.
 */
#include "stamp.h"

#include <sys/stat.h>

static int64_t ns(const struct timespec *time)
{
	return (int64_t)time->tv_sec * 1000000000 + time->tv_nsec;
}

struct stamp stamp_of(const char *path)
{
	struct stat status;

	if (!*path || stat(path, &status))
		return (struct stamp){ 0 };
	return (struct stamp){ status.st_dev, status.st_ino, (uint64_t)status.st_size,
			       ns(&status.st_mtim), ns(&status.st_ctim) };
}

bool stamp_same(const struct stamp *one, const struct stamp *other)
{
	return one->device == other->device && one->inode == other->inode &&
	       one->size == other->size && one->modified_ns == other->modified_ns &&
	       one->changed_ns == other->changed_ns;
}
