/* SPDX-License-Identifier: MIT */
/*
 * Takes a stream of server-sent events apart (HTML standard, 9.2.6).
 */
#ifndef XENBALLOON_CLI_EVENTS_H
#define XENBALLOON_CLI_EVENTS_H

#include <stdbool.h>
#include <stddef.h>

/* The longest event that is taken, in bytes. */
#define EVENTS_MAX (64 << 20)

/* A stream; zeroed but for the first two. */
struct events {
	/* An event: its name, "message" where it has none, and its data. Must not be kept. */
	void (*take)(void *context, const char *name, const char *data);
	void *context;

	char *line, *data; /* so far */
	size_t line_len, line_room, data_len, data_room;
	char name[32];
	bool after_cr; /* a line feed now belongs to the line before */
	bool failed; /* an event was too long, or there was no memory: nothing is taken any more */
};

/* The next bytes, cut anywhere. */
void events_feed(struct events *events, const char *bytes, size_t len);
void events_free(struct events *events);

#endif
