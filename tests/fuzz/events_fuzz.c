/* SPDX-License-Identifier: MIT */
/*
 * A stream of server-sent events, as an agent sends it: the same events whether it comes as a whole
 * or in parts. The first byte says how long these are.
 */
#include <stdlib.h>
#include <string.h>

#include "cli_events.h"
#include "fuzz.h"

static void take(void *context, const char *name, const char *data)
{
	struct text *told = context;

	MUST(*name && strlen(name) < 32 && !strpbrk(name, "\r\n"));
	MUST(!strchr(data, '\r'));
	text_string(told, name);
	text_add(told, "", 1);
	text_string(told, data);
	text_add(told, "", 1);
}

static void feed(const uint8_t *bytes, size_t len, size_t part, struct text *told)
{
	struct events events = { .take = take, .context = told };

	for (size_t at = 0; at < len; at += part) {
		size_t n = len - at < part ? len - at : part;
		char *exact = malloc(n);

		MUST(exact);
		memcpy(exact, bytes + at, n);
		events_feed(&events, exact, n);
		free(exact);
	}
	MUST(!events.failed);
	events_free(&events);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = { data, size };
	size_t part = 1 + fuzz_byte(&input) % 16;
	struct text whole = { 0 }, parts = { 0 };

	feed(input.at, input.left, input.left + 1, &whole);
	feed(input.at, input.left, part, &parts);
	MUST(whole.len == parts.len);
	MUST(!whole.len || memcmp(whole.bytes, parts.bytes, whole.len) == 0);
	text_free(&whole);
	text_free(&parts);
	return 0;
}
