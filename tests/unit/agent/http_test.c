/* SPDX-License-Identifier: MIT */
/*
 * What a client says it accepts, and compression.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http_accept.h"
#include "http_call.h"

static void takes_a_list_apart(void **state)
{
	const char *header = " text/plain ; version=\"0.0.4\" ;q=0.5,, a/b;q=1.000 ,*/*;Q=0.25";
	struct http_accept item;

	(void)state;
	assert_true(http_accept_next(&header, &item));
	assert_true(http_accept_is(&item, "Text/Plain"));
	assert_int_equal(item.q, 500);
	assert_int_equal(item.version_len, 5);
	assert_memory_equal(item.version, "0.0.4", 5);
	assert_true(http_accept_next(&header, &item));
	assert_true(http_accept_is(&item, "a/b"));
	assert_null(item.version);
	assert_int_equal(item.q, 1000);
	assert_true(http_accept_next(&header, &item));
	assert_true(http_accept_is(&item, "*/*"));
	assert_int_equal(item.q, 250);
	assert_false(http_accept_next(&header, &item));
}

static void malformed_weights_are_zero(void **state)
{
	static const char *const headers[] = { "a;q=2",	 "a;q=1.001",	  "a;q=",
					       "a;q=x",	 "a;q=0.0000",	  "a;q=-1",
					       "a;q=.5", "a;q=1,5;q=0.1", "a;q=00" };

	(void)state;
	for (size_t i = 0; i < sizeof(headers) / sizeof(*headers); i++) {
		const char *cursor = headers[i];
		struct http_accept item;

		assert_true(http_accept_next(&cursor, &item));
		if (strcmp(headers[i], "a;q=1,5;q=0.1"))
			assert_int_equal(item.q, 0);
		else
			assert_int_equal(item.q, 1000);
	}
}

static void gzip_is_by_choice(void **state)
{
	static const struct {
		const char *header;
		bool gzip;
	} cases[] = {
		{ NULL, false },
		{ "", false },
		{ "gzip", true },
		{ "GZIP", true },
		{ "deflate, gzip;q=0.5", true },
		{ "gzip;q=0", false },
		{ "*", true },
		{ "*;q=0", false },
		{ "gzip;q=0, *", false },
		{ "*;q=0, gzip", true },
		{ "identity", false },
		{ "xgzip, gzipx", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_int_equal(http_accept_coding(cases[i].header, "gzip"), cases[i].gzip);
}

static void fill(struct text *text, size_t lines)
{
	for (size_t i = 0; i < lines; i++)
		text_format(text, "xenballoon_line{number=\"%zu\"} %zu\n", i, i * i);
}

/* That it can be read back is for a client to show: see the system tests. */
static void compresses_in_place(void **state)
{
	struct text text = { 0 };
	size_t len;

	(void)state;
	fill(&text, 1000);
	len = text.len;
	assert_true(http_gzip(&text));
	assert_true(text.len < len / 3);
	assert_memory_equal(text.bytes, "\x1f\x8b", 2); /* RFC 1952, 2.3.1 */
	text_free(&text);
}

static void short_text_is_left_alone(void **state)
{
	struct text text = { 0 };

	(void)state;
	fill(&text, 2);
	assert_false(http_gzip(&text));
	assert_memory_equal(text.bytes, "xenballoon_line{number=\"0\"} 0\n", 30);
	text_free(&text);
}

static void listens_where_told(void **state)
{
	static const char *const right[] = { "127.0.0.1:0", "127.8.9.10:0", "0.0.0.0:0", ":0" };

	(void)state;
	for (size_t i = 0; i < sizeof(right) / sizeof(*right); i++) {
		int on = 0, fd = http_listen(right[i]);
		socklen_t len = sizeof(on);

		assert_true(fd >= 0);
		assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &len), 0);
		assert_true(on);
		close(fd);
	}
}

static void refuses_what_is_no_address(void **state)
{
	static const char *const wrong[] = { "",
					     ":",
					     "127.0.0.1",
					     "127.0.0.1:",
					     "::1:10047",
					     "[::1]",
					     "[::1:10047",
					     "host:10047",
					     "127.0.0.1:x",
					     "127.0.0.1:99999",
					     "127.0.0.1:+1",
					     "127.0.0.1: 1" };

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_true(http_listen(wrong[i]) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_a_list_apart),
		cmocka_unit_test(malformed_weights_are_zero),
		cmocka_unit_test(gzip_is_by_choice),
		cmocka_unit_test(compresses_in_place),
		cmocka_unit_test(short_text_is_left_alone),
		cmocka_unit_test(listens_where_told),
		cmocka_unit_test(refuses_what_is_no_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
