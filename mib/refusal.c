/* SPDX-License-Identifier: MIT */
/*
 * The gate before net-snmp's agent: only an authPriv user with a write view may change anything,
 * and who is turned away is audited and counted. Knows security models and VACM, not what a SET
 * would do. Called by agent.c as messages come in, and by set.c.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include <net-snmp/net-snmp-config.h>

#include <net-snmp/net-snmp-includes.h>

#include <net-snmp/agent/net-snmp-agent-includes.h>

#include "clock.h"
#include "log.h"
#include "mib_object.h"
#include "mib_refusal.h"
#include "mib_set.h"

/* So many refusals are recorded at once, and so many each second: a flood must not fill the disk.
 */
#define RECORDED_BURST	    50
#define RECORDED_PER_SECOND 10
#define MS_PER_RECORD	    (1000 / RECORDED_PER_SECOND)

#define TELL_MS 10000

static atomic_uint_least64_t unrecorded;
static atomic_uint_least64_t unnamed;

uint64_t mib_refusal_unrecorded(void)
{
	return atomic_load(&unrecorded);
}

uint64_t mib_refusal_unnamed(void)
{
	return atomic_load(&unnamed);
}

static void tell_of_unrecorded(int64_t now)
{
	static int64_t last_ms;
	static uint64_t told;
	uint64_t all = mib_refusal_unrecorded();

	if (all == told || now - last_ms < TELL_MS)
		return;
	log_warn("%llu refused SNMP requests came too fast to be recorded one by one",
		 (unsigned long long)(all - told));
	last_ms = now;
	told = all;
}

/* A bucket of RECORDED_BURST refusals that fills by one each MS_PER_RECORD. */
static bool recordable(void)
{
	static int64_t empty_ms; /* when the bucket was, or would have been, empty */
	int64_t now = clock_ms();

	if (empty_ms < now - (int64_t)RECORDED_BURST * MS_PER_RECORD)
		empty_ms = now - (int64_t)RECORDED_BURST * MS_PER_RECORD;
	tell_of_unrecorded(now);
	if (empty_ms + MS_PER_RECORD > now) {
		atomic_fetch_add(&unrecorded, 1);
		return false;
	}
	empty_ms += MS_PER_RECORD;
	return true;
}

void mib_refuse(const struct control_request *request, const struct control_answer *answer)
{
	if (!recordable())
		return;
	if (request->action == CONTROL_ACTION_COUNT)
		atomic_fetch_add(&unnamed, 1);
	control_refused(request, answer);
}

/* "UDP: [192.0.2.1]:41234->[192.0.2.2]:1161" becomes "192.0.2.1:41234"; IPv6 keeps its brackets. */
static void shorten_address(char *text)
{
	char *from = strchr(text, '['), *arrow = strstr(text, "->"), *bracket;

	if (arrow)
		*arrow = '\0';
	if (from)
		memmove(text, from, strlen(from) + 1);
	bracket = strchr(text, ']');
	if (!from || !bracket || strchr(text, ':') < bracket)
		return;
	memmove(bracket, bracket + 1, strlen(bracket));
	memmove(text, text + 1, strlen(text));
}

static void address_of(const struct snmp_session *session, const struct snmp_pdu *pdu, char *text,
		       size_t size)
{
	netsnmp_session *mine = (netsnmp_session *)(uintptr_t)session;
	struct session_list *list = snmp_sess_pointer(mine);
	netsnmp_transport *transport = list ? snmp_sess_transport(list) : NULL;
	char *all = NULL;

	if (transport && transport->f_fmtaddr)
		all = transport->f_fmtaddr(transport, pdu->transport_data,
					   pdu->transport_data_length);
	if (all)
		shorten_address(all);
	snprintf(text, size, "%s", all ? all : "");
	free(all);
}

void mib_principal(const struct snmp_session *session, const struct snmp_pdu *pdu,
		   struct principal *who)
{
	*who = (struct principal){ .role = ROLE_NONE, .via = VIA_SNMP };
	if (netsnmp_ds_get_boolean(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_ROLE)) {
		/* RFC 2741: no word of who asked, or from where. */
		who->via = VIA_AGENTX;
		snprintf(who->name, sizeof(who->name), "%s", MIB_AGENTX_NAME);
		snprintf(who->address, sizeof(who->address), "snmpd by AgentX");
		return;
	}
	address_of(session, pdu, who->address, sizeof(who->address));
	if (pdu->version == SNMP_VERSION_3 && pdu->securityLevel >= SNMP_SEC_LEVEL_AUTHNOPRIV)
		snprintf(who->name, sizeof(who->name), "%.*s", (int)pdu->securityNameLen,
			 pdu->securityName ? pdu->securityName : "");
}

/* The name a message bears, fit for a sentence. */
static const char *claimed(const struct snmp_pdu *pdu, struct mib_value *text)
{
	size_t len = pdu->securityName ? strnlen(pdu->securityName, pdu->securityNameLen) : 0;

	mib_set_text(text, pdu->securityName, len);
	return text->text;
}

/* What the first varbind asks for; CONTROL_ACTION_COUNT where that can't be told. */
static void describe(const struct snmp_pdu *pdu, struct control_request *request)
{
	const netsnmp_variable_list *varbind = pdu->variables;

	request->action = CONTROL_ACTION_COUNT;
	if (pdu->command != SNMP_MSG_SET)
		return;
	for (; varbind; varbind = varbind->next_variable) {
		if (mib_set_describe(varbind, request))
			return;
	}
}

