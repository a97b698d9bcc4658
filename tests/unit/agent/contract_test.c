/* SPDX-License-Identifier: MIT */
/*
 * The contract's parsers against what a hostile guest may write, and the stats line there and back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "contract.h"

static void numbers(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		uint64_t max;
		bool good;
		uint64_t value;
	} rows[] = {
		{ "0", 1, 10, true, 0 },
		{ "10", 2, 10, true, 10 },
		{ "11", 2, 10, false, 0 },
		{ "007", 3, 10, true, 7 },
		{ "", 0, 10, false, 0 },
		{ "-1", 2, 10, false, 0 },
		{ "+1", 2, 10, false, 0 },
		{ " 1", 2, 10, false, 0 },
		{ "1 ", 2, 10, false, 0 },
		{ "1\n", 2, 10, false, 0 },
		{ "1\0", 2, 10, false, 0 },
		{ "1e3", 3, 10000, false, 0 },
		{ "0x1", 3, 10, false, 0 },
		{ "1.0", 3, 10, false, 0 },
		{ "\xff\xfe", 2, 10, false, 0 },
		{ "\xd9\xa3", 2, 10, false, 0 }, /* an Arabic digit */
		{ "123", 2, 100, true, 12 },
		{ "18446744073709551615", 20, UINT64_MAX, true, UINT64_MAX },
		{ "18446744073709551616", 20, UINT64_MAX, false, 0 },
		{ "99999999999999999999", 20, UINT64_MAX, false, 0 },
		{ "99999999999999999999", 20, CONTRACT_KIB_MAX, false, 0 },
		{ "1099511627776", 13, CONTRACT_KIB_MAX, true, CONTRACT_KIB_MAX },
		{ "1099511627777", 13, CONTRACT_KIB_MAX, false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t value = 4711;
		bool good = contract_parse_number(rows[i].text, rows[i].len, rows[i].max, &value);

		if (good != rows[i].good || value != (good ? rows[i].value : 4711))
			fail_msg("row %zu: %.*s", i, (int)rows[i].len, rows[i].text);
	}
}

static void long_digits(void **state)
{
	char text[2048];
	uint64_t value;

	(void)state;
	memset(text, '9', sizeof(text));
	assert_false(contract_parse_number(text, sizeof(text), UINT64_MAX, &value));
	memset(text, '0', sizeof(text));
	assert_true(contract_parse_number(text, sizeof(text), 1, &value));
	assert_int_equal(value, 0);
}

static void readings(void **state)
{
	struct reading reading;

	(void)state;
	assert_int_equal(contract_reading(NULL, 0, 1).state, READING_ABSENT);
	assert_int_equal(contract_reading("", 0, 1).state, READING_ABSENT);
	reading = contract_reading("2", 1, 1);
	assert_int_equal(reading.state, READING_BAD);
	assert_int_equal(reading.value, 0);
	reading = contract_reading("1", 1, 1);
	assert_int_equal(reading.state, READING_OK);
	assert_int_equal(reading.value, 1);
}

static void keys(void **state)
{
	(void)state;
	for (unsigned int key = 0; key < KEY_COUNT; key++)
		assert_int_equal(contract_key_find(contract_keys[key].name), key);
	assert_int_equal(contract_key_find("targe"), KEY_COUNT);
	assert_int_equal(contract_key_find(""), KEY_COUNT);
	assert_false(contract_keys[KEY_TARGET].guest_writes);
	assert_false(contract_keys[KEY_STATIC_MAX].guest_writes);
	assert_true(contract_keys[KEY_SELFBALLOON].guest_writes);
	assert_true(contract_keys[KEY_STATS].guest_writes);
}

