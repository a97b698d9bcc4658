/* SPDX-License-Identifier: MIT */
/*
 * A scrape of a made-up snapshot, read back line by line: each row of the metric table is there
 * with its value, nothing that was not measured is, and no two series are the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "clock.h"
#include "control.h"
#include "metric.h"
#include "prometheus.h"

#define LINES_MAX 4096

/* What was scraped, cut into lines. */
static struct scrape {
	char *text;
	size_t len;
	char *lines[LINES_MAX];
	size_t count;
} scrape;

static void forget(void)
{
	free(scrape.text);
	scrape = (struct scrape){ 0 };
}

static void take(const struct snapshot *snapshot, enum prometheus_format format)
{
	char *text, *line, *rest;

	forget();
	assert_int_equal(prometheus_render(snapshot, format, &text, &scrape.len), 0);
	assert_true(scrape.len > 0 && text[scrape.len - 1] == '\n');
	scrape.text = calloc(1, scrape.len + 1);
	assert_non_null(scrape.text);
	memcpy(scrape.text, text, scrape.len);
	free(text);
	assert_int_equal(strlen(scrape.text), scrape.len);
	for (line = strtok_r(scrape.text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		assert_true(scrape.count < LINES_MAX);
		scrape.lines[scrape.count++] = line;
	}
}

/* The value behind this series, or NULL; fails if it is there twice. */
static const char *value_of(const char *series)
{
	const char *value = NULL;
	size_t len = strlen(series);

	for (size_t i = 0; i < scrape.count; i++)
		if (!strncmp(scrape.lines[i], series, len) && scrape.lines[i][len] == ' ') {
			assert_null(value);
			value = scrape.lines[i] + len + 1;
		}
	return value;
}

static const char *value(const char *format, ...) __attribute__((format(printf, 1, 2)));

static const char *value(const char *format, ...)
{
	char series[1024];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(series, sizeof(series), format, arguments);
	va_end(arguments);
	return value_of(series);
}

static bool has_line(const char *line)
{
	for (size_t i = 0; i < scrape.count; i++)
		if (!strcmp(scrape.lines[i], line))
			return true;
	return false;
}

static size_t lines_with(const char *part)
{
	size_t found = 0;

	for (size_t i = 0; i < scrape.count; i++)
		found += strstr(scrape.lines[i], part) != NULL;
	return found;
}

static struct snapshot *make(size_t count)
{
	struct snapshot *snapshot = snapshot_new(count);

	assert_non_null(snapshot);
	snapshot->generation = 1;
	snapshot->store_up = snapshot->hypervisor_up = true;
	strcpy(snapshot->xen_version, "4.17.5");
	for (size_t i = 0; i < HOST_VALUE_COUNT; i++)
		snapshot->host[i] = (struct reading){ READING_OK, 100 + i };
	for (size_t i = 0; i < count; i++) {
		struct domain *domain = &snapshot->domain[i];

		domain->domid = (uint32_t)i + 1;
		snprintf(domain->name, sizeof(domain->name), "guest%zu", i + 1);
		snprintf(domain->uuid, sizeof(domain->uuid), "00000000-0000-4000-8000-%012zu",
			 i + 1);
		domain->state = (enum domain_state)(i % STATE_COUNT);
		for (size_t v = 0; v < VALUE_COUNT; v++)
			domain->value[v] = (struct reading){ READING_OK, 1000 * (i + 1) + v };
	}
	return snapshot;
}

static void shown_as(enum metric_unit unit, uint64_t number, char *text, size_t size)
{
	if (unit == UNIT_KIB)
		snprintf(text, size, "%llu", (unsigned long long)number * 1024);
	else if (unit == UNIT_CENTI)
		snprintf(text, size, "%.4f", (double)number / 10000);
	else if (unit == UNIT_TIME)
		snprintf(text, size, "%lld", (long long)clock_unix_at((int64_t)number));
	else
		snprintf(text, size, "%llu", (unsigned long long)number);
}

static void shows_every_row_of_the_table(void **state)
{
	struct snapshot *snapshot = make(3);
	char expected[32];

	(void)state;
	take(snapshot, PROMETHEUS_TEXT);
	for (size_t v = 0; v < HOST_VALUE_COUNT; v++) {
		shown_as(metric_host[v].unit, 100 + v, expected, sizeof(expected));
		assert_string_equal(value("xenballoon_%s", metric_host[v].prometheus), expected);
	}
	for (size_t i = 0; i < 3; i++)
		for (size_t v = 0; v < VALUE_COUNT; v++) {
			const struct domain *domain = &snapshot->domain[i];
			const char *shown;

			shown_as(metric_domain[v].unit, domain->value[v].value, expected,
				 sizeof(expected));
			shown = value("xenballoon_%s{domain=\"%s\",uuid=\"%s\"}",
				      metric_domain[v].prometheus, domain->name, domain->uuid);
			if (metric_domain[v].unit == UNIT_TIME)
				assert_in_range(atoll(shown), atoll(expected) - 1,
						atoll(expected) + 1);
			else
				assert_string_equal(shown, expected);
		}
	snapshot_release(snapshot);
	forget();
}

static void a_state_is_one_of_all(void **state)
{
	struct snapshot *snapshot = make(STATE_COUNT);

	(void)state;
	take(snapshot, PROMETHEUS_TEXT);
	for (size_t i = 0; i < STATE_COUNT; i++)
		for (size_t s = 0; s < STATE_COUNT; s++)
			assert_string_equal(
				value("xenballoon_domain_state{domain=\"guest%zu\",uuid=\"%s\","
				      "state=\"%s\"}",
				      i + 1, snapshot->domain[i].uuid,
				      domain_state_name((enum domain_state)s)),
				i == s ? "1" : "0");
	snapshot_release(snapshot);
	forget();
}

static void what_was_not_measured_is_not_shown(void **state)
{
	struct snapshot *snapshot = make(1);

	(void)state;
	for (size_t v = 0; v < VALUE_COUNT; v++)
		snapshot->domain[0].value[v].state = v % 2 ? READING_ABSENT : READING_BAD;
	snapshot->host[HOST_FREE].state = READING_ABSENT;
	take(snapshot, PROMETHEUS_TEXT);
	for (size_t v = 0; v < VALUE_COUNT; v++) {
		char start[128];

		snprintf(start, sizeof(start), "xenballoon_%s{", metric_domain[v].prometheus);
		assert_int_equal(lines_with(start), 0);
	}
	assert_null(value("xenballoon_host_memory_free_bytes"));
	assert_non_null(value("xenballoon_host_memory_total_bytes"));
	assert_int_equal(lines_with("xenballoon_domain_state{"), STATE_COUNT);
	snapshot_release(snapshot);
	forget();
}

static void foreign_names_are_escaped(void **state)
{
	struct snapshot *snapshot = make(1);

	(void)state;
	strcpy(snapshot->domain[0].name, "a\"b\\c\nd\xff{}, #");
	take(snapshot, PROMETHEUS_TEXT);
	assert_string_equal(value("xenballoon_domain_selfballoon_enabled{domain=\"a\\\"b\\\\c\\nd"
				  "\xef\xbf\xbd{}, #\",uuid=\"%s\"}",
				  snapshot->domain[0].uuid),
			    "1005");
	snapshot_release(snapshot);
	forget();
}

static void equal_names_differ_by_uuid(void **state)
{
	struct snapshot *snapshot = make(2);

	(void)state;
	strcpy(snapshot->domain[1].name, "guest1");
	take(snapshot, PROMETHEUS_TEXT);
	assert_int_equal(lines_with("xenballoon_domain_memory_target_bytes{domain=\"guest1\""), 2);
	snapshot_release(snapshot);
	forget();
}

/* Of three that can't be told apart the newest shows; those around them are not touched. */
static void doubles_leave_one(void **state)
{
	struct snapshot *snapshot = make(5);

	(void)state;
	for (size_t i = 2; i < 4; i++) {
		strcpy(snapshot->domain[i].name, snapshot->domain[0].name);
		strcpy(snapshot->domain[i].uuid, snapshot->domain[0].uuid);
	}
	take(snapshot, PROMETHEUS_TEXT);
	assert_int_equal(lines_with("xenballoon_domain_memory_target_bytes{"), 3);
	assert_string_equal(value("xenballoon_domain_memory_static_max_bytes{domain=\"guest1\","
				  "uuid=\"%s\"}",
				  snapshot->domain[0].uuid),
			    "4096000");
	assert_int_equal(lines_with("domain=\"guest2\""), lines_with("domain=\"guest5\""));
	snapshot_release(snapshot);
	forget();
}

static bool ends_with(const char *text, size_t len, const char *end)
{
	return len >= strlen(end) && !strncmp(text + len - strlen(end), end, strlen(end));
}

/* Every sample stands below the one head of its family, every series is there once. */
static void check_structure(enum prometheus_format format)
{
	char family[128] = "", sample[128], type[16] = "";
	const char *suffix;

	for (size_t i = 0; i < scrape.count; i++) {
		const char *line = scrape.lines[i];

		if (sscanf(line, "# TYPE %127s %15s", family, type) == 2) {
			snprintf(sample, sizeof(sample), "# TYPE %s ", family);
			assert_int_equal(lines_with(sample), 1);
			snprintf(sample, sizeof(sample), "# HELP %s ", family);
			assert_int_equal(lines_with(sample), 1);
		}
		if (*line == '#')
			continue;
		suffix = format != PROMETHEUS_OPENMETRICS ? ""
			 : !strcmp(type, "counter")	  ? "_total"
			 : !strcmp(type, "info")	  ? "_info"
							  : "";
		assert_int_equal(sscanf(line, "%127[a-z0-9_]", sample), 1);
		assert_int_equal(strlen(sample), strlen(family) + strlen(suffix));
		assert_memory_equal(sample, family, strlen(family));
		assert_string_equal(sample + strlen(family), suffix);
		snprintf(sample, sizeof(sample), "%.*s", (int)(strrchr(line, ' ') - line), line);
		if (strlen(sample) < sizeof(sample) - 1)
			assert_non_null(value_of(sample));
	}
}

static void both_formats_are_well_formed(void **state)
{
	struct snapshot *snapshot = make(STATE_COUNT);

	(void)state;
	take(snapshot, PROMETHEUS_TEXT);
	check_structure(PROMETHEUS_TEXT);
	assert_int_equal(lines_with("# UNIT"), 0);
	assert_int_equal(lines_with("# EOF"), 0);
	assert_true(has_line("# TYPE xenballoon_domain_key_errors_total counter"));
	take(snapshot, PROMETHEUS_OPENMETRICS);
	check_structure(PROMETHEUS_OPENMETRICS);
	assert_string_equal(scrape.lines[scrape.count - 1], "# EOF");
	assert_true(has_line("# TYPE xenballoon_domain_key_errors counter"));
	assert_true(has_line("# TYPE xenballoon_domain info"));
	assert_true(has_line("# UNIT xenballoon_domain_memory_target_bytes bytes"));
	assert_true(has_line("# UNIT process_cpu_seconds seconds"));
	for (size_t i = 0; i < scrape.count; i++) {
		char family[128], unit[16];

		if (sscanf(scrape.lines[i], "# UNIT %127s %15s", family, unit) == 2)
			assert_true(ends_with(family, strlen(family), unit));
	}
	snapshot_release(snapshot);
	forget();
}

static void the_agent_tells_of_itself(void **state)
{
	struct snapshot *snapshot = make(0);
	struct utsname names;

	(void)state;
	take(snapshot, PROMETHEUS_TEXT);
	assert_string_equal(value("xenballoon_store_up"), "1");
	assert_string_equal(value("xenballoon_hypervisor_up"), "1");
	assert_int_equal(uname(&names), 0);
	assert_string_equal(value("xenballoon_build_info{version=\"" XENBALLOON_VERSION
				  "\",xen=\"4.17.5\",nodename=\"%s\"}",
				  names.nodename),
			    "1");
	assert_int_equal(lines_with("xenballoon_control_requests_total{"),
			 VIA_COUNT * CONTROL_ACTION_COUNT * RESULT_COUNT);
	assert_true(atof(value("process_resident_memory_bytes")) > 100000);
	assert_true(atof(value("process_start_time_seconds")) > 1.5e9);
	assert_true(atoi(value("process_open_fds")) >= 3);
	assert_non_null(value("process_cpu_seconds_total"));
	assert_non_null(value("xenballoon_snapshot_age_seconds"));
	assert_non_null(value("xenballoon_scrape_duration_seconds"));
	snapshot->hypervisor_up = false;
	snapshot->generation = 0;
	take(snapshot, PROMETHEUS_TEXT);
	assert_string_equal(value("xenballoon_store_up"), "1");
	assert_string_equal(value("xenballoon_hypervisor_up"), "0");
	assert_null(value("xenballoon_snapshot_age_seconds"));
	snapshot_release(snapshot);
	forget();
}

static void negotiates_the_format(void **state)
{
	static const struct {
		const char *accept;
		enum prometheus_format format;
	} cases[] = {
		{ NULL, PROMETHEUS_TEXT },
		{ "", PROMETHEUS_TEXT },
		{ "*/*", PROMETHEUS_TEXT },
		{ "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
		  PROMETHEUS_TEXT },
		{ "application/openmetrics-text;version=1.0.0,application/openmetrics-text;"
		  "version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
		  PROMETHEUS_OPENMETRICS },
		{ "application/openmetrics-text; version=\"1.0.0\"; charset=utf-8",
		  PROMETHEUS_OPENMETRICS },
		{ "application/openmetrics-text", PROMETHEUS_OPENMETRICS },
		{ "application/openmetrics-text;version=0.0.1", PROMETHEUS_TEXT },
		{ "application/openmetrics-text;version=1.0.0;q=0", PROMETHEUS_TEXT },
		{ "text/plain;version=0.0.4,application/openmetrics-text;version=1.0.0;q=0.5",
		  PROMETHEUS_TEXT },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_int_equal(prometheus_negotiate(cases[i].accept), cases[i].format);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shows_every_row_of_the_table),
		cmocka_unit_test(a_state_is_one_of_all),
		cmocka_unit_test(what_was_not_measured_is_not_shown),
		cmocka_unit_test(foreign_names_are_escaped),
		cmocka_unit_test(equal_names_differ_by_uuid),
		cmocka_unit_test(doubles_leave_one),
		cmocka_unit_test(both_formats_are_well_formed),
		cmocka_unit_test(the_agent_tells_of_itself),
		cmocka_unit_test(negotiates_the_format),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
