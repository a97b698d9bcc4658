/* SPDX-License-Identifier: MIT */
/*
 * agent.yml: what is taken, what is refused and with which words, what a reload may change.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "setting.h"

#define EXAMPLE "exporter/agent.yml"

static char error[512];

/* Loads `text` as a file called /tmp/…; the caller frees. */
static struct config *load_bytes(const char *text, size_t len)
{
	char path[] = "/tmp/config_test.XXXXXX";
	int fd = mkstemp(path);
	struct config *config;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), len);
	close(fd);
	error[0] = '\0';
	config = config_load(path, error, sizeof(error));
	unlink(path);
	return config;
}

static struct config *load(const char *text)
{
	return load_bytes(text, strlen(text));
}

static struct config *must_load(const char *text)
{
	struct config *config = load(text);

	if (!config)
		fail_msg("%s", error);
	return config;
}

static void defaults_hold_without_a_file(void **state)
{
	struct config *config = config_load(NULL, error, sizeof(error));

	(void)state;
	assert_non_null(config);
	assert_string_equal(config->http_listen, "127.0.0.1:10047");
	assert_string_equal(config->snmp_listen, "udp:127.0.0.1:1161");
	assert_string_equal(config->snmp_root, "1.3.6.1.4.1.8072.9999.9999.2008");
	assert_int_equal(config->snmp_mode, SNMP_AGENT);
	assert_int_equal(config->log_level, LOG_LEVEL_INFO);
	assert_int_equal(config->http_read, HTTP_READ_OPEN);
	assert_int_equal(config->control_reserve_kib, 64 * 1024);
	assert_false(config->control_guest_may_grow);
	assert_true(config->control_silent_may_grow);
	assert_null(config->auth);
	config_free(config);
}

static void empty_files_are_the_defaults(void **state)
{
	static const char *const texts[] = { "", "# nothing\n", "---\n", "~\n", "{}\n", "http:\n" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct config *config = must_load(texts[i]);

		assert_string_equal(config->http_listen, "127.0.0.1:10047");
		config_free(config);
	}
}

static void every_kind_is_read(void **state)
{
	struct config *config =
		must_load("log: {level: debug}\n"
			  "http:\n  listen: '[::1]:9'\n  read: viewer\n"
			  "snmp:\n  mode: off\n  listen: udp:127.0.0.1:1,tcp6:[::1]:161\n"
			  "  root: .1.3.6.1.4.1.4294967295.1\n"
			  "control:\n  reserve_mib: 1048576\n"
			  "  guest_may_grow: true\n  timeout_ms: 100\n"
			  "audit: {file: '-'}\n");

	(void)state;
	assert_int_equal(config->log_level, LOG_LEVEL_DEBUG);
	assert_string_equal(config->http_listen, "[::1]:9");
	assert_int_equal(config->http_read, HTTP_READ_VIEWER);
	assert_int_equal(config->snmp_mode, SNMP_OFF);
	assert_string_equal(config->snmp_listen, "udp:127.0.0.1:1,tcp6:[::1]:161");
	assert_int_equal(config->control_reserve_kib, UINT64_C(1) << 30);
	assert_true(config->control_guest_may_grow);
	assert_int_equal(config->control_timeout_ms, 100);
	assert_string_equal(config->audit_file, "-");
	config_free(config);
}

static void addresses_may_be_lists(void **state)
{
	struct config *config =
		must_load("http:\n  listen:\n    - 127.0.0.1:1\n    - '[::1]:1'\n    - :2\n"
			  "snmp:\n  listen: [udp:127.0.0.1:1, 'udp6:[::1]:1']\n");

	(void)state;
	assert_string_equal(config->http_listen, "127.0.0.1:1,[::1]:1,:2");
	assert_string_equal(config->snmp_listen, "udp:127.0.0.1:1,udp6:[::1]:1");
	assert_false(setting_is_loopback(config->http_listen));
	assert_true(setting_is_loopback("127.0.0.1:1,[::1]:1"));
	config_free(config);
}

/* What systemd or the command line says counts for the file's, and is held to the same. */
static void addresses_from_elsewhere_win(void **state)
{
	struct config *config;

	(void)state;
	config_override(":7", "/run/x.sock");
	config = must_load("http:\n  listen: 127.0.0.1:1\n");
	assert_string_equal(config->http_listen, ":7");
	assert_string_equal(config->http_socket, "/run/x.sock");
	config_free(config);
	assert_null(load("http:\n  principal_file: /dev/null\n"));
	assert_non_null(strstr(error, "loopback"));
	config_override("nowhere", "");
	assert_null(load(""));
	assert_non_null(strstr(error, "--web.listen-address is \"nowhere\": must be a numeric"));
	config_override("", "");
}

