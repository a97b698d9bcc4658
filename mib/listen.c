/* SPDX-License-Identifier: MIT */
/*
 * The agent's own ports: each message passes refusal.c before net-snmp may answer it. Not used
 * under the host's snmpd, which has its own. Called by agent.c.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <net-snmp/net-snmp-config.h>

#include <net-snmp/net-snmp-includes.h>

#include <net-snmp/agent/net-snmp-agent-includes.h>

#include "config.h"
#include "log.h"
#include "mib_listen.h"
#include "mib_refusal.h"

/* After parsing: refusals that end inside the library leave their trace here. */
static int parsed(netsnmp_session *session, netsnmp_pdu *pdu, int result)
{
	if (result == SNMPERR_SUCCESS)
		return 1;
	mib_refuse_message(session, pdu, result);
	return 0;
}

static int received(int operation, netsnmp_session *session, int reqid, netsnmp_pdu *pdu,
		    void *magic)
{
	/* The library shows us messages with a wrong key, too, for a trap; parsed() has seen them.
	 */
	if (pdu && pdu->version == SNMP_VERSION_3 &&
	    session->s_snmp_errno == SNMPERR_USM_AUTHENTICATIONFAILURE)
		return 1;
	if (operation == NETSNMP_CALLBACK_OP_RECEIVED_MESSAGE && pdu->command == SNMP_MSG_SET &&
	    !mib_may_set(session, pdu))
		return 1;
	return handle_snmp_packet(operation, session, reqid, pdu, magic);
}

static int listen_on(const char *address)
{
	netsnmp_transport *transport;
	netsnmp_session session;

	errno = 0;
	transport = netsnmp_transport_open_server(MIB_APPLICATION, address);
	if (!transport) {
		int error = errno ? -errno : -EADDRNOTAVAIL;

		log_error("snmp.listen: cannot listen on %s: %s", address, strerror(-error));
		return error;
	}
	snmp_sess_init(&session);
	session.version = SNMP_DEFAULT_VERSION; /* each message says its own */
	session.callback = received;
	session.isAuthoritative = SNMP_SESS_AUTHORITATIVE;
	if (!snmp_add(&session, transport, NULL, parsed)) {
		log_error("snmp.listen: cannot serve %s", address);
		return -ENOMEM;
	}
	log_info("SNMP agent listens on %s", address);
	return 0;
}

int mib_listen(const char *addresses)
{
	char list[sizeof(((struct config *)0)->snmp_listen)], *rest = NULL;
	int error = 0;

	snprintf(list, sizeof(list), "%s", addresses);
	for (char *one = strtok_r(list, ",", &rest); one && !error;
	     one = strtok_r(NULL, ",", &rest))
		error = listen_on(one);
	return error;
}
