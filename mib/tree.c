/* SPDX-License-Identifier: MIT */
/*
 * The objects of XENBALLOON-MIB below its root: the rows of the metric table in their columns, and
 * what the MIB adds to them. Knows no net-snmp. Called by agent.c through mib_tree_xenballoon().
 */
#include <stdlib.h>
#include <string.h>

#include "audit.h"
#include "control.h"
#include "metric.h"
#include "mib_notify.h"
#include "mib_object.h"
#include "mib_refusal.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* Sub-identifiers of the MIB's groups; the table's entry is {xbDomainTable 1}. */
enum {
	XB_OBJECTS = 1,
	XB_HOST = 1,
	XB_DOMAIN_TABLE = 2,
	XB_CONTROL = 3,
	XB_NOTIFY = 4,
	XB_DOMAIN_ENTRY = 1
};

static bool set_truth(struct mib_value *value, bool truth)
{
	value->syntax = MIB_INTEGER;
	value->number = truth ? 1 : 2;
	return true;
}

static bool set_enum(struct mib_value *value, unsigned int number)
{
	value->syntax = MIB_INTEGER;
	value->number = number;
	return true;
}

static bool set_string(struct mib_value *value, const char *text)
{
	mib_set_text(value, text, strlen(text));
	return true;
}

static bool set_reading(struct mib_value *value, const struct reading *reading,
			enum metric_unit unit, const struct mib_source *source)
{
	uint64_t now = source->now_ms > 0 ? (uint64_t)source->now_ms : 0;

	if (reading->state != READING_OK)
		return false;
	switch (unit) {
	case UNIT_BOOL:
		return set_truth(value, reading->value);
	case UNIT_TIME:
		mib_set_gauge(value, now > reading->value ? (now - reading->value) / 1000 : 0);
		return true;
	case UNIT_COUNT:
		value->syntax = MIB_COUNTER;
		value->number = (uint32_t)reading->value; /* counters wrap, gauges saturate */
		return true;
	case UNIT_KIB:
	case UNIT_CENTI:
	case UNIT_GAUGE:
		break;
	}
	mib_set_gauge(value, reading->value);
	return true;
}

static bool host_metric(const struct mib_instance *at, const struct mib_source *source,
			struct mib_value *value)
{
	return set_reading(value, &source->snapshot->host[at->object->which],
			   metric_host[at->object->which].unit, source);
}

static bool domain_metric(const struct mib_instance *at, const struct mib_source *source,
			  struct mib_value *value)
{
	return set_reading(value, &at->domain->value[at->object->which],
			   metric_domain[at->object->which].unit, source);
}

static bool domain_column(const struct mib_instance *at, const struct mib_source *source,
			  struct mib_value *value)
{
	(void)source;
	switch (at->object->which) {
	case COLUMN_NAME:
		return set_string(value, at->domain->name);
	case COLUMN_UUID:
		return set_string(value, at->domain->uuid);
	case COLUMN_TYPE:
		return set_enum(value, (unsigned int)at->domain->type + 1);
	case COLUMN_STATE:
		return set_enum(value, (unsigned int)at->domain->state + 1);
	case COLUMN_POLICY_ORDERED:
		return set_string(value, at->domain->policy_ordered);
	case COLUMN_POLICY:
		return *at->domain->policy && set_string(value, at->domain->policy);
	case COLUMN_POLICY_NOTE:
		return *at->domain->policy_note && set_string(value, at->domain->policy_note);
	default:
		return set_string(value, at->domain->reason);
	}
}

enum host_extra { HOST_STORE_UP, HOST_HYPERVISOR_UP, HOST_AGE, HOST_XEN_VERSION, HOST_LAST_CHANGE };

/* sysUpTime when a row last came or went; 0: before the agent could see. */
static bool last_change(const struct mib_source *source, struct mib_value *value)
{
	int64_t ms = source->uptime_ms - (source->now_ms - source->snapshot->table_changed_ms);

	value->syntax = MIB_TICKS;
	value->number = ms > 0 ? (uint32_t)(ms / 10) : 0;
	return true;
}