void mib_refuse_message(const struct snmp_session *session, const struct snmp_pdu *pdu, int error)
{
	static const struct {
		int error;
		const char *why;
	} refusals[] = {
		{ SNMPERR_USM_UNKNOWNSECURITYNAME, "no such user" },
		{ SNMPERR_USM_AUTHENTICATIONFAILURE, "wrong authentication key" },
		{ SNMPERR_USM_UNSUPPORTEDSECURITYLEVEL, "this user has no keys for that" },
		{ SNMPERR_USM_DECRYPTIONERROR, "wrong privacy key" },
		/* Decrypted with another key, a message is no longer one. */
		{ SNMPERR_ASN_PARSE_ERR, "wrong privacy key, or no SNMP inside" },
	};
	struct control_request request = { .action = CONTROL_ACTION_COUNT };
	struct control_answer answer = { .result = RESULT_UNAUTHENTICATED };
	const char *why = NULL;
	struct mib_value name;

	/* Encrypted ones stay unreadable (command 0) and might have been a SET. */
	if (pdu->version != SNMP_VERSION_3 || (pdu->command != 0 && pdu->command != SNMP_MSG_SET))
		return;
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		if (refusals[i].error == error)
			why = refusals[i].why;
	}
	if (!why ||
	    (error == SNMPERR_ASN_PARSE_ERR && pdu->securityLevel < SNMP_SEC_LEVEL_AUTHPRIV))
		return;
	mib_principal(session, pdu, &request.who);
	request.who.name[0] = '\0';
	describe(pdu, &request);
	snprintf(answer.detail, sizeof(answer.detail), "SNMPv3 user \"%.100s\" (not proved): %s",
		 claimed(pdu, &name), why);
	mib_refuse(&request, &answer);
}

/* Why a SET is turned away, and how that is told. */
struct verdict {
	enum control_result result;
	const char *why; /* NULL: it may pass */
	long error;	 /* RFC 3416 error-status; 0: no answer at all */
	long index;	 /* of the varbind */
};

static struct verdict judge_views(netsnmp_pdu *pdu)
{
	long index = 1;

	for (netsnmp_variable_list *at = pdu->variables; at; at = at->next_variable, index++) {
		if (in_a_view(at->name, &at->name_length, pdu, at->type) != VACM_SUCCESS)
			return (struct verdict){ RESULT_FORBIDDEN, "outside this user's write view",
						 MIB_NO_ACCESS, index };
	}
	return (struct verdict){ .result = RESULT_OK };
}

static struct verdict judge(netsnmp_pdu *pdu)
{
	bool granted = check_access(pdu) == VACM_SUCCESS;

	if (pdu->version != SNMP_VERSION_3 && !granted)
		return (struct verdict){ RESULT_UNAUTHENTICATED, "community not known here", 0, 0 };
	if (pdu->version != SNMP_VERSION_3)
		return (struct verdict){ RESULT_FORBIDDEN,
					 "changes need SNMPv3 with authPriv; a community never may",
					 MIB_NO_ACCESS, 1 };
	if (pdu->securityLevel < SNMP_SEC_LEVEL_AUTHNOPRIV)
		return (struct verdict){ RESULT_UNAUTHENTICATED,
					 "noAuthNoPriv proves nobody; changes need authPriv",
					 MIB_AUTHORIZATION_ERROR, 0 };
	if (pdu->securityLevel < SNMP_SEC_LEVEL_AUTHPRIV)
		return (struct verdict){ RESULT_FORBIDDEN, "changes need authPriv, not authNoPriv",
					 MIB_AUTHORIZATION_ERROR, 0 };
	if (!granted)
		return (struct verdict){ RESULT_FORBIDDEN, "this user has no access",
					 MIB_AUTHORIZATION_ERROR, 0 };
	return judge_views(pdu);
}

static void reply(netsnmp_session *session, netsnmp_pdu *pdu, const struct verdict *verdict)
{
	netsnmp_pdu *response = snmp_clone_pdu(pdu);

	if (!response)
		return;
	response->command = SNMP_MSG_RESPONSE;
	response->errstat = verdict->error;
	response->errindex = verdict->index;
	if (response->version == SNMP_VERSION_1)
		response->errstat = SNMP_ERR_NOSUCHNAME; /* RFC 3584, section 4.4 */
	if (!snmp_send(session, response))
		snmp_free_pdu(response);
}

bool mib_may_set(struct snmp_session *session, struct snmp_pdu *pdu)
{
	struct control_request request = { 0 };
	struct control_answer answer = { 0 };
	struct verdict verdict = judge(pdu);

	if (!verdict.why)
		return true;
	mib_principal(session, pdu, &request.who);
	if (verdict.result == RESULT_FORBIDDEN)
		request.who.role = ROLE_VIEWER;
	describe(pdu, &request);
	answer.result = verdict.result;
	snprintf(answer.detail, sizeof(answer.detail), "SNMP SET: %s", verdict.why);
	mib_refuse(&request, &answer);
	if (verdict.error)
		reply(session, pdu, &verdict);
	return false;
}
