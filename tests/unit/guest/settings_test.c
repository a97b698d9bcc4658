/* SPDX-License-Identifier: MIT */
/*
 * guest.conf: what is taken, what is refused, and that a refusal says where and what would be
 * right.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "settings.h"

static bool parse(struct settings *settings, const char *text, char *error, size_t size)
{
	settings_default(settings);
	error[0] = '\0';
	return settings_parse(settings, "guest.conf", text, strlen(text), error, size);
}

static void defaults(void **state)
{
	struct settings settings;
	char error[256];

	(void)state;
	assert_int_equal(settings_load(&settings, "/nonexistent/guest.conf", error, sizeof(error)),
			 0);
	assert_string_equal(settings.policy->name, "committed");
	assert_int_equal(settings.knobs.floor_rule, FLOOR_2011);
	assert_int_equal(settings.knobs.reserve_percent, 10);
	assert_int_equal(settings.knobs.hysteresis_down, 8);
	assert_int_equal(settings.knobs.hysteresis_up, 1);
	assert_int_equal(settings.knobs.interval_s, 5);
}

static void everything_set(void **state)
{
	struct settings settings;
	char error[256], floor[24];

	(void)state;
	assert_true(parse(&settings,
			  "# all of it\n\npolicy committed\nfloor\t96 # MiB\r\nreserve_percent 0\n"
			  "interval_s 1\nhysteresis_down 2\n  hysteresis_up 3",
			  error, sizeof(error)));
	assert_int_equal(settings.knobs.floor_rule, FLOOR_FIXED);
	assert_int_equal(settings.knobs.floor_kib, 96 * 1024);
	assert_int_equal(settings.knobs.reserve_percent, 0);
	assert_int_equal(settings.knobs.interval_s, 1);
	assert_int_equal(settings.knobs.hysteresis_down, 2);
	assert_int_equal(settings.knobs.hysteresis_up, 3);
	settings_floor_name(&settings.knobs, floor, sizeof(floor));
	assert_string_equal(floor, "96MiB");
	for (unsigned int mib = 2007; mib <= 2012; mib++) {
		struct settings again;
		char line[32];

		/* With its unit each number is a size, and reads back as what it is shown as. */
		snprintf(line, sizeof(line), "floor %uMiB\n", mib);
		settings_default(&again);
		assert_true(parse(&again, line, error, sizeof(error)));
		assert_int_equal(again.knobs.floor_rule, FLOOR_FIXED);
		assert_int_equal(again.knobs.floor_kib, mib * 1024);
		settings_floor_name(&again.knobs, floor, sizeof(floor));
		assert_string_equal(floor, strchr(strtok(line, "\n"), ' ') + 1);
	}
	assert_true(parse(&settings, "floor 2008\n", error, sizeof(error)));
	assert_int_equal(settings.knobs.floor_rule, FLOOR_2008);
}

static void refusals(void **state)
{
	static const struct {
		const char *text, *says;
	} rows[] = {
		{ "policy greedy\n", "guest.conf:1: not a value for policy" },
		{ "\nfloor 3\n", "guest.conf:2: not a value for floor: 2011, 2008, or a size" },
		{ "floor 99999999999999999999\n", "guest.conf:1: not a value for floor" },
		{ "floor MiB\n", "guest.conf:1: not a value for floor" },
		{ "floor 3MiB\n", "guest.conf:1: not a value for floor" },
		{ "floor 96GiB\n", "guest.conf:1: not a value for floor" },
		{ "floor 96 MiB\n", "guest.conf:1: floor takes one value" },
		{ "floor -1\n", "guest.conf:1: not a value for floor" },
		{ "interval_s 0\n", "guest.conf:1: not a value for interval_s: 1 to 3600" },
		{ "hysteresis_down 0\n", "guest.conf:1: not a value for hysteresis_down" },
		{ "reserve_percent 101\n",
		  "guest.conf:1: not a value for reserve_percent: 0 to 100" },
		{ "reserve_percent\n", "guest.conf:1: reserve_percent takes one value" },
		{ "reserve_percent 1 2\n", "guest.conf:1: reserve_percent takes one value" },
		{ "interval_s 1\ninterval_s 1\n", "guest.conf:2: interval_s is set twice" },
		{ "intervals 1\n",
		  "guest.conf:1: no such setting: \"intervals\"; did you mean interval_s" },
		{ "nonsense 1\n", "guest.conf:1: no such setting: \"nonsense\"; --help lists" },
		{ "\x1b[31m 1\n", "guest.conf:1: no such setting: \"(not text)\"" },
		{ "policy greedy\n",
		  "guest.conf:1: not a value for policy: committed, pressure or workingset, "
		  "and not \"greedy\"" },
		/* All mistakes, so that a file is mended once. */
		{ "flor 96\nfloor 96\ninterval_s x\n",
		  "guest.conf:1: no such setting: \"flor\"; did you mean floor; guest.conf:3: not "
		  "a "
		  "value for interval_s: 1 to 3600, and not \"x\"" },
	};
	struct settings settings;
	char error[256], line[400];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (parse(&settings, rows[i].text, error, sizeof(error)))
			fail_msg("taken: %s", rows[i].text);
		if (strncmp(error, rows[i].says, strlen(rows[i].says)) != 0)
			fail_msg("says: %s", error);
	}
	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	assert_false(parse(&settings, line, error, sizeof(error)));
	assert_false(
		settings_parse(&settings, "guest.conf", "floor\0 96", 9, error, sizeof(error)));
}

