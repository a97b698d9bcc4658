/* SPDX-License-Identifier: MIT */
/*
 * The formats' rules: Prometheus text 0.0.4 and OpenMetrics 1.0.0. Knows no metric by name. Called
 * by prometheus.c and prometheus_agent.c.
 */
#include "prometheus_text.h"

#include <string.h>

static bool ends_with(const char *name, size_t len, const char *suffix)
{
	size_t n = strlen(suffix);

	return len > n && !memcmp(name + len - n, suffix, n);
}

/* OpenMetrics names a family without the suffix that its type gives to the samples. */
static size_t family_len(const struct prometheus_family *family)
{
	static const char *const suffixes[] = {
		[PROMETHEUS_GAUGE] = "",
		[PROMETHEUS_COUNTER] = "_total",
		[PROMETHEUS_INFO] = "_info",
	};
	const char *suffix = suffixes[family->type];
	size_t len = strlen(family->name);

	return *suffix && ends_with(family->name, len, suffix) ? len - strlen(suffix) : len;
}

static void add_meta(struct text *text, const char *what, const char *name, size_t len,
		     const char *value)
{
	text_string(text, what);
	text_add(text, name, len);
	text_add(text, " ", 1);
	text_string(text, value);
	text_add(text, "\n", 1);
}

static void head_openmetrics(struct text *text, const struct prometheus_family *family)
{
	static const char *const types[] = { "gauge", "counter", "info" };
	static const char *const units[] = { "bytes", "seconds", "ratio" };
	size_t len = family_len(family);

	add_meta(text, "# TYPE ", family->name, len, types[family->type]);
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (ends_with(family->name, len, units[i]))
			add_meta(text, "# UNIT ", family->name, len, units[i]);
	add_meta(text, "# HELP ", family->name, len, family->help);
}

void prometheus_head(struct text *text, enum prometheus_format format,
		     const struct prometheus_family *family)
{
	static const char *const types[] = { "gauge", "counter", "gauge" };
	size_t len = strlen(family->name);

	if (format == PROMETHEUS_OPENMETRICS) {
		head_openmetrics(text, family);
		return;
	}
	add_meta(text, "# HELP ", family->name, len, family->help);
	add_meta(text, "# TYPE ", family->name, len, types[family->type]);
}

void prometheus_milli(struct text *text, uint64_t thousandths)
{
	char point[5] = { '.', (char)('0' + thousandths / 100 % 10),
			  (char)('0' + thousandths / 10 % 10), (char)('0' + thousandths % 10),
			  '\n' };

	text_number(text, thousandths / 1000);
	text_add(text, point, sizeof(point));
}

void prometheus_whole(struct text *text, const char *name, struct reading reading)
{
	if (reading.state != READING_OK)
		return;
	text_string(text, name);
	text_add(text, " ", 1);
	text_number(text, reading.value);
	text_add(text, "\n", 1);
}

void prometheus_thousandth(struct text *text, const char *name, struct reading reading)
{
	if (reading.state != READING_OK)
		return;
	text_string(text, name);
	text_add(text, " ", 1);
	prometheus_milli(text, reading.value);
}
