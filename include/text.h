/* SPDX-License-Identifier: MIT */
/*
 * A growing piece of text: what is served over HTTP is appended to one of these. Appending never
 * reports: once memory has run out the text is failed and stays so, and who renders asks once, at
 * the end.
 */
#ifndef XENBALLOON_TEXT_H
#define XENBALLOON_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text {
	char *bytes; /* not terminated */
	size_t len;
	size_t size;
	bool failed; /* out of memory: what it holds is not whole */
};

/* Gives back the memory; *text is empty again and may be used anew. */
void text_free(struct text *text);

/* Makes room for len more bytes and returns where they go, or NULL (failed). Raise text->len. */
char *text_reserve(struct text *text, size_t len);

void text_add(struct text *text, const char *bytes, size_t len);
void text_string(struct text *text, const char *string);
void text_number(struct text *text, uint64_t number);
void text_format(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Digits of number at `at`, which has room for 20; how many they are. */
size_t text_digits(char *at, uint64_t number);

/* What a hexadecimal digit stands for; -1: it is none. */
int text_hex(char digit);

/* Which characters of foreign bytes need care, and how they are shown. */
enum text_escape {
	TEXT_LABEL, /* inside "..." of the Prometheus formats: \\ \" \n; other controls replaced */
	TEXT_JSON,  /* inside "..." of JSON: \\ \" and controls as \u00XX */
	TEXT_HTML   /* element content and quoted attributes; controls replaced */
};

/*
 * Appends foreign bytes as valid UTF-8: what is none becomes U+FFFD, byte by byte, and what has a
 * meaning where it is going is escaped.
 */
void text_foreign(struct text *text, enum text_escape escape, const char *bytes, size_t len);

#endif
