/* SPDX-License-Identifier: MIT */
/* A connection over the wire protocol beside a server that is slow, hostile, silent or gone. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "report.h"
#include "server.h"
#include "xenbus.h"

static int read_target(struct conn_value *value)
{
	return conn_read(conn, 0, "memory/target", value);
}

/* --- tests --- */

static void requests_are_as_the_protocol_has_them(void **state)
{
	struct conn_value value;
	uint32_t t;

	(void)state;
	says(WIRE_WATCH, 1, "OK", 3);
	says(WIRE_TRANSACTION_START, 2, "77", 3);
	says(WIRE_READ, 3, "1024", 4);
	says(WIRE_WRITE, 4, "OK", 3);
	says(WIRE_TRANSACTION_END, 5, "OK", 3);
	says(WIRE_TRANSACTION_END, 6, "OK", 3);
	act();
	assert_int_equal(conn_watch(conn, "memory"), 0);
	was_asked(WIRE_WATCH, 1, 0, "memory\0memory", 14);
	assert_int_equal(conn_begin(conn, &t), 0);
	assert_int_equal(t, 77);
	was_asked(WIRE_TRANSACTION_START, 2, 0, "", 1);
	assert_int_equal(conn_read(conn, t, "memory/target", &value), 0);
	was_asked(WIRE_READ, 3, 77, "memory/target", 14);
	assert_int_equal(value.len, 4);
	assert_string_equal(value.text, "1024");
	assert_int_equal(conn_write(conn, t, "memory/actual", "5"), 0);
	was_asked(WIRE_WRITE, 4, 77,
		  "memory/actual\0"
		  "5",
		  15);
	assert_int_equal(conn_end(conn, t, true), 0);
	was_asked(WIRE_TRANSACTION_END, 5, 77, "T", 2);
	assert_int_equal(conn_end(conn, t, false), 0);
	was_asked(WIRE_TRANSACTION_END, 6, 77, "F", 2);
}

static void values_of_every_size_and_byte(void **state)
{
	static const size_t lens[] = { 0, 1, 255, 4095, 4096 };
	static char bytes[CONN_VALUE_MAX];
	struct conn_value value;

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(i * 7);
	for (uint32_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		says(WIRE_READ, i + 1, bytes, lens[i]);
		assert_int_equal(read_target(&value), 0);
		assert_int_equal(value.len, lens[i]);
		assert_memory_equal(value.text, bytes, lens[i]);
		assert_int_equal(value.text[value.len], '\0');
	}
}

static void an_answer_may_come_in_pieces(void **state)
{
	struct conn_value value;

	(void)state;
	piece = 1;
	says_event("memory/policy");
	says(WIRE_READ, 1, "1024", 4);
	assert_int_equal(read_target(&value), 0);
	assert_string_equal(value.text, "1024");
	assert_true(conn_has_event(conn));
}

static void next_event_is(const char *expected)
{
	char name[CONN_PATH_MAX + 1];

	assert_int_equal(conn_event(conn, name), 1);
	assert_string_equal(name, expected);
}

static void no_event_waits(void)
{
	char name[CONN_PATH_MAX + 1];

	assert_int_equal(conn_event(conn, name), 0);
	assert_false(conn_has_event(conn));
}

static void events_before_an_answer_are_kept(void **state)
{
	struct conn_value value;

	(void)state;
	no_event_waits();
	says_event("memory");
	says_event("control/shutdown");
	says(WIRE_READ, 1, "1", 1);
	says_event("memory/target");
	assert_int_equal(read_target(&value), 0);
	assert_true(conn_has_event(conn));
	next_event_is("memory");
	next_event_is("control/shutdown");
	next_event_is("memory/target");
	no_event_waits();
}

static void events_that_find_no_room_leave_a_word(void **state)
{
	struct conn_value value;

	(void)state;
	for (int i = 0; i < 70; i++)
		says_event("memory/target");
	says(WIRE_READ, 1, "1", 1);
	assert_int_equal(read_target(&value), 0);
	for (int i = 0; i < 64; i++)
		next_event_is("memory/target");
	next_event_is("memory");
	no_event_waits();
}