static bool host_extra(const struct mib_instance *at, const struct mib_source *source,
		       struct mib_value *value)
{
	switch (at->object->which) {
	case HOST_STORE_UP:
		return set_truth(value, source->snapshot->store_up);
	case HOST_HYPERVISOR_UP:
		return set_truth(value, source->snapshot->hypervisor_up);
	case HOST_AGE:
		mib_set_gauge(value, source->age_ms > 0 ? (uint64_t)source->age_ms : 0);
		return true;
	case HOST_LAST_CHANGE:
		return last_change(source, value);
	default:
		return set_string(value, source->snapshot->xen_version);
	}
}

enum tally { TALLY_NONE, TALLY_ACCEPTED, TALLY_REFUSED, TALLY_FAILED };

static enum tally tally_of(enum control_result result)
{
	static const enum tally tallies[RESULT_COUNT] = {
		[RESULT_OK] = TALLY_ACCEPTED,
		[RESULT_CHECKED] = TALLY_NONE,
		[RESULT_UNAUTHENTICATED] = TALLY_REFUSED,
		[RESULT_FORBIDDEN] = TALLY_REFUSED,
		[RESULT_NOT_FOUND] = TALLY_REFUSED,
		[RESULT_AMBIGUOUS] = TALLY_REFUSED,
		[RESULT_DOM0] = TALLY_REFUSED,
		[RESULT_MALFORMED] = TALLY_REFUSED,
		[RESULT_HARD_LIMIT] = TALLY_REFUSED,
		[RESULT_SOFT_LIMIT] = TALLY_REFUSED,
		[RESULT_SELFBALLOONING] = TALLY_REFUSED,
		[RESULT_FOREIGN] = TALLY_REFUSED,
		[RESULT_STALE] = TALLY_REFUSED,
		[RESULT_DEPENDENCY] = TALLY_NONE,
		[RESULT_UNAVAILABLE] = TALLY_FAILED,
		[RESULT_FAILED] = TALLY_FAILED,
	};

	return tallies[result];
}

static bool control_tally(const struct mib_instance *at, const struct mib_source *source,
			  struct mib_value *value)
{
	uint64_t sum = at->object->which == TALLY_REFUSED ? mib_refusal_unnamed() : 0;

	(void)source;
	for (unsigned int result = 0; result < RESULT_COUNT; result++) {
		if (tally_of(result) != at->object->which)
			continue;
		for (unsigned int via = 0; via < VIA_COUNT; via++) {
			for (unsigned int action = 0; action < CONTROL_ACTION_COUNT; action++)
				sum += control_count(via, action, result);
		}
	}
	value->syntax = MIB_COUNTER;
	value->number = (uint32_t)sum;
	return true;
}

static uint32_t lock;

uint32_t mib_lock(void)
{
	return lock;
}

void mib_set_lock(uint32_t number)
{
	lock = number;
}

static bool control_lock(const struct mib_instance *at, const struct mib_source *source,
			 struct mib_value *value)
{
	(void)at;
	(void)source;
	return set_enum(value, lock);
}

static bool set_counter(struct mib_value *value, uint64_t number)
{
	value->syntax = MIB_COUNTER;
	value->number = (uint32_t)number;
	return true;
}

static bool control_unrecorded(const struct mib_instance *at, const struct mib_source *source,
			       struct mib_value *value)
{
	(void)at;
	(void)source;
	return set_counter(value, mib_refusal_unrecorded());
}

static bool control_audit_up(const struct mib_instance *at, const struct mib_source *source,
			     struct mib_value *value)
{
	(void)at;
	(void)source;
	return set_truth(value, !audit_failing());
}

static bool notify_sent(const struct mib_instance *at, const struct mib_source *source,
			struct mib_value *value)
{
	(void)at;
	(void)source;
	return set_counter(value, mib_notify_sent());
}

static bool notify_suppressed(const struct mib_instance *at, const struct mib_source *source,
			      struct mib_value *value)
{
	(void)at;
	(void)source;
	return set_counter(value, mib_notify_suppressed());
}

#define HOST_PATH(n) .path = { XB_OBJECTS, XB_HOST, (n) }, .depth = 3, .index = MIB_SCALAR
#define DOMAIN_PATH(n)                                                                             \
	.path = { XB_OBJECTS, XB_DOMAIN_TABLE, XB_DOMAIN_ENTRY, (n) }, .depth = 4,                 \
	.index = MIB_DOMAIN
