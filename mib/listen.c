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

#include "clock.h"
#include "listener.h"
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

/* One of snmp.listen. */
static struct {
	char address[LISTENER_TEXT];
	bool open;
} ports[LISTENERS_MAX];

static size_t port_count;
static int64_t tried_ms;

static int listen_on(const char *address)
{
	netsnmp_transport *transport;
	netsnmp_session session;

	errno = 0;
	transport = netsnmp_transport_open_server(MIB_APPLICATION, address);
	if (!transport)
		return errno ? -errno : -EADDRNOTAVAIL;
	snmp_sess_init(&session);
	session.version = SNMP_DEFAULT_VERSION; /* each message says its own */
	session.callback = received;
	session.isAuthoritative = SNMP_SESS_AUTHORITATIVE;
	return snmp_add(&session, transport, NULL, parsed) ? 0 : -ENOMEM;
}

static void open_ports(void)
{
	tried_ms = clock_ms();
	for (size_t i = 0; i < port_count; i++) {
		int error = ports[i].open ? 0 : listen_on(ports[i].address);

		ports[i].open = !error;
		listener_note(LISTENER_SNMP, ports[i].address, error);
	}
}

void mib_listen(const char *addresses)
{
	port_count = 0;
	while (port_count < LISTENERS_MAX && listener_next(&addresses, ports[port_count].address))
		ports[port_count++].open = false;
	open_ports();
}

void mib_listen_turn(void)
{
	bool closed = false;

	for (size_t i = 0; i < port_count; i++)
		closed |= !ports[i].open;
	if (closed && clock_ms() - tried_ms >= LISTENER_RETRY_MS)
		open_ports();
}
