/* SPDX-License-Identifier: MIT */
/* Messages of xenstore's protocol: what is sent, and what a hostile server may send. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wire.h"

/* As docs/misc/xenstore.txt and xs_wire.h of Xen give them. */
static void header_is_as_on_the_wire(void **state)
{
	static const unsigned char read_t7[] = "\2\0\0\0\5\0\0\0\7\0\0\0\15\0\0\0memory/target";
	const uint32_t one = 1;
	struct wire_message message;

	(void)state;
	if (*(const unsigned char *)&one != 1)
		skip(); /* the bytes above are those of a little-endian machine */
	wire_begin(&message, WIRE_READ, 5, 7);
	assert_true(wire_add(&message, "memory/target", 13));
	assert_int_equal(wire_size(&message), 16 + 13);
	assert_memory_equal(&message, read_t7, 16 + 13);
}

static void what_does_not_fit_is_not_added(void **state)
{
	static const char bytes[WIRE_PAYLOAD_MAX + 1];
	struct wire_message message;

	(void)state;
	wire_begin(&message, WIRE_WRITE, 1, 0);
	assert_false(wire_add(&message, bytes, sizeof(bytes)));
	assert_int_equal(message.len, 0);
	assert_true(wire_add(&message, bytes, WIRE_PAYLOAD_MAX));
	assert_false(wire_add(&message, bytes, 1));
	assert_int_equal(message.len, WIRE_PAYLOAD_MAX);
}

/* Gives a message of this length to a reader in pieces of `step` bytes: what the last piece said.
 */
static int feed(struct wire_reader *reader, uint32_t len, size_t step)
{
	static struct wire_message message;
	const char *bytes = (const char *)&message;
	size_t left = WIRE_HEADER + (len <= WIRE_PAYLOAD_MAX ? len : 0);
	int got = 0;

	wire_begin(&message, WIRE_READ, 1, 0);
	message.len = len;
	memset(message.payload, 'x', sizeof(message.payload));
	while (left > 0 && got == 0) {
		size_t take = wire_wants(reader);

		assert_in_range(take, 1, left);
		take = take < step ? take : step;
		memcpy(wire_room(reader), bytes, take);
		got = wire_got(reader, take);
		bytes += take;
		left -= take;
		assert_true(got <= 0 || left == 0);
	}
	return got;
}

static void pieces_make_the_whole(void **state)
{
	static const uint32_t lens[] = { 0, 1, 15, 16, 17, 4095, 4096 };
	static const size_t steps[] = { 1, 7, 16, 5000 };
	static struct wire_reader reader;

	(void)state;
	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++)
		for (size_t j = 0; j < sizeof(steps) / sizeof(steps[0]); j++) {
			assert_int_equal(feed(&reader, lens[i], steps[j]), 1);
			assert_int_equal(reader.message.len, lens[i]);
			assert_int_equal(reader.message.req_id, 1);
		}
}

static void too_long_is_refused_before_it_is_read(void **state)
{
	static const uint32_t lens[] = { 4097, 65536, INT32_MAX, UINT32_MAX - 15, UINT32_MAX };

	(void)state;
	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		static struct wire_reader reader;

		reader.have = 0;
		assert_int_equal(feed(&reader, lens[i], 16), -EBADMSG);
	}
}

static void set(struct wire_message *message, const char *bytes, size_t len)
{
	wire_begin(message, WIRE_ERROR, 0, 0);
	assert_true(wire_add(message, bytes, len));
}

static void errors_are_names(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		int number;
	} rows[] = {
		{ "ENOENT", 7, ENOENT },     { "EACCES", 7, EACCES },	{ "EPERM", 6, EPERM },
		{ "EROFS", 6, EROFS },	     { "ENOSPC", 7, ENOSPC },	{ "E2BIG", 6, E2BIG },
		{ "EAGAIN", 7, EAGAIN },     { "EBUSY", 6, EBUSY },	{ "ENOENT", 6, ENOTCONN },
		{ "ENOENT\0", 8, ENOTCONN }, { "enoent", 7, ENOTCONN }, { "EINVAL", 7, ENOTCONN },
		{ "", 0, ENOTCONN },	     { "", 1, ENOTCONN },
	};
	struct wire_message message;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		set(&message, rows[i].bytes, rows[i].len);
		assert_int_equal(wire_error(&message), rows[i].number);
	}
}

static void events_have_path_and_token(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *path;
	} rows[] = {
		{ "memory/target\0t", 16, "memory/target" },
		{ "memory\0", 8, "memory" }, /* an empty token */
		{ "memory\0t\0more", 14, "memory" },
		{ "", 0, NULL },
		{ "memory", 6, NULL },
		{ "memory", 7, NULL },
		{ "memory\0t", 8, NULL },
		{ "\0t", 3, NULL },
	};
	struct wire_message message;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		set(&message, rows[i].bytes, rows[i].len);
		if (rows[i].path)
			assert_string_equal(wire_event_path(&message), rows[i].path);
		else
			assert_null(wire_event_path(&message));
	}
}

static void transactions_are_numbers(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		uint32_t t;
	} rows[] = {
		{ "1", 2, 1 },	 { "4294967295", 11, UINT32_MAX },
		{ "0", 2, 0 },	 { "4294967296", 11, 0 },
		{ "12", 2, 0 },	 { "-1", 3, 0 },
		{ " 1", 3, 0 },	 { "1 ", 3, 0 },
		{ "", 0, 0 },	 { "", 1, 0 },
		{ "1\0", 3, 0 },
	};
	struct wire_message message;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		set(&message, rows[i].bytes, rows[i].len);
		assert_int_equal(wire_transaction(&message), rows[i].t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(header_is_as_on_the_wire),
		cmocka_unit_test(what_does_not_fit_is_not_added),
		cmocka_unit_test(pieces_make_the_whole),
		cmocka_unit_test(too_long_is_refused_before_it_is_read),
		cmocka_unit_test(errors_are_names),
		cmocka_unit_test(events_have_path_and_token),
		cmocka_unit_test(transactions_are_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
