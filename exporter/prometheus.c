/* SPDX-License-Identifier: MIT */
/*
 * The snapshot as a scrape: what the metric table says of host and guests, then the agent's own.
 * Knows neither HTTP nor where the readings come from. Called by the /metrics route.
 *
 * A host of 1,000 guests is some 25,000 samples, so a sample costs a few copies into one growing
 * text: each guest's labels are escaped once and used for all its samples.
 */
#include "prometheus.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "http_accept.h"
#include "metric.h"
#include "prometheus_text.h"

/* A guest's `domain="...",uuid="..."`, somewhere in the text of all labels. */
struct labels {
	const struct domain *domain;
	size_t at, len;
};

struct render {
	struct text text;
	enum prometheus_format format;
	const struct snapshot *snapshot;
	struct text label_text;
	struct labels *labels; /* of the guests shown */
	size_t count;
};

const char *prometheus_content_type(enum prometheus_format format)
{
	static const char *const types[] = {
		[PROMETHEUS_TEXT] = "text/plain; version=0.0.4; charset=utf-8",
		[PROMETHEUS_OPENMETRICS] =
			"application/openmetrics-text; version=1.0.0; charset=utf-8",
	};

	return types[format];
}

static int64_t clock_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static bool version_is(const struct http_accept *item, const char *version)
{
	return !item->version || (item->version_len == strlen(version) &&
				  !memcmp(item->version, version, item->version_len));
}

/* OpenMetrics has to be asked for by name: a browser's wildcards mean the plain text. */
enum prometheus_format prometheus_negotiate(const char *accept)
{
	unsigned int openmetrics = 0, text = 0;
	struct http_accept item;

	while (accept && http_accept_next(&accept, &item)) {
		if (http_accept_is(&item, "application/openmetrics-text") &&
		    version_is(&item, "1.0.0")) {
			if (item.q > openmetrics)
				openmetrics = item.q;
		} else if (http_accept_is(&item, "text/plain") && version_is(&item, "0.0.4")) {
			if (item.q > text)
				text = item.q;
		}
	}
	return openmetrics && openmetrics >= text ? PROMETHEUS_OPENMETRICS : PROMETHEUS_TEXT;
}

static void add_label(struct text *text, const char *before, const char *value)
{
	text_string(text, before);
	text_foreign(text, TEXT_LABEL, value, strlen(value));
	text_add(text, "\"", 1);
}

static int compare_labels(const void *left, const void *right, void *context)
{
	const struct labels *a = *(struct labels *const *)left, *b = *(struct labels *const *)right;
	const char *text = context;
	int order = memcmp(text + a->at, text + b->at, a->len < b->len ? a->len : b->len);

	if (!order)
		order = (a->len > b->len) - (a->len < b->len);
	if (!order)
		order = (a->domain->domid > b->domain->domid) -
			(a->domain->domid < b->domain->domid);
	return order;
}

/*
 * The same labels twice would make Prometheus refuse the whole scrape. Neither names nor UUIDs are
 * unique for sure (a guest that reboots, a copy that a tool made), so of guests that can't be told
 * apart the one with the highest domid, as a rule the newest, speaks for them.
 */
static int hide_doubles(struct render *render)
{
	struct labels **sorted = calloc(render->count + 1, sizeof(*sorted));

	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < render->count; i++)
		sorted[i] = &render->labels[i];
	qsort_r(sorted, render->count, sizeof(*sorted), compare_labels, render->label_text.bytes);
	for (size_t i = 0; i + 1 < render->count; i++)
		if (sorted[i]->len == sorted[i + 1]->len &&
		    !memcmp(render->label_text.bytes + sorted[i]->at,
			    render->label_text.bytes + sorted[i + 1]->at, sorted[i]->len))
			sorted[i]->domain = NULL;
	free(sorted);
	return 0;
}

static int make_labels(struct render *render)
{
	struct text *text = &render->label_text;
	size_t shown = 0;
	int rc;

	render->count = render->snapshot->count;
	render->labels = calloc(render->count + 1, sizeof(*render->labels));
	if (!render->labels)
		return -ENOMEM;
	for (size_t i = 0; i < render->count; i++) {
		const struct domain *domain = &render->snapshot->domain[i];
		size_t at = text->len;

		add_label(text, "domain=\"", domain->name);
		add_label(text, ",uuid=\"", domain->uuid);
		render->labels[i] = (struct labels){ domain, at, text->len - at };
	}
	rc = text->failed ? -ENOMEM : hide_doubles(render);
	for (size_t i = 0; !rc && i < render->count; i++)
		if (render->labels[i].domain)
			render->labels[shown++] = render->labels[i];
	render->count = shown;
	return rc;
}

static char *copy(char *to, const char *bytes, size_t len)
{
	memcpy(to, bytes, len);
	return to + len;
}

/* Begins a guest's sample, `NAME{LABELS`, and makes sure that `more` bytes fit behind it. */
static char *begin_sample(struct render *render, const struct labels *labels, const char *name,
			  size_t len, size_t more)
{
	char *at = text_reserve(&render->text, len + 1 + labels->len + more);

	if (!at)
		return NULL;
	at = copy(at, name, len);
	*at++ = '{';
	return copy(at, render->label_text.bytes + labels->at, labels->len);
}

static void end_sample(struct render *render, const char *at)
{
	render->text.len = (size_t)(at - render->text.bytes);
}

