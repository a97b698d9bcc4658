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

#include "naming.h"
#include "pattern.h"
#include "principal_file.h"

struct entry {
	char *line; /* a JSON object and its newline; NULL: out of memory when it came */
	size_t len;
	enum control_action action;
	enum control_result result;
	bool dry_run;
	struct audit_subject about;
	char principal[sizeof(((struct principal *)0)->name)];
	char subject[SNAPSHOT_NAME_MAX + 1];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct entry ring[AUDIT_RECENT_KEPT];
static uint64_t last; /* serial; the ring holds those from last - AUDIT_RECENT_KEPT + 1 on */

void audit_recent_put(const struct control_request *request, const struct control_answer *answer,
		      const char *line, size_t len)
{
	struct entry *entry;
	char *copy = malloc(len);

	if (copy)
		memcpy(copy, line, len);
	pthread_mutex_lock(&lock);
	entry = &ring[++last % AUDIT_RECENT_KEPT];
	free(entry->line);
	*entry = (struct entry){ .line = copy,
				 .len = copy ? len : 0,
				 .action = request->action,
				 .result = answer->result,
				 .dry_run = request->dry_run,
				 .about = { .domid = answer->domid } };
	memcpy(entry->principal, request->who.name, sizeof(entry->principal));
	memcpy(entry->subject, request->subject, sizeof(entry->subject));
	memcpy(entry->about.name, answer->name, sizeof(entry->about.name));
	memcpy(entry->about.uuid, answer->uuid, sizeof(entry->about.uuid));
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

bool audit_may_see(const struct principal *who, const struct audit_subject *about)
{
	return who->role == ROLE_OPERATOR &&
	       (!*who->domains ||
		(about->domid && principal_domains_match(who->domains, about->name, about->uuid)));
}

bool audit_recent_next(uint64_t *serial, struct text *text, struct audit_subject *about)
{
	bool there = false;

	pthread_mutex_lock(&lock);
	if (last - *serial > AUDIT_RECENT_KEPT)
		*serial = last - AUDIT_RECENT_KEPT;
	while (!there && *serial < last) {
		const struct entry *entry = &ring[++*serial % AUDIT_RECENT_KEPT];

		there = entry->line;
		if (there) {
			show(text, *serial, entry);
			*about = entry->about;
		}
	}
	pthread_mutex_unlock(&lock);
	return there;
}

static bool is_about(const struct entry *entry, const char *domain)
{
	const struct naming naming = naming_of(domain);

	/* Where no guest was found, there is only what it was called by. */
	if (!entry->about.domid && (!strcmp(entry->subject, domain) ||
				    (pattern_is(domain) && pattern_match(domain, entry->subject))))
		return true;
	if (naming.kind == NAMING_NAME && pattern_is(domain) &&
	    pattern_match(domain, entry->about.name))
		return true;
	return naming_means(&naming, entry->about.domid, entry->about.uuid, entry->about.name);
}

static bool is_action(const struct entry *entry, const char *action)
{
	return (unsigned int)entry->action < CONTROL_ACTION_COUNT &&
	       !strcmp(control_action_name(entry->action), action);
}

static bool fits(const struct entry *entry, const struct audit_filter *filter)
{
	return entry->line && (!filter->who || audit_may_see(filter->who, &entry->about)) &&
	       (!filter->action || is_action(entry, filter->action)) &&
	       (!filter->result || !strcmp(control_results[entry->result].name, filter->result)) &&
	       (!filter->principal || !strcmp(entry->principal, filter->principal)) &&
	       (!filter->dry_run || entry->dry_run == !strcmp(filter->dry_run, "true")) &&
	       (!filter->domain || is_about(entry, filter->domain));
}

uint64_t audit_recent_find(const struct audit_filter *filter, uint64_t before, size_t limit,
			   struct text *text)
{
	uint64_t oldest, serial, found = 0, shown = 0;

	pthread_mutex_lock(&lock);
	oldest = last > AUDIT_RECENT_KEPT ? last - AUDIT_RECENT_KEPT : 0;
	serial = before > last ? last : before - (before > 0);
	for (; serial > oldest; serial--) {
		if (!fits(&ring[serial % AUDIT_RECENT_KEPT], filter))
			continue;
		if (found == limit)
			break;
		if (found++)
			text_add(text, ",", 1);
		show(text, serial, &ring[serial % AUDIT_RECENT_KEPT]);
		shown = serial;
	}
	if (serial <= oldest)
		shown = 0;
	pthread_mutex_unlock(&lock);
	return shown;
}
