/* SPDX-License-Identifier: MIT */
/*
 * Sends notifications: the objects of each as a table. What is worth one is watch.c's; net-snmp
 * knows the sinks, or snmpd behind AgentX. Called by agent.c on each turn of its loop.
 */
#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include <net-snmp/net-snmp-config.h>

#include <net-snmp/net-snmp-includes.h>

#include <net-snmp/agent/net-snmp-agent-includes.h>

#include "clock.h"
#include "config.h"
#include "log.h"
#include "mib_notify.h"
#include "mib_object.h"
#include "mib_serve.h"
#include "mib_watch.h"

#define VARBINDS_MAX 6
#define BLOCKED_MS   400
#define QUIET_MS     30000
#define LOOK_MS	     1000 /* without a new snapshot: what was held back may be due */

static const oid trap_oid[] = { 1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0 };
static const oid vm_root[] = { 1, 3, 6, 1, 2, 1, 236 };

/* Below the root of the MIB that the notification belongs to. */
enum { XB_NAME = 2, XB_UUID = 3, XB_STATE = 5, XB_REASON = 6, XB_TARGET = 8, XB_SWITCH = 12 };
#define DOMAIN(n)  { 1, 2, 1, (n) }, 4
#define HOST(n)	   { 1, 1, (n) }, 3
#define VM(n)	   { 1, 4, 1, (n) }, 4
#define NOTIFY_WHO { 1, 4, 3, 0 }, 4
#define NOTIFY_WAY { 1, 4, 4, 0 }, 4

enum kind { VALUE_END, VALUE_OBJECT, VALUE_BEFORE, VALUE_WHO, VALUE_WAY };

struct part {
	oid path[MIB_PATH_MAX];
	size_t depth;
	enum kind kind;
};

/* clang-format off */
#define GUEST_PARTS { \
	{ DOMAIN(XB_NAME), VALUE_OBJECT }, { DOMAIN(XB_UUID), VALUE_OBJECT }, \
	{ DOMAIN(XB_STATE), VALUE_OBJECT }, { DOMAIN(XB_REASON), VALUE_OBJECT } }
#define CHANGE_PARTS { \
	{ DOMAIN(XB_NAME), VALUE_OBJECT }, { DOMAIN(XB_UUID), VALUE_OBJECT }, \
	{ DOMAIN(XB_TARGET), VALUE_OBJECT }, { DOMAIN(XB_SWITCH), VALUE_OBJECT }, \
	{ NOTIFY_WHO, VALUE_WHO }, { NOTIFY_WAY, VALUE_WAY } }
#define MEMORY_PARTS { { HOST(2), VALUE_OBJECT }, { HOST(1), VALUE_OBJECT } }
#define STORE_PARTS { { HOST(8), VALUE_OBJECT } }
#define VM_PARTS { \
	{ VM(MIB_VM_NAME), VALUE_OBJECT }, { VM(MIB_VM_UUID), VALUE_OBJECT }, \
	{ VM(MIB_VM_OPER_STATE), VALUE_BEFORE } }
#define VM_DELETED_PARTS { \
	{ VM(MIB_VM_NAME), VALUE_OBJECT }, { VM(MIB_VM_UUID), VALUE_OBJECT }, \
	{ VM(MIB_VM_OPER_STATE), VALUE_BEFORE }, { VM(MIB_VM_PERSISTENT), VALUE_OBJECT } }

static const struct notification {
	bool vm;
	oid number; /* below notifications(0) */
	struct part parts[VARBINDS_MAX + 1];
} notifications[EVENT_COUNT] = {
	[EVENT_STUCK]            = { false, 1, GUEST_PARTS },
	[EVENT_CAPPED]           = { false, 2, GUEST_PARTS },
	[EVENT_SILENT]           = { false, 3, GUEST_PARTS },
	[EVENT_REFUSED]          = { false, 9, GUEST_PARTS },
	[EVENT_HOST_LOW]         = { false, 4, MEMORY_PARTS },
	[EVENT_HOST_RECOVERED]   = { false, 5, MEMORY_PARTS },
	[EVENT_STORE_LOST]       = { false, 6, STORE_PARTS },
	[EVENT_STORE_BACK]       = { false, 7, STORE_PARTS },
	[EVENT_CHANGED]          = { false, 8, CHANGE_PARTS },
	[EVENT_VM_RUNNING]       = { true, 1, VM_PARTS },
	[EVENT_VM_SHUTTING_DOWN] = { true, 2, VM_PARTS },
	[EVENT_VM_PAUSED]        = { true, 4, VM_PARTS },
	[EVENT_VM_SUSPENDED]     = { true, 6, VM_PARTS },
	[EVENT_VM_CRASHED]       = { true, 9, VM_PARTS },
	[EVENT_VM_DELETED]       = { true, 10, VM_DELETED_PARTS },
};
/* clang-format on */

static struct mib_watch *watch;
static oid xb_root[MAX_OID_LEN];
static size_t xb_root_len;
static uint64_t seen_generation;
static uint64_t seen_change;
static int64_t looked_ms;
static int64_t quiet_until_ms;
static atomic_uint_least64_t sent;
static atomic_uint_least64_t suppressed;

uint64_t mib_notify_sent(void)
{
	return atomic_load(&sent);
}

uint64_t mib_notify_suppressed(void)
{
	return atomic_load(&suppressed);
}

static void add(netsnmp_variable_list **list, const oid *name, size_t len,
		const struct mib_value *value)
{
	netsnmp_variable_list *varbind =
		snmp_varlist_add_variable(list, name, len, ASN_NULL, NULL, 0);

	if (varbind)
		mib_put_value(varbind, value);
}

