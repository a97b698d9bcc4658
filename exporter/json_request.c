/* SPDX-License-Identifier: MIT */
/*
 * Reads the bodies of requests to change something, by jansson. Every body is an object whose
 * fields are rows here; what is no row is refused by name. A form is made such an object first.
 * Called by the routes that change.
 */
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "form.h"
#include "json.h"

#define IN(kind) (1u << (kind))
#define IN_ALL	 (~0u)

struct fault {
	char *text;
	size_t size;
};

static bool fault(struct fault *fault, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static bool fault(struct fault *fault, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(fault->text, fault->size, format, arguments);
	va_end(arguments);
	return false;
}

static bool take_bool(const char *name, const json_t *value, void *into, struct fault *why)
{
	if (!json_is_boolean(value))
		return fault(why, "\"%s\" must be true or false.", name);
	*(bool *)into = json_is_true(value);
	return true;
}

static bool take_kib(const char *name, const json_t *value, void *into, struct fault *why)
{
	json_int_t number = json_integer_value(value);

	if (!json_is_integer(value))
		return fault(why, "\"%s\" must be a whole number of KiB.", name);
	if (number < 0 || (uint64_t)number > CONTRACT_KIB_MAX)
		return fault(why, "\"%s\" must be from 0 to %llu KiB.", name,
			     (unsigned long long)CONTRACT_KIB_MAX);
	*(uint64_t *)into = (uint64_t)number;
	return true;
}

static bool take_policy(const char *name, const json_t *value, void *into, struct fault *why)
{
	if (!json_is_string(value))
		return fault(why, "\"%s\" must be a string; an empty one takes the order back.",
			     name);
	if (json_string_length(value) > CONTRACT_POLICY_MAX)
		return fault(why, "\"%s\" may have %d bytes at most.", name, CONTRACT_POLICY_MAX);
	memcpy(into, json_string_value(value), json_string_length(value) + 1);
	return true;
}

static bool take_domain(const json_t *value, char **into, struct fault *why)
{
	size_t len = json_string_length(value);

	if (!json_is_string(value))
		return fault(why, "Each of \"domains\" must be a string: a domid, name or UUID.");
	if (!len || len > SNAPSHOT_NAME_MAX)
		return fault(why, "Each of \"domains\" must have 1 to %d bytes.",
			     SNAPSHOT_NAME_MAX);
	*into = strdup(json_string_value(value));
	return *into || fault(why, "Out of memory.");
}

/* `into` is the whole change: a list is two members. */
static bool take_domains(const char *name, const json_t *value, void *into, struct fault *why)
{
	struct json_change *change = into;
	size_t count = json_array_size(value);

	if (!json_is_array(value) || !count)
		return fault(why,
			     "\"%s\" must be a list of at least one domid, name or UUID; "
			     "leave it out for all guests.",
			     name);
	if (count > JSON_DOMAINS_MAX)
		return fault(why, "\"%s\" may list at most %d guests; leave it out for all.", name,
			     JSON_DOMAINS_MAX);
	change->domains = calloc(count, sizeof(*change->domains));
	if (!change->domains)
		return fault(why, "Out of memory.");
	for (; change->count < count; change->count++)
		if (!take_domain(json_array_get(value, change->count),
				 &change->domains[change->count], why))
			return false;
	return true;
}

/* What a form's text means; what it can't mean stays a text, for take() to refuse. */
static json_t *text_or_null(const char *text)
{
	json_t *string = json_string(text); /* NULL: no UTF-8 */

	return string ? string : json_null();
}

static json_t *bool_of(const char *text)
{
	static const char *const words[][2] = {
		{ "0", "1" }, { "false", "true" }, { "off", "on" }, { "no", "yes" }
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		for (int on = 0; on <= 1; on++)
			if (!strcmp(text, words[i][on]))
				return json_boolean(on);
	return text_or_null(text);
}

static json_t *kib_of(const char *text)
{
	uint64_t number;

	return contract_parse_number(text, strlen(text), INT64_MAX, &number)
		       ? json_integer((json_int_t)number)
		       : text_or_null(text);
}

static const struct field {
	const char *name;
	unsigned int kinds;    /* bodies that may have it */
	unsigned int required; /* bodies that must */
	size_t offset;
	bool (*take)(const char *name, const json_t *value, void *into, struct fault *why);
	json_t *(*of_form)(const char *text);
	bool list; /* a form has it once for each entry */
} fields[] = {
	{ "enabled", IN(JSON_SELFBALLOON) | IN(JSON_SELFBALLOON_MANY),
	  IN(JSON_SELFBALLOON) | IN(JSON_SELFBALLOON_MANY), offsetof(struct json_change, enabled),
	  take_bool, bool_of, false },
	{ "target_kib", IN(JSON_TARGET), IN(JSON_TARGET), offsetof(struct json_change, target_kib),
	  take_kib, kib_of, false },
	{ "policy", IN(JSON_POLICY), IN(JSON_POLICY), offsetof(struct json_change, policy),
	  take_policy, text_or_null, false },
	{ "domains", IN(JSON_SELFBALLOON_MANY), 0, 0, take_domains, text_or_null, true },
	{ "restore", IN(JSON_SELFBALLOON) | IN(JSON_SELFBALLOON_MANY), 0,
	  offsetof(struct json_change, restore), take_bool, bool_of, false },
	{ "dry_run", IN_ALL, 0, offsetof(struct json_change, dry_run), take_bool, bool_of, false },
	{ "force", IN_ALL, 0, offsetof(struct json_change, force), take_bool, bool_of, false },
};

#define FIELD_COUNT (sizeof(fields) / sizeof(*fields))

static bool unknown(const char *name, unsigned int kind, struct fault *why)
{
	char known[128] = "";
	size_t len = 0;

	for (size_t i = 0; i < FIELD_COUNT; i++)
		if (fields[i].kinds & kind)
			len += (size_t)snprintf(known + len, sizeof(known) - len, "%s\"%s\"",
						len ? ", " : "", fields[i].name);
	return fault(why, "Unknown field \"%.64s\"; known are %s.", name, known);
}

static const struct field *find_field(const char *name, unsigned int kind)
{
	for (size_t i = 0; i < FIELD_COUNT; i++)
		if ((fields[i].kinds & kind) && !strcmp(fields[i].name, name))
			return &fields[i];
	return NULL;
}

static bool all_known(json_t *body, unsigned int kind, struct fault *why)
{
	const char *name;
	json_t *value;

	json_object_foreach(body, name, value)
	{
		if (!find_field(name, kind))
			return unknown(name, kind, why);
	}
	return true;
}

static bool take_fields(const json_t *body, unsigned int kind, struct json_change *change,
			struct fault *why)
{
	for (size_t i = 0; i < FIELD_COUNT; i++) {
		const struct field *field = &fields[i];
		const json_t *value = json_object_get(body, field->name);
		void *into = (char *)change + field->offset;

		if (value && !field->take(field->name, value, into, why))
			return false;
		if (!value && (field->required & kind))
			return fault(why, "The field \"%s\" is missing.", field->name);
	}
	return true;
}

bool json_change_parse(const char *body, size_t len, enum json_kind kind,
		       struct json_change *change, char *error, size_t size)
{
	struct fault why = { error, size };
	json_error_t where;
	json_t *root;
	bool good;

	*change = (struct json_change){ 0 };
	if (!len)
		return fault(&why, "The body is empty; it must be a JSON object.");
	root = json_loadb(body, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &where);
	if (!root)
		return fault(&why, "The body is no valid JSON (line %d, column %d): %s.",
			     where.line, where.column, where.text);
	if (json_is_object(root))
		good = all_known(root, IN(kind), &why) && take_fields(root, IN(kind), change, &why);
	else
		good = fault(&why, "The body must be a JSON object.");
	json_decref(root);
	return good;
}

static bool add_field(json_t *root, const struct form_field *from, unsigned int kind,
		      struct fault *why)
{
	const struct field *field = find_field(from->name, kind);
	json_t *present;

	if (!field)
		return unknown(from->name, kind, why);
	present = json_object_get(root, field->name);
	if (present && !field->list)
		return fault(why, "The field \"%s\" was sent twice; send it once.", field->name);
	if (!field->list)
		return !json_object_set_new(root, field->name, field->of_form(from->value)) ||
		       fault(why, "Out of memory.");
	if (!present && json_object_set_new(root, field->name, json_array()))
		return fault(why, "Out of memory.");
	return !json_array_append_new(json_object_get(root, field->name),
				      field->of_form(from->value)) ||
	       fault(why, "Out of memory.");
}

bool json_change_parse_form(const char *body, size_t len, enum json_kind kind,
			    struct json_change *change, char *error, size_t size)
{
	struct fault why = { error, size };
	json_t *root = json_object();
	struct form form = { 0 };
	bool good;

	*change = (struct json_change){ 0 };
	if (len && *body == '{')
		good = fault(&why, "The body looks like JSON and was sent as a form; send "
				   "Content-Type: application/json with it.");
	else
		good = form_parse(body, len, &form, error, size);
	for (size_t i = 0; good && i < form.count; i++)
		good = add_field(root, &form.fields[i], IN(kind), &why);
	good = good && take_fields(root, IN(kind), change, &why);
	form_free(&form);
	json_decref(root);
	return good;
}

void json_change_free(struct json_change *change)
{
	/* The entry that could not be taken is NULL, and so are those after it. */
	for (size_t i = 0; i < change->count; i++)
		free(change->domains[i]);
	free(change->domains);
	*change = (struct json_change){ 0 };
}