/* A mistake, the line it is in, and words that its message must hold. */
static const struct mistake {
	const char *text;
	int line;
	const char *words;
} mistakes[] = {
	{ "http:\n  listn: 127.0.0.1:1\n", 2,
	  "it has listen, socket, socket_group, read, metrics" },
	{ "htp:\n  listen: 127.0.0.1:1\n", 1, "there are log, state, http, snmp, control, audit" },
	{ "log:\n  level: info\n  level: warn\n", 3, "already set in line 2" },
	{ "log:\n  level: info\nlog:\n  level: warn\n", 3, "already began in line 1" },
	{ "\"\\e[31mlog\": info\n", 1, "\"?[31mlog\"" },
	{ "log:\n  level: loud\n", 2, "must be error or warn or info or debug" },
	{ "log:\n  level: [info]\n", 2, "needs one value" },
	{ "log:\n  level:\n", 2, "needs one value" },
	{ "log: info\n", 1, "must hold settings" },
	{ "- log\n", 1, "must hold sections" },
	{ "log: &a {level: info}\n", 1, "anchors" },
	{ "log:\n  level: *a\n", 2, "anchors and aliases" },
	{ "log:\n  level: !!str info\n", 2, "tags" },
	{ "log: {level: info}\n---\nlog: {level: info}\n", 2, "second document" },
	{ "log: {level: info\n", 2, "not YAML" },
	{ "control:\n  timeout_ms: 99\n", 2, "a number from 100 to 60000" },
	{ "control:\n  timeout_ms: 60001\n", 2, "a number from 100 to 60000" },
	{ "control:\n  timeout_ms: -1\n", 2, "a number from 100 to 60000" },
	{ "control:\n  timeout_ms: 1e3\n", 2, "a number from 100 to 60000" },
	{ "control:\n  timeout_ms: 0x100\n", 2, "a number from 100 to 60000" },
	{ "control:\n  timeout_ms: '500'\n", 2, "without quotes" },
	{ "control:\n  reserve_mib: 99999999999999999999\n", 2, "from 0 to 1048576" },
	{ "control:\n  guest_may_grow: yes\n", 2, "true or false" },
	{ "control:\n  guest_may_grow: 'true'\n", 2, "without quotes" },
	{ "http:\n  listen: localhost:80\n", 2, "127.0.0.1:10047" },
	{ "http:\n  listen: 127.0.0.1\n", 2, "127.0.0.1:10047" },
	{ "http:\n  listen: 127.0.0.1:0\n", 2, "127.0.0.1:10047" },
	{ "http:\n  listen: 127.0.0.1:65536\n", 2, "127.0.0.1:10047" },
	{ "http:\n  listen: '[127.0.0.1]:80'\n", 2, "127.0.0.1:10047" },
	{ "http:\n  listen: '::1:80'\n", 2, "127.0.0.1:10047" },
	{ "http:\n  listen: '['\n", 2, "127.0.0.1:10047" },
	{ "http:\n  listen: [127.0.0.1:80, 127.0.0.1:80]\n", 2, "each once" },
	{ "http:\n  listen: [127.0.0.1:80, {a: b}]\n", 2, "needs one value" },
	{ "http:\n  listen: 127.0.0.1:80,\n", 2, "a list of at most 16" },
	{ "http:\n  socket: [/a, /b]\n", 2, "needs one value" },
	{ "snmp:\n  listen: [udp:127.0.0.1:1, '127.0.0.1:1']\n", 2, "udp:127.0.0.1:1161" },
	{ "snmp:\n  listen: udp::161\n", 2, "udp:127.0.0.1:1161" },
	{ "http:\n  principal_file: /dev/null\n  listen: ['127.0.0.1:1', ':2']\n", 3, "loopback" },
	{ "snmp:\n  listen: 127.0.0.1:161\n", 2, "udp:127.0.0.1:1161" },
	{ "snmp:\n  listen: udp:[::1]:161\n", 2, "udp6:[::1]:1161" },
	{ "snmp:\n  listen: udp:127.0.0.1:161,\n", 2, "udp:127.0.0.1:1161" },
	{ "snmp:\n  root: enterprises.8072\n", 2, "a numeric OID" },
	{ "snmp:\n  root: 1.3.6.1.4.1.4294967296\n", 2, "a numeric OID" },
	{ "snmp:\n  root: 3.3.6.1.4.1.1\n", 2, "a numeric OID" },
	{ "snmp:\n  root: 1.40.6.1.4.1.1\n", 2, "a numeric OID" },
	{ "snmp:\n  root: 1.3.6.1.4.1.\n", 2, "a numeric OID" },
	{ "snmp:\n  root: 1.3.6..4.1.1\n", 2, "a numeric OID" },
	{ "snmp:\n  root: 1.3.6.1.4.1\n", 2, "7 to 100" },
	{ "snmp:\n  persistent_directory: here\n", 2, "an absolute path" },
	{ "snmp:\n  config: /dev/null/snmp.conf\n", 2, "cannot read /dev/null/snmp.conf" },
	{ "audit:\n  file: audit.log\n", 2, "an absolute path, \"-\" or \"\"" },
	{ "audit:\n  file: \"/a\\nb\"\n", 2, "control characters" },
	{ "audit:\n  file: \"/a\\0b\"\n", 2, "zero byte" },
	{ "http:\n  principal_file: /dev/null/principals\n", 2, "/dev/null/principals" },
	{ "http:\n  principal_file: /dev/null\n\n  listen: 0.0.0.0:10047\n", 4, "loopback" },
};

