/* SPDX-License-Identifier: MIT */
/*
 * Decisions on disk: one small JSON file per UUID. What was saved since the last flush stands
 * beside it, as UUID.next: whole for an agent that starts after this one was killed, and void after
 * a power cut, which it might not have outlived. What a file says is decision_text.c's. Collector
 * thread only.
 */
#include "decision.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "decision_text.h"
#include "file.h"
#include "log.h"

#define DECISION_MAX 4096 /* bytes of a file; ours take less than 3 KiB */
#define NAME_SIZE    (FILE_NAME_MAX + 1)
#define KEPT	     ".json"
#define NEXT	     ".next"

static int directory_fd = -1;

/* Those that were saved and not yet flushed. */
static struct pending {
	char uuid[SNAPSHOT_UUID_SIZE];
	bool nothing; /* it takes no file */
} *pending;
static size_t pending_count, pending_room;
static bool suspect; /* a flush failed, after which Linux may drop what it could not write */

static char boot_id[SNAPSHOT_UUID_SIZE]; /* of this boot of the host */

/* A UUID becomes a file's name, so nothing but its canonical form will do. */
static bool uuid_valid(const char *uuid)
{
	static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

	for (size_t i = 0; i < sizeof(form) - 1; i++)
		if (form[i] == '-' ? uuid[i] != '-'
				   : !uuid[i] || !strchr("0123456789abcdef", uuid[i]))
			return false;
	return uuid[sizeof(form) - 1] == '\0';
}

static void read_boot_id(void)
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, boot_id, sizeof(boot_id) - 1);

	boot_id[got > 0 ? got : 0] = '\0';
	if (fd >= 0)
		close(fd);
}

static int file_name(const char *uuid, const char *suffix, char name[NAME_SIZE])
{
	if (directory_fd < 0)
		return -EBADF;
	if (!uuid_valid(uuid))
		return -EINVAL;
	snprintf(name, NAME_SIZE, "%s%s", uuid, suffix);
	return 0;
}

static struct pending *find_pending(const char *uuid)
{
	for (size_t i = 0; i < pending_count; i++)
		if (!strcmp(pending[i].uuid, uuid))
			return &pending[i];
	return NULL;
}

/* Its place in the list, perhaps a new one at the end, which the caller takes by counting it. */
static struct pending *pending_place(const char *uuid)
{
	struct pending *found = find_pending(uuid), *more;

	if (found)
		return found;
	if (pending_count == pending_room) {
		more = reallocarray(pending, pending_room + 64, sizeof(*pending));
		if (!more)
			return NULL;
		pending = more;
		pending_room += 64;
	}
	found = &pending[pending_count];
	snprintf(found->uuid, sizeof(found->uuid), "%s", uuid);
	return found;
}

static void forget_pending(const char *uuid)
{
	struct pending *found = find_pending(uuid);

	if (found)
		*found = pending[--pending_count];
}

/* One that nobody can read may still be mended by hand: it is put where nothing overwrites it. */
static int set_aside(const char *uuid, const char *name)
{
	char aside[NAME_SIZE];
	int error;

	snprintf(aside, sizeof(aside), "%s" DECISION_DAMAGED, uuid);
	error = file_set_aside(directory_fd, name, aside);
	if (error)
		log_error("the decision kept for %s is damaged and can't be put aside: %s", uuid,
			  strerror(-error));
	else
		log_error("the decision kept for %s is damaged and not obeyed; it is now %s in "
			  "state.directory: decide again for this guest, then remove the file",
			  uuid, aside);
	return error ? error : -EINVAL;
}

static bool is_aside(const char *name)
{
	static const size_t uuid_len = SNAPSHOT_UUID_SIZE - 1;

	return strlen(name) > uuid_len &&
	       !strncmp(name + uuid_len, DECISION_DAMAGED, strlen(DECISION_DAMAGED));
}

unsigned int decision_damaged(void)
{
	int fd = directory_fd;
	unsigned int count = 0;
	struct dirent *entry;
	DIR *folder;

	fd = fd < 0 ? -1 : openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	folder = fd < 0 ? NULL : fdopendir(fd);
	if (!folder) {
		if (fd >= 0)
			close(fd);
		return 0;
	}
	while ((entry = readdir(folder)))
		count += is_aside(entry->d_name);
	closedir(folder);
	return count;
}

static int read_text(const char *name, char **text, size_t *len)
{
	return file_read(directory_fd, name, DECISION_MAX, FILE_NO_LINK, text, len, NULL);
}

