/* SPDX-License-Identifier: MIT */
/*
 * A guest's served files. Texts come from guestfs_text.c; here they are written so that a reader
 * never sees an empty file or half a number, and what processes write is noticed.
 */
#include "guestfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guest.h"
#include "guestfs_text.h"

#define TEXT_MAX 4096

/*
 * The bed marks its own writes by this time of day: any other modification time means that somebody
 * else wrote, were it the same value again.
 */
#define OWN_MARK_NS 987654321

struct file {
	int fd;
	int watch; /* inotify's, for what can be written */
	size_t len;
	uint64_t hash; /* of what is in it, so that what stays is not written */
};

struct guestfs {
	struct guest *guest;
	struct file files[GUESTFS_FILES];
};

static int notifier = -1;

int guestfs_notifier(void)
{
	if (notifier < 0)
		notifier = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	return notifier;
}

static uint64_t hash_of(const char *text, size_t len)
{
	uint64_t hash = 14695981039346656037u;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)text[i]) * 1099511628211u;
	return hash;
}

static void mark(int fd)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_nsec = OWN_MARK_NS } };

	futimens(fd, times);
}

static bool written_by_others(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_mtim.tv_nsec != OWN_MARK_NS;
}

/*
 * New text over the old, then the right length: what a reader can see in between is a newline or a
 * line too many, never a wrong number.
 */
static void put(struct guestfs *fs, size_t index)
{
	struct file *file = &fs->files[index];
	char text[TEXT_MAX];
	size_t len = guestfs_files[index].render(fs->guest, text, sizeof(text));
	uint64_t hash = hash_of(text, len);

	if (file->hash == hash && file->len == len)
		return;
	if (guestfs_files[index].parse != NULL && written_by_others(file->fd))
		return; /* first take over what was written */
	if (pwrite(file->fd, text, len, 0) != (ssize_t)len)
		return;
	if (len < file->len && ftruncate(file->fd, (off_t)len) < 0)
		return;
	if (guestfs_files[index].parse != NULL)
		mark(file->fd);
	file->hash = hash;
	file->len = len;
}

static int make_folders(const char *path)
{
	static const char *const folders[] = { "", "/sys", "/sys/info", "/proc", "/proc/pressure" };
	char full[TEXT_MAX];

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		snprintf(full, sizeof(full), "%s%s", path, folders[i]);
		if (mkdir(full, 0755) < 0 && errno != EEXIST)
			return -errno;
	}
	return 0;
}

static int open_file(struct guestfs *fs, size_t index, const char *path)
{
	struct file *file = &fs->files[index];
	char full[TEXT_MAX];

	snprintf(full, sizeof(full), "%s/%s", path, guestfs_files[index].path);
	file->fd = open(full, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (file->fd < 0)
		return -errno;
	if (guestfs_files[index].parse == NULL)
		return 0;
	mark(file->fd);
	file->watch = inotify_add_watch(guestfs_notifier(), full, IN_MODIFY);
	return file->watch < 0 ? -errno : 0;
}

struct guestfs *guestfs_new(const char *path, struct guest *guest)
{
	struct guestfs *fs = calloc(1, sizeof(*fs));
	int rc;

	if (fs == NULL)
		return NULL;
	fs->guest = guest;
	for (size_t i = 0; i < GUESTFS_FILES; i++)
		fs->files[i] = (struct file){ .fd = -1, .watch = -1 };
	rc = make_folders(path);
	for (size_t i = 0; i < GUESTFS_FILES && rc == 0; i++)
		rc = open_file(fs, i, path);
	if (rc < 0) {
		guestfs_free(fs);
		errno = -rc;
		return NULL;
	}
	guestfs_update(fs, true);
	return fs;
}

void guestfs_free(struct guestfs *fs)
{
	if (fs == NULL)
		return;
	for (size_t i = 0; i < GUESTFS_FILES; i++) {
		if (fs->files[i].watch >= 0)
			inotify_rm_watch(notifier, fs->files[i].watch);
		if (fs->files[i].fd >= 0)
			close(fs->files[i].fd);
	}
	free(fs);
}

void guestfs_update(struct guestfs *fs, bool all)
{
	for (size_t i = 0; i < GUESTFS_FILES; i++) {
		if (all || guestfs_files[i].often)
			put(fs, i);
	}
}

/* The number in the first line of a file; the rest may be left from a longer one. */
static bool read_number(int fd, uint64_t *value)
{
	char text[64];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	if (n <= 0)
		return false;
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return spec_number(text, UINT64_MAX / 1024, value);
}

bool guestfs_poll(struct guestfs *fs)
{
	bool target = false;
	uint64_t value;

	for (size_t i = 0; i < GUESTFS_FILES; i++) {
		struct file *file = &fs->files[i];

		if (guestfs_files[i].parse == NULL || !written_by_others(file->fd))
			continue;
		/* Emptied, and not written yet: come back for the number. */
		if (!read_number(file->fd, &value))
			continue;
		target |= guestfs_files[i].parse(fs->guest, value);
		/* What stands there now is not ours: write it anew, in the kernel's form. */
		mark(file->fd);
		file->hash = 0;
		file->len = TEXT_MAX;
		put(fs, i);
	}
	return target;
}
