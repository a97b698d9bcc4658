/* SPDX-License-Identifier: MIT */
/* The JSON body of a request to change something. The first byte picks the kind of request. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "json.h"

static void print(const struct json_change *change, enum json_kind kind, struct text *text)
{
	json_put_open(text, NULL, '{');
	if (kind == JSON_TARGET)
		json_put_number(text, "target_kib", change->target_kib);
	else if (kind == JSON_POLICY)
		json_put_string(text, "policy", change->policy);
	else
		json_put_bool(text, "enabled", change->enabled);
	if (change->restore)
		json_put_bool(text, "restore", true);
	json_put_bool(text, "dry_run", change->dry_run);
	json_put_bool(text, "force", change->force);
	if (change->domains) {
		json_put_open(text, "domains", '[');
		for (size_t i = 0; i < change->count; i++)
			json_put_string(text, NULL, change->domains[i]);
		json_put_close(text, ']');
	}
	json_put_close(text, '}');
}

static void same(const struct json_change *a, const struct json_change *b)
{
	MUST(a->enabled == b->enabled && a->target_kib == b->target_kib);
	MUST(a->dry_run == b->dry_run && a->force == b->force && a->restore == b->restore);
	MUST(!strcmp(a->policy, b->policy));
	MUST(a->count == b->count && !a->domains == !b->domains);
	for (size_t i = 0; i < a->count; i++)
		MUST(strcmp(a->domains[i], b->domains[i]) == 0);
}

static void accepted(const struct json_change *change, enum json_kind kind)
{
	struct text text = { 0 };
	struct json_change again;
	char error[256];

	MUST(change->target_kib <= CONTRACT_KIB_MAX);
	MUST(change->count <= JSON_DOMAINS_MAX && (change->count > 0) == (change->domains != NULL));
	MUST(!change->domains || kind == JSON_SELFBALLOON_MANY);
	MUST(!*change->policy || kind == JSON_POLICY);
	MUST(!change->restore || kind == JSON_SELFBALLOON || kind == JSON_SELFBALLOON_MANY);
	for (size_t i = 0; i < change->count; i++)
		MUST(*change->domains[i] && strlen(change->domains[i]) <= SNAPSHOT_NAME_MAX);
	print(change, kind, &text);
	MUST(json_change_parse(text.bytes, text.len, kind, &again, error, sizeof(error)));
	same(change, &again);
	json_change_free(&again);
	text_free(&text);
}

/* What the answer says of it. */
static void refused(const char *error, size_t size)
{
	struct text text = { 0 };

	fuzz_sentence(error, size, false);
	json_put_open(&text, NULL, '{');
	json_put_string(&text, "detail", error);
	json_put_close(&text, '}');
	fuzz_json(text.bytes, text.len);
	text_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = { data, size };
	enum json_kind kind = fuzz_byte(&input) % JSON_KIND_COUNT;
	char error[256] = "", *body = malloc(input.left + !input.left);
	struct json_change change;

	MUST(body);
	if (input.left)
		memcpy(body, input.at, input.left);
	if (json_change_parse(body, input.left, kind, &change, error, sizeof(error)))
		accepted(&change, kind);
	else
		refused(error, sizeof(error));
	json_change_free(&change);
	free(body);
	return 0;
}
