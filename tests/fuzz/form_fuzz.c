/* SPDX-License-Identifier: MIT */
/*
 * The form that asks for a change, and fields behind a question mark. The first byte picks the kind
 * of request.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "form.h"
#include "fuzz.h"
#include "json.h"

static void print_field(struct text *text, const char *name, const char *value)
{
	text_format(text, "%s%s=", text->len ? "&" : "", name);
	for (; *value; value++)
		text_format(text, "%%%02X", (unsigned char)*value);
}

static void print(const struct json_change *change, enum json_kind kind, struct text *text)
{
	char number[24];

	snprintf(number, sizeof(number), "%llu", (unsigned long long)change->target_kib);
	if (kind == JSON_TARGET)
		print_field(text, "target_kib", number);
	else if (kind == JSON_POLICY)
		print_field(text, "policy", change->policy);
	else
		print_field(text, "enabled", change->enabled ? "yes" : "off");
	if (change->restore)
		print_field(text, "restore", "1");
	print_field(text, "dry_run", change->dry_run ? "1" : "0");
	print_field(text, "force", change->force ? "true" : "no");
	for (size_t i = 0; i < change->count; i++)
		print_field(text, "domains", change->domains[i]);
}

static void accepted(const struct json_change *change, enum json_kind kind)
{
	struct text text = { 0 };
	struct json_change again;
	char error[256];

	MUST(change->target_kib <= CONTRACT_KIB_MAX && change->count <= JSON_DOMAINS_MAX);
	MUST(!change->count || kind == JSON_SELFBALLOON_MANY);
	print(change, kind, &text);
	MUST(json_change_parse_form(text.bytes, text.len, kind, &again, error, sizeof(error)));
	MUST(change->enabled == again.enabled && change->target_kib == again.target_kib);
	MUST(change->dry_run == again.dry_run && change->force == again.force);
	MUST(change->restore == again.restore && !strcmp(change->policy, again.policy));
	MUST(change->count == again.count);
	for (size_t i = 0; i < change->count; i++)
		MUST(strcmp(change->domains[i], again.domains[i]) == 0);
	json_change_free(&again);
	text_free(&text);
}

/* Each percent sign of what was accepted has its two digits, and no zero byte came of it. */
static void strictly(const char *body, size_t len, const struct form *form)
{
	size_t most = 0;

	for (size_t i = 0; i < len; i++)
		MUST(body[i] != '%' || (len - i > 2 && isxdigit((unsigned char)body[i + 1]) &&
					isxdigit((unsigned char)body[i + 2])));
	for (size_t i = 0; i < form->count; i++) {
		MUST(*form->fields[i].name);
		most += strlen(form->fields[i].name) + 1 + strlen(form->fields[i].value);
	}
	MUST(most <= len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = { data, size };
	enum json_kind kind = fuzz_byte(&input) % JSON_KIND_COUNT;
	char error[256] = "", *body = malloc(input.left + !input.left);
	struct json_change change;
	struct form form;

	MUST(body);
	if (input.left)
		memcpy(body, input.at, input.left);
	if (form_parse(body, input.left, &form, error, sizeof(error)))
		strictly(body, input.left, &form);
	else
		fuzz_sentence(error, sizeof(error), true);
	form_free(&form);
	*error = '\0';
	if (json_change_parse_form(body, input.left, kind, &change, error, sizeof(error)))
		accepted(&change, kind);
	else
		fuzz_sentence(error, sizeof(error), false);
	json_change_free(&change);
	free(body);
	return 0;
}