#define CONTROL_PATH(n) .path = { XB_OBJECTS, XB_CONTROL, (n) }, .depth = 3, .index = MIB_SCALAR
#define NOTIFY_PATH(n)	.path = { XB_OBJECTS, XB_NOTIFY, (n) }, .depth = 3, .index = MIB_SCALAR

/* What the metric table has no row for. */
static const struct mib_object extra[] = {
	{ HOST_PATH(8), .which = HOST_STORE_UP, .value = host_extra },
	{ HOST_PATH(9), .which = HOST_HYPERVISOR_UP, .value = host_extra },
	{ HOST_PATH(10), .which = HOST_AGE, .value = host_extra },
	{ HOST_PATH(11), .which = HOST_XEN_VERSION, .value = host_extra },
	{ HOST_PATH(12), .which = HOST_LAST_CHANGE, .value = host_extra },
	{ DOMAIN_PATH(COLUMN_NAME), .which = COLUMN_NAME, .value = domain_column },
	{ DOMAIN_PATH(COLUMN_UUID), .which = COLUMN_UUID, .value = domain_column },
	{ DOMAIN_PATH(COLUMN_TYPE), .which = COLUMN_TYPE, .value = domain_column },
	{ DOMAIN_PATH(COLUMN_STATE), .which = COLUMN_STATE, .value = domain_column },
	{ DOMAIN_PATH(COLUMN_REASON), .which = COLUMN_REASON, .value = domain_column },
	{ DOMAIN_PATH(COLUMN_POLICY_ORDERED), .write = MIB_WRITE_POLICY,
	  .which = COLUMN_POLICY_ORDERED, .value = domain_column },
	{ DOMAIN_PATH(COLUMN_POLICY), .which = COLUMN_POLICY, .value = domain_column },
	{ DOMAIN_PATH(COLUMN_POLICY_NOTE), .which = COLUMN_POLICY_NOTE, .value = domain_column },
	{ CONTROL_PATH(1), .write = MIB_WRITE_LOCK, .value = control_lock },
	{ CONTROL_PATH(2), .which = TALLY_ACCEPTED, .value = control_tally },
	{ CONTROL_PATH(3), .which = TALLY_REFUSED, .value = control_tally },
	{ CONTROL_PATH(4), .which = TALLY_FAILED, .value = control_tally },
	{ CONTROL_PATH(5), .value = control_unrecorded },
	{ CONTROL_PATH(6), .value = control_audit_up },
	{ NOTIFY_PATH(1), .value = notify_sent },
	{ NOTIFY_PATH(2), .value = notify_suppressed },
};

static const enum mib_write writes[VALUE_COUNT] = {
	[VALUE_TARGET] = MIB_WRITE_TARGET,
	[VALUE_SELFBALLOON] = MIB_WRITE_SELFBALLOON,
};

static int by_path(const void *a, const void *b)
{
	const struct mib_object *left = a, *right = b;

	for (size_t i = 0; i < MIB_PATH_MAX; i++) {
		if (left->path[i] != right->path[i])
			return left->path[i] < right->path[i] ? -1 : 1;
	}
	return 0;
}

const struct mib_tree *mib_tree_xenballoon(void)
{
	static struct mib_object objects[HOST_VALUE_COUNT + VALUE_COUNT + LENGTH(extra)];
	static struct mib_tree tree = { objects, 0 };

	if (tree.count)
		return &tree;
	for (unsigned int i = 0; i < HOST_VALUE_COUNT; i++)
		objects[tree.count++] = (struct mib_object){ HOST_PATH(metric_host[i].mib),
							     .which = i, .value = host_metric };
	for (unsigned int i = 0; i < VALUE_COUNT; i++)
		objects[tree.count++] = (struct mib_object){
			DOMAIN_PATH(metric_domain[i].mib),
			.write = metric_domain[i].writable ? writes[i] : MIB_READ_ONLY,
			.which = i,
			.value = domain_metric,
		};
	memcpy(objects + tree.count, extra, sizeof(extra));
	tree.count += LENGTH(extra);
	qsort(objects, tree.count, sizeof(objects[0]), by_path);
	return &tree;
}
