/* SPDX-License-Identifier: MIT */
/*
 * Writes JSON into a text. Knows nothing of what is written. Called by json_snapshot.c and
 * problem.c.
 */
#include "json.h"

#include <string.h>

#include "clock.h"

/*
 * What was written last tells whether a comma is due: strings end in a quote, never in a bracket,
 * and after a space comes what begins anew in a text that isn't all JSON.
 */
static void begin(struct text *text, const char *key)
{
	char last = text->len ? text->bytes[text->len - 1] : '{';

	if (last != '{' && last != '[' && last != ' ')
		text_add(text, ",", 1);
	if (!key)
		return;
	text_add(text, "\"", 1);
	text_string(text, key);
	text_add(text, "\":", 2);
}

void json_put_open(struct text *text, const char *key, char bracket)
{
	begin(text, key);
	text_add(text, &bracket, 1);
}

void json_put_close(struct text *text, char bracket)
{
	text_add(text, &bracket, 1);
}

void json_put_string(struct text *text, const char *key, const char *value)
{
	begin(text, key);
	text_add(text, "\"", 1);
	text_foreign(text, TEXT_JSON, value, strlen(value));
	text_add(text, "\"", 1);
}

void json_put_number(struct text *text, const char *key, uint64_t value)
{
	begin(text, key);
	text_number(text, value);
}

void json_put_bool(struct text *text, const char *key, bool value)
{
	begin(text, key);
	text_string(text, value ? "true" : "false");
}

void json_put_null(struct text *text, const char *key)
{
	begin(text, key);
	text_string(text, "null");
}

void json_put_raw(struct text *text, const char *key, const char *json)
{
	begin(text, key);
	text_string(text, json);
}

void json_put_reading(struct text *text, const char *key, enum metric_unit unit,
		      struct reading reading)
{
	if (reading.state != READING_OK)
		json_put_null(text, key);
	else if (unit == UNIT_BOOL)
		json_put_bool(text, key, reading.value);
	else if (unit == UNIT_TIME)
		json_put_number(text, key, (uint64_t)clock_unix_at((int64_t)reading.value));
	else
		json_put_number(text, key, reading.value);
}
