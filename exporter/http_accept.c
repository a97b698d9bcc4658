/* SPDX-License-Identifier: MIT */
/*
 * Reads what a client says it accepts. Knows no media type and no coding. Called by prometheus.c
 * and http_gzip.c.
 */
#include "http_accept.h"

#include <string.h>
#include <strings.h>

struct span {
	const char *at;
	size_t len;
};

static struct span trim(const char *from, const char *end)
{
	while (from < end && (*from == ' ' || *from == '\t'))
		from++;
	while (from < end && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	return (struct span){ from, (size_t)(end - from) };
}

/* "1", "0.25", "1.000": at most three decimals, at most one (RFC 9110, 12.4.2). */
static unsigned int parse_q(struct span text)
{
	unsigned int q, step = 100;

	if (!text.len || text.len > 5 || (text.at[0] != '0' && text.at[0] != '1') ||
	    (text.len > 1 && text.at[1] != '.'))
		return 0;
	q = text.at[0] == '1' ? 1000 : 0;
	for (size_t i = 2; i < text.len; i++, step /= 10) {
		if (text.at[i] < '0' || text.at[i] > '9')
			return 0;
		q += (unsigned int)(text.at[i] - '0') * step;
	}
	return q > 1000 ? 0 : q;
}

static void parameter(struct http_accept *item, struct span text)
{
	const char *equals = memchr(text.at, '=', text.len);
	struct span name, value;

	if (!equals)
		return;
	name = trim(text.at, equals);
	value = trim(equals + 1, text.at + text.len);
	if (value.len > 1 && value.at[0] == '"' && value.at[value.len - 1] == '"')
		value = (struct span){ value.at + 1, value.len - 2 };
	if (name.len == 1 && (*name.at == 'q' || *name.at == 'Q')) {
		item->q = parse_q(value);
	} else if (name.len == 7 && !strncasecmp(name.at, "version", 7)) {
		item->version = value.at;
		item->version_len = value.len;
	}
}

bool http_accept_next(const char **cursor, struct http_accept *item)
{
	const char *at = *cursor + strspn(*cursor, " \t,"), *end = at + strcspn(at, ","), *part;
	struct span name;

	if (!*at)
		return false;
	part = at + strcspn(at, ";,");
	name = trim(at, part);
	*item = (struct http_accept){ .name = name.at, .name_len = name.len, .q = 1000 };
	while (part < end) {
		at = part + 1;
		part = at + strcspn(at, ";,");
		parameter(item, trim(at, part));
	}
	*cursor = end;
	return true;
}

bool http_accept_is(const struct http_accept *item, const char *name)
{
	return item->name_len == strlen(name) && !strncasecmp(item->name, name, item->name_len);
}

bool http_accept_coding(const char *header, const char *coding)
{
	struct http_accept item;
	bool any = false;

	while (header && http_accept_next(&header, &item)) {
		if (http_accept_is(&item, coding))
			return item.q;
		if (http_accept_is(&item, "*"))
			any = item.q;
	}
	return any;
}
