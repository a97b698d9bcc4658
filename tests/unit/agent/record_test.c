/* SPDX-License-Identifier: MIT */
/* One guest's keys turned into readings, over a store that holds what the test puts there. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "record.h"
#include "store.h"

static const char *node_path, *node_bytes;
static size_t node_len;
static int node_error;

int store_read(struct store *store, const char *path, char *buffer, size_t size, size_t *len)
{
	(void)store;
	if (node_error)
		return node_error;
	if (!node_path || strcmp(path, node_path))
		return -ENOENT;
	if (node_len >= size)
		return -EMSGSIZE;
	memcpy(buffer, node_bytes, node_len);
	buffer[node_len] = '\0';
	*len = node_len;
	return 0;
}

int store_watch(struct store *store, const char *path, const char *token)
{
	(void)store, (void)path, (void)token;
	return 0;
}

int store_unwatch(struct store *store, const char *path, const char *token)
{
	(void)store, (void)path, (void)token;
	return 0;
}

static int look(struct record *record, const char *path, const char *bytes, size_t len)
{
	node_path = path;
	node_bytes = bytes;
	node_len = len;
	node_error = 0;
	record->marked = RECORD_ALL;
	return record_read(record, NULL);
}

static void test_rubbish(void **state)
{
	static char long_text[2048];
	static const struct {
		const char *bytes;
		size_t len;
		enum reading_state state;
	} rows[] = {
		{ "409600", 6, READING_OK },
		{ "", 0, READING_ABSENT },
		{ "-1", 2, READING_BAD },
		{ "1e9", 3, READING_BAD },
		{ "99999999999999999999", 20, READING_BAD },
		{ "12\0", 3, READING_BAD },
		{ "12\n", 3, READING_BAD },
		{ "\"12\"", 4, READING_BAD },
		{ "\xff\xfe", 2, READING_BAD },
		{ long_text, sizeof(long_text), READING_BAD },
	};
	uint64_t errors = 0;
	struct record record = { .domain.domid = 5 };

	(void)state;
	memset(long_text, '9', sizeof(long_text));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct reading *actual = &record.domain.value[VALUE_ACTUAL];

		assert_int_equal(
			look(&record, "/local/domain/5/memory/actual", rows[i].bytes, rows[i].len),
			0);
		assert_int_equal(actual->state, rows[i].state);
		assert_int_equal(actual->value, rows[i].state == READING_OK ? 409600 : 0);
		errors += rows[i].state == READING_BAD;
		assert_int_equal(record.domain.value[VALUE_KEY_ERRORS].value, errors);
	}
}

static void test_stats(void **state)
{
	static const char path[] = "/local/domain/5/memory/stats";
	static const char line[] = "v=1 seq=9 committed=100 available=50 total=200 swapfree=10 "
				   "swaptotal=30 psi=250 wanted=150 policy=committed";
	static const char boast[] = "v=1 seq=10 swapfree=31 swaptotal=30";
	struct record record = { .domain.domid = 5 };
	struct reading *value = record.domain.value;

	(void)state;
	/* There is nothing at first, so the first one is a report that came. */
	assert_int_equal(look(&record, NULL, NULL, 0), 0);
	assert_int_equal(record.domain.heard, HEARD_NOTHING);
	assert_int_equal(look(&record, path, line, strlen(line)), 0);
	assert_int_equal(value[VALUE_COMMITTED].value, 100);
	assert_int_equal(value[VALUE_SWAP_USED].value, 20);
	assert_int_equal(value[VALUE_PRESSURE].value, 250);
	assert_int_equal(value[VALUE_LAST_REPORT].state, READING_OK);
	assert_true(record.domain.has_swap);
	/* The same seq again is no sign of life; the next one is. */
	assert_int_equal(record.domain.heard, HEARD_REPORT);
	value[VALUE_LAST_REPORT].value = 1;
	assert_int_equal(look(&record, path, line, strlen(line)), 0);
	assert_int_equal(value[VALUE_LAST_REPORT].value, 1);
	assert_int_equal(value[VALUE_KEY_ERRORS].value, 0);
	assert_int_equal(look(&record, path, boast, strlen(boast)), 0);
	assert_int_not_equal(value[VALUE_LAST_REPORT].value, 1);
	assert_int_equal(value[VALUE_SWAP_USED].state, READING_BAD);
	assert_int_equal(value[VALUE_COMMITTED].state, READING_ABSENT);
	assert_int_equal(value[VALUE_KEY_ERRORS].value, 1);
}

