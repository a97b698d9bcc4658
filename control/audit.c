/* SPDX-License-Identifier: MIT */
/*
 * The audit trail: one line per decision, to all places that are configured, and whether that can
 * still be done. Knows nothing of how a decision came about. Called by the pipeline from any
 * thread.
 */
#include "audit.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit_line.h"
#include "audit_recent.h"
#include "audit_sink.h"
#include "log.h"

/* Room that one more decision may need. */
#define ENTRY_MAX 4096

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool opened;
static bool to_journal, synced;
static int failing;	    /* the negative errno of the last line; 0: it was written */
static uint64_t gap;	    /* lines lost since the last one that was written */
static uint64_t put_serial; /* so many lines were put */
static atomic_uint_least64_t written;
static atomic_uint_least64_t lost;

/* One sync at a time; those who come meanwhile share the next. Taken before the lock. */
static pthread_mutex_t sync_lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t synced_serial;

int audit_open(const char *path)
{
	int error;

	pthread_mutex_lock(&lock);
	error = audit_file_open(path);
	opened |= !error;
	pthread_mutex_unlock(&lock);
	return error;
}

void audit_set(bool journal, bool sync)
{
	pthread_mutex_lock(&lock);
	to_journal = journal;
	synced = sync;
	pthread_mutex_unlock(&lock);
}

void audit_close(void)
{
	pthread_mutex_lock(&lock);
	audit_file_close();
	opened = false;
	pthread_mutex_unlock(&lock);
}

/* With the lock held, as those below. */
static int put(const char *line, size_t len)
{
	int error = opened ? audit_file_write(line, len) : -EBADF;

	if (!error && to_journal)
		error = audit_journal_send(line, len);
	put_serial++;
	return error;
}

static void note(int error)
{
	if (error && !failing)
		log_error("audit: a line can't be written: %s", strerror(-error));
	if (!error && failing)
		log_warn("audit: lines are written again, %" PRIu64 " were lost", gap);
	if (!error)
		gap = 0;
	failing = error;
}

/* Tries whether lines can be written again: the first says how many are missing before it. */
static void tell_gap(void)
{
	size_t len = 0;
	char *line = failing ? audit_line_of_gap(gap, &len) : NULL;

	if (line)
		note(put(line, len));
	free(line);
}

int audit_write(const struct control_request *request, const struct control_answer *answer)
{
	size_t len = 0;
	char *line = audit_line(request, answer, &len);
	int error;

	pthread_mutex_lock(&lock);
	tell_gap();
	error = failing ? failing : line ? put(line, len) : -ENOMEM;
	gap += error != 0;
	note(error);
	pthread_mutex_unlock(&lock);
	if (line)
		audit_recent_put(request, answer, line, len);
	atomic_fetch_add(error ? &lost : &written, 1);
	free(line);
	return error;
}

int audit_try(size_t lines)
{
	int error;

	pthread_mutex_lock(&lock);
	tell_gap();
	error = failing;
	if (!error)
		error = opened ? audit_file_reserve(lines * ENTRY_MAX) : -EBADF;
	pthread_mutex_unlock(&lock);
	return error;
}

int audit_sync(void)
{
	uint64_t serial;
	int fd = -1, error = 0;

	pthread_mutex_lock(&sync_lock);
	pthread_mutex_lock(&lock);
	serial = put_serial;
	if (synced && synced_serial < serial)
		fd = audit_file_descriptor();
	pthread_mutex_unlock(&lock);
	if (fd >= 0) {
		error = fdatasync(fd) ? -errno : 0;
		close(fd);
	}
	synced_serial = serial;
	pthread_mutex_unlock(&sync_lock);
	if (!error)
		return 0;
	pthread_mutex_lock(&lock);
	note(error);
	pthread_mutex_unlock(&lock);
	return error;
}

int audit_failing(void)
{
	int error;

	pthread_mutex_lock(&lock);
	error = failing;
	pthread_mutex_unlock(&lock);
	return error;
}

uint64_t audit_count(void)
{
	return atomic_load(&written);
}

uint64_t audit_lost(void)
{
	return atomic_load(&lost);
}
