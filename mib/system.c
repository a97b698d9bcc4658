/* SPDX-License-Identifier: MIT */
/*
 * The system group of SNMPv2-MIB, so that a network management system knows what it talks to.
 * sysContact and sysLocation come from the SNMP configuration file. Called by agent.c.
 */
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <net-snmp/net-snmp-config.h>

#include <net-snmp/net-snmp-includes.h>

#include <net-snmp/agent/net-snmp-agent-includes.h>

#include "mib_system.h"

/* Sub-identifiers of the group; sysServices 72: end-to-end and applications (RFC 3418). */
enum {
	SYSTEM_DESCR = 1,
	SYSTEM_OBJECT_ID,
	SYSTEM_UP_TIME,
	SYSTEM_CONTACT,
	SYSTEM_NAME,
	SYSTEM_LOCATION,
	SYSTEM_SERVICES
};

#define SERVICES 72

static char contact[MIB_TEXT_MAX + 1];
static char location[MIB_TEXT_MAX + 1];
static oid object_id[MAX_OID_LEN];
static size_t object_id_len;

static void describe_host(struct mib_value *value, const struct mib_source *source)
{
	char text[MIB_TEXT_MAX + 1], host[65] = "";
	struct utsname uts = { 0 };

	gethostname(host, sizeof(host) - 1);
	uname(&uts);
	snprintf(text, sizeof(text), "xenballoon-agent %s on %s, %s %s, Xen %s", XENBALLOON_VERSION,
		 host, uts.sysname, uts.release,
		 source->snapshot->xen_version[0] ? source->snapshot->xen_version : "not seen");
	mib_set_text(value, text, strlen(text));
}

static bool system_value(const struct mib_instance *at, const struct mib_source *source,
			 struct mib_value *value)
{
	char host[65] = "";

	switch (at->object->which) {
	case SYSTEM_DESCR:
		describe_host(value, source);
		break;
	case SYSTEM_OBJECT_ID:
		value->syntax = MIB_OID;
		value->oid = object_id;
		value->len = object_id_len;
		break;
	case SYSTEM_UP_TIME:
		value->syntax = MIB_TICKS;
		value->number = (uint32_t)netsnmp_get_agent_uptime();
		break;
	case SYSTEM_NAME:
		gethostname(host, sizeof(host) - 1);
		mib_set_text(value, host, strlen(host));
		break;
	case SYSTEM_SERVICES:
		value->syntax = MIB_INTEGER;
		value->number = SERVICES;
		break;
	default:
		value->syntax = MIB_STRING;
		mib_set_text(value, at->object->which == SYSTEM_CONTACT ? contact : location,
			     strlen(at->object->which == SYSTEM_CONTACT ? contact : location));
	}
	return true;
}

#define SYSTEM(n)                                                                                  \
	{ .path = { (n) }, .depth = 1, .index = MIB_SCALAR, .which = (n), .value = system_value }

const struct mib_tree *mib_tree_system(void)
{
	static const struct mib_object objects[] = {
		SYSTEM(SYSTEM_DESCR),	 SYSTEM(SYSTEM_OBJECT_ID), SYSTEM(SYSTEM_UP_TIME),
		SYSTEM(SYSTEM_CONTACT),	 SYSTEM(SYSTEM_NAME),	   SYSTEM(SYSTEM_LOCATION),
		SYSTEM(SYSTEM_SERVICES),
	};
	static const struct mib_tree tree = { objects, sizeof(objects) / sizeof(objects[0]) };

	return &tree;
}

static void read_text(const char *token, char *line)
{
	char *to = strcasecmp(token, "syscontact") == 0 ? contact : location;

	snprintf(to, MIB_TEXT_MAX + 1, "%s", line);
}

void mib_system_init(const unsigned long *root, size_t len)
{
	memcpy(object_id, root, len * sizeof(oid));
	object_id_len = len;
	register_app_config_handler("sysContact", read_text, NULL, "TEXT");
	register_app_config_handler("sysLocation", read_text, NULL, "TEXT");
}
