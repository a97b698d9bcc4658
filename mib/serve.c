/* SPDX-License-Identifier: MIT */
/*
 * The access handler that net-snmp calls for the trees the agent serves. One snapshot per call, no
 * table is ever copied. Knows net-snmp and names, not what values mean. Registered by agent.c.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include <net-snmp/net-snmp-config.h>

#include <net-snmp/net-snmp-includes.h>

#include <net-snmp/agent/net-snmp-agent-includes.h>

#include "clock.h"
#include "config.h"
#include "mib_serve.h"
#include "mib_set.h"

#define SERVED_MAX 4

static struct served {
	const struct mib_tree *tree;
	oid root[MAX_OID_LEN];
	size_t len;
} served[SERVED_MAX];
static size_t served_count;

static const u_char types[] = {
	[MIB_INTEGER] = ASN_INTEGER, [MIB_UNSIGNED] = ASN_GAUGE,      [MIB_COUNTER] = ASN_COUNTER,
	[MIB_TICKS] = ASN_TIMETICKS, [MIB_COUNTER64] = ASN_COUNTER64, [MIB_STRING] = ASN_OCTET_STR,
	[MIB_OID] = ASN_OBJECT_ID,
};

void mib_put_value(netsnmp_variable_list *varbind, const struct mib_value *value)
{
	u_char type = types[value->syntax];
	struct counter64 wide;

	switch (value->syntax) {
	case MIB_STRING:
		snmp_set_var_typed_value(varbind, type, value->text, value->len);
		break;
	case MIB_OID:
		snmp_set_var_typed_value(varbind, type, value->oid, value->len * sizeof(oid));
		break;
	case MIB_COUNTER64:
		wide.high = (u_long)(value->number64 >> 32);
		wide.low = (u_long)(value->number64 & UINT32_MAX);
		snmp_set_var_typed_value(varbind, type, &wide, sizeof(wide));
		break;
	case MIB_INTEGER:
		snmp_set_var_typed_integer(varbind, type, (int32_t)value->number);
		break;
	default:
		snmp_set_var_typed_integer(varbind, type, (long)value->number);
	}
}

static void get(const struct served *from, const struct mib_source *source,
		netsnmp_agent_request_info *reqinfo, netsnmp_request_info *request)
{
	const netsnmp_variable_list *varbind = request->requestvb;
	struct mib_instance instance;
	struct mib_value value;
	enum mib_found found = mib_find(from->tree, source->snapshot, varbind->name + from->len,
					varbind->name_length - from->len, &instance);

	if (found == MIB_NO_OBJECT)
		netsnmp_set_request_error(reqinfo, request, SNMP_NOSUCHOBJECT);
	else if (found == MIB_NO_INSTANCE || !instance.object->value(&instance, source, &value))
		netsnmp_set_request_error(reqinfo, request, SNMP_NOSUCHINSTANCE);
	else
		mib_put_value(request->requestvb, &value);
}

static void put(const struct served *from, netsnmp_variable_list *varbind,
		const struct mib_instance *instance, const struct mib_value *value)
{
	oid name[MAX_OID_LEN];
	size_t len;

	memcpy(name, from->root, from->len * sizeof(oid));
	len = from->len + mib_name(instance, name + from->len);
	snmp_set_var_objid(varbind, name, len);
	mib_put_value(varbind, value);
}

/* The first instance after the one that a varbind names. */
static bool first_after(const struct served *from, const struct mib_source *source,
			const netsnmp_variable_list *varbind, struct mib_instance *instance,
			struct mib_value *value)
{
	const oid *sub = varbind->name;
	size_t len = varbind->name_length;

	/* A walk may start above the tree; then every instance comes after it. */
	if (len >= from->len && netsnmp_oid_equals(sub, from->len, from->root, from->len) == 0) {
		sub += from->len;
		len -= from->len;
	} else {
		len = 0;
	}
	return mib_next(from->tree, source, sub, len, instance, value);
}

/* A varbind left as it is tells net-snmp to go on behind this tree. */
static void get_next(const struct served *from, const struct mib_source *source,
		     netsnmp_request_info *request)
{
	struct mib_instance instance;
	struct mib_value value;

	if (first_after(from, source, request->requestvb, &instance, &value))
		put(from, request->requestvb, &instance, &value);
}