/* The value as the tree has it; false if the instance is not there. */
static bool object_value(const struct mib_notice *notice, const struct mib_tree *tree,
			 const oid *sub, size_t len, struct mib_value *value)
{
	const struct mib_source source = { .snapshot = notice->snapshot, .now_ms = clock_ms() };
	struct mib_instance at;

	return mib_find(tree, notice->snapshot, sub, len, &at) == MIB_FOUND &&
	       at.object->value(&at, &source, value);
}

static bool part_value(const struct mib_notice *notice, const struct notification *row,
		       const struct part *part, const oid *sub, size_t len, struct mib_value *value)
{
	const char *text;

	switch (part->kind) {
	case VALUE_BEFORE:
		value->syntax = MIB_INTEGER;
		value->number = notice->before;
		return true;
	case VALUE_WHO:
	case VALUE_WAY:
		text = part->kind == VALUE_WHO ? notice->change->who.name
					       : control_interface_name(notice->change->who.via);
		mib_set_text(value, text, strlen(text));
		return true;
	default:
		return object_value(notice, row->vm ? mib_tree_vm() : mib_tree_xenballoon(), sub,
				    len, value);
	}
}

static void add_part(netsnmp_variable_list **list, const struct mib_notice *notice,
		     const struct notification *row, const struct part *part)
{
	const oid *root = row->vm ? vm_root : xb_root;
	size_t len = row->vm ? OID_LENGTH(vm_root) : xb_root_len;
	oid name[MAX_OID_LEN];
	struct mib_value value;
	size_t depth = part->depth;

	memcpy(name, root, len * sizeof(oid));
	memcpy(name + len, part->path, depth * sizeof(oid));
	if (part->kind == VALUE_OBJECT || part->kind == VALUE_BEFORE)
		name[len + depth++] = notice->domid;
	if (part_value(notice, row, part, name + len, depth, &value))
		add(list, name, len + depth, &value);
}

static bool notify(void *unused, const struct mib_notice *notice)
{
	const struct notification *row = &notifications[notice->event];
	netsnmp_variable_list *list = NULL;
	oid trap[MAX_OID_LEN];
	size_t len = row->vm ? OID_LENGTH(vm_root) : xb_root_len;
	int64_t start_ms = clock_ms();

	(void)unused;
	if (start_ms < quiet_until_ms)
		return false;
	memcpy(trap, row->vm ? vm_root : xb_root, len * sizeof(oid));
	trap[len++] = 0;
	trap[len++] = row->number;
	snmp_varlist_add_variable(&list, trap_oid, OID_LENGTH(trap_oid), ASN_OBJECT_ID, trap,
				  len * sizeof(oid));
	for (const struct part *part = row->parts; part->kind != VALUE_END; part++)
		add_part(&list, notice, row, part);
	send_v2trap(list);
	snmp_free_varbind(list);
	atomic_fetch_add(&sent, 1);
	if (clock_ms() - start_ms < BLOCKED_MS) {
		quiet_until_ms = 0;
		return true;
	}
	/* net-snmp waits for the engine ID of a sink of SNMPv3 informs, each time anew. */
	if (!quiet_until_ms)
		log_warn("a sink of notifications does not answer; all are sent every %d s",
			 QUIET_MS / 1000);
	quiet_until_ms = clock_ms() + QUIET_MS;
	return true;
}

static struct mib_watch_limits limits_now(void)
{
	const struct config *config = config_acquire();
	const struct mib_watch_limits limits = {
		.host_free_kib = config->snmp_notify_host_free_kib,
		.host_recover_kib = config->snmp_notify_host_recover_kib,
		.hold_ms = (int64_t)config->snmp_notify_hold_s * 1000,
		.per_minute = config->snmp_notify_per_minute,
	};

	config_release(config);
	return limits;
}

/* The snapshot that shows a change is published before the change is in the feed. */
static void tell_of_changes(const struct mib_watch_limits *limits)
{
	struct feed_change change;
	uint64_t missed = 0;

	while (feed_next(&seen_change, &change, &missed)) {
		const struct snapshot *snapshot = snapshot_acquire();

		mib_watch_change(watch, snapshot, &change, limits, clock_ms(), notify, NULL);
		snapshot_release(snapshot);
	}
	mib_watch_suppress(watch, missed);
}

void mib_notify_turn(void)
{
	const struct mib_watch_limits limits = limits_now();
	const struct snapshot *snapshot;
	int64_t now = clock_ms();

	/* What lasts is told afterwards; that nothing else can be sent may not keep anyone waiting.
	 */
	if (now < quiet_until_ms)
		return;
	snapshot = snapshot_acquire();

	/* The empty one before the first is no host without guests. What waits is looked at, too.
	 */
	if (snapshot->generation &&
	    (snapshot->generation != seen_generation || now - looked_ms >= LOOK_MS)) {
		mib_watch_look(watch, snapshot, &limits, now, notify, NULL);
		seen_generation = snapshot->generation;
		looked_ms = now;
	}
	snapshot_release(snapshot);
	tell_of_changes(&limits);
	atomic_store(&suppressed, mib_watch_suppressed(watch));
}

int mib_notify_start(const unsigned long *root, size_t len)
{
	memcpy(xb_root, root, len * sizeof(oid));
	xb_root_len = len;
	watch = mib_watch_new();
	return watch ? 0 : -ENOMEM;
}

void mib_notify_stop(void)
{
	mib_watch_free(watch);
	watch = NULL;
}
