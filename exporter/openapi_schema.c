/* SPDX-License-Identifier: MIT */
/*
 * The schemas of what goes over the API, a row for each member that no other table has. Called by
 * openapi.c.
 */
#include <string.h>

#include "history.h"
#include "json.h"
#include "openapi.h"

#define STRING	    "{\"type\":\"string\"}"
#define STRING_NULL "{\"type\":[\"string\",\"null\"]}"
#define NUMBER	    "{\"type\":\"integer\",\"minimum\":0}"
#define NUMBER_NULL "{\"type\":[\"integer\",\"null\"],\"minimum\":0}"
#define BOOL	    "{\"type\":\"boolean\"}"
#define BOOL_NULL   "{\"type\":[\"boolean\",\"null\"]}"
#define VALUE	    "{\"type\":[\"boolean\",\"integer\",\"string\",\"null\"]}"
#define LIST(items) "{\"type\":\"array\",\"items\":" items "}"
#define NAMES	    "{\"type\":\"array\",\"minItems\":1,\"maxItems\":4096,\"items\":" STRING "}"
#define WORD(enum)  "{\"type\":\"string\",\"enum\":[" enum "]}"
#define WORD_NULL(enum)                                                                            \
	"{\"anyOf\":[" OPENAPI_SCHEMA(enum) ",{\"type\":\"null\"}"                                 \
					    "]}"
#define REF(name) OPENAPI_SCHEMA(name)

struct member {
	const char *name, *schema;
	bool optional;
};

#define PICTURE                                                                                    \
	{ "generation", NUMBER, false }, { "age_ms", NUMBER_NULL, false },                         \
		{ "store_up", BOOL, false },                                                       \
	{                                                                                          \
		"hypervisor_up", BOOL, false                                                       \
	}
#define LIMIT                                                                                      \
	{ "limit", STRING, true }, { "would_pass_kib", NUMBER, true },                             \
		{ "would_pass", STRING, true },                                                    \
	{                                                                                          \
		"forceable", BOOL, true                                                            \
	}
/* Of a domain that was found. */
#define FOUND(optional)                                                                            \
	{ "domid", NUMBER, optional }, { "name", STRING, optional },                               \
	{                                                                                          \
		"uuid", STRING, optional                                                           \
	}
#define OUTCOME(optional)                                                                          \
	{ "subject", STRING, optional }, FOUND(true), { "action", REF("Action"), optional },       \
		{ "result", REF("Result"), optional }, { "before", VALUE, optional },              \
		{ "after", VALUE, optional }, { "dry_run", BOOL, optional },                       \
	{                                                                                          \
		"warning", STRING_NULL, optional                                                   \
	}
#define COUNTS(optional)                                                                           \
	{ "requested", NUMBER, optional }, { "succeeded", NUMBER, optional },                      \
		{ "failed", NUMBER, optional },                                                    \
	{                                                                                          \
		"answers", LIST(REF("BatchAnswer")), optional                                      \
	}
#define WISHES                                                                                     \
	{ "dry_run", BOOL, true },                                                                 \
	{                                                                                          \
		"force", BOOL, true                                                                \
	}
#define END { NULL, NULL, false }

/* clang-format off */
static const struct member host[] = { PICTURE, { "name", STRING, false }, { "low_kib", NUMBER, true },
	{ "reserve_kib", NUMBER, true }, { "xen_version", STRING, false }, END };
static const struct member domains[] = { PICTURE, { "domains", LIST(REF("Domain")), false }, END };
static const struct member domain[] = {
	FOUND(false), { "type", REF("Type"), false }, { "state", REF("State"), false },
	{ "reason", STRING, false }, { "has_swap", BOOL, false }, { "manager", STRING_NULL, false },
	{ "report_age_ms", NUMBER_NULL, false }, { "former_target_kib", NUMBER_NULL, false },
	{ "policy", STRING_NULL, false }, { "policy_ordered", STRING_NULL, false },
	{ "policy_note", STRING_NULL, false }, END };
static const struct member history_end[] = {
	{ "time", NUMBER_NULL, false }, { "interval_s", NUMBER, false },
	{ "domains", LIST(REF("HistoryOfOne")), false }, END };
