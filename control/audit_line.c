/* SPDX-License-Identifier: MIT */
/*
 * One decision as one line of JSON. Knows nothing of where lines go. Called by audit.c.
 */
#include "audit_line.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jansson.h>

/* How many bytes the UTF-8 character at text takes, as jansson judges; 0: it is none. */
static size_t character(const char *text, size_t len)
{
	for (size_t n = 1; n <= 4 && n <= len; n++) {
		json_t *probe = json_stringn(text, n);

		json_decref(probe);
		if (probe)
			return n;
	}
	return 0;
}

/* A string from bytes that anyone may have chosen. */
static json_t *safe_string(const char *text)
{
	size_t len = strlen(text), used = 0;
	json_t *string = json_stringn(text, len);
	char *escaped;

	if (string)
		return string;
	escaped = malloc(len * 4 + 1);
	if (!escaped)
		return NULL;
	for (size_t i = 0; i < len;) {
		size_t n = character(text + i, len - i);

		if (n)
			memcpy(escaped + used, text + i, n);
		else
			snprintf(escaped + used, 5, "\\x%02x", (unsigned char)text[i]);
		used += n ? n : 4;
		i += n ? n : 1;
	}
	string = json_stringn(escaped, used);
	free(escaped);
	return string;
}

static json_t *value(enum control_action action, uint64_t number)
{
	if (action == CONTROL_SELFBALLOON && number <= 1)
		return json_boolean(number);
	return json_integer(number < INT64_MAX ? (json_int_t)number : INT64_MAX);
}

static json_t *known(const char *text)
{
	return text && *text ? safe_string(text) : json_null();
}

static json_t *reading(enum control_action action, const struct reading *from)
{
	return from->state == READING_OK ? value(action, from->value) : json_null();
}

static json_t *requested(const struct control_request *request)
{
	if (request->unsaid)
		return json_null();
	if (request->action == CONTROL_POLICY)
		return safe_string(request->policy);
	return value(request->action, request->value);
}

static json_t *side(enum control_action action, const struct reading *number, const char *policy)
{
	return action == CONTROL_POLICY ? known(policy) : reading(action, number);
}

static json_t *now(void)
{
	struct timespec at;
	struct tm utc;
	char day[32], text[48];

	clock_gettime(CLOCK_REALTIME, &at);
	gmtime_r(&at.tv_sec, &utc);
	strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(text, sizeof(text), "%s.%03ldZ", day, at.tv_nsec / 1000000);
	return json_string(text);
}

static json_t *entry(const struct control_request *request, const struct control_answer *answer)
{
	const struct principal *who = &request->who;
	enum control_action action = request->action;
	json_t *via = (unsigned int)who->via < VIA_COUNT
			      ? json_string(control_interface_name(who->via))
			      : json_null();

	return json_pack(
		"{so so ss so so so so sb sb sb so so so so so so so ss so}", "time", now(),
		"principal", known(who->name), "role", control_role_name(who->role), "interface",
		via, "address", known(who->address), "action",
		action < CONTROL_ACTION_COUNT ? json_string(control_action_name(action))
					      : json_null(),
		"subject", known(request->subject), "dry_run", request->dry_run, "force",
		request->force, "restore", request->restore, "requested", requested(request),
		"domid", answer->domid ? json_integer(answer->domid) : json_null(), "name",
		known(answer->name), "uuid", known(answer->uuid), "before",
		side(action, &answer->before, answer->policy_before), "after",
		side(action, &answer->after, answer->policy_after), "limit", known(answer->limit),
		"result", control_results[answer->result].name, "detail", known(answer->detail));
}

char *audit_line(const struct control_request *request, const struct control_answer *answer,
		 size_t *len)
{
	json_t *object = entry(request, answer);
	char *text = NULL, *line;

	if (object && !json_object_set_new(object, "warning", known(answer->warning)))
		text = json_dumps(object, JSON_SORT_KEYS | JSON_COMPACT | JSON_ENSURE_ASCII);
	json_decref(object);
	if (!text)
		return NULL;
	*len = strlen(text) + 1;
	line = realloc(text, *len + 1);
	if (!line) {
		free(text);
		return NULL;
	}
	line[*len - 1] = '\n';
	return line;
}

char *audit_line_of_gap(uint64_t lost, size_t *len)
{
	const struct control_request nobody = { .who.via = VIA_COUNT,
						.action = CONTROL_ACTION_COUNT,
						.unsaid = true };
	struct control_answer answer = { .result = RESULT_UNAVAILABLE };

	snprintf(answer.detail, sizeof(answer.detail),
		 "%" PRIu64 " decisions before this line could not be written down", lost);
	return audit_line(&nobody, &answer, len);
}