/* One that stands there when the agent first looks may be of any age; the next one is now. */
static void test_first_sight(void **state)
{
	static const char path[] = "/local/domain/5/memory/stats";
	static const char seen[] = "v=1 seq=9 wanted=150", next[] = "v=1 seq=10 wanted=150";
	struct record record = { .domain.domid = 5 };

	(void)state;
	assert_int_equal(look(&record, path, seen, strlen(seen)), 0);
	assert_int_equal(look(&record, path, seen, strlen(seen)), 0);
	assert_int_equal(record.domain.heard, HEARD_BEFORE);
	assert_int_equal(record.domain.value[VALUE_LAST_REPORT].state, READING_ABSENT);
	assert_int_equal(record.domain.value[VALUE_WANTED].value, 150);
	assert_int_equal(look(&record, path, next, strlen(next)), 0);
	assert_int_equal(record.domain.heard, HEARD_REPORT);
	assert_int_equal(record.domain.value[VALUE_LAST_REPORT].state, READING_OK);
}

/* A switch that nobody has touched is off; nonsense is neither on nor off. */
static void test_switch(void **state)
{
	static const char path[] = "/local/domain/5/memory/selfballoon";
	static const struct {
		const char *bytes;
		struct reading reading;
	} rows[] = { { "", { READING_OK, 0 } },
		     { "0", { READING_OK, 0 } },
		     { "1", { READING_OK, 1 } },
		     { "2", { READING_BAD, 0 } },
		     { "on", { READING_BAD, 0 } } };
	struct record record = { .domain.domid = 5 };
	const struct reading *selfballoon = &record.domain.value[VALUE_SELFBALLOON];

	(void)state;
	assert_int_equal(look(&record, NULL, NULL, 0), 0);
	assert_int_equal(selfballoon->state, READING_OK);
	assert_int_equal(selfballoon->value, 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(look(&record, path, rows[i].bytes, strlen(rows[i].bytes)), 0);
		assert_int_equal(selfballoon->state, rows[i].reading.state);
		assert_int_equal(selfballoon->value, rows[i].reading.value);
	}
}

/* Since when it is paused is known only if it was seen to begin. */
static void test_run_since(void **state)
{
	struct hypervisor_domain measured = { .domid = 5, .run = RUN_PAUSED };
	struct record record = { .domain.domid = 5 };
	int64_t since_ms;

	(void)state;
	record_measure(&record, &measured);
	assert_false(record.domain.run_seen);
	record.domain.run_since_ms = since_ms = 1;
	record_measure(&record, &measured);
	assert_int_equal(record.domain.run_since_ms, since_ms);
	measured.run = RUN_RUNNING;
	record_measure(&record, &measured);
	assert_true(record.domain.run_seen);
	assert_int_not_equal(record.domain.run_since_ms, since_ms);
	record_free(NULL);
}

/* What the toolstack noted is reckoned once: dom0's clock may be set afterwards. */
static void test_start(void **state)
{
	struct record record = { .domain.domid = 5, .domain.uuid = "u" };
	uint64_t before;

	(void)state;
	assert_int_equal(look(&record, "/vm/u/start_time", "4000000000.00", 13), 0);
	assert_int_equal(record.domain.started_ms.state, READING_OK);
	before = record.domain.started_ms.value;
	assert_int_equal(look(&record, "/vm/u/start_time", "1000.00", 7), 0);
	assert_int_equal(record.domain.started_ms.value, before);
}