static bool visible(const netsnmp_variable_list *varbind, netsnmp_pdu *pdu)
{
	size_t len = varbind->name_length;

	return in_a_view(varbind->name, &len, pdu, varbind->type) == VACM_SUCCESS;
}

/*
 * All repetitions at once. net-snmp's own way is a pass over the whole request for each of them,
 * and in 5.9.3 its check of the view leaves out the later half: views are checked here. When the
 * tree ends, the rest is left to what comes behind it.
 */
static void get_bulk(const struct served *from, const struct mib_source *source, netsnmp_pdu *pdu,
		     netsnmp_request_info *request)
{
	netsnmp_variable_list *varbind = request->requestvb;
	struct mib_instance instance;
	struct mib_value value;
	bool more = first_after(from, source, varbind, &instance, &value);

	for (; more; more = mib_following(from->tree, source, &instance, &value)) {
		put(from, varbind, &instance, &value);
		if (!visible(varbind, pdu)) {
			snmp_set_var_typed_value(varbind, ASN_NULL, NULL, 0);
			continue;
		}
		if (request->repeat == 0 || !varbind->next_variable)
			return;
		request->repeat--;
		varbind = varbind->next_variable;
		request->requestvb = varbind;
	}
	/* Behind the tree: no name of ours is left to be passed. */
	snmp_set_var_objid(varbind, from->root, from->len);
	varbind->name[from->len - 1]++;
}

static int64_t host_up_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static struct mib_source source_now(void)
{
	const struct config *config = config_acquire();
	struct mib_source source = {
		.snapshot = snapshot_acquire(),
		.age_ms = snapshot_age_ms(),
		.now_ms = clock_ms(),
		.uptime_ms = (int64_t)netsnmp_get_agent_uptime() * 10,
		.host_up_ms = host_up_ms(),
		.notifies = config->snmp_notify_per_minute > 0,
	};

	config_release(config);
	return source;
}

static int answer(netsnmp_mib_handler *handler, netsnmp_handler_registration *registration,
		  netsnmp_agent_request_info *reqinfo, netsnmp_request_info *requests)
{
	const struct served *from = handler->myvoid;
	struct mib_source source;

	(void)registration;
	if (reqinfo->mode != MODE_GET && reqinfo->mode != MODE_GETNEXT &&
	    reqinfo->mode != MODE_GETBULK) {
		mib_set_phase(reqinfo, requests);
		return SNMP_ERR_NOERROR;
	}
	source = source_now();
	for (netsnmp_request_info *request = requests; request; request = request->next) {
		if (request->processed)
			continue;
		if (reqinfo->mode == MODE_GET)
			get(from, &source, reqinfo, request);
		else if (reqinfo->mode == MODE_GETNEXT)
			get_next(from, &source, request);
		else
			get_bulk(from, &source, reqinfo->asp->pdu, request);
	}
	snapshot_release(source.snapshot);
	return SNMP_ERR_NOERROR;
}

int mib_serve(const struct mib_tree *tree, const char *name, const unsigned long *root, size_t len)
{
	netsnmp_handler_registration *registration;
	struct served *to = &served[served_count];

	if (served_count == SERVED_MAX || len + MIB_PATH_MAX + 2 > MAX_OID_LEN)
		return -EINVAL;
	to->tree = tree;
	to->len = len;
	memcpy(to->root, root, len * sizeof(oid));
	registration = netsnmp_create_handler_registration(
		name, answer, root, len, HANDLER_CAN_RWRITE | HANDLER_CAN_GETBULK);
	if (!registration)
		return -ENOMEM;
	registration->handler->myvoid = to;
	if (netsnmp_register_handler(registration) != MIB_REGISTERED_OK)
		return -EEXIST;
	served_count++;
	return 0;
}

enum mib_found mib_locate(const struct snapshot *snapshot, const unsigned long *name, size_t len,
			  struct mib_instance *instance)
{
	for (size_t i = 0; i < served_count; i++) {
		const struct served *at = &served[i];

		if (len >= at->len && netsnmp_oid_equals(name, at->len, at->root, at->len) == 0)
			return mib_find(at->tree, snapshot, name + at->len, len - at->len,
					instance);
	}
	return MIB_NO_OBJECT;
}