static void dom0_wins(void **state)
{
	struct settings settings, before;
	char error[256];

	(void)state;
	assert_true(parse(&settings, "floor 200\ninterval_s 7\n", error, sizeof(error)));
	assert_true(settings_obey(&settings, "", error, sizeof(error)));
	assert_true(settings_obey(&settings, "pressure floor=96 probe_percent=2\n", error,
				  sizeof(error)));
	assert_string_equal(settings.policy->name, "pressure");
	assert_int_equal(settings.knobs.floor_kib, 96 * 1024);
	assert_int_equal(settings.knobs.probe_percent, 2);
	assert_int_equal(settings.knobs.interval_s, 7);
	before = settings;
	assert_true(settings_obey(&settings, "floor=2008", error, sizeof(error)));
	assert_int_equal(settings.knobs.floor_rule, FLOOR_2008);
	assert_ptr_equal(settings.policy, before.policy);
}

static void dom0s_nonsense_changes_nothing(void **state)
{
	static const struct {
		const char *text, *says;
	} rows[] = {
		{ "greedy", "not a value for policy: committed, pressure or workingset" },
		{ "committed floor=96 probe_percent=", "not a value for probe_percent: 1 to 50" },
		{ "floor=-1", "not a value for floor" },
		{ "floor=96=97", "not a value for floor" },
		{ "committed pressure", "policy is set twice" },
		{ "floor=96 floor=97", "floor is set twice" },
		{ "=96", "no such setting" },
		{ "selfballoon=1", "no such setting" },
		{ "floor=96 #", "not a value for policy" },
	};
	struct settings settings, before;
	char error[256], text[400];

	(void)state;
	settings_default(&settings);
	before = settings;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (settings_obey(&settings, rows[i].text, error, sizeof(error)))
			fail_msg("taken: %s", rows[i].text);
		if (strncmp(error, rows[i].says, strlen(rows[i].says)) != 0)
			fail_msg("%s: says: %s", rows[i].text, error);
		assert_memory_equal(&settings, &before, sizeof(before));
	}
	memset(text, ' ', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_false(settings_obey(&settings, text, error, sizeof(error)));
}

static void example_is_the_default(void **state)
{
	struct settings standard, example;
	char error[256];

	(void)state;
	settings_default(&standard);
	assert_int_equal(settings_load(&example, "guest/guest.conf", error, sizeof(error)), 0);
	assert_memory_equal(&example, &standard, sizeof(standard));
}

static char *read_whole(FILE *file)
{
	static char text[65536];
	size_t len;

	assert_non_null(file);
	rewind(file);
	len = fread(text, 1, sizeof(text) - 1, file);
	text[len] = '\0';
	fclose(file);
	return text;
}

/* What `--help` prints of a setting: its name, its range if it is a number, its default if any. */
struct told {
	char key[32], standard[32];
	unsigned int min, max;
	bool number;
};

static bool tell(FILE *help, struct told *told)
{
	char line[256];
	const char *standard;

	memset(told, 0, sizeof(*told));
	if (!fgets(line, sizeof(line), help))
		return false;
	told->number = sscanf(line, " %31s %u to %u", told->key, &told->min, &told->max) == 3;
	standard = strrchr(line, '(');
	if (standard && strchr(standard, ')'))
		sscanf(standard, "(%31[^)]", told->standard);
	return true;
}

/* The setting's paragraph in guest.conf(5): its head, with the range, and its default. */
static void check_manual(const char *manual, const struct told *told)
{
	char head[96], standard[48];
	const char *at, *end, *found;

	snprintf(head, sizeof(head), ".It Ic %s ", told->key);
	if (told->number)
		snprintf(head, sizeof(head), ".It Ic %s Ar %u..%u\n", told->key, told->min,
			 told->max);
	at = strstr(manual, head);
	if (!at) {
		fail_msg("guest.conf(5) lacks %s", head);
		return;
	}
	end = strstr(at + 1, "\n.It Ic ");
	snprintf(standard, sizeof(standard), "\n.Pq %s", told->standard);
	found = strstr(at, standard);
	if (*told->standard && (!found || (end && found > end)))
		fail_msg("guest.conf(5): %s lacks its default %s", told->key, told->standard);
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	while ((text = strstr(text, what)) && ++n)
		text++;
	return n;
}

/* Each, and none that is no longer; in the example, too. */
static void manual_and_example_have_every_setting(void **state)
{
	char manual[65536], line[64];
	FILE *help = tmpfile();
	struct told told;
	size_t rows = 0;
	const char *example;

	(void)state;
	strcpy(manual, read_whole(fopen("guest/guest.conf.5", "r")));
	example = read_whole(fopen("guest/guest.conf", "r"));
	settings_describe(help);
	rewind(help);
	for (; tell(help, &told); rows++) {
		check_manual(manual, &told);
		snprintf(line, sizeof(line), "\n%s ", told.key);
		if (!strstr(example, line)) {
			snprintf(line, sizeof(line), "\n#%s ", told.key);
			if (!strstr(example, line))
				fail_msg("guest.conf lacks %s", told.key);
		}
	}
	fclose(help);
	assert_int_equal(count(manual, "\n.It Ic "), rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(everything_set),
		cmocka_unit_test(refusals),
		cmocka_unit_test(dom0_wins),
		cmocka_unit_test(dom0s_nonsense_changes_nothing),
		cmocka_unit_test(example_is_the_default),
		cmocka_unit_test(manual_and_example_have_every_setting),
	};

	return cmocka_run_group_tests_name("settings", tests, NULL, NULL);
}