int decision_load(const char *uuid, struct decision *decision)
{
	char name[NAME_SIZE], *text = NULL;
	size_t len = 0;
	bool current;
	int error = file_name(uuid, KEPT, name);

	memset(decision, 0, sizeof(*decision));
	if (!error && find_pending(uuid))
		error = file_name(uuid, NEXT, name);
	if (error)
		return error;
	error = read_text(name, &text, &len);
	if (error && error != -EFBIG && error != -EINVAL)
		return error == -ENOENT ? 0 : error;
	if (!error && decision_decode(text, len, uuid, boot_id, decision, &current)) {
		free(text);
		return 0;
	}
	free(text);
	error = set_aside(uuid, name);
	forget_pending(uuid);
	return error;
}

static bool says_nothing(const struct decision *decision)
{
	const struct control_decided *decided = &decision->decided;

	return decided->selfballoon.state != READING_OK &&
	       decided->former_kib.state != READING_OK && !*decided->policy &&
	       !decision->changing.valid;
}

static int write_next(const char *uuid, const char *text)
{
	struct file_content file = { .text = text, .len = strlen(text), .mode = 0600 };
	int error = file_name(uuid, NEXT, file.name);

	return error ? error : file_write(directory_fd, &file);
}

int decision_save(const char *uuid, const struct decision *decision)
{
	char name[NAME_SIZE], *text;
	struct pending *place;
	int error = file_name(uuid, NEXT, name);

	if (error)
		return error;
	place = pending_place(uuid);
	text = place ? decision_encode(decision, boot_id) : NULL;
	if (!text)
		return -ENOMEM;
	error = write_next(uuid, text);
	free(text);
	if (error)
		return error;
	place->nothing = says_nothing(decision);
	pending_count += place == &pending[pending_count];
	return 0;
}

int decision_drop(const char *uuid)
{
	char name[NAME_SIZE];
	int error = file_name(uuid, NEXT, name);

	if (!error && unlinkat(directory_fd, name, 0) && errno != ENOENT)
		error = -errno;
	if (!error)
		forget_pending(uuid);
	return error;
}

/* From the beginning: what a failed flush left in memory need not be what is on disk. */
static int write_again(void)
{
	int error = 0;

	for (size_t i = 0; i < pending_count && !error; i++) {
		char name[NAME_SIZE], *text;

		error = file_name(pending[i].uuid, NEXT, name);
		if (!error)
			error = read_text(name, &text, NULL);
		if (!error) {
			error = write_next(pending[i].uuid, text);
			free(text);
		}
	}
	return error;
}

int decision_flush(void)
{
	struct file_move *moves;
	int error;

	if (!pending_count)
		return 0;
	moves = calloc(pending_count, sizeof(*moves));
	if (!moves)
		return -ENOMEM;
	error = suspect ? write_again() : 0;
	for (size_t i = 0; i < pending_count && !error; i++) {
		moves[i].remove = pending[i].nothing;
		error = file_name(pending[i].uuid, NEXT, moves[i].from);
		if (!error)
			error = file_name(pending[i].uuid, KEPT, moves[i].to);
	}
	if (!error)
		error = file_settle(directory_fd, moves, pending_count);
	free(moves);
	suspect = error;
	if (!error)
		pending_count = 0;
	return error;
}

/* What an agent of this boot, which was killed, had saved is as good as flushed. */
static bool adopt(const char *name, const char *uuid)
{
	struct pending *place = pending_place(uuid);
	struct decision decision;
	char *text = NULL;
	size_t len;
	bool current = false;
	bool good = place && !read_text(name, &text, &len) &&
		    decision_decode(text, len, uuid, boot_id, &decision, &current) && current;

	if (good) {
		place->nothing = says_nothing(&decision);
		pending_count++;
	}
	free(text);
	return good;
}

static void take_over(int fd)
{
	int own = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory = own < 0 ? NULL : fdopendir(own);
	const struct dirent *entry;

	while (directory && (entry = readdir(directory))) {
		char uuid[SNAPSHOT_UUID_SIZE];

		snprintf(uuid, sizeof(uuid), "%.*s", (int)sizeof(uuid) - 1, entry->d_name);
		if (uuid_valid(uuid) && !strcmp(entry->d_name + strlen(uuid), NEXT) &&
		    !adopt(entry->d_name, uuid))
			unlinkat(fd, entry->d_name, 0);
	}
	if (directory)
		closedir(directory);
}

int decision_open(const char *directory)
{
	int fd, error = file_make_folder(directory, 0700);

	if (error)
		return error;
	fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	decision_close();
	directory_fd = fd;
	read_boot_id();
	file_sweep(fd);
	take_over(fd);
	return 0;
}

void decision_close(void)
{
	if (directory_fd >= 0)
		close(directory_fd);
	directory_fd = -1;
	free(pending);
	pending = NULL;
	pending_count = pending_room = 0;
	suspect = false;
}
