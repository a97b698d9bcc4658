/* SPDX-License-Identifier: MIT */
/*
 * Answers who asks for the latest decisions. Knows how to ask, not what was decided. Its function
 * is a row of routes[].
 */
#include <stdio.h>
#include <string.h>

#include "audit_recent.h"
#include "form.h"
#include "json.h"
#include "problem.h"
#include "route.h"

#define LIMIT_DEFAULT 100
#define LIMIT_MAX     1000

struct question {
	struct audit_filter filter;
	const char *limit, *before;
};

static const struct field {
	const char *name;
	size_t offset;
} fields[] = {
	{ "limit", offsetof(struct question, limit) },
	{ "before", offsetof(struct question, before) },
	{ "action", offsetof(struct question, filter.action) },
	{ "result", offsetof(struct question, filter.result) },
	{ "principal", offsetof(struct question, filter.principal) },
	{ "domain", offsetof(struct question, filter.domain) },
	{ "dry_run", offsetof(struct question, filter.dry_run) },
};

#define FIELD_COUNT (sizeof(fields) / sizeof(*fields))

static bool take(const struct form_field *from, struct question *question, char *error, size_t size)
{
	for (size_t i = 0; i < FIELD_COUNT; i++) {
		const char **into = (const char **)(void *)((char *)question + fields[i].offset);

		if (strcmp(from->name, fields[i].name) != 0)
			continue;
		if (*into) {
			snprintf(error, size, "\"%s\" was asked for twice; ask once.",
				 fields[i].name);
			return false;
		}
		*into = from->value;
		return true;
	}
	snprintf(error, size,
		 "Unknown parameter \"%.64s\"; known are limit, before, action, result, principal, "
		 "domain and dry_run.",
		 from->name);
	return false;
}

static bool is_action(const char *name)
{
	for (enum control_action action = 0; action < CONTROL_ACTION_COUNT; action++)
		if (!strcmp(control_action_name(action), name))
			return true;
	return false;
}

static bool is_result(const char *name)
{
	for (enum control_result result = 0; result < RESULT_COUNT; result++)
		if (!strcmp(control_results[result].name, name))
			return true;
	return false;
}

/* A filter that can never match is a mistake, not an empty answer. */
static bool sensible(const struct question *question, char *error, size_t size)
{
	if (question->filter.action && !is_action(question->filter.action))
		snprintf(error, size,
			 "There is no action \"%.64s\"; say selfballoon, target or policy.",
			 question->filter.action);
	else if (question->filter.result && !is_result(question->filter.result))
		snprintf(error, size,
			 "There is no result \"%.64s\"; say one as they stand in the audit, such "
			 "as ok or forbidden.",
			 question->filter.result);
	else if (question->filter.dry_run && strcmp(question->filter.dry_run, "true") != 0 &&
		 strcmp(question->filter.dry_run, "false") != 0)
		snprintf(error, size, "\"dry_run\" must be true or false, not \"%.64s\".",
			 question->filter.dry_run);
	else
		return true;
	return false;
}

static bool number(const char *text, const char *name, uint64_t min, uint64_t max, uint64_t *into,
		   char *error, size_t size)
{
	if (!text || (contract_parse_number(text, strlen(text), max, into) && *into >= min))
		return true;
	snprintf(error, size, "\"%s\" must be a whole number from %llu to %llu.", name,
		 (unsigned long long)min, (unsigned long long)max);
	return false;
}

static bool understand(const struct form *form, struct question *question, uint64_t *limit,
		       uint64_t *before, char *error, size_t size)
{
	*limit = LIMIT_DEFAULT;
	*before = UINT64_MAX;
	for (size_t i = 0; i < form->count; i++)
		if (!take(&form->fields[i], question, error, size))
			return false;
	return sensible(question, error, size) &&
	       number(question->limit, "limit", 1, LIMIT_MAX, limit, error, size) &&
	       number(question->before, "before", 1, INT64_MAX, before, error, size);
}

static void list(struct text *text, const struct question *question, uint64_t limit,
		 uint64_t before)
{
	uint64_t next;

	json_put_open(text, NULL, '{');
	json_put_open(text, "entries", '[');
	next = audit_recent_find(&question->filter, before, limit, text);
	json_put_close(text, ']');
	if (next)
		json_put_number(text, "next", next);
	else
		json_put_null(text, "next");
	json_put_close(text, '}');
}

bool get_audit(struct exchange *exchange, struct reply *reply)
{
	struct question question = { 0 };
	uint64_t limit, before;
	struct form form;
	char error[256];

	question.filter.who = &exchange->who;
	if (form_parse(exchange->query, strlen(exchange->query), &form, error, sizeof(error)) &&
	    understand(&form, &question, &limit, &before, error, sizeof(error))) {
		reply->status = 200;
		reply->type = "application/json";
		list(&reply->text, &question, limit, before);
	} else {
		problem_reply(reply, 400, "%s", error);
	}
	form_free(&form);
	return true;
}
