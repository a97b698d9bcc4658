/* SPDX-License-Identifier: MIT */
/*
 * A growing queue of bytes: appended at its end, taken from its front.
 */
#ifndef XENBED_BUFFER_H
#define XENBED_BUFFER_H

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct buffer {
	char *data;
	size_t start; /* what is before it has been taken */
	size_t len;   /* what is in it, from start */
	size_t room;
};

static inline void buffer_append(struct buffer *buffer, const void *data, size_t len)
{
	if (buffer->start + buffer->len + len > buffer->room) {
		if (buffer->start > 0)
			memmove(buffer->data, buffer->data + buffer->start, buffer->len);
		buffer->start = 0;
		if (buffer->len + len > buffer->room) {
			buffer->room = (buffer->len + len) * 2;
			buffer->data = realloc(buffer->data, buffer->room);
			if (buffer->data == NULL)
				abort(); /* a test bed without memory proves nothing */
		}
	}
	memcpy(buffer->data + buffer->start + buffer->len, data, len);
	buffer->len += len;
}

/* An emptied buffer gives its memory back: thousands of guests have one each. */
static inline void buffer_clear(struct buffer *buffer)
{
	free(buffer->data);
	*buffer = (struct buffer){ .data = NULL };
}

static inline void buffer_take(struct buffer *buffer, size_t len)
{
	buffer->start += len;
	buffer->len -= len;
	if (buffer->len == 0)
		buffer_clear(buffer);
}

#endif
