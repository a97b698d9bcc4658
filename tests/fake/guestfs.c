/* SPDX-License-Identifier: MIT */
/*
 * A guest's served files. Texts come from guestfs_text.c and driver_text.c; here they are written
 * so that a reader never sees an empty file or half a number, and what processes write is noticed.
 * The balloon driver's folder is a link where driverfs.c serves it.
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

#include "bed.h"
#include "driverfs.h"
#include "guest.h"
#include "guestfs_text.h"

#define FILES_MAX 48

/*
 * The bed marks its own writes by this time of day: any other modification time means that somebody
 * else wrote, were it the same value again.
 */
#define OWN_MARK_NS 987654321

struct file {
	const struct guestfs_file *is;
	int fd;
	int watch; /* inotify's, for what can be written */
	size_t len;
	uint64_t hash; /* of what is in it, so that what stays is not written */
};

struct guestfs {
	struct guest *guest;
	size_t count;
	struct file files[FILES_MAX];
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
static void put(struct guestfs *fs, struct file *file)
{
	char text[GUESTFS_TEXT_MAX];
	size_t len = file->is->render(fs->guest, text, sizeof(text));
	uint64_t hash = hash_of(text, len);

	if (file->hash == hash && file->len == len)
		return;
	if (file->is->parse != NULL && written_by_others(file->fd))
		return; /* first take over what was written */
	if (pwrite(file->fd, text, len, 0) != (ssize_t)len)
		return;
	if (len < file->len && ftruncate(file->fd, (off_t)len) < 0)
		return;
	if (file->is->parse != NULL)
		mark(file->fd);
	file->hash = hash;
	file->len = len;
}

static int make_folder(const char *path, const char *name)
{
	char full[BED_PATH_MAX];

	snprintf(full, sizeof(full), "%s/%s", path, name);
	return mkdir(full, 0755) == 0 || errno == EEXIST ? 0 : -errno;
}

/* The folder of each file, made as it comes. */
static int make_folder_of(const char *path, const char *prefix, const char *file)
{
	char name[128];
	char *slash;
	int rc;

	snprintf(name, sizeof(name), "%s%s", prefix, file);
	slash = strchr(name, '/');
	for (rc = 0; rc == 0 && slash != NULL; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		rc = make_folder(path, name);
		*slash = '/';
	}
	return rc;
}

static int open_file(struct guestfs *fs, const char *path, const char *prefix,
		     const struct guestfs_file *is)
{
	struct file *file = &fs->files[fs->count++];
	char full[BED_PATH_MAX];
	int rc = make_folder_of(path, prefix, is->path);

	*file = (struct file){ .is = is, .fd = -1, .watch = -1 };
	if (rc < 0)
		return rc;
	snprintf(full, sizeof(full), "%s/%s%s", path, prefix, is->path);
	file->fd = open(full, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (file->fd < 0)
		return -errno;
	if (is->parse == NULL)
		return 0;
	mark(file->fd);
	file->watch = inotify_add_watch(guestfs_notifier(), full, IN_MODIFY);
	return file->watch < 0 ? -errno : 0;
}

static int open_files(struct guestfs *fs, const char *path, const char *prefix,
		      const struct guestfs_file *list)
{
	int rc = 0;

	for (; list->path != NULL && rc == 0; list++) {
		if (fs->guest->spec.kernel >= list->since)
			rc = fs->count == FILES_MAX ? -ENFILE : open_file(fs, path, prefix, list);
	}
	return rc;
}

/* The driver's folder: the mounted one, or files as good as can be. */
static int open_driver(struct guestfs *fs, const char *path)
{
	char link[BED_PATH_MAX], to[SPEC_NAME_MAX + 32];

	snprintf(link, sizeof(link), "%s/sys", path);
	unlink(link);
	if (!driverfs_runs())
		return open_files(fs, path, "sys/", driver_files);
	snprintf(to, sizeof(to), "../../driver/%s", fs->guest->spec.name);
	return symlink(to, link) == 0 ? 0 : -errno;
}

struct guestfs *guestfs_new(const char *path, struct guest *guest)
{
	struct guestfs *fs = calloc(1, sizeof(*fs));
	int rc;

	if (fs == NULL)
		return NULL;
	fs->guest = guest;
	rc = make_folder(path, "");
	if (rc == 0)
		rc = open_files(fs, path, "", guestfs_files);
	if (rc == 0)
		rc = open_driver(fs, path);
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
	for (size_t i = 0; i < fs->count; i++) {
		if (fs->files[i].watch >= 0)
			inotify_rm_watch(notifier, fs->files[i].watch);
		if (fs->files[i].fd >= 0)
			close(fs->files[i].fd);
	}
	free(fs);
}

void guestfs_update(struct guestfs *fs, bool all)
{
	for (size_t i = 0; i < fs->count; i++) {
		if (all || fs->files[i].is->often)
			put(fs, &fs->files[i]);
	}
}

/* The first line of a file; the rest may be left from a longer one. False: emptied. */
static bool read_line(int fd, char *text, size_t size)
{
	ssize_t n = pread(fd, text, size - 1, 0);

	if (n <= 0)
		return false;
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return true;
}

void guestfs_poll(struct guestfs *fs)
{
	char text[64];

	for (size_t i = 0; i < fs->count; i++) {
		struct file *file = &fs->files[i];

		if (file->is->parse == NULL || !written_by_others(file->fd))
			continue;
		/* Emptied, and not written yet: come back for the number. */
		if (!read_line(file->fd, text, sizeof(text)))
			continue;
		file->is->parse(fs->guest, text);
		/* What stands there now is not ours: write it anew, in the kernel's form. */
		mark(file->fd);
		file->hash = 0;
		file->len = GUESTFS_TEXT_MAX;
		put(fs, file);
	}
}
