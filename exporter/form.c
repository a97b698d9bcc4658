/* SPDX-License-Identifier: MIT */
/*
 * Takes form fields apart (WHATWG URL, 5.1, but strictly). Knows no field. Called by the routes and
 * json_request.c.
 */
#include "form.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

/* Decodes in place, which only gets shorter; NULL: it can't be, or holds a NUL. */
static const char *decode(char *from, char *end)
{
	char *start = from, *to = from;

	for (; from < end; from++) {
		int byte = *from == '+' ? ' ' : (unsigned char)*from;

		if (*from == '%') {
			int high = end - from > 2 ? text_hex(from[1]) : -1;
			int low = high >= 0 ? text_hex(from[2]) : -1;

			if (low < 0)
				return NULL;
			byte = high * 16 + low;
			from += 2;
		}
		if (!byte)
			return NULL;
		*to++ = (char)byte;
	}
	*to = 0;
	return start;
}

static const char *take_field(char *start, char *end, struct form_field *field)
{
	char *equals = memchr(start, '=', (size_t)(end - start));

	if (!equals || equals == start)
		return "Each field must be written as name=value.";
	field->name = decode(start, equals);
	field->value = decode(equals + 1, end);
	if (!field->name || !field->value)
		return "A percent sign must be followed by two hexadecimal digits, which are not "
		       "00; write it as %25 to mean itself.";
	return NULL;
}

static const char *take_apart(struct form *form, size_t len)
{
	char *at = form->bytes, *end = form->bytes + len;
	const char *wrong = NULL;

	while (at < end && !wrong) {
		char *next = memchr(at, '&', (size_t)(end - at));

		if (!next)
			next = end;
		/* "a=1&" is what some programs make of one field. */
		if (next > at)
			wrong = take_field(at, next, &form->fields[form->count++]);
		at = next + 1;
	}
	return wrong;
}

static size_t fields_at_most(const char *text, size_t len)
{
	size_t count = 1;

	for (size_t i = 0; i < len; i++)
		count += text[i] == '&';
	return count;
}

bool form_parse(const char *text, size_t len, struct form *form, char *error, size_t size)
{
	const char *wrong = "Out of memory.";

	*form = (struct form){ 0 };
	form->bytes = malloc(len + 1);
	form->fields = calloc(fields_at_most(text, len), sizeof(*form->fields));
	if (form->bytes && form->fields) {
		memcpy(form->bytes, len ? text : "", len);
		form->bytes[len] = 0;
		wrong = take_apart(form, len);
	}
	if (wrong)
		snprintf(error, size, "%s", wrong);
	return !wrong;
}

void form_free(struct form *form)
{
	free(form->fields);
	free(form->bytes);
	*form = (struct form){ 0 };
}
