/* SPDX-License-Identifier: MIT */
/*
 * The phases of SET (RFC 3416, 4.2.5, as net-snmp calls them): RESERVE1 types and names, RESERVE2
 * the limits, ACTION the change, UNDO what stood before. Knows no store and no limits; those are
 * control's. Called by serve.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <net-snmp/net-snmp-config.h>

#include <net-snmp/net-snmp-includes.h>

#include <net-snmp/agent/net-snmp-agent-includes.h>

#include "config.h"
#include "mib_object.h"
#include "mib_refusal.h"
#include "mib_serve.h"
#include "mib_set.h"

#define CHANGES_MAX    256 /* in one PDU */
#define AGENTX_WAIT_MS 800

/* The SET under way. net-snmp begins no other before it has ended this one. */
static struct transaction {
	struct principal who;
	size_t count;
	int index[CHANGES_MAX]; /* of each change's varbind */
	struct control_request request[CHANGES_MAX];
	struct control_answer answer[CHANGES_MAX];
	struct control_undo undo[CHANGES_MAX];
	bool applied;
	int lock_index; /* 0: the PDU doesn't name xbControlLock */
	uint32_t lock;
} *transaction;

static void end(void)
{
	free(transaction);
	transaction = NULL;
}

static enum mib_syntax syntax_of(const netsnmp_variable_list *varbind)
{
	switch (varbind->type) {
	case ASN_INTEGER:
		return MIB_INTEGER;
	case ASN_UNSIGNED:
		return MIB_UNSIGNED;
	case ASN_OCTET_STR:
		return MIB_STRING;
	default:
		return MIB_OTHER;
	}
}

/* Of a string its length; -1 for one with a NUL inside, which no column takes. */
static int64_t number_of(const netsnmp_variable_list *varbind)
{
	if (syntax_of(varbind) == MIB_OTHER || !varbind->val.integer)
		return 0;
	if (syntax_of(varbind) == MIB_STRING)
		return memchr(varbind->val.string, 0, varbind->val_len) ? -1
									: (int64_t)varbind->val_len;
	return syntax_of(varbind) == MIB_UNSIGNED ? (int64_t)(uint32_t)*varbind->val.integer
						  : (int64_t)*varbind->val.integer;
}

/* Fills action, subject and value for a writable column; false for anything else. */
static bool describe(const struct mib_instance *instance, const netsnmp_variable_list *varbind,
		     struct control_request *request)
{
	const struct domain *domain = instance->domain;
	int64_t number = number_of(varbind);

	if (instance->object->write == MIB_WRITE_TARGET) {
		request->action = CONTROL_TARGET;
		request->value = number > 0 ? (uint64_t)number : 0;
	} else if (instance->object->write == MIB_WRITE_SELFBALLOON) {
		request->action = CONTROL_SELFBALLOON;
		request->value = number == 1;
	} else if (instance->object->write == MIB_WRITE_POLICY) {
		request->action = CONTROL_POLICY;
		if (number > 0 && number <= CONTRACT_POLICY_MAX)
			memcpy(request->policy, varbind->val.string, (size_t)number);
	} else {
		return false;
	}
	snprintf(request->subject, sizeof(request->subject), "%lu",
		 (unsigned long)varbind->name[varbind->name_length - 1]);
	/* The domain that this request met, whatever becomes of its domid. */
	if (domain) {
		request->domid = domain->domid;
		memcpy(request->uuid, domain->uuid, sizeof(request->uuid));
	}
	return true;
}

bool mib_set_describe(const struct variable_list *varbind, struct control_request *request)
{
	const struct snapshot *snapshot = snapshot_acquire();
	struct mib_instance instance;
	bool known = mib_locate(snapshot, varbind->name, varbind->name_length, &instance) !=
			     MIB_NO_OBJECT &&
		     describe(&instance, varbind, request);

	snapshot_release(snapshot);
	return known;
}

static void fail(netsnmp_request_info *requests, int index, int error)
{
	for (netsnmp_request_info *at = requests; at; at = at->next) {
		if (at->index == index)
			netsnmp_request_set_error(at, error);
	}
}

