/* SPDX-License-Identifier: MIT */
/*
 * Accept and Accept-Encoding headers, item by item (RFC 9110, 12.5). Pure.
 */
#ifndef XENBALLOON_HTTP_ACCEPT_H
#define XENBALLOON_HTTP_ACCEPT_H

#include <stdbool.h>
#include <stddef.h>

/* One item of the list: "text/plain;version=0.0.4;q=0.5". The pointers lead into the header. */
struct http_accept {
	const char *name; /* media type or coding, not terminated */
	size_t name_len;
	const char *version; /* the version parameter, unquoted; NULL if it has none */
	size_t version_len;
	unsigned int q; /* thousandths; 1000 where none is given, 0 where it is malformed */
};

/* Takes the next item from *cursor, which starts as the header's text; false at its end. */
bool http_accept_next(const char **cursor, struct http_accept *item);

/* Whether the item's name is `name`, in any case. */
bool http_accept_is(const struct http_accept *item, const char *name);

/* Whether an Accept-Encoding header (may be NULL) lets `coding` pass: by name, or else by "*". */
bool http_accept_coding(const char *header, const char *coding);

#endif
