/* SPDX-License-Identifier: MIT */
/*
 * A guest's keys, from their bytes to everything that is shown of them: state and sentence, JSON,
 * Prometheus. The input is a value each, between FUZZ_STOPs.
 */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "json.h"
#include "prometheus.h"
#include "prometheus_text.h"
#include "record.h"
#include "store.h"

static struct node {
	const char *below;
	char *bytes; /* NULL: no such node */
	size_t len;
} nodes[] = {
	{ "/name", NULL, 0 },	    { "/stats", NULL, 0 },	{ "/selfballoon", NULL, 0 },
	{ "/static-max", NULL, 0 }, { "/target", NULL, 0 },	{ "/actual", NULL, 0 },
	{ "/minimum", NULL, 0 },    { "/selftarget", NULL, 0 }, { "/videoram", NULL, 0 },
	{ "/start_time", NULL, 0 }, { "/meminfo", NULL, 0 },
};

#define NODES (sizeof(nodes) / sizeof(*nodes))

static const struct node *find_node(const char *path)
{
	for (size_t i = 0; i < NODES; i++)
		if (!strcmp(strrchr(path, '/'), nodes[i].below) && nodes[i].bytes)
			return &nodes[i];
	return NULL;
}

int store_read(struct store *store, const char *path, char *buffer, size_t size, size_t *len)
{
	const struct node *node = find_node(path);

	(void)store;
	if (!node)
		return -ENOENT;
	if (node->len >= size)
		return -EMSGSIZE;
	memcpy(buffer, node->bytes, node->len);
	buffer[node->len] = '\0';
	*len = node->len;
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

/* What the agent says of itself, to which no guest has a word, takes most of the time. */
void prometheus_agent(struct text *text, enum prometheus_format format,
		      const struct snapshot *snapshot)
{
	(void)text, (void)format, (void)snapshot;
}

/* A sample's value and what may follow it; a label's value ends at a quote that isn't escaped. */
static void check_sample(const char *line, const char *end)
{
	bool quoted = false;
	const char *at = line;

	for (; at < end && (quoted || *at != ' '); at++) {
		if (quoted && *at == '\\')
			at++;
		else if (*at == '"')
			quoted = !quoted;
	}
	MUST(!quoted && end - at > 1);
	MUST(strspn(at + 1, "0123456789.") == (size_t)(end - at - 1));
	MUST(!strncmp(line, "xenballoon_", 11));
}

static void check_metrics(const char *text, size_t len)
{
	json_t *utf8 = json_stringn(text, len);

	MUST(utf8);
	json_decref(utf8);
	for (const char *line = text, *end; line < text + len; line = end + 1) {
		end = memchr(line, '\n', (size_t)(text + len - line));
		MUST(end);
		for (const char *c = line; c < end; c++)
			MUST((unsigned char)*c >= 0x20 && *c != 0x7f);
		if (*line != '#')
			check_sample(line, end);
	}
}

static void shown(const struct snapshot *snapshot, enum prometheus_format format)
{
	struct text text = { 0 };
	char *metrics;
	size_t len;

	json_put_domains(&text, snapshot, 1);
	fuzz_json(text.bytes, text.len);
	text_free(&text);
	MUST(prometheus_render(snapshot, format, &metrics, &len) == 0);
	check_metrics(metrics, len);
	free(metrics);
}

static void judged(struct domain *domain, struct snapshot *snapshot)
{
	static const struct reading free_kib = { READING_OK, 1 << 20 };
	struct state_memory memory = { 0 };

	snapshot->host[HOST_FREE] = free_kib;
	for (int64_t now = 1; now < 100000; now += 40000) {
		state_judge(domain, snapshot, &memory, now);
		MUST((unsigned int)domain->state < STATE_COUNT);
		fuzz_sentence(domain->reason, sizeof(domain->reason), true);
	}
}

static void sane(const struct domain *domain)
{
	for (size_t i = 0; i < VALUE_COUNT; i++) {
		const struct reading *reading = &domain->value[i];

		MUST(reading->state == READING_OK || reading->value == 0);
		MUST(metric_domain[i].unit != UNIT_KIB || reading->value <= CONTRACT_KIB_MAX);
		MUST(metric_domain[i].unit != UNIT_BOOL || reading->value <= 1);
	}
	MUST(memchr(domain->name, '\0', sizeof(domain->name)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct hypervisor_domain measured = { .allocated_kib = 1 << 18,
							   .cap_kib = 1 << 19 };
	struct fuzz_input input = { data, size };
	struct record record = { .domain = { .domid = 3 }, .marked = RECORD_ALL };
	struct snapshot *snapshot = snapshot_new(1);

	MUST(snapshot);
	for (size_t i = 0; i < NODES; i++)
		nodes[i].bytes = input.left ? fuzz_part(&input, &nodes[i].len) : NULL;
	record.domain.value[VALUE_KEY_ERRORS].state = READING_OK;
	record_measure(&record, &measured);
	MUST(record_read(&record, NULL) == 0 && record.marked == 0);
	sane(&record.domain);
	judged(&record.domain, snapshot);
	snapshot->domain[0] = record.domain;
	state_sum(snapshot);
	shown(snapshot, size % 2 ? PROMETHEUS_TEXT : PROMETHEUS_OPENMETRICS);
	for (size_t i = 0; i < NODES; i++)
		free(nodes[i].bytes);
	free(record.vcpu_ns);
	snapshot_release(snapshot);
	return 0;
}
