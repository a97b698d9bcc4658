/* SPDX-License-Identifier: MIT */
/*
 * The growing text that answers are rendered into, and the one place where foreign bytes are made
 * harmless for it. Knows no format beyond what has to be escaped in it. Called by all that render.
 */
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_FIRST 4096

#define REPLACEMENT "\xef\xbf\xbd"

void text_free(struct text *text)
{
	free(text->bytes);
	*text = (struct text){ 0 };
}

static bool grow(struct text *text, size_t need)
{
	size_t size = text->size ? text->size : TEXT_FIRST;
	char *bytes;

	while (size < need && size <= SIZE_MAX / 2)
		size *= 2;
	bytes = size < need ? NULL : realloc(text->bytes, size);
	if (!bytes) {
		text->failed = true;
		return false;
	}
	text->bytes = bytes;
	text->size = size;
	return true;
}

char *text_reserve(struct text *text, size_t len)
{
	if (text->failed)
		return NULL;
	if (text->size - text->len < len && !grow(text, text->len + len))
		return NULL;
	return text->bytes + text->len;
}

void text_add(struct text *text, const char *bytes, size_t len)
{
	char *at = len ? text_reserve(text, len) : NULL;

	if (!at)
		return;
	memcpy(at, bytes, len);
	text->len += len;
}

void text_string(struct text *text, const char *string)
{
	text_add(text, string, strlen(string));
}

size_t text_digits(char *at, uint64_t number)
{
	char digits[20];
	size_t n = sizeof(digits);

	do {
		digits[--n] = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	memcpy(at, digits + n, sizeof(digits) - n);
	return sizeof(digits) - n;
}

void text_number(struct text *text, uint64_t number)
{
	char *at = text_reserve(text, 20);

	if (at)
		text->len += text_digits(at, number);
}

void text_format(struct text *text, const char *format, ...)
{
	va_list arguments;
	char *at;
	int len;

	va_start(arguments, format);
	len = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	at = len < 0 ? NULL : text_reserve(text, (size_t)len + 1);
	if (!at)
		return;
	va_start(arguments, format);
	vsnprintf(at, (size_t)len + 1, format, arguments);
	va_end(arguments);
	text->len += (size_t)len;
}

int text_hex(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	if (digit >= 'a' && digit <= 'f')
		return digit - 'a' + 10;
	return digit >= 'A' && digit <= 'F' ? digit - 'A' + 10 : -1;
}

/* Well-formed sequences by their first byte and the range of their second (Unicode, table 3-7). */
static const struct sequence {
	unsigned char first, last, len, low, high;
} sequences[] = {
	{ 0x00, 0x7f, 1, 0, 0 },       { 0xc2, 0xdf, 2, 0x80, 0xbf }, { 0xe0, 0xe0, 3, 0xa0, 0xbf },
	{ 0xe1, 0xec, 3, 0x80, 0xbf }, { 0xed, 0xed, 3, 0x80, 0x9f }, { 0xee, 0xef, 3, 0x80, 0xbf },
	{ 0xf0, 0xf0, 4, 0x90, 0xbf }, { 0xf1, 0xf3, 4, 0x80, 0xbf }, { 0xf4, 0xf4, 4, 0x80, 0x8f },
};

/* Length of the well-formed sequence that len bytes begin with; 0 if they begin with none. */
static size_t sequence_len(const unsigned char *bytes, size_t len)
{
	for (size_t i = 0; i < sizeof(sequences) / sizeof(*sequences); i++) {
		const struct sequence *row = &sequences[i];

		if (bytes[0] < row->first || bytes[0] > row->last)
			continue;
		if (row->len > len ||
		    (row->len > 1 && (bytes[1] < row->low || bytes[1] > row->high)))
			return 0;
		for (size_t k = 2; k < row->len; k++)
			if (bytes[k] < 0x80 || bytes[k] > 0xbf)
				return 0;
		return row->len;
	}
	return 0;
}

struct escaped {
	char byte;
	const char *shown;
};

static const struct escaped label_escapes[] = {
	{ '"', "\\\"" }, { '\\', "\\\\" }, { '\n', "\\n" }, { 0, NULL }
};

static const struct escaped json_escapes[] = { { '"', "\\\"" }, { '\\', "\\\\" }, { 0, NULL } };

static const struct escaped html_escapes[] = { { '&', "&amp;" },  { '<', "&lt;" },
					       { '>', "&gt;" },	  { '"', "&quot;" },
					       { '\'', "&#39;" }, { 0, NULL } };

static const struct escaped *const escapes[] = {
	[TEXT_LABEL] = label_escapes,
	[TEXT_JSON] = json_escapes,
	[TEXT_HTML] = html_escapes,
};

static void add_ascii(struct text *text, enum text_escape escape, char byte)
{
	for (const struct escaped *row = escapes[escape]; row->shown; row++)
		if (row->byte == byte) {
			text_string(text, row->shown);
			return;
		}
	if ((unsigned char)byte >= 0x20 && byte != 0x7f)
		text_add(text, &byte, 1);
	else if (escape == TEXT_JSON)
		text_format(text, "\\u%04x", (unsigned int)byte);
	else
		text_string(text, REPLACEMENT);
}

void text_foreign(struct text *text, enum text_escape escape, const char *bytes, size_t len)
{
	for (size_t i = 0, n; i < len; i += n) {
		n = sequence_len((const unsigned char *)bytes + i, len - i);
		if (n == 1) {
			add_ascii(text, escape, bytes[i]);
		} else if (n) {
			text_add(text, bytes + i, n);
		} else {
			text_string(text, REPLACEMENT);
			n = 1;
		}
	}
}