static const char *explain(enum mib_error error)
{
	switch (error) {
	case MIB_WRONG_TYPE:
		return "wrong type: xbDomainTarget is Unsigned32, xbDomainSelfballoon INTEGER, "
		       "xbDomainPolicyOrdered a string";
	case MIB_WRONG_VALUE:
		return "wrong value: xbDomainTarget takes KiB, xbDomainSelfballoon true(1), "
		       "false(2), xbDomainPolicyOrdered words";
	case MIB_WRONG_LENGTH:
		return "too long: xbDomainPolicyOrdered takes 255 bytes at most";
	case MIB_NO_CREATION:
		return "no such domain; rows come and go with the guests";
	default:
		return "not writable: only xbDomainTarget, xbDomainSelfballoon and "
		       "xbDomainPolicyOrdered are";
	}
}

static void refuse_malformed(const struct principal *who, const netsnmp_variable_list *varbind,
			     enum mib_error error)
{
	struct control_request request = { .who = *who };
	struct control_answer answer = { .result = RESULT_MALFORMED };

	if (error == MIB_NO_CREATION)
		answer.result = RESULT_NOT_FOUND;
	if (!mib_set_describe(varbind, &request))
		request.action = CONTROL_ACTION_COUNT; /* nothing that changes a guest */
	snprintf(answer.detail, sizeof(answer.detail), "%s", explain(error));
	mib_refuse(&request, &answer);
}

/* Takes one varbind into the transaction. */
static enum mib_error reserve(const struct snapshot *snapshot, netsnmp_request_info *request)
{
	const netsnmp_variable_list *varbind = request->requestvb;
	struct mib_instance instance;
	enum mib_found found = mib_locate(snapshot, varbind->name, varbind->name_length, &instance);
	struct control_request *change = &transaction->request[transaction->count];
	enum mib_error error;

	if (found == MIB_NO_OBJECT)
		return MIB_NOT_WRITABLE;
	error = mib_check_write(instance.object->write, syntax_of(varbind), number_of(varbind));
	if (error == MIB_OK && found == MIB_NO_INSTANCE)
		return MIB_NO_CREATION;
	if (error != MIB_OK)
		return error;
	if (instance.object->write == MIB_WRITE_LOCK) {
		transaction->lock_index = request->index;
		transaction->lock = (uint32_t)number_of(varbind);
		return MIB_OK;
	}
	if (transaction->count == CHANGES_MAX)
		return MIB_RESOURCE_UNAVAILABLE;
	describe(&instance, varbind, change);
	change->who = transaction->who;
	transaction->index[transaction->count++] = request->index;
	return MIB_OK;
}

/* By AgentX one must take snmpd's word, which the administrator has to allow. */
static bool granted(const struct principal *who)
{
	const struct config *config = config_acquire();
	bool yes = who->via != VIA_AGENTX || config->snmp_agentx_set;

	config_release(config);
	return yes;
}

static void refuse_all(netsnmp_request_info *requests)
{
	struct control_answer answer = { .result = RESULT_FORBIDDEN };

	snprintf(answer.detail, sizeof(answer.detail),
		 "changes through snmpd need snmp.agentx_set: true");
	for (netsnmp_request_info *at = requests; at; at = at->next) {
		struct control_request request = { .who = transaction->who };

		if (!mib_set_describe(at->requestvb, &request))
			request.action = CONTROL_ACTION_COUNT;
		mib_refuse(&request, &answer);
	}
	netsnmp_request_set_error(requests, MIB_NOT_WRITABLE);
}