static void a_long_path_is_cut(void **state)
{
	char name[200];

	(void)state;
	memset(name, 'x', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	says_event(name);
	act();
	name[CONN_PATH_MAX] = '\0';
	next_event_is(name);
}

static void refusals_are_answers(void **state)
{
	struct conn_value value;
	uint32_t t;

	(void)state;
	says(WIRE_ERROR, 1, "ENOENT", 7);
	says(WIRE_ERROR, 2, "EACCES", 7);
	says(WIRE_ERROR, 3, "ENOSPC", 7);
	says(WIRE_ERROR, 4, "EAGAIN", 7);
	says(WIRE_READ, 5, "1", 1);
	assert_int_equal(read_target(&value), -ENOENT);
	assert_int_equal(value.len, 0);
	assert_int_equal(conn_write(conn, 0, "memory/actual", "1"), -EACCES);
	assert_int_equal(conn_begin(conn, &t), -ENOSPC);
	assert_int_equal(conn_end(conn, 1, true), -EAGAIN);
	assert_int_equal(read_target(&value), 0);
}

static void what_breaks_the_protocol_ends_the_connection(void **state)
{
	static const struct {
		uint32_t type, req_id;
		const char *payload;
		size_t len;
	} rows[] = {
		{ WIRE_READ, 2, "1", 1 },
		{ WIRE_READ, 0, "1", 1 },
		{ WIRE_WRITE, 1, "OK", 3 },
		{ WIRE_ERROR, 2, "ENOENT", 7 },
		{ WIRE_ERROR, 1, "what", 5 },
		{ WIRE_ERROR, 1, "", 0 },
		{ WIRE_WATCH_EVENT, 1, "path", 4 },
		{ WIRE_WATCH_EVENT, 0, "", 0 },
		{ 0xffff, 1, "", 0 },
		{ UINT32_MAX, 1, "", 0 },
	};
	struct conn_value value;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		says(rows[i].type, rows[i].req_id, rows[i].payload, rows[i].len);
		assert_int_equal(read_target(&value), -ENOTCONN);
		assert_int_equal(value.len, 0);
		teardown(state);
		assert_int_equal(setup(state), 0);
	}
}

static void an_answer_to_nothing_ends_the_connection(void **state)
{
	char name[CONN_PATH_MAX + 1];

	(void)state;
	says(WIRE_READ, 1, "1", 1);
	act();
	assert_int_equal(conn_event(conn, name), -ENOTCONN);
}

static void a_length_beyond_the_protocol_ends_the_connection(void **state)
{
	const uint32_t header[] = { WIRE_READ, 1, 0, 4097 };
	struct conn_value value;

	(void)state;
	memcpy(script, header, sizeof(header));
	written = sizeof(header);
	assert_int_equal(read_target(&value), -ENOTCONN);
}

static void a_transaction_without_number_ends_the_connection(void **state)
{
	uint32_t t = 5;

	(void)state;
	says(WIRE_TRANSACTION_START, 1, "0", 2);
	assert_int_equal(conn_begin(conn, &t), -ENOTCONN);
	assert_int_equal(t, 0);
}

static void a_server_that_goes_is_noticed(void **state)
{
	struct conn_value value;
	char name[CONN_PATH_MAX + 1];

	(void)state;
	says(WIRE_READ, 1, "1024", 4);
	written -= 2; /* in the middle of a message */
	act();
	close(server);
	server = -1;
	assert_int_equal(read_target(&value), -ENOTCONN);
	/* Writing to it must end no program. */
	assert_int_equal(read_target(&value), -ENOTCONN);
	assert_int_equal(conn_event(conn, name), -ENOTCONN);
}

static void silence_is_waited_for_once(void **state)
{
	char name[CONN_PATH_MAX + 1];
	struct conn_value value;
	long long before = skew_ms;
	uint32_t t;

	(void)state;
	assert_int_equal(read_target(&value), -ETIMEDOUT);
	assert_in_range(skew_ms - before, 9000, 11000);
	was_asked(WIRE_READ, 1, 0, "memory/target", 14);
	before = skew_ms;
	assert_int_equal(read_target(&value), -ETIMEDOUT);
	assert_int_equal(conn_begin(conn, &t), -ETIMEDOUT);
	assert_int_equal(conn_event(conn, name), 0);
	assert_int_equal(skew_ms, before);
	was_asked_nothing();
	says_event("memory");
	act();
	assert_false(conn_has_event(conn));
	assert_int_equal(conn_event(conn, name), 0);
	assert_int_equal(conn_watch(conn, "memory"), -ETIMEDOUT);
	says(WIRE_READ, 1, "1", 1);
	act();
	assert_int_equal(conn_event(conn, name), -ENOTCONN);
}

static void events_are_no_answer(void **state)
{
	struct conn_value value;

	(void)state;
	piece = 40;
	for (int i = 0; i < 1000; i++)
		says_event("memory/target");
	assert_int_equal(read_target(&value), -ETIMEDOUT);
}

