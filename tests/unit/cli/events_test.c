/* SPDX-License-Identifier: MIT */
/*
 * Server-sent events: whatever their line ends and wherever the bytes are cut.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli_events.h"

static char seen[512];

static void note(void *context, const char *name, const char *data)
{
	size_t used = strlen(seen);

	(void)context;
	snprintf(seen + used, sizeof(seen) - used, "<%s|%s>", name, data);
}

/* Fed whole and byte by byte. */
static void check(const char *bytes, const char *expected)
{
	for (size_t step = 1; step <= strlen(bytes); step += strlen(bytes) - 1) {
		struct events events = { .take = note };

		*seen = '\0';
		for (size_t at = 0; at < strlen(bytes); at += step)
			events_feed(&events, bytes + at, step);
		assert_string_equal(seen, expected);
		events_free(&events);
		if (strlen(bytes) < 2)
			return;
	}
}

static void takes_events_apart(void **state)
{
	(void)state;
	check("event: domain\ndata: {}\n\n", "<domain|{}>");
	check("data: a\ndata: b\n\n", "<message|a\nb>");
	check("data:a\n\ndata:  b\n\n", "<message|a><message| b>");
	check(": alive\n\n:\n\nevent: gone\ndata: 1\n\n", "<gone|1>");
	check("id: 7\nretry: 100\nunknown: x\ndata: y\n\n", "<message|y>");
	check("event: host\n\ndata: z\n\n", "<message|z>");
	check("data\n\n", "<message|>");
	check("event: domain\ndata: cut", "");
}

static void takes_all_line_ends(void **state)
{
	(void)state;
	check("event: a\r\ndata: 1\r\n\r\nevent: b\r\ndata: 2\r\n\r\n", "<a|1><b|2>");
	check("event: a\rdata: 1\r\revent: b\rdata: 2\r\r", "<a|1><b|2>");
	check("event: a\ndata: 1\r\n\nevent: b\r\ndata: 2\n\r\n", "<a|1><b|2>");
}

static void bounds_what_it_keeps(void **state)
{
	struct events events = { .take = note };
	char block[65536];

	(void)state;
	*seen = '\0';
	memset(block, 'x', sizeof(block));
	events_feed(&events, "data: ", 6);
	for (size_t fed = 0; fed <= EVENTS_MAX; fed += sizeof(block))
		events_feed(&events, block, sizeof(block));
	assert_true(events.failed);
	events_feed(&events, "\n\ndata: 1\n\n", 11);
	assert_string_equal(seen, "");
	events_free(&events);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_events_apart),
		cmocka_unit_test(takes_all_line_ends),
		cmocka_unit_test(bounds_what_it_keeps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
