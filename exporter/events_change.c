/* SPDX-License-Identifier: MIT */
/*
 * Compares two pictures of the host and writes what differs as server-sent events. Knows no
 * listener. Called by events.c.
 */
#include "events_change.h"

#include <inttypes.h>
#include <string.h>

#include "json.h"

void events_open(struct text *text, const char *name, uint64_t generation)
{
	text_format(text, "event: %s\n", name);
	if (generation)
		text_format(text, "id: %" PRIu64 "\n", generation);
	text_string(text, "data: ");
}

void events_close(struct text *text)
{
	text_string(text, "\n\n");
}

static void put_host(struct text *text, const struct snapshot *snapshot, int64_t age_ms)
{
	events_open(text, "host", snapshot->generation);
	json_put_host(text, snapshot, age_ms);
	events_close(text);
}

static void put_domain(struct text *text, const struct domain *domain, uint64_t generation)
{
	events_open(text, "domain", generation);
	json_put_domain(text, domain);
	events_close(text);
}

static void put_gone(struct text *text, const struct domain *domain, uint64_t generation)
{
	events_open(text, "gone", generation);
	json_put_open(text, NULL, '{');
	json_put_number(text, "domid", domain->domid);
	json_put_string(text, "uuid", domain->uuid);
	json_put_string(text, "name", domain->name);
	json_put_close(text, '}');
	events_close(text);
}

void events_put_picture(struct text *text, const struct snapshot *snapshot, int64_t age_ms)
{
	put_host(text, snapshot, age_ms);
	events_open(text, "domains", snapshot->generation);
	json_put_domains(text, snapshot, age_ms);
	events_close(text);
}

static bool same_readings(const struct reading *a, const struct reading *b, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (a[i].state != b[i].state || a[i].value != b[i].value)
			return false;
	return true;
}

static bool same_domain(const struct domain *a, const struct domain *b)
{
	return a->type == b->type && a->state == b->state && a->has_swap == b->has_swap &&
	       a->manager == b->manager && !strcmp(a->name, b->name) &&
	       !strcmp(a->policy, b->policy) && !strcmp(a->policy_ordered, b->policy_ordered) &&
	       !strcmp(a->policy_note, b->policy_note) &&
	       same_readings(&a->former_kib, &b->former_kib, 1) &&
	       same_readings(a->value, b->value, VALUE_COUNT);
}

static bool same_host(const struct snapshot *a, const struct snapshot *b)
{
	return a->store_up == b->store_up && a->hypervisor_up == b->hypervisor_up &&
	       !strcmp(a->xen_version, b->xen_version) &&
	       same_readings(a->host, b->host, HOST_VALUE_COUNT);
}

/* Whether the sentence was another one when reasons were last spoken of. */
static bool new_reason(const struct snapshot *spoken, const struct domain *domain)
{
	const struct domain *before = spoken ? snapshot_find(spoken, domain->domid) : NULL;

	return before && strcmp(before->reason, domain->reason) != 0;
}

void events_put_changes(struct text *text, const struct snapshot *old,
			const struct snapshot *spoken, const struct snapshot *now, int64_t age_ms)
{
	size_t at = 0;

	for (size_t i = 0; i < now->count; i++) {
		const struct domain *domain = &now->domain[i], *before = NULL;

		while (at < old->count && old->domain[at].domid < domain->domid)
			put_gone(text, &old->domain[at++], now->generation);
		if (at < old->count && old->domain[at].domid == domain->domid)
			before = &old->domain[at++];
		if (before && strcmp(before->uuid, domain->uuid) != 0) {
			put_gone(text, before, now->generation);
			before = NULL;
		}
		if (!before || !same_domain(before, domain) || new_reason(spoken, domain))
			put_domain(text, domain, now->generation);
	}
	for (; at < old->count; at++)
		put_gone(text, &old->domain[at], now->generation);
	if (!same_host(old, now))
		put_host(text, now, age_ms);
}
