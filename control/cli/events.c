/* SPDX-License-Identifier: MIT */
/*
 * Reads server-sent events. Pure; knows neither HTTP nor what the events say. Called by watch.
 */
#include "cli_events.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void append(struct events *events, char **to, size_t *len, size_t *room, const char *bytes,
		   size_t count)
{
	size_t need = *len + count + 1, wider = *room ? *room : 4096;
	char *grown;

	while (wider < need && wider <= EVENTS_MAX)
		wider *= 2;
	if (wider > EVENTS_MAX) {
		events->failed = true;
		return;
	}
	if (wider > *room) {
		grown = realloc(*to, wider);
		if (!grown) {
			events->failed = true;
			return;
		}
		*to = grown;
		*room = wider;
	}
	memcpy(*to + *len, bytes, count);
	*len += count;
	(*to)[*len] = '\0';
}

/* An empty line ends an event; one without data is none. */
static void dispatch(struct events *events)
{
	if (events->data_len) {
		events->data[events->data_len - 1] = '\0'; /* its last line feed */
		events->take(events->context, *events->name ? events->name : "message",
			     events->data);
	}
	events->data_len = 0;
	*events->name = '\0';
}

static void end_line(struct events *events)
{
	const char *line = events->line_len ? events->line : "", *value = strchr(line, ':');
	size_t field = value ? (size_t)(value - line) : strlen(line);

	events->line_len = 0;
	if (!*line) {
		dispatch(events);
		return;
	}
	value = value ? value + 1 : "";
	value += *value == ' ';
	if (field == 5 && !strncmp(line, "event", 5)) {
		snprintf(events->name, sizeof(events->name), "%s", value);
	} else if (field == 4 && !strncmp(line, "data", 4)) {
		append(events, &events->data, &events->data_len, &events->data_room, value,
		       strlen(value));
		append(events, &events->data, &events->data_len, &events->data_room, "\n", 1);
	}
}

void events_feed(struct events *events, const char *bytes, size_t len)
{
	for (size_t n; len && !events->failed; bytes += n, len -= n) {
		for (n = 0; n < len && bytes[n] != '\n' && bytes[n] != '\r';)
			n++;
		if (n)
			append(events, &events->line, &events->line_len, &events->line_room, bytes,
			       n);
		if (n == len) {
			events->after_cr = n ? false : events->after_cr;
			break;
		}
		if (!(bytes[n] == '\n' && events->after_cr && !n))
			end_line(events);
		events->after_cr = bytes[n] == '\r';
		n++;
	}
}

void events_free(struct events *events)
{
	free(events->line);
	free(events->data);
	events->line = events->data = NULL;
}
