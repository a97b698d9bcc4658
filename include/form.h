/* SPDX-License-Identifier: MIT */
/*
 * Fields as application/x-www-form-urlencoded has them, in bodies and behind a path's question
 * mark. Pure.
 */
#ifndef XENBALLOON_FORM_H
#define XENBALLOON_FORM_H

#include <stdbool.h>
#include <stddef.h>

struct form_field {
	const char *name;
	const char *value; /* decoded; any bytes but NUL */
};

struct form {
	struct form_field *fields; /* in the order they came */
	size_t count;
	char *bytes; /* of all names and values */
};

/*
 * Takes a text apart and decodes it. False with a sentence in error: a field without a name or
 * without an equals sign, a percent sign without two digits, a NUL, no memory. *form is to be given
 * to form_free() in any case.
 */
bool form_parse(const char *text, size_t len, struct form *form, char *error, size_t size);
void form_free(struct form *form);

#endif
