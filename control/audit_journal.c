/* SPDX-License-Identifier: MIT */
/*
 * Audit lines in systemd's journal: a sentence for people, and each member as a field of its own.
 * Knows no more of a decision than its line says. Called by audit.c.
 */
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include <jansson.h>
#include <systemd/sd-journal.h>

#include "audit_sink.h"

#define SOCKET	   "/run/systemd/journal/socket"
#define PREFIX	   "XENBALLOON_"
#define FIELDS_MAX 32

struct fields {
	struct iovec vector[FIELDS_MAX];
	int count;
	bool failed;
};

static void add(struct fields *fields, const char *name, const char *value)
{
	char *text = NULL;
	int len = asprintf(&text, "%s=%s", name, value);

	if (len < 0 || fields->count == FIELDS_MAX) {
		fields->failed = true;
		return;
	}
	fields->vector[fields->count++] = (struct iovec){ text, (size_t)len };
}

static void add_member(struct fields *fields, const char *key, const json_t *value)
{
	char name[64] = PREFIX, number[32];
	size_t at = strlen(PREFIX);

	for (; *key && at < sizeof(name) - 1; key++)
		name[at++] = (char)toupper((unsigned char)*key);
	name[at] = '\0';
	snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	if (json_is_string(value))
		add(fields, name, json_string_value(value));
	else if (json_is_integer(value))
		add(fields, name, number);
	else if (json_is_boolean(value))
		add(fields, name, json_is_true(value) ? "1" : "0");
}

static const char *word(const json_t *line, const char *key, const char *otherwise)
{
	const char *value = json_string_value(json_object_get(line, key));

	return value ? value : otherwise;
}

static void add_sentence(struct fields *fields, const json_t *line)
{
	char sentence[2048];

	snprintf(sentence, sizeof(sentence), "%s %s %s: %s: %s", word(line, "principal", "nobody"),
		 word(line, "action", "?"), word(line, "subject", "?"), word(line, "result", "?"),
		 word(line, "detail", ""));
	add(fields, "MESSAGE", sentence);
	add(fields, "PRIORITY", "5");
	add(fields, "SYSLOG_IDENTIFIER", "xenballoon-audit");
}

int audit_journal_send(const char *line, size_t len)
{
	struct fields fields = { 0 };
	json_t *object, *value;
	const char *key;
	int error;

	/* sd_journal_sendv() says that all is well where there is no journal. */
	if (access(SOCKET, W_OK))
		return -errno;
	object = json_loadb(line, len, 0, NULL);
	if (!object)
		return -ENOMEM;
	add_sentence(&fields, object);
	json_object_foreach(object, key, value)
	{
		add_member(&fields, key, value);
	}
	error = fields.failed ? -ENOMEM : sd_journal_sendv(fields.vector, fields.count);
	for (int i = 0; i < fields.count; i++)
		free(fields.vector[i].iov_base);
	json_decref(object);
	return error;
}
