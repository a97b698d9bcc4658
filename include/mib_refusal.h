/* SPDX-License-Identifier: MIT */
/*
 * Who may change things by SNMP, decided before net-snmp sees the request, and the trace that each
 * refusal leaves. SNMP thread only, but for the two counters.
 */
#ifndef XENBALLOON_MIB_REFUSAL_H
#define XENBALLOON_MIB_REFUSAL_H

#include <stdint.h>

#include "control.h"

struct snmp_pdu;
struct snmp_session;

/* Who asks, when only snmpd knows. */
#define MIB_AGENTX_NAME "(snmpd's to know)"

/*
 * Who sent a message, as far as the security model has proved it; role none. By AgentX nobody is
 * named: snmpd has authenticated and authorised whoever it was.
 */
void mib_principal(const struct snmp_session *session, const struct snmp_pdu *pdu,
		   struct principal *who);

/*
 * Notes a message that net-snmp could not authenticate (`error` is its SNMPERR_ code), unless it is
 * readable and asks for no change. Part of each engine's discovery is no refusal.
 */
void mib_refuse_message(const struct snmp_session *session, const struct snmp_pdu *pdu, int error);

/*
 * Judges a well-formed SET: sender, security level, VACM. True if it may go on; else it has been
 * noted and, where the protocol wants that, answered.
 */
bool mib_may_set(struct snmp_session *session, struct snmp_pdu *pdu);

/* Audits and counts one refusal, unless they come too fast. */
void mib_refuse(const struct control_request *request, const struct control_answer *answer);

/* Refusals so far that were neither audited nor counted one by one. Any thread. */
uint64_t mib_refusal_unrecorded(void);

/*
 * Audited refusals so far of which nobody could say what they asked for, being encrypted with a
 * wrong key: control_count() knows none without an action. Any thread.
 */
uint64_t mib_refusal_unnamed(void);

#endif