static const struct stats sample = {
	.seq = { READING_OK, UINT32_MAX },
	.committed_kib = { READING_OK, CONTRACT_KIB_MAX },
	.available_kib = { READING_OK, CONTRACT_KIB_MAX },
	.total_kib = { READING_OK, CONTRACT_KIB_MAX },
	.swapfree_kib = { READING_OK, CONTRACT_KIB_MAX },
	.swaptotal_kib = { READING_OK, CONTRACT_KIB_MAX },
	.psi = { READING_OK, 10000 },
	.wanted_kib = { READING_OK, CONTRACT_KIB_MAX },
	.driver = { READING_OK, DRIVER_ABSENT },
	.policy = "committed-2-max",
	.settings = "floor=96MiB,reserve_percent=3,0123456789012345678901234567890123456789"
		    "01234567890123456789012345678901234567890123456789012345678901234567"
		    "01234567890123456789012345678901234567890123456789012345678901234567"
		    "0123456789012345678901234567890",
	.refuses = "single_allocation_percent_01234",
};

static void there_and_back(void **state)
{
	struct stats stats;
	char line[CONTRACT_STATS_MAX + 1];
	int len;

	(void)state;
	len = contract_format_stats(&sample, line, sizeof(line));
	assert_int_equal(len, strlen(line));
	assert_true(contract_parse_stats(line, (size_t)len, &stats));
	assert_memory_equal(&stats, &sample, sizeof(stats));
	for (size_t size = 0; size <= (size_t)len; size++)
		assert_int_equal(contract_format_stats(&sample, line, size), -ENOSPC);
}

/* Words for people: of harmless letters, and none too many. */
static void hostile_words(void **state)
{
	static const struct {
		const char *line, *settings, *refuses;
	} rows[] = {
		{ "v=1 settings=- refuses=floor", "-", "floor" },
		{ "v=1 settings=floor=96MiB,x_1=2.5", "floor=96MiB,x_1=2.5", "" },
		{ "v=1 settings=a settings=b", "a", "" },
		{ "v=1 settings=<b>", "", "" },
		{ "v=1 settings=a\tb refuses=A", "", "" },
		{ "v=1 settings=\xc3\xa9 refuses=a-b", "", "" },
		{ "v=1 refuses=01234567890123456789012345678901", "", "" },
	};
	char line[CONTRACT_STATS_MAX + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct stats stats;

		assert_true(contract_parse_stats(rows[i].line, strlen(rows[i].line), &stats));
		assert_string_equal(stats.settings, rows[i].settings);
		assert_string_equal(stats.refuses, rows[i].refuses);
	}
	for (size_t len = CONTRACT_SETTINGS_MAX; len <= CONTRACT_SETTINGS_MAX + 1; len++) {
		struct stats stats;

		snprintf(line, sizeof(line), "v=1 settings=%0*d", (int)len, 7);
		assert_true(contract_parse_stats(line, strlen(line), &stats));
		assert_int_equal(*stats.settings != 0, len == CONTRACT_SETTINGS_MAX);
	}
}

static void absent_fields_stay_absent(void **state)
{
	struct stats stats = { .psi = { READING_OK, 0 }, .total_kib = { READING_BAD, 0 } };
	char line[CONTRACT_STATS_MAX + 1];
	int len;

	(void)state;
	len = contract_format_stats(&stats, line, sizeof(line));
	assert_string_equal(line, "v=1 psi=0");
	assert_true(contract_parse_stats(line, (size_t)len, &stats));
	assert_int_equal(stats.psi.state, READING_OK);
	assert_int_equal(stats.total_kib.state, READING_ABSENT);
	assert_string_equal(stats.policy, "");
}

