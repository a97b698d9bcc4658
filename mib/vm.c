/* SPDX-License-Identifier: MIT */
/*
 * VM-MIB (RFC 7666) read-only: what a network management system that knows nothing of Xen asks of a
 * hypervisor. Storage, network and affinity tables are not this agent's. Knows no net-snmp. Called
 * by agent.c through mib_tree_vm().
 */
#include <stdio.h>
#include <string.h>

#include "mib_object.h"
#include "mib_vm.h"

#define LENGTH(array)  (sizeof(array) / sizeof((array)[0]))
#define UUID_BYTES     16
#define NO_HARD_LIMIT  ((uint32_t)-1)
#define BYTES_PER_UNIT 1024
#define NS_PER_US      1000
#define MS_PER_TICK    10
#define INTEGER32_MAX  0x7fffffff

/* RFC 7666's numbers. */
enum { ADMIN_RUNNING = 1, ADMIN_SUSPENDED, ADMIN_PAUSED, ADMIN_SHUTDOWN };
enum { AUTO_START_UNKNOWN = 1 };
enum { PERSISTENT_TRANSIENT = 3 }; /* a domain that is shut down is gone: libxl has no others */
enum { TRUTH_TRUE = 1, TRUTH_FALSE };

enum vm_scalar {
	HV_SOFTWARE = 1,
	HV_VERSION,
	HV_OBJECT_ID,
	HV_UP_TIME,
	VM_NUMBER,
	VM_LAST_CHANGE,
	VM_EACH_NOTIFIED,
	VM_BULK_NOTIFIED
};

enum vm_column {
	VM_NAME = MIB_VM_NAME,
	VM_UUID = MIB_VM_UUID,
	VM_OS_TYPE,
	VM_ADMIN_STATE,
	VM_OPER_STATE = MIB_VM_OPER_STATE,
	VM_AUTO_START,
	VM_PERSISTENT = MIB_VM_PERSISTENT,
	VM_CUR_CPU,
	VM_MIN_CPU,
	VM_MAX_CPU,
	VM_MEM_UNIT,
	VM_CUR_MEM,
	VM_MIN_MEM,
	VM_MAX_MEM,
	VM_UP_TIME,
	VM_CPU_TIME
};

enum mib_oper_state mib_oper_state(enum domain_run run)
{
	static const enum mib_oper_state states[] = {
		[RUN_RUNNING] = OPER_RUNNING,
		[RUN_PAUSED] = OPER_PAUSED,
		[RUN_SHUTTING_DOWN] = OPER_SHUTTING_DOWN,
		[RUN_SUSPENDED] = OPER_SUSPENDED,
		[RUN_CRASHED] = OPER_CRASHED,
		[RUN_DYING] = OPER_SHUTTING_DOWN,
	};

	return states[run];
}

static uint32_t admin_state(enum domain_run run)
{
	static const uint32_t states[] = {
		[RUN_RUNNING] = ADMIN_RUNNING,	      [RUN_PAUSED] = ADMIN_PAUSED,
		[RUN_SHUTTING_DOWN] = ADMIN_SHUTDOWN, [RUN_SUSPENDED] = ADMIN_SUSPENDED,
		[RUN_CRASHED] = ADMIN_SHUTDOWN,	      [RUN_DYING] = ADMIN_SHUTDOWN,
	};

	return states[run];
}

static bool set_integer(struct mib_value *value, uint64_t number)
{
	value->syntax = MIB_INTEGER;
	value->number = number > INTEGER32_MAX ? INTEGER32_MAX : (uint32_t)number;
	return true;
}

/* -1 where there is none. */
static bool set_bound(struct mib_value *value, const struct reading *reading)
{
	if (reading->state == READING_OK)
		return set_integer(value, reading->value);
	value->syntax = MIB_INTEGER;
	value->number = NO_HARD_LIMIT;
	return true;
}

/* TimeTicks come round after 497 days, as RFC 2578 has it. */
static bool set_ticks(struct mib_value *value, int64_t ms)
{
	value->syntax = MIB_TICKS;
	value->number = ms > 0 ? (uint32_t)(ms / MS_PER_TICK) : 0;
	return true;
}

static bool set_microseconds(struct mib_value *value, uint64_t ns)
{
	value->syntax = MIB_COUNTER64;
	value->number64 = ns / NS_PER_US;
	return true;
}

static bool set_string(struct mib_value *value, const char *text)
{
	mib_set_text(value, text, strlen(text));
	return true;
}

/* The 16 bytes; none for a UUID that is not known. */
static bool set_uuid(struct mib_value *value, const char *text)
{
	unsigned char bytes[UUID_BYTES];
	size_t count = 0;

	for (const char *at = text; *at && count < UUID_BYTES; at += *at == '-' ? 1 : 2) {
		unsigned int byte;

		if (*at == '-')
			continue;
		if (sscanf(at, "%2x", &byte) != 1)
			break;
		bytes[count++] = (unsigned char)byte;
	}
	mib_set_bytes(value, bytes, count == UUID_BYTES ? count : 0);
	return true;
}

static bool scalar(const struct mib_instance *at, const struct mib_source *source,
		   struct mib_value *value)
{
	static const unsigned long zero_dot_zero[] = { 0, 0 }; /* Xen has no identifier */
	const struct snapshot *snapshot = source->snapshot;

