/* SPDX-License-Identifier: MIT */
/*
 * Log lines: one line per call whatever the words hold, and levels that hold back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"

static int saved;
static FILE *caught;

/* Standard error goes to a file between these two. */
static void catch_begin(void)
{
	caught = tmpfile();
	assert_non_null(caught);
	saved = dup(STDERR_FILENO);
	assert_true(dup2(fileno(caught), STDERR_FILENO) >= 0);
}

static const char *catch_end(void)
{
	static char text[16 * 1024];
	size_t len;

	assert_true(dup2(saved, STDERR_FILENO) >= 0);
	close(saved);
	rewind(caught);
	len = fread(text, 1, sizeof(text) - 1, caught);
	fclose(caught);
	text[len] = '\0';
	return text;
}

static void levels_hold_back(void **state)
{
	(void)state;
	catch_begin();
	log_set_level(LOG_LEVEL_WARN);
	log_error("one %d", 1);
	log_warn("two");
	log_info("three");
	log_debug("four");
	assert_string_equal(catch_end(), "error: one 1\nwarning: two\n");
	catch_begin();
	log_set_level(LOG_LEVEL_DEBUG);
	log_info("three");
	log_debug("four");
	assert_string_equal(catch_end(), "info: three\ndebug: four\n");
}

static void nothing_unprintable_comes_out(void **state)
{
	(void)state;
	catch_begin();
	log_error("%s", "a\nerror: forged\x1b[2J\x7f\xc3\xa9\t.");
	assert_string_equal(catch_end(),
			    "error: a\\x0aerror: forged\\x1b[2J\\x7f\\xc3\\xa9\\x09.\n");
}

static void long_words_are_cut(void **state)
{
	static char words[5000];
	const char *line;

	(void)state;
	memset(words, '\n', sizeof(words) - 1);
	catch_begin();
	log_error("%s", words);
	line = catch_end();
	assert_int_equal(strlen(line), strlen("error: ") + 4 * 1023 + 1);
	assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(levels_hold_back),
		cmocka_unit_test(nothing_unprintable_comes_out),
		cmocka_unit_test(long_words_are_cut),
	};

	unsetenv("JOURNAL_STREAM");
	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