/* The commands that make them need the configuration that names them. */
static void files_that_are_not_there_yet_name_nobody(void **state)
{
	static const char *const texts[] = {
		"snmp:\n  config: /nonexistent/snmp.conf\n",
		"http:\n  principal_file: /nonexistent/principals\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct config *config = load(texts[i]);

		assert_non_null(config);
		assert_null(config->auth);
		config_free(config);
	}
}

static void mistakes_are_refused_with_line_and_remedy(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		const struct mistake *row = &mistakes[i];
		struct config *config = load(row->text);
		char place[16];

		if (config)
			fail_msg("taken: %s", row->text);
		snprintf(place, sizeof(place), ":%d: ", row->line);
		if (!strstr(error, place) || !strstr(error, row->words))
			fail_msg("wanted \"%s\" and \"%s\": %s", place, row->words, error);
	}
}

static void bad_files_are_refused(void **state)
{
	static char big[64 * 1024 + 1];

	(void)state;
	memset(big, '#', sizeof(big));
	assert_null(load_bytes(big, sizeof(big)));
	assert_non_null(strstr(error, "longer than 65536 bytes"));
	config_free(must_load("#"));
	assert_null(load_bytes("log: \xff\xfe\n", 8));
	assert_non_null(strstr(error, "not YAML"));
	assert_null(config_load("/nonexistent/agent.yml", error, sizeof(error)));
	assert_non_null(strstr(error, "/nonexistent/agent.yml:1: cannot read it: No such file"));
	assert_null(config_load("/", error, sizeof(error)));
	assert_non_null(strstr(error, "Is a directory"));
}

static void too_long_a_text_is_refused(void **state)
{
	char text[400] = "audit:\n  file: /";

	(void)state;
	memset(text + strlen(text), 'a', 255);
	assert_null(load(text));
	assert_non_null(strstr(error, "at most 255 bytes"));
	text[strlen(text) - 1] = '\0';
	config_free(must_load(text));
}

static void a_reload_may_change_some_settings_only(void **state)
{
	struct config *now = must_load("");
	struct config *same = must_load("http: {listen: 127.0.0.1:10047}\n");
	struct config *soft = must_load("log: {level: debug}\ncontrol: {reserve_mib: 1}\n");
	struct config *hard = must_load("snmp: {listen: udp:127.0.0.1:1162}\n");

	(void)state;
	assert_true(config_can_reload(now, same, error, sizeof(error)));
	assert_true(config_can_reload(now, soft, error, sizeof(error)));
	assert_false(config_can_reload(now, hard, error, sizeof(error)));
	assert_non_null(strstr(error, "snmp.listen"));
	config_free(now);
	config_free(same);
	config_free(soft);
	config_free(hard);
}

static void a_reader_keeps_its_configuration_over_a_reload(void **state)
{
	const struct config *old, *new;

	(void)state;
	config_publish(must_load("log: {level: error}\n"));
	old = config_acquire();
	config_publish(must_load("log: {level: debug}\n"));
	new = config_acquire();
	assert_int_equal(old->log_level, LOG_LEVEL_ERROR);
	assert_int_equal(new->log_level, LOG_LEVEL_DEBUG);
	config_release(old);
	config_release(new);
	config_publish(NULL);
}

static void the_last_reload_is_remembered(void **state)
{
	(void)state;
	assert_true(config_last_reload_successful());
	config_note_reload(false);
	assert_false(config_last_reload_successful());
	config_note_reload(true);
	assert_true(config_last_reload_successful());
}

static char *read_whole(FILE *file)
{
	static char text[64 * 1024];
	size_t len;

	assert_non_null(file);
	rewind(file);
	len = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[len] = '\0';
	return text;
}

