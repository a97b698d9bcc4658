/* SPDX-License-Identifier: MIT */
/*
 * Owns the list of what the agent listens on. Opens nothing.
 */
#include "listener.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "log.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct listener listeners[LISTENERS_MAX * LISTENER_KINDS];
static size_t count;

const char *listener_kind_name(enum listener_kind kind)
{
	return kind == LISTENER_HTTP ? "http" : "snmp";
}

/* With the lock held. NULL: there is no room. */
static struct listener *find(enum listener_kind kind, const char *address, bool *is_new)
{
	for (size_t i = 0; i < count; i++)
		if (listeners[i].kind == kind && !strcmp(listeners[i].address, address))
			return &listeners[i];
	if (count == sizeof(listeners) / sizeof(*listeners))
		return NULL;
	*is_new = true;
	listeners[count] = (struct listener){ .kind = kind };
	snprintf(listeners[count].address, LISTENER_TEXT, "%s", address);
	return &listeners[count++];
}

void listener_note(enum listener_kind kind, const char *address, int error)
{
	bool news = false;
	struct listener *one;

	pthread_mutex_lock(&lock);
	one = find(kind, address, &news);
	if (one) {
		news |= one->error != error;
		one->error = error;
	}
	pthread_mutex_unlock(&lock);
	if (news && error)
		log_warn("%s.listen: cannot listen on %s: %s; it is tried again each second",
			 listener_kind_name(kind), address, strerror(-error));
	else if (news)
		log_info("%s.listen: listening on %s", listener_kind_name(kind), address);
}

bool listener_nth(size_t number, struct listener *listener)
{
	bool found;

	pthread_mutex_lock(&lock);
	found = number < count;
	if (found)
		*listener = listeners[number];
	pthread_mutex_unlock(&lock);
	return found;
}

bool listener_all_closed(enum listener_kind kind, struct listener *one)
{
	struct listener at;
	bool any = false;

	for (size_t i = 0; listener_nth(i, &at); i++) {
		if (at.kind != kind)
			continue;
		if (!at.error)
			return false;
		if (!any)
			*one = at;
		any = true;
	}
	return any;
}

bool listener_next(const char **list, char address[LISTENER_TEXT])
{
	size_t len = strcspn(*list, ",");

	if (!len || len >= LISTENER_TEXT)
		return false;
	memcpy(address, *list, len);
	address[len] = '\0';
	*list += len + ((*list)[len] == ',');
	return true;
}