static void reserve1(netsnmp_agent_request_info *reqinfo, netsnmp_request_info *requests)
{
	const struct snapshot *snapshot;
	enum mib_error error = MIB_OK;

	end();
	transaction = calloc(1, sizeof(*transaction));
	if (!transaction) {
		netsnmp_request_set_error(requests, MIB_RESOURCE_UNAVAILABLE);
		return;
	}
	mib_principal(reqinfo->asp->session, reqinfo->asp->pdu, &transaction->who);
	if (!granted(&transaction->who)) {
		refuse_all(requests);
		return;
	}
	transaction->who.role = ROLE_OPERATOR; /* VACM, ours or snmpd's, has let it pass */
	snapshot = snapshot_acquire();
	for (netsnmp_request_info *at = requests; at && error == MIB_OK; at = at->next) {
		error = reserve(snapshot, at);
		if (error == MIB_OK)
			continue;
		refuse_malformed(&transaction->who, at->requestvb, error);
		netsnmp_request_set_error(at, error);
	}
	snapshot_release(snapshot);
}

/* Sets the errors of all that were refused themselves, not for another's sake. */
static void report(netsnmp_request_info *requests, bool audit)
{
	for (size_t i = 0; i < transaction->count; i++) {
		const struct control_answer *answer = &transaction->answer[i];

		if (answer->result == RESULT_OK)
			continue;
		if (audit)
			mib_refuse(&transaction->request[i], answer);
		if (answer->result != RESULT_DEPENDENCY)
			fail(requests, transaction->index[i],
			     control_results[answer->result].snmp_error);
	}
}

/* Another manager has moved the lock since this one read it. */
static void refuse_stale(netsnmp_request_info *requests)
{
	for (size_t i = 0; i < transaction->count; i++) {
		struct control_answer *answer = &transaction->answer[i];

		answer->result = RESULT_DEPENDENCY;
		snprintf(answer->detail, sizeof(answer->detail),
			 "xbControlLock is %u, not %u: read it again and retry", mib_lock(),
			 transaction->lock);
		mib_refuse(&transaction->request[i], answer);
	}
	fail(requests, transaction->lock_index, MIB_INCONSISTENT_VALUE);
}

static void reserve2(netsnmp_request_info *requests)
{
	const struct config *config = config_acquire();
	const struct control_limits limits = { config->control_reserve_kib };
	const struct snapshot *snapshot = snapshot_acquire();

	if (transaction->lock_index && transaction->lock != mib_lock())
		refuse_stale(requests);
	else if (!control_check_all(snapshot, &limits, transaction->request, transaction->answer,
				    transaction->count))
		report(requests, true);
	snapshot_release(snapshot);
	config_release(config);
}

/* snmpd waits one second (agentXTimeout) and then drops the whole session. */
static int timeout_ms(void)
{
	const struct config *config = config_acquire();
	int timeout = (int)config->control_timeout_ms;

	config_release(config);
	if (transaction->who.via == VIA_AGENTX && timeout > AGENTX_WAIT_MS)
		timeout = AGENTX_WAIT_MS;
	return timeout;
}

static void action(netsnmp_request_info *requests)
{
	struct transaction *now = transaction;

	now->applied = true;
	if (now->count)
		control_call(now->request, now->answer, now->undo, now->count, timeout_ms());
	for (size_t i = 0; i < now->count; i++)
		now->applied &= now->answer[i].result == RESULT_OK;
	if (!now->applied)
		report(requests, false); /* control_call() has audited them */
	else if (now->lock_index)
		mib_set_lock((now->lock + 1) & INT32_MAX);
}

static void undo(netsnmp_request_info *requests)
{
	struct transaction *now = transaction;

	if (now->applied && now->count &&
	    control_revert(now->undo, now->count, &now->who, timeout_ms()) < 0)
		fail(requests, now->index[0], SNMP_ERR_UNDOFAILED);
	if (now->applied && now->lock_index)
		mib_set_lock(now->lock);
	end();
}

void mib_set_phase(netsnmp_agent_request_info *reqinfo, netsnmp_request_info *requests)
{
	if (reqinfo->mode == MODE_SET_RESERVE1) {
		reserve1(reqinfo, requests);
		return;
	}
	if (!transaction)
		return;
	switch (reqinfo->mode) {
	case MODE_SET_RESERVE2:
		reserve2(requests);
		break;
	case MODE_SET_ACTION:
		action(requests);
		break;
	case MODE_SET_UNDO:
		undo(requests);
		break;
	default:
		end();
		break;
	}
}
