/* SPDX-License-Identifier: MIT */
/*
 * What the agent listens on, or would: each address with the reason why it isn't open. Any thread.
 */
#ifndef XENBALLOON_LISTENER_H
#define XENBALLOON_LISTENER_H

#include <stdbool.h>
#include <stddef.h>

#define LISTENERS_MAX	  16 /* of each kind */
#define LISTENER_TEXT	  72 /* of an address, a transport before it included */
#define LISTENER_RETRY_MS 1000

enum listener_kind { LISTENER_HTTP, LISTENER_SNMP, LISTENER_KINDS };

struct listener {
	enum listener_kind kind;
	char address[LISTENER_TEXT];
	int error; /* 0: it is open; else a negative errno */
};

/* Notes how opening it went, and logs that when it is news. */
void listener_note(enum listener_kind kind, const char *address, int error);

/* The one of that number, in the order of their first note. False: there are no more. */
bool listener_nth(size_t number, struct listener *listener);

/* Whether there are some of a kind and none is open; *one is the first of them. */
bool listener_all_closed(enum listener_kind kind, struct listener *one);

/* "http" or "snmp". */
const char *listener_kind_name(enum listener_kind kind);

/* The next address of a list with commas between; false at its end, or if it is too long. */
bool listener_next(const char **list, char address[LISTENER_TEXT]);

#endif