static void a_full_socket_takes_the_rest_later(void **state)
{
	static char text[CONN_VALUE_MAX - 20];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	for (uint32_t i = 1; i <= 200; i++) {
		says(WIRE_WRITE, i, "OK", 3);
		act();
		assert_int_equal(conn_write(conn, 0, "memory/stats", text), 0);
	}
	text[sizeof(text) - 1] = 'x';
	written = sent = 0;
}

static void what_is_too_long_is_not_sent(void **state)
{
	static char text[CONN_VALUE_MAX + 1];
	struct conn_value value;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	assert_int_equal(conn_write(conn, 0, "memory/stats", text), -E2BIG);
	assert_int_equal(conn_watch(conn, text), -E2BIG);
	assert_int_equal(conn_read(conn, 0, text, &value), -E2BIG);
	was_asked_nothing();
}

/* --- a report, as xenbus.c writes it --- */

static int conflicts, commits;

static void respond_to_report(void)
{
	static const char again[] = "EAGAIN", absent[] = "ENOENT";
	struct wire_message message;
	ssize_t got = read(server, &message, sizeof(message));

	assert_true(got >= (ssize_t)WIRE_HEADER);
	if (message.type == WIRE_READ)
		says(WIRE_ERROR, message.req_id, absent, sizeof(absent));
	else if (message.type == WIRE_TRANSACTION_START)
		says(message.type, message.req_id, "9", 2);
	else if (message.type == WIRE_TRANSACTION_END && conflicts-- > 0)
		says(WIRE_ERROR, message.req_id, again, sizeof(again));
	else
		says(message.type, message.req_id, "OK", 3);
	if (message.type == WIRE_TRANSACTION_END)
		commits++;
	act();
}

static int post(int others)
{
	static const struct report report = { .orders = 1, .actual_kib = 1024 };
	struct xenbus bus = { conn };

	conflicts = others;
	commits = 0;
	respond = respond_to_report;
	return xenbus_post(&bus, &report, 1);
}

static void a_conflict_is_tried_again(void **state)
{
	(void)state;
	assert_int_equal(post(0), 0);
	assert_int_equal(commits, 1);
	assert_int_equal(post(3), 0);
	assert_int_equal(commits, 4);
	assert_int_equal(post(1000), -EAGAIN);
	assert_in_range(commits, 5, 20);
}

static void places_that_do_not_open(void **state)
{
	static char longer[200];
	struct conn *none;

	setenv("XENSTORED_PATH", "/nowhere/socket", 1);
	assert_int_equal(conn_open(&none), -ENOENT);
	assert_null(none);
	setenv("XENSTORED_PATH", "/dev/null", 1);
	assert_int_equal(conn_open(&none), 0);
	assert_int_equal(conn_watch(none, "memory"), -ENOTCONN);
	conn_close(none);
	memset(longer, '/', sizeof(longer) - 1);
	snprintf(longer + 199 - strlen(path), strlen(path) + 1, "%s", path);
	setenv("XENSTORED_PATH", longer, 1);
	assert_int_equal(conn_open(&none), -ENAMETOOLONG);
	close(listener);
	setenv("XENSTORED_PATH", path, 1);
	assert_int_equal(conn_open(&none), -ECONNREFUSED);
	unlink(path);
	listen_at_path();
	(void)state;
}

#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_SERVER(requests_are_as_the_protocol_has_them),
		WITH_SERVER(values_of_every_size_and_byte),
		WITH_SERVER(an_answer_may_come_in_pieces),
		WITH_SERVER(events_before_an_answer_are_kept),
		WITH_SERVER(events_that_find_no_room_leave_a_word),
		WITH_SERVER(a_long_path_is_cut),
		WITH_SERVER(refusals_are_answers),
		WITH_SERVER(what_breaks_the_protocol_ends_the_connection),
		WITH_SERVER(an_answer_to_nothing_ends_the_connection),
		WITH_SERVER(a_length_beyond_the_protocol_ends_the_connection),
		WITH_SERVER(a_transaction_without_number_ends_the_connection),
		WITH_SERVER(a_server_that_goes_is_noticed),
		WITH_SERVER(silence_is_waited_for_once),
		WITH_SERVER(events_are_no_answer),
		WITH_SERVER(a_full_socket_takes_the_rest_later),
		WITH_SERVER(what_is_too_long_is_not_sent),
		WITH_SERVER(a_conflict_is_tried_again),
		WITH_SERVER(places_that_do_not_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