static void test_lost_store(void **state)
{
	struct record record = { .domain.domid = 5, .marked = RECORD_KEY(KEY_ACTUAL) };

	(void)state;
	node_error = -ENOTCONN;
	assert_int_equal(record_read(&record, NULL), -ENOTCONN);
	/* Nothing that was to be read is forgotten. */
	assert_int_equal(record.marked, RECORD_KEY(KEY_ACTUAL));
	node_error = 0;
}

static void test_marks(void **state)
{
	(void)state;
	assert_int_equal(record_marks("name"), RECORD_NAME);
	assert_int_equal(record_marks("memory"), RECORD_ALL);
	assert_int_equal(record_marks("memory/actual"), RECORD_KEY(KEY_ACTUAL));
	assert_int_equal(record_marks("memory/dynamic-max"), RECORD_MANAGER);
	assert_int_equal(record_marks("memory/nonsense"), 0);
	assert_int_equal(record_marks("device/vif"), 0);
}

static void test_manager(void **state)
{
	struct record record = { .domain.domid = 5 };

	(void)state;
	assert_int_equal(look(&record, "/local/domain/5/memory/meminfo", "1", 1), 0);
	assert_string_equal(record.domain.manager, "qmemman");
	assert_int_equal(look(&record, NULL, NULL, 0), 0);
	assert_null(record.domain.manager);
}

/* What is ordered and what is in force, in whichever order they are read, and why they differ. */
static void test_policy(void **state)
{
	static const char order[] = "/local/domain/5/memory/policy";
	static const char said[] = "/local/domain/5/memory/stats";
	static const struct {
		const char *ordered, *stats, *in_force, *note;
	} rows[] = {
		{ "", "v=1", "", "" },
		{ "", "v=1 policy=committed settings=-", "committed", "" },
		{ "floor=96", "v=1", "", "has not said which policy" },
		{ "floor=96", "v=1 policy=committed settings=floor=96MiB", "committed floor=96MiB",
		  "" },
		{ "floor=96", "v=1 policy=committed settings=-", "committed",
		  "does not work by the floor ordered" },
		{ "pressure", "v=1 policy=committed", "committed", "by the policy ordered" },
		{ "pressure", "v=1 policy=committed settings=- refuses=policy", "committed",
		  "does not take \"policy\"" },
		{ "nonsense", "v=1 policy=committed settings=-", "committed", "makes no sense" },
		{ "floor=96", "v=1 policy=BAD settings=<>", "", "has not said" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct record record = { .domain.domid = 5 };
		const char *ordered = rows[i].ordered, *stats = rows[i].stats;

		for (int swap = 0; swap <= 1; swap++) {
			const char *path = swap ? said : order, *bytes = swap ? stats : ordered;

			node_path = path, node_bytes = bytes, node_len = strlen(bytes);
			record.marked = RECORD_KEY(swap ? KEY_STATS : KEY_POLICY);
			assert_int_equal(record_read(&record, NULL), 0);
		}
		assert_string_equal(record.domain.policy_ordered, ordered);
		assert_string_equal(record.domain.policy, rows[i].in_force);
		if (*rows[i].note ? !strstr(record.domain.policy_note, rows[i].note)
				  : *record.domain.policy_note)
			fail_msg("row %zu: %s", i, record.domain.policy_note);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rubbish),	   cmocka_unit_test(test_stats),
		cmocka_unit_test(test_lost_store), cmocka_unit_test(test_marks),
		cmocka_unit_test(test_manager),	   cmocka_unit_test(test_first_sight),
		cmocka_unit_test(test_switch),	   cmocka_unit_test(test_run_since),
		cmocka_unit_test(test_start),	   cmocka_unit_test(test_policy),
	};

	return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