/* A reading in the unit that Prometheus shows it in, at most 24 bytes. */
static char *add_value(char *at, enum metric_unit unit, uint64_t value)
{
	if (unit == UNIT_KIB)
		value = value > UINT64_MAX / 1024 ? UINT64_MAX : value * 1024;
	if (unit == UNIT_TIME)
		value = (uint64_t)clock_unix_at((int64_t)value);
	if (unit != UNIT_CENTI)
		return at + text_digits(at, value);
	at += text_digits(at, value / 10000);
	*at++ = '.';
	for (unsigned int place = 1000; place; place /= 10)
		*at++ = (char)('0' + value / place % 10);
	return at;
}

static const char *metric_head(struct render *render, const struct metric *metric, char *name,
			       size_t size)
{
	struct prometheus_family family = { name, PROMETHEUS_GAUGE, metric->help };

	snprintf(name, size, PROMETHEUS_PREFIX "%s", metric->prometheus);
	if (metric->unit == UNIT_COUNT)
		family.type = PROMETHEUS_COUNTER;
	prometheus_head(&render->text, render->format, &family);
	return name;
}

static void host_metric(struct render *render, enum host_value which)
{
	const struct metric *metric = &metric_host[which];
	struct reading reading = render->snapshot->host[which];
	char name[128], value[24];

	metric_head(render, metric, name, sizeof(name));
	if (reading.state != READING_OK)
		return;
	text_string(&render->text, name);
	text_add(&render->text, " ", 1);
	text_add(&render->text, value,
		 (size_t)(add_value(value, metric->unit, reading.value) - value));
	text_add(&render->text, "\n", 1);
}

static void domain_metric(struct render *render, enum domain_value which)
{
	const struct metric *metric = &metric_domain[which];
	char name[128];
	size_t len = strlen(metric_head(render, metric, name, sizeof(name)));

	for (size_t i = 0; i < render->count; i++) {
		const struct labels *labels = &render->labels[i];
		struct reading reading = labels->domain->value[which];
		char *at;

		if (reading.state != READING_OK)
			continue;
		at = begin_sample(render, labels, name, len, 32);
		if (!at)
			return;
		at = copy(at, "} ", 2);
		at = add_value(at, metric->unit, reading.value);
		*at++ = '\n';
		end_sample(render, at);
	}
}

static void domain_states(struct render *render)
{
	static const struct prometheus_family family = {
		PROMETHEUS_PREFIX "domain_state", PROMETHEUS_GAUGE,
		"1 for the guest's current state, 0 for all others."
	};
	const size_t len = strlen(family.name);

	prometheus_head(&render->text, render->format, &family);
	for (size_t i = 0; i < render->count; i++)
		for (enum domain_state state = 0; state < STATE_COUNT; state++) {
			const struct labels *labels = &render->labels[i];
			const char *word = domain_state_name(state);
			size_t word_len = strlen(word);
			char *at = begin_sample(render, labels, family.name, len, word_len + 16);

			if (!at)
				return;
			at = copy(at, ",state=\"", 8);
			at = copy(at, word, word_len);
			at = copy(at, "\"} ", 3);
			*at++ = labels->domain->state == state ? '1' : '0';
			*at++ = '\n';
			end_sample(render, at);
		}
}

static void domain_infos(struct render *render)
{
	static const struct prometheus_family family = {
		PROMETHEUS_PREFIX "domain_info", PROMETHEUS_INFO,
		"What identifies the guest besides its name and UUID; always 1."
	};

	prometheus_head(&render->text, render->format, &family);
	for (size_t i = 0; i < render->count; i++) {
		const struct labels *labels = &render->labels[i];

		text_string(&render->text, family.name);
		text_add(&render->text, "{", 1);
		text_add(&render->text, render->label_text.bytes + labels->at, labels->len);
		text_format(&render->text, ",domid=\"%u\",type=\"%s\"} 1\n", labels->domain->domid,
			    domain_type_name(labels->domain->type));
	}
}

static void add_duration(struct render *render, int64_t began_us)
{
	static const struct prometheus_family family = { PROMETHEUS_PREFIX
							 "scrape_duration_seconds",
							 PROMETHEUS_GAUGE,
							 "Time it took to render this page." };
	int64_t took_us = clock_us() - began_us;

	prometheus_head(&render->text, render->format, &family);
	text_format(&render->text, "%s %.6f\n", family.name, (double)took_us / 1e6);
}

static void render_all(struct render *render, int64_t began_us)
{
	for (enum host_value which = 0; which < HOST_VALUE_COUNT; which++)
		host_metric(render, which);
	for (enum domain_value which = 0; which < VALUE_COUNT; which++)
		domain_metric(render, which);
	domain_states(render);
	domain_infos(render);
	prometheus_agent(&render->text, render->format, render->snapshot);
	add_duration(render, began_us);
	if (render->format == PROMETHEUS_OPENMETRICS)
		text_string(&render->text, "# EOF\n");
}

int prometheus_render(const struct snapshot *snapshot, enum prometheus_format format, char **text,
		      size_t *len)
{
	static atomic_size_t last; /* so that the next page needs one allocation */
	struct render render = { .format = format, .snapshot = snapshot };
	int64_t began_us = clock_us();
	int rc = make_labels(&render);

	if (!rc) {
		text_reserve(&render.text, last + last / 8 + 1);
		render_all(&render, began_us);
		rc = render.text.failed ? -ENOMEM : 0;
	}
	text_free(&render.label_text);
	free(render.labels);
	if (rc) {
		text_free(&render.text);
		return rc;
	}
	last = render.text.len;
	*text = render.text.bytes;
	*len = render.text.len;
	return 0;
}
