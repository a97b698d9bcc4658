/* SPDX-License-Identifier: MIT */
/*
 * Compresses answers; the one user of zlib. Called by http_response.c.
 */
#include <limits.h>
#include <zlib.h>

#include "http_call.h"

/* Below this a packet is saved by nobody. */
#define GZIP_MIN 1024

#define GZIP_WINDOW (15 + 16) /* 32 KiB, with gzip's own header (zlib.h, deflateInit2) */

/*
 * Level 1: a scrape's lines are so alike that it already takes 9 of 10 bytes away, in a third of
 * the time of level 6, and the thread serves nobody else meanwhile.
 */
bool http_gzip(struct text *text)
{
	struct text packed = { 0 };
	z_stream stream = { 0 };
	bool done = false;

	if (text->len < GZIP_MIN || text->len > UINT_MAX || text->failed ||
	    deflateInit2(&stream, 1, Z_DEFLATED, GZIP_WINDOW, 9, Z_DEFAULT_STRATEGY) != Z_OK)
		return false;
	stream.next_in = (unsigned char *)text->bytes;
	stream.avail_in = (unsigned int)text->len;
	stream.avail_out = (unsigned int)text->len; /* longer is of no use */
	stream.next_out = (unsigned char *)text_reserve(&packed, text->len);
	if (stream.next_out)
		done = deflate(&stream, Z_FINISH) == Z_STREAM_END;
	packed.len = stream.total_out;
	deflateEnd(&stream);
	text_free(done ? text : &packed);
	if (done)
		*text = packed;
	return done;
}