	switch ((enum vm_scalar)at->object->which) {
	case HV_SOFTWARE:
		return set_string(value, "Xen");
	case HV_VERSION:
		return set_string(value, snapshot->xen_version);
	case HV_OBJECT_ID:
		value->syntax = MIB_OID;
		value->oid = zero_dot_zero;
		value->len = LENGTH(zero_dot_zero);
		return true;
	case HV_UP_TIME: /* dom0 starts with the hypervisor, and ends with it */
		return set_ticks(value, source->host_up_ms);
	case VM_NUMBER:
		return set_integer(value, snapshot->count);
	case VM_LAST_CHANGE:
		return set_ticks(value, source->host_up_ms -
						(source->now_ms - snapshot->table_changed_ms));
	case VM_EACH_NOTIFIED:
		return set_integer(value, source->notifies ? TRUTH_TRUE : TRUTH_FALSE);
	case VM_BULK_NOTIFIED:
		return set_integer(value, TRUTH_FALSE);
	}
	return false;
}

static bool up_time(const struct domain *domain, const struct mib_source *source,
		    struct mib_value *value)
{
	if (domain->started_ms.state != READING_OK)
		return false;
	return set_ticks(value, source->now_ms - (int64_t)domain->started_ms.value);
}

/* Allocated, minimum and static max: what can be had without asking anyone. */
static bool memory(const struct mib_instance *at, struct mib_value *value)
{
	const struct reading *reading = at->domain->value;

	switch (at->object->which) {
	case VM_MEM_UNIT:
		return set_integer(value, BYTES_PER_UNIT);
	case VM_MIN_MEM:
		return set_bound(value, &reading[VALUE_MINIMUM]);
	case VM_MAX_MEM:
		return set_bound(value, &reading[VALUE_STATIC_MAX]);
	default:
		return reading[VALUE_ALLOCATED].state == READING_OK &&
		       set_integer(value, reading[VALUE_ALLOCATED].value);
	}
}

static bool column(const struct mib_instance *at, const struct mib_source *source,
		   struct mib_value *value)
{
	static const struct reading none = { READING_ABSENT, 0 };
	const struct domain *domain = at->domain;

	switch ((enum vm_column)at->object->which) {
	case VM_NAME:
		return set_string(value, domain->name);
	case VM_UUID:
		return set_uuid(value, domain->uuid);
	case VM_OS_TYPE:
		return set_string(value, ""); /* the hypervisor assumes none */
	case VM_ADMIN_STATE:
		return set_integer(value, admin_state(domain->run));
	case VM_OPER_STATE:
		return set_integer(value, mib_oper_state(domain->run));
	case VM_AUTO_START:
		return set_integer(value, AUTO_START_UNKNOWN);
	case VM_PERSISTENT:
		return set_integer(value, PERSISTENT_TRANSIENT);
	case VM_CUR_CPU:
		return set_integer(value, domain->vcpus);
	case VM_MIN_CPU:
		return set_bound(value, &none);
	case VM_MAX_CPU:
		return set_integer(value, domain->vcpus_max);
	case VM_MEM_UNIT:
	case VM_CUR_MEM:
	case VM_MIN_MEM:
	case VM_MAX_MEM:
		return memory(at, value);
	case VM_UP_TIME:
		return up_time(domain, source, value);
	case VM_CPU_TIME:
		return set_microseconds(value, domain->cpu_ns);
	}
	return false;
}

static bool core_time(const struct mib_instance *at, const struct mib_source *source,
		      struct mib_value *value)
{
	const uint64_t *times = source->snapshot->vcpu_ns;

	return times && set_microseconds(value, times[at->domain->first_vcpu + at->cpu]);
}

#define HYPERVISOR(n)                                                                              \
	{ .path = { 1, 1, (n) }, .depth = 3, .index = MIB_SCALAR, .which = (n), .value = scalar }
#define SCALAR(n, w)                                                                               \
	{ .path = { 1, (n) }, .depth = 2, .index = MIB_SCALAR, .which = (w), .value = scalar }
#define COLUMN(n)                                                                                  \
	{ .path = { 1, 4, 1, (n) }, .depth = 4, .index = MIB_DOMAIN, .which = (n), .value = column }

const struct mib_tree *mib_tree_vm(void)
{
	static const struct mib_object objects[] = {
		HYPERVISOR(HV_SOFTWARE),
		HYPERVISOR(HV_VERSION),
		HYPERVISOR(HV_OBJECT_ID),
		HYPERVISOR(HV_UP_TIME),
		SCALAR(2, VM_NUMBER),
		SCALAR(3, VM_LAST_CHANGE),
		COLUMN(VM_NAME),
		COLUMN(VM_UUID),
		COLUMN(VM_OS_TYPE),
		COLUMN(VM_ADMIN_STATE),
		COLUMN(VM_OPER_STATE),
		COLUMN(VM_AUTO_START),
		COLUMN(VM_PERSISTENT),
		COLUMN(VM_CUR_CPU),
		COLUMN(VM_MIN_CPU),
		COLUMN(VM_MAX_CPU),
		COLUMN(VM_MEM_UNIT),
		COLUMN(VM_CUR_MEM),
		COLUMN(VM_MIN_MEM),
		COLUMN(VM_MAX_MEM),
		COLUMN(VM_UP_TIME),
		COLUMN(VM_CPU_TIME),
		{ .path = { 1, 5, 1, 2 }, .depth = 4, .index = MIB_CPU, .value = core_time },
		SCALAR(9, VM_EACH_NOTIFIED),
		SCALAR(10, VM_BULK_NOTIFIED),
	};
	static const struct mib_tree tree = { objects, LENGTH(objects) };

	return &tree;
}
