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
/* The last that failed, of the lines behind `from` up to `to`. */
static struct {
	uint64_t from, to;
	int error;
} unsynced;
static bool must_sync; /* a line is only written once it is on disk; under the lock */

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
		log_error("audit: a line can't be written or had on disk: %s", strerror(-error));
	if (!error && failing)
		log_warn("audit: lines are written again, %" PRIu64 " were lost", gap);
	if (!error)
		gap = 0;
	failing = error;
}

static int flush(void)
{
	int fd, error = audit_file_descriptor(&fd);

	if (fd < 0)
		return error;
	error = fdatasync(fd) ? -errno : 0;
	close(fd);
	return error;
}

/* Tries whether lines can be written again: the first says how many are missing before it. */
static void tell_gap(void)
{
	size_t len = 0;
	char *line = failing ? audit_line_of_gap(gap, &len) : NULL;
	int error;

	if (!line)
		return;
	error = put(line, len);
	if (!error && must_sync)
		error = flush();
	must_sync &= error != 0;
	note(error);
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

uint64_t audit_latest(void)
{
	uint64_t serial;

	pthread_mutex_lock(&lock);
	serial = put_serial;
	pthread_mutex_unlock(&lock);
	return serial;
}

/* Linux drops what it could not write: these lines are lost, whatever a later flush says. */
static void lose(uint64_t from, uint64_t to, int error)
{
	unsynced.from = from;
	unsynced.to = to;
	unsynced.error = error;
	atomic_fetch_add(&lost, to - from);
	pthread_mutex_lock(&lock);
	gap += to - from;
	must_sync = true;
	note(error);
	pthread_mutex_unlock(&lock);
}

/* With sync_lock held. */
static void sync_all(void)
{
	uint64_t serial;
	int fd = -1, error = 0;

	pthread_mutex_lock(&lock);
	serial = put_serial;
	if (synced)
		error = audit_file_descriptor(&fd);
	pthread_mutex_unlock(&lock);
	if (fd >= 0) {
		error = fdatasync(fd) ? -errno : 0;
		close(fd);
	}
	if (error)
		lose(synced_serial, serial, error);
	synced_serial = serial;
}

int audit_sync(uint64_t line)
{
	int error = 0;

	pthread_mutex_lock(&sync_lock);
	if (synced_serial < line)
		sync_all();
	if (line > unsynced.from && line <= unsynced.to)
		error = unsynced.error;
	pthread_mutex_unlock(&sync_lock);
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
