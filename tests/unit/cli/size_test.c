/* SPDX-License-Identifier: MIT */
/*
 * Sizes and lengths of time: what is taken, what is refused, and that what is shown reads back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "cli_size.h"

#define RUNS 300000

static const struct {
	const char *text;
	uint64_t kib;
} sizes[] = {
	{ "0", 0 },
	{ "4096", 4096 },
	{ "512K", 512 },
	{ "512k", 512 },
	{ "512KiB", 512 },
	{ "512M", 524288 },
	{ "512mib", 524288 },
	{ "1G", 1048576 },
	{ "1.5G", 1572864 },
	{ "0.001M", 1 },
	{ "1.125GiB", 1179648 },
	{ "2T", 2147483648 },
	{ "9007199254740992", 9007199254740992 },
	{ "007M", 7168 },
};

static const char *const no_sizes[] = {
	"",
	"M",
	"-1",
	"+1",
	" 1",
	"1 M",
	"1MB",
	"1kb",
	"1B",
	"1.5",
	"1.5K",
	"1.",
	".5G",
	"1.2345G",
	"1e3",
	"0x10",
	"1M1",
	"1,5G",
	"1..5G",
	"12X",
	"nan",
	"9007199254740993",
	"18446744073709551616",
	"9999999999T",
	"1M\n",
};

static void reads_sizes(void **state)
{
	uint64_t kib;

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		assert_true(size_parse(sizes[i].text, &kib));
		assert_int_equal(kib, sizes[i].kib);
	}
}

static void refuses_what_is_no_size(void **state)
{
	uint64_t kib;

	(void)state;
	for (size_t i = 0; i < sizeof(no_sizes) / sizeof(*no_sizes); i++)
		if (size_parse(no_sizes[i], &kib))
			fail_msg("\"%s\" was taken", no_sizes[i]);
}

static void reads_durations(void **state)
{
	static const struct {
		const char *text;
		uint64_t seconds;
	} good[] = { { "0", 0 },	 { "30", 30 },	   { "30s", 30 },
		     { "5m", 300 },	 { "5min", 300 },  { "2h", 7200 },
		     { "90d", 7776000 }, { "1w", 604800 }, { "36500d", 3153600000 } };
	static const char *const bad[] = { "",	     "s",   "-1s",
					   "1.5h",   "1y",  "1ms",
					   "36501d", "1 h", "99999999999999999999" };
	uint64_t seconds;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		assert_true(duration_parse(good[i].text, &seconds));
		assert_int_equal(seconds, good[i].seconds);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(duration_parse(bad[i], &seconds));
}

static void writes_for_people(void **state)
{
	char text[SIZE_TEXT];

	(void)state;
	assert_string_equal(size_text(text, 0), "0 MiB");
	assert_string_equal(size_text(text, 512), "0.5 MiB");
	assert_string_equal(size_text(text, 1024), "1 MiB");
	assert_string_equal(size_text(text, 3584), "3.5 MiB");
	assert_string_equal(size_text(text, 421888), "412 MiB");
	assert_string_equal(size_text(text, 1047552), "1023 MiB");
	assert_string_equal(size_text(text, 10484735), "10239 MiB");
	assert_string_equal(size_text(text, 13107200), "12.5 GiB");
	assert_string_equal(size_text(text, UINT64_MAX), "17179869184 TiB");
	assert_string_equal(size_text(text, UINT64_C(16) << 30), "16 TiB");
	assert_string_equal(size_word(text, 524288), "512M");
	assert_string_equal(size_word(text, 107008), "104.5M");
	assert_string_equal(size_word(text, 106968), "106968K");
	assert_string_equal(duration_text(text, 0), "0 s");
	assert_string_equal(duration_text(text, 119), "119 s");
	assert_string_equal(duration_text(text, 720), "12 min");
	assert_string_equal(duration_text(text, 10800), "3 h");
	assert_string_equal(duration_text(text, 7776000), "90 days");
}

/* Whatever is typed: no more than the bound, and the same again without what is taken as zeroes. */
static void keeps_its_bounds(void **state)
{
	static const char letters[] = "0123456789.kKmMgGtTiIbB -+exsdhw\n\x80\xff";
	unsigned int seed = 2008;

	(void)state;
	for (size_t run = 0; run < RUNS; run++) {
		char text[24];
		size_t len = (size_t)rand_r(&seed) % (sizeof(text) - 1);
		uint64_t number;

		for (size_t i = 0; i < len; i++)
			text[i] = letters[(size_t)rand_r(&seed) % (sizeof(letters) - 1)];
		text[len] = '\0';
		if (size_parse(text, &number))
			assert_true(number <= 1ULL << 53);
		if (duration_parse(text, &number))
			assert_true(number <= 100ULL * 365 * 86400);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_sizes),	    cmocka_unit_test(refuses_what_is_no_size),
		cmocka_unit_test(reads_durations),  cmocka_unit_test(writes_for_people),
		cmocka_unit_test(keeps_its_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
