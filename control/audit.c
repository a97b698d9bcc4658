/* SPDX-License-Identifier: MIT */
/*
 * The audit trail: one JSON line per decision, in one write to a file opened for appending. Knows
 * nothing of how a decision came about. Called by the pipeline from any thread.
 */
#include "audit.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#include "audit_recent.h"
#include "log.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int audit_fd = -1;
static bool torn;    /* the last line was cut off by a full disk */
static bool failing; /* and that has been logged */
static atomic_uint_least64_t written;
static atomic_uint_least64_t lost;

int audit_open(const char *path)
{
	int fd = strcmp(path, "-") == 0
			 ? fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3)
			 : open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);

	if (fd < 0)
		return -errno;
	audit_close();
	pthread_mutex_lock(&lock);
	audit_fd = fd;
	pthread_mutex_unlock(&lock);
	return 0;
}

void audit_close(void)
{
	pthread_mutex_lock(&lock);
	if (audit_fd >= 0)
		close(audit_fd);
	audit_fd = -1;
	torn = false;
	pthread_mutex_unlock(&lock);
}

/* How many bytes the UTF-8 character at text takes, as jansson judges; 0: it is none. */
static size_t character(const char *text, size_t len)
{
	for (size_t n = 1; n <= 4 && n <= len; n++) {
		json_t *probe = json_stringn(text, n);

		json_decref(probe);
		if (probe)
			return n;
	}
	return 0;
}

/* A string from bytes that anyone may have chosen. */
static json_t *safe_string(const char *text)
{
	size_t len = strlen(text), used = 0;
	json_t *string = json_stringn(text, len);
	char *escaped;

	if (string)
		return string;
	escaped = malloc(len * 4 + 1);
	if (!escaped)
		return NULL;
	for (size_t i = 0; i < len;) {
		size_t n = character(text + i, len - i);

		if (n)
			memcpy(escaped + used, text + i, n);
		else
			snprintf(escaped + used, 5, "\\x%02x", (unsigned char)text[i]);
		used += n ? n : 4;
		i += n ? n : 1;
	}
	string = json_stringn(escaped, used);
	free(escaped);
	return string;
}

static json_t *value(enum control_action action, uint64_t number)
{
	if (action == CONTROL_SELFBALLOON && number <= 1)
		return json_boolean(number);
	return json_integer(number < INT64_MAX ? (json_int_t)number : INT64_MAX);
}

static json_t *reading(enum control_action action, const struct reading *from)
{
	return from->state == READING_OK ? value(action, from->value) : json_null();
}

static json_t *known(const char *text)
{
	return text && *text ? safe_string(text) : json_null();
}

static json_t *now(void)
{
	struct timespec at;
	struct tm utc;
	char day[32], text[48];

	clock_gettime(CLOCK_REALTIME, &at);
	gmtime_r(&at.tv_sec, &utc);
	strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(text, sizeof(text), "%s.%03ldZ", day, at.tv_nsec / 1000000);
	return json_string(text);
}

static json_t *entry(const struct control_request *request, const struct control_answer *answer)
{
	const struct principal *who = &request->who;
	enum control_action action = request->action;

	return json_pack("{so so ss ss so so so sb sb so so so so so so so ss so}", "time", now(),
			 "principal", known(who->name), "role", control_role_name(who->role),
			 "interface", control_interface_name(who->via), "address",
			 known(who->address), "action",
			 action < CONTROL_ACTION_COUNT ? json_string(control_action_name(action))
						       : json_null(),
			 "subject", known(request->subject), "dry_run", request->dry_run, "force",
			 request->force, "requested", value(action, request->value), "domid",
			 answer->domid ? json_integer(answer->domid) : json_null(), "name",
			 known(answer->name), "uuid", known(answer->uuid), "before",
			 reading(action, &answer->before), "after", reading(action, &answer->after),
			 "limit", known(answer->limit), "result",
			 control_results[answer->result].name, "detail", known(answer->detail));
}

/* The line with its end, to be given to free(); NULL: out of memory. */
static char *format(const struct control_request *request, const struct control_answer *answer,
		    size_t *len)
{
	json_t *object = entry(request, answer);
	char *text = NULL, *line;

	if (object && !json_object_set_new(object, "warning", known(answer->warning)))
		text = json_dumps(object, JSON_SORT_KEYS | JSON_COMPACT | JSON_ENSURE_ASCII);
	json_decref(object);
	if (!text)
		return NULL;
	*len = strlen(text) + 1;
	line = realloc(text, *len + 1);
	if (!line) {
		free(text);
		return NULL;
	}
	line[*len - 1] = '\n';
	return line;
}

static int put(const char *line, size_t len)
{
	ssize_t done;

	if (audit_fd < 0)
		return -EBADF;
	if (torn && write(audit_fd, "\n", 1) != 1)
		return -errno;
	torn = false;
	do
		done = write(audit_fd, line, len);
	while (done < 0 && errno == EINTR);
	if (done < 0)
		return -errno;
	torn = (size_t)done < len;
	return torn ? -ENOSPC : 0;
}

int audit_write(const struct control_request *request, const struct control_answer *answer)
{
	size_t len = 0;
	char *line = format(request, answer, &len);
	int error;

	pthread_mutex_lock(&lock);
	error = line ? put(line, len) : -ENOMEM;
	if (error && !failing)
		log_error("audit: a line can't be written: %s", strerror(-error));
	if (!error && failing)
		log_warn("audit: lines are written again, %" PRIu64 " were lost",
			 (uint64_t)atomic_load(&lost));
	failing = error;
	pthread_mutex_unlock(&lock);
	if (line)
		audit_recent_put(request, answer, line, len);
	atomic_fetch_add(error ? &lost : &written, 1);
	free(line);
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