/* The table itself: each default is valid, and each setting shows where people look for it. */
static void the_table_is_whole(void **state)
{
	struct config config;
	char right[128];

	(void)state;
	for (size_t i = 0; i < SETTING_COUNT; i++) {
		const char *wanted = setting_store(&settings[i], &config, settings[i].initial,
						   right, sizeof(right));

		if (wanted)
			fail_msg("default of %s: %s", settings[i].path, wanted);
	}
}

static void the_description_names_every_setting(void **state)
{
	FILE *out = tmpfile();
	char *text;

	(void)state;
	config_describe(out);
	text = read_whole(out);
	for (size_t i = 0; i < SETTING_COUNT; i++) {
		assert_non_null(strstr(text, settings[i].path));
		assert_non_null(strstr(text, settings[i].help));
	}
}

/* The head of a setting's paragraph in agent.yml(5): name, an asterisk for a restart, default. */
static void manual_head(const struct setting *row, char *text, size_t size)
{
	snprintf(text, size, ".It Cm %s %sPq %s\n", row->path, row->restart ? "Ns * " : "",
		 *row->initial ? row->initial : "none");
}

/* What has to stand in that paragraph: each choice, the least and the most of a number. */
static void check_paragraph(const struct setting *row, const char *from, const char *end)
{
	const char *range;
	char words[64];

	for (size_t i = 0; row->choices && row->choices[i]; i++) {
		const char *choice = strstr(from, row->choices[i]);

		if (!choice || choice > end)
			fail_msg("agent.yml(5): %s lacks %s", row->path, row->choices[i]);
	}
	if (!row->max)
		return;
	/* A line may end within the range. */
	snprintf(words, sizeof(words), "from %" PRIu64 " to", row->min);
	range = strstr(from, words);
	if (!range || range > end || strtoull(range + strlen(words) + 1, NULL, 10) != row->max)
		fail_msg("agent.yml(5): %s lacks its range", row->path);
}

/* In the table's order, none too many, and none that the table has no longer. */
static void the_manual_describes_every_setting(void **state)
{
	char *text = read_whole(fopen("exporter/agent.yml.5", "r"));
	char *at = strstr(text, ".Sh SETTINGS\n"), *end = strstr(text, ".Sh PRINCIPALS\n");

	(void)state;
	assert_true(at && end && at < end);
	*end = '\0';
	for (size_t i = 0; i < SETTING_COUNT; i++) {
		char head[256];
		const char *next;

		manual_head(&settings[i], head, sizeof(head));
		at = strstr(at, ".It ");
		if (!at || strncmp(at, head, strlen(head)) != 0)
			fail_msg("agent.yml(5) should go on with \"%s\"", head);
		at += strlen(head);
		next = strstr(at, ".It ");
		check_paragraph(&settings[i], at, next ? next : end);
	}
	assert_null(strstr(at, ".It "));
}

/* The example sets each setting to its default, so that it shows both. */
static void the_example_is_the_defaults(void **state)
{
	struct config *config = config_load(EXAMPLE, error, sizeof(error));
	struct config *defaults = config_load(NULL, error, sizeof(error));
	char *text = read_whole(fopen(EXAMPLE, "r"));

	(void)state;
	if (!config)
		fail_msg("%s", error);
	assert_memory_equal(config, defaults, sizeof(*config));
	for (size_t i = 0; i < SETTING_COUNT; i++) {
		char line[128];

		snprintf(line, sizeof(line), "\n  %s:", strchr(settings[i].path, '.') + 1);
		if (!strstr(text, line))
			fail_msg("the example lacks %s", settings[i].path);
	}
	config_free(config);
	config_free(defaults);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_hold_without_a_file),
		cmocka_unit_test(empty_files_are_the_defaults),
		cmocka_unit_test(every_kind_is_read),
		cmocka_unit_test(addresses_may_be_lists),
		cmocka_unit_test(addresses_from_elsewhere_win),
		cmocka_unit_test(mistakes_are_refused_with_line_and_remedy),
		cmocka_unit_test(files_that_are_not_there_yet_name_nobody),
		cmocka_unit_test(bad_files_are_refused),
		cmocka_unit_test(too_long_a_text_is_refused),
		cmocka_unit_test(a_reload_may_change_some_settings_only),
		cmocka_unit_test(a_reader_keeps_its_configuration_over_a_reload),
		cmocka_unit_test(the_last_reload_is_remembered),
		cmocka_unit_test(the_table_is_whole),
		cmocka_unit_test(the_description_names_every_setting),
		cmocka_unit_test(the_manual_describes_every_setting),
		cmocka_unit_test(the_example_is_the_defaults),
	};

	return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