static const struct member history_of_one[] = {
	{ "domid", NUMBER, false }, { "uuid", STRING, false },
	{ "actual_kib", LIST(NUMBER_NULL), false }, END };
static const struct member domain_history[] = {
	{ "domid", NUMBER, false }, { "uuid", STRING, false }, { "time", NUMBER_NULL, false },
	{ "interval_s", NUMBER, false }, END };
static const struct member whoami[] = {
	{ "name", STRING_NULL, false }, { "role", REF("Role"), false },
	{ "interface", REF("Interface"), false }, { "domains", "{\"type\":[\"array\",\"null\"],\"items\":" STRING "}", false },
	{ "read", WORD("\"open\",\"viewer\""), false }, END };
static const struct member answer[] = { OUTCOME(false), END };
static const struct member batch_answer[] = {
	OUTCOME(false), { "status", NUMBER, false }, { "detail", STRING, true }, LIMIT, END };
static const struct member batch[] = { COUNTS(false), END };
static const struct member reload[] = {
	{ "result", STRING, false }, { "detail", STRING, false }, END };
static const struct member problem[] = {
	{ "type", STRING, false }, { "title", STRING, false }, { "status", NUMBER, false },
	{ "detail", STRING, false }, OUTCOME(true), LIMIT, COUNTS(true), END };
static const struct member audit[] = {
	{ "entries", LIST(REF("AuditEntry")), false }, { "next", NUMBER_NULL, false }, END };
static const struct member audit_entry[] = {
	{ "serial", NUMBER, false }, { "time", STRING, false }, { "principal", STRING_NULL, false },
	{ "role", REF("Role"), false }, { "interface", WORD_NULL("Interface"), false },
	{ "address", STRING_NULL, false }, { "action", WORD_NULL("Action"), false },
	{ "subject", STRING_NULL, false }, { "dry_run", BOOL, false }, { "force", BOOL, false },
	{ "restore", BOOL, false },
	{ "requested", VALUE, false }, { "domid", NUMBER_NULL, false },
	{ "name", STRING_NULL, false }, { "uuid", STRING_NULL, false }, { "before", VALUE, false },
	{ "after", VALUE, false }, { "limit", STRING_NULL, false }, { "result", REF("Result"), false },
	{ "detail", STRING_NULL, false }, { "warning", STRING_NULL, false }, END };
static const struct member set_selfballoon[] = {
	{ "enabled", BOOL, false }, { "restore", BOOL, true }, WISHES, END };
static const struct member set_selfballoon_many[] = {
	{ "enabled", BOOL, false }, { "domains", NAMES, true }, { "restore", BOOL, true }, WISHES, END };
static const struct member set_policy[] = { { "policy", STRING, false }, WISHES, END };
static const struct member set_target[] = { { "target_kib", NUMBER, false }, WISHES, END };
/* clang-format on */

/* Which values of the metric table a schema has besides its members. */
enum values { VALUES_NONE, VALUES_HOST, VALUES_DOMAIN, VALUES_KEPT };

static const struct schema {
	const char *name;
	const struct member *members;
	enum values values;
} schemas[] = {
	{ "Host", host, VALUES_HOST },
	{ "Domain", domain, VALUES_DOMAIN },
	{ "Domains", domains, VALUES_NONE },
	{ "History", history_end, VALUES_NONE },
	{ "HistoryOfOne", history_of_one, VALUES_NONE },
	{ "DomainHistory", domain_history, VALUES_KEPT },
	{ "Whoami", whoami, VALUES_NONE },
	{ "Answer", answer, VALUES_NONE },
	{ "BatchAnswer", batch_answer, VALUES_NONE },
	{ "Batch", batch, VALUES_NONE },
	{ "Reload", reload, VALUES_NONE },
	{ "Problem", problem, VALUES_NONE },
	{ "Audit", audit, VALUES_NONE },
	{ "AuditEntry", audit_entry, VALUES_NONE },
	{ "SetSelfballoon", set_selfballoon, VALUES_NONE },
	{ "SetSelfballoonMany", set_selfballoon_many, VALUES_NONE },
	{ "SetTarget", set_target, VALUES_NONE },
	{ "SetPolicy", set_policy, VALUES_NONE },
};

