/* SPDX-License-Identifier: MIT */
/*
 * The file of audit lines: appended to whole line by whole line, with room for the next ones held
 * in advance, and followed when logrotate moves it. Knows nothing of what a line says. Called by
 * audit.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit_sink.h"
#include "clock.h"

/* Held in advance: the lines of all requests that may wait at once. */
#define AHEAD (1 << 20)

/* logrotate makes the new file itself, if told so; who makes it before stands in its way. */
#define ABSENT_MS 1000

static struct {
	int fd; /* -1: none */
	char path[256];
	bool regular; /* it may be moved, removed, truncated, and has room to be held */
	dev_t device;
	ino_t inode;
	off_t size;	   /* where the next line goes */
	off_t held;	   /* up to here it can be written whatever happens */
	int64_t absent_ms; /* when its path was first found to lead nowhere; 0: it leads to it */
	bool torn; /* the last line was cut off by a full disk, and the piece stands there */
} file = { .fd = -1 };

static int unflushed; /* what kept lines of a file that has been closed from the disk */

void audit_file_close(void)
{
	if (file.fd >= 0) {
		/* Whoever waits for these lines will only sync what follows. */
		if (file.regular && fdatasync(file.fd))
			unflushed = -errno;
		close(file.fd);
	}
	file.fd = -1;
	*file.path = '\0';
}

static int open_path(const char *path)
{
	if (!strcmp(path, "-"))
		return fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);
}

int audit_file_open(const char *path)
{
	char kept[sizeof(file.path)];
	struct stat status;
	int fd = *path ? open_path(path) : -1;

	if (*path && fd < 0)
		return -errno;
	/* The path may be our own. */
	snprintf(kept, sizeof(kept), "%s", path);
	audit_file_close();
	memset(&file, 0, sizeof(file));
	file.fd = fd;
	memcpy(file.path, kept, sizeof(kept));
	if (fd < 0 || fstat(fd, &status))
		return 0;
	file.regular = S_ISREG(status.st_mode) && strcmp(path, "-") != 0;
	file.device = status.st_dev;
	file.inode = status.st_ino;
	file.size = status.st_size;
	return 0;
}

/* Still within the time that logrotate has to make it? */
static bool absent_awhile(void)
{
	struct stat status;
	int64_t now_ms = clock_ms();

	if (fstat(file.fd, &status) || !status.st_nlink)
		return true;
	if (!file.absent_ms)
		file.absent_ms = now_ms;
	return now_ms - file.absent_ms > ABSENT_MS;
}

/* Goes over to the file that bears the name now. */
static int follow(void)
{
	struct stat status;

	if (!file.regular)
		return 0;
	if (stat(file.path, &status))
		return errno == ENOENT && !absent_awhile() ? 0 : audit_file_open(file.path);
	if (status.st_dev != file.device || status.st_ino != file.inode)
		return audit_file_open(file.path);
	file.absent_ms = 0;
	if (status.st_size < file.size)
		file.held = 0;
	file.size = status.st_size;
	return 0;
}

/* Whether a failure says that nothing more can be written, not that room can't be held. */
static bool is_full(int error)
{
	return error == -ENOSPC || error == -EDQUOT || error == -EFBIG || error == -EROFS ||
	       error == -EIO;
}

static int hold(off_t bytes)
{
	if (fallocate(file.fd, FALLOC_FL_KEEP_SIZE, file.size, bytes))
		return -errno;
	file.held = file.size + bytes;
	return 0;
}

int audit_file_reserve(size_t bytes)
{
	int error = follow();

	if (error || !file.regular || file.size + AHEAD / 2 <= file.held)
		return error;
	if (!hold(AHEAD) || file.size + (off_t)bytes <= file.held)
		return 0;
	error = hold((off_t)bytes);
	return is_full(error) ? error : 0;
}

static int put(const char *line, size_t len)
{
	ssize_t done;

	do
		done = write(file.fd, line, len);
	while (done < 0 && errno == EINTR);
	if (done < 0)
		return -errno;
	if ((size_t)done == len) {
		file.size += done;
		file.torn = false;
		return 0;
	}
	/* A line that did not fit would spoil the next. */
	file.torn = !file.regular || ftruncate(file.fd, file.size);
	file.held = 0;
	return -ENOSPC;
}

int audit_file_write(const char *line, size_t len)
{
	int error = follow();

	if (error)
		return error;
	if (file.fd < 0)
		return *file.path ? -EBADF : 0;
	if (file.torn) {
		error = put("\n", 1);
		if (error)
			return error;
	}
	return put(line, len);
}

int audit_file_descriptor(int *fd)
{
	int error = unflushed;

	unflushed = 0;
	*fd = -1;
	if (error || !file.regular || file.fd < 0)
		return error;
	*fd = fcntl(file.fd, F_DUPFD_CLOEXEC, 3);
	return *fd < 0 ? -errno : 0;
}
