/* SPDX-License-Identifier: MIT */
/*
 * A ring of the latest audit lines. Knows nothing of who reads it. Filled by audit.c, read by the
 * HTTP side.
 */
#include "audit_recent.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct entry {
	char *line; /* a JSON object and its newline; NULL: out of memory when it came */
	size_t len;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct entry ring[AUDIT_RECENT_KEPT];
static uint64_t last; /* serial; the ring holds those from last - AUDIT_RECENT_KEPT + 1 on */

void audit_recent_put(const struct control_request *request, const struct control_answer *answer,
		      const char *line, size_t len)
{
	struct entry *entry;
	char *copy = malloc(len);

	(void)request;
	(void)answer;
	if (copy)
		memcpy(copy, line, len);
	pthread_mutex_lock(&lock);
	entry = &ring[++last % AUDIT_RECENT_KEPT];
	free(entry->line);
	*entry = (struct entry){ .line = copy, .len = copy ? len : 0 };
	pthread_mutex_unlock(&lock);
}

uint64_t audit_recent_last(void)
{
	uint64_t serial;

	pthread_mutex_lock(&lock);
	serial = last;
	pthread_mutex_unlock(&lock);
	return serial;
}

/* The line without its brace and newline: the serial is put before the first member. */
static void show(struct text *text, uint64_t serial, const struct entry *entry)
{
	text_format(text, "{\"serial\":%" PRIu64 ",", serial);
	text_add(text, entry->line + 1, entry->len - 2);
}

bool audit_recent_next(uint64_t *serial, struct text *text)
{
	bool there = false;

	pthread_mutex_lock(&lock);
	if (last - *serial > AUDIT_RECENT_KEPT)
		*serial = last - AUDIT_RECENT_KEPT;
	while (!there && *serial < last) {
		const struct entry *entry = &ring[++*serial % AUDIT_RECENT_KEPT];

		there = entry->line;
		if (there)
			show(text, *serial, entry);
	}
	pthread_mutex_unlock(&lock);
	return there;
}