static void hostile_lines(void **state)
{
	static const struct {
		const char *line;
		bool good;
		enum reading_state total;
		uint64_t value;
		const char *policy;
	} rows[] = {
		{ "v=1", true, READING_ABSENT, 0, "" },
		{ "v=2 total=1", false, READING_ABSENT, 0, "" },
		{ "v=10 total=1", false, READING_ABSENT, 0, "" },
		{ "", false, READING_ABSENT, 0, "" },
		{ "total=1 v=1", false, READING_ABSENT, 0, "" },
		{ "v=1 total=5 policy=a-1", true, READING_OK, 5, "a-1" },
		{ "v=1 total=", true, READING_BAD, 0, "" },
		{ "v=1 total=-5", true, READING_BAD, 0, "" },
		{ "v=1 total=5\n", true, READING_BAD, 0, "" },
		{ "v=1 total=5 total=6", true, READING_BAD, 0, "" },
		{ "v=1 total", true, READING_ABSENT, 0, "" },
		{ "v=1 =5 = total=7 ", true, READING_OK, 7, "" },
		{ "v=1 future=9 total=7 totals=8", true, READING_OK, 7, "" },
		{ "v=1 policy=Bad", true, READING_ABSENT, 0, "" },
		{ "v=1 policy=a\"b", true, READING_ABSENT, 0, "" },
		{ "v=1 policy=0123456789abcdef", true, READING_ABSENT, 0, "" },
		{ "v=1 policy=0123456789abcde", true, READING_ABSENT, 0, "0123456789abcde" },
		{ "v=1 psi=10001 total=3", true, READING_OK, 3, "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct stats stats;
		bool good = contract_parse_stats(rows[i].line, strlen(rows[i].line), &stats);

		if (good != rows[i].good || stats.total_kib.state != rows[i].total ||
		    stats.total_kib.value != rows[i].value ||
		    strcmp(stats.policy, rows[i].policy) != 0)
			fail_msg("row %zu: %s", i, rows[i].line);
	}
}

/* A word of a few letters and digits, once; what it isn't known for still is a refusal. */
static void driver_words(void **state)
{
	static const struct {
		const char *line;
		enum reading_state state;
		enum contract_driver driver;
	} rows[] = {
		{ "v=1", READING_ABSENT, DRIVER_OBEYS },
		{ "v=1 driver=absent", READING_OK, DRIVER_ABSENT },
		{ "v=1 driver=EPERM", READING_OK, DRIVER_EPERM },
		{ "v=1 driver=EROFS psi=0", READING_OK, DRIVER_EROFS },
		{ "v=1 driver=ENEWER", READING_OK, DRIVER_OTHER },
		{ "v=1 driver=eperm", READING_OK, DRIVER_OTHER },
		{ "v=1 driver=EPER", READING_OK, DRIVER_OTHER },
		{ "v=1 driver=012345678901234", READING_OK, DRIVER_OTHER },
		{ "v=1 driver=0123456789012345", READING_BAD, DRIVER_OBEYS },
		{ "v=1 driver=", READING_BAD, DRIVER_OBEYS },
		{ "v=1 driver=E\"PERM", READING_BAD, DRIVER_OBEYS },
		{ "v=1 driver=EPERM\n", READING_BAD, DRIVER_OBEYS },
		{ "v=1 driver=\xc3\xa9", READING_BAD, DRIVER_OBEYS },
		{ "v=1 driver=EPERM driver=EPERM", READING_BAD, DRIVER_OBEYS },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct stats stats;

		assert_true(contract_parse_stats(rows[i].line, strlen(rows[i].line), &stats));
		if (stats.driver.state != rows[i].state || stats.driver.value != rows[i].driver)
			fail_msg("row %zu: %s", i, rows[i].line);
	}
	for (unsigned int row = DRIVER_ABSENT; row < DRIVER_OTHER; row++)
		assert_int_equal(contract_driver_find(-contract_driver[row].error), row);
	assert_int_equal(contract_driver_find(0), DRIVER_OBEYS);
	assert_int_equal(contract_driver_find(-EXDEV), DRIVER_OTHER);
}

static void long_lines(void **state)
{
	static const struct stats empty;
	struct stats stats;
	char line[CONTRACT_STATS_MAX + 1];

	(void)state;
	memset(line, ' ', sizeof(line));
	memcpy(line, "v=1 total=1 ", 12);
	assert_true(contract_parse_stats(line, CONTRACT_STATS_MAX, &stats));
	assert_false(contract_parse_stats(line, CONTRACT_STATS_MAX + 1, &stats));
	assert_memory_equal(&stats, &empty, sizeof(stats));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),
		cmocka_unit_test(long_digits),
		cmocka_unit_test(readings),
		cmocka_unit_test(keys),
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(hostile_words),
		cmocka_unit_test(absent_fields_stay_absent),
		cmocka_unit_test(hostile_lines),
		cmocka_unit_test(driver_words),
		cmocka_unit_test(long_lines),
	};

	return cmocka_run_group_tests_name("contract", tests, NULL, NULL);
}
