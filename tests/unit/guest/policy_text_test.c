/* SPDX-License-Identifier: MIT */
/*
 * Policies in words: what a guest takes, what it says of what it refuses, and whether what is in
 * force is what was ordered.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "policy_text.h"
#include "settings.h"

static void refused_by_name(void **state)
{
	static const struct {
		const char *text, *name, *says;
	} rows[] = {
		{ "", "", "" },
		{ "pressure  floor=96MiB\n", "", "" },
		{ "greedy", "policy", "not a value for policy" },
		{ "floor=96 flor=97", "flor", "did you mean floor" },
		{ "probe_percent=0", "probe_percent", "1 to 50" },
		{ "floor=96 floor=97", "twice", "set twice" },
		{ "FLOOR=96", "text", "no such setting" },
		{ "=96", "text", "no such setting" },
		{ "a_name_that_is_longer_than_any_setting=1", "text", "no such setting" },
		{ "\xff\xfe=1", "text", "(not text)" },
	};
	char name[CONTRACT_REFUSES_MAX + 1], error[256] = "", text[400];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		*error = '\0';
		assert_int_equal(policy_text_valid(rows[i].text, error, sizeof(error)),
				 !*rows[i].name);
		policy_text_refused(rows[i].text, name);
		assert_string_equal(name, rows[i].name);
		if (!strstr(error, rows[i].says))
			fail_msg("%s: says %s", rows[i].text, error);
	}
	memset(text, ' ', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	policy_text_refused(text, name);
	assert_string_equal(name, "length");
}

static void tidied(void **state)
{
	char tidy[POLICY_TEXT_SIZE], text[400];

	(void)state;
	policy_text_tidy(" \t", tidy);
	assert_string_equal(tidy, "");
	policy_text_tidy("  pressure\n\tfloor=96 ", tidy);
	assert_string_equal(tidy, "pressure floor=96");
	for (size_t i = 0; i < sizeof(text) - 1; i++)
		text[i] = i % 2 ? ' ' : 'x';
	text[sizeof(text) - 1] = '\0';
	policy_text_tidy(text, tidy);
	assert_true(strlen(tidy) <= CONTRACT_POLICY_MAX);
}

/* What a guest with this configuration and this order of dom0's reports. */
static struct stats report(const char *order)
{
	struct settings settings;
	struct stats stats = { .policy = "" };
	char error[256];

	settings_default(&settings);
	settings_obey(&settings, order, error, sizeof(error));
	snprintf(stats.policy, sizeof(stats.policy), "%s", settings.policy->name);
	settings_list(&settings, stats.settings, sizeof(stats.settings));
	return stats;
}

static void in_force(void **state)
{
	struct stats stats = report("");
	char text[POLICY_TEXT_SIZE];

	(void)state;
	policy_text_in_force(&stats, text);
	assert_string_equal(text, "committed");
	stats = report("pressure floor=96 interval_s=5 probe_percent=2");
	policy_text_in_force(&stats, text);
	/* What is as by default needs no word. */
	assert_string_equal(text, "pressure floor=96MiB probe_percent=2");
	*stats.settings = *stats.policy = '\0';
	policy_text_in_force(&stats, text);
	assert_string_equal(text, "");
}

static void follows(void **state)
{
	static const struct {
		const char *ordered, *guest, *differs;
	} rows[] = {
		{ "", "", NULL },
		{ "floor=96", "floor=96MiB", NULL },
		{ "floor=96", "pressure floor=96 interval_s=2", NULL },
		{ "committed", "", NULL },
		{ "interval_s=5", "", NULL },
		{ "pressure", "", "policy" },
		{ "floor=2008", "", "floor" },
		{ "pressure floor=96 interval_s=2", "pressure floor=96", "interval_s" },
		/* A newer guest may know what this table doesn't. */
		{ "newer=1", "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct stats stats = report(rows[i].guest);
		char name[CONTRACT_REFUSES_MAX + 1];
		bool same = policy_text_follows(&stats, rows[i].ordered, name);

		assert_int_equal(same, !rows[i].differs);
		if (!same)
			assert_string_equal(name, rows[i].differs);
	}
}

/* An older guest, or the module, names its policy and no settings: those can't be held against it.
 */
static void follows_without_settings(void **state)
{
	struct stats stats = { .policy = "committed" };
	char name[CONTRACT_REFUSES_MAX + 1];

	(void)state;
	assert_true(policy_text_follows(&stats, "floor=96 interval_s=2", name));
	assert_false(policy_text_follows(&stats, "pressure floor=96", name));
	assert_string_equal(name, "policy");
}

/* The longest list that any settings lead to is whole settings, and fits a report. */
static void longest_list(void **state)
{
	struct settings settings;
	struct stats stats = { .policy = "committed" };
	char error[256], text[POLICY_TEXT_SIZE];
	FILE *words = tmpfile();
	char line[64];

	(void)state;
	assert_non_null(words);
	settings_default(&settings);
	settings_words(words);
	rewind(words);
	while (fgets(line, sizeof(line), words)) {
		char order[80];

		line[strcspn(line, "\n")] = '\0';
		snprintf(order, sizeof(order), "%s50", line);
		if (strchr(line, '='))
			assert_true(settings_obey(&settings, order, error, sizeof(error)) ||
				    settings_obey(&settings,
						  (order[strlen(order) - 2] = '1', order), error,
						  sizeof(error)));
	}
	fclose(words);
	settings_list(&settings, stats.settings, sizeof(stats.settings));
	policy_text_in_force(&stats, text);
	assert_true(policy_text_valid(text, error, sizeof(error)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refused_by_name),
		cmocka_unit_test(tidied),
		cmocka_unit_test(in_force),
		cmocka_unit_test(follows),
		cmocka_unit_test(follows_without_settings),
		cmocka_unit_test(longest_list),
	};

	return cmocka_run_group_tests_name("policy_text", tests, NULL, NULL);
}