static const char *role_word(unsigned int i)
{
	return i <= ROLE_OPERATOR ? control_role_name(i) : NULL;
}

static const char *interface_word(unsigned int i)
{
	return i < VIA_COUNT ? control_interface_name(i) : NULL;
}

static const char *action_word(unsigned int i)
{
	return i < CONTROL_ACTION_COUNT ? control_action_name(i) : NULL;
}

static const char *result_word(unsigned int i)
{
	return i < RESULT_COUNT ? control_results[i].name : NULL;
}

static const char *state_word(unsigned int i)
{
	return i < STATE_COUNT ? domain_state_name(i) : NULL;
}

static const char *type_word(unsigned int i)
{
	return i <= DOMAIN_HVM ? domain_type_name(i) : NULL;
}

static const struct {
	const char *name;
	const char *(*word)(unsigned int i);
} words[] = {
	{ "Role", role_word },	   { "Interface", interface_word }, { "Action", action_word },
	{ "Result", result_word }, { "State", state_word },	    { "Type", type_word },
};

static void put_metric(struct text *text, const struct metric *metric, bool samples)
{
	const char *schema = metric->unit == UNIT_BOOL ? BOOL_NULL : NUMBER_NULL;

	json_put_open(text, metric->name, '{');
	json_put_string(text, "description", metric->help);
	if (samples)
		json_put_string(text, "type", "array");
	if (samples)
		json_put_raw(text, "items", schema);
	else if (metric->unit == UNIT_BOOL)
		json_put_raw(text, "type", "[\"boolean\",\"null\"]");
	else
		json_put_raw(text, "type", "[\"integer\",\"null\"]");
	json_put_close(text, '}');
}

/* Calls put for each value of the metric table that a schema has. */
static void each_value(struct text *text, enum values values,
		       void (*put)(struct text *text, const struct metric *metric, bool samples))
{
	for (size_t i = 0; values == VALUES_HOST && i < HOST_VALUE_COUNT; i++)
		put(text, &metric_host[i], false);
	for (size_t i = 0; values == VALUES_DOMAIN && i < VALUE_COUNT; i++)
		put(text, &metric_domain[i], false);
	for (size_t i = 0; values == VALUES_KEPT && i < VALUE_COUNT; i++)
		if (history_keeps((enum domain_value)i))
			put(text, &metric_domain[i], true);
}

static void put_name(struct text *text, const struct metric *metric, bool samples)
{
	(void)samples;
	json_put_string(text, NULL, metric->name);
}

static bool names_errors(const struct schema *schema)
{
	return schema->values == VALUES_HOST || schema->values == VALUES_DOMAIN;
}

static void put_object(struct text *text, const struct schema *schema)
{
	json_put_open(text, schema->name, '{');
	json_put_string(text, "type", "object");
	json_put_open(text, "properties", '{');
	for (const struct member *member = schema->members; member->name; member++)
		json_put_raw(text, member->name, member->schema);
	each_value(text, schema->values, put_metric);
	if (names_errors(schema))
		json_put_raw(text, "errors", LIST(STRING));
	json_put_close(text, '}');
	json_put_open(text, "required", '[');
	for (const struct member *member = schema->members; member->name; member++)
		if (!member->optional)
			json_put_string(text, NULL, member->name);
	each_value(text, schema->values, put_name);
	if (names_errors(schema))
		json_put_string(text, NULL, "errors");
	json_put_close(text, ']');
	json_put_close(text, '}');
}

void openapi_put_schemas(struct text *text)
{
	json_put_open(text, "schemas", '{');
	for (size_t i = 0; i < sizeof(schemas) / sizeof(*schemas); i++)
		put_object(text, &schemas[i]);
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		json_put_open(text, words[i].name, '{');
		json_put_string(text, "type", "string");
		json_put_open(text, "enum", '[');
		for (unsigned int word = 0; words[i].word(word); word++)
			json_put_string(text, NULL, words[i].word(word));
		json_put_close(text, ']');
		json_put_close(text, '}');
	}
	json_put_close(text, '}');
}
