/* SPDX-License-Identifier: MIT */
/*
 * The words and numbers of an answer: one table from result to name, HTTP status and SNMP error,
 * and the names of actions, ways in and roles. Pure; every way in reads it.
 */
#include "answer.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* SNMP error-status, RFC 3416, section 3. */
enum {
	SNMP_NO_ERROR = 0,
	SNMP_GEN_ERR = 5,
	SNMP_NO_ACCESS = 6,
	SNMP_WRONG_VALUE = 10,
	SNMP_NO_CREATION = 11,
	SNMP_INCONSISTENT_VALUE = 12,
	SNMP_RESOURCE_UNAVAILABLE = 13,
	SNMP_COMMIT_FAILED = 14,
	SNMP_AUTHORIZATION_ERROR = 16
};

const struct control_result_row control_results[RESULT_COUNT] = {
	[RESULT_OK] = { "ok", "Done", 200, SNMP_NO_ERROR },
	[RESULT_CHECKED] = { "checked", "Checked, nothing changed", 200, SNMP_NO_ERROR },
	[RESULT_UNAUTHENTICATED] = { "unauthenticated", "No valid credential", 401,
				     SNMP_AUTHORIZATION_ERROR },
	[RESULT_FORBIDDEN] = { "forbidden", "Not allowed", 403, SNMP_NO_ACCESS },
	[RESULT_NOT_FOUND] = { "not_found", "No such domain", 404, SNMP_NO_CREATION },
	[RESULT_AMBIGUOUS] = { "ambiguous", "Several domains bear that name", 409,
			       SNMP_INCONSISTENT_VALUE },
	[RESULT_DOM0] = { "dom0", "Domain 0 is never a subject", 403, SNMP_NO_CREATION },
	[RESULT_MALFORMED] = { "malformed", "The request can't be understood", 400,
			       SNMP_WRONG_VALUE },
	[RESULT_HARD_LIMIT] = { "hard_limit", "Outside what is ever allowed", 422,
				SNMP_WRONG_VALUE },
	[RESULT_SOFT_LIMIT] = { "soft_limit", "Outside what is wise", 409,
				SNMP_INCONSISTENT_VALUE },
	[RESULT_SELFBALLOONING] = { "selfballooning", "Selfballooning is on", 409,
				    SNMP_INCONSISTENT_VALUE },
	[RESULT_FOREIGN] = { "foreign", "Another manager owns this domain's target", 409,
			     SNMP_INCONSISTENT_VALUE },
	[RESULT_UNAVAILABLE] = { "unavailable", "Not possible now", 503,
				 SNMP_RESOURCE_UNAVAILABLE },
	[RESULT_FAILED] = { "failed", "Applying it failed", 500, SNMP_COMMIT_FAILED },
	[RESULT_DEPENDENCY] = { "dependency", "Another request of the same call failed", 424,
				SNMP_GEN_ERR },
	[RESULT_STALE] = { "stale", "Changed since it was looked at", 412,
			   SNMP_INCONSISTENT_VALUE },
};

static const char *const action_names[CONTROL_ACTION_COUNT] = {
	[CONTROL_SELFBALLOON] = "selfballoon",
	[CONTROL_TARGET] = "target",
	[CONTROL_POLICY] = "policy",
};

static const char *const interface_names[VIA_COUNT] = {
	[VIA_UNIX] = "unix",
	[VIA_HTTP] = "http",
	[VIA_SNMP] = "snmp",
	[VIA_AGENTX] = "agentx",
};

static const char *const role_names[] = {
	[ROLE_NONE] = "none",
	[ROLE_VIEWER] = "viewer",
	[ROLE_OPERATOR] = "operator",
};

const char *control_action_name(enum control_action action)
{
	return action_names[action];
}

const char *control_interface_name(enum control_interface via)
{
	return interface_names[via];
}

const char *control_role_name(enum control_role role)
{
	return role_names[role];
}

enum control_result answer_refuse(struct control_answer *answer, enum control_result result,
				  const char *limit, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(answer->detail, sizeof(answer->detail), format, arguments);
	va_end(arguments);
	answer->limit = limit;
	answer->result = result;
	return result;
}

enum control_result answer_stale(struct control_answer *answer)
{
	return answer_refuse(answer, RESULT_STALE, NULL,
			     "domain %" PRIu32 " is no longer as you saw it: look at it again, and "
			     "send its new ETag",
			     answer->domid);
}

void answer_unchanged(struct control_answer *answer)
{
	answer->after = answer->before;
	memcpy(answer->policy_after, answer->policy_before, sizeof(answer->policy_after));
}

void answer_detail(struct control_answer *answer, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(answer->detail, sizeof(answer->detail), format, arguments);
	va_end(arguments);
}

void answer_warn(struct control_answer *answer, const char *format, ...)
{
	size_t used = strlen(answer->warning);
	size_t start = used ? used + 1 : 0;
	va_list arguments;
	int n;

	va_start(arguments, format);
	n = vsnprintf(answer->warning + start, sizeof(answer->warning) - start, format, arguments);
	va_end(arguments);
	if (n < 0 || (size_t)n >= sizeof(answer->warning) - start)
		answer->warning[used] = '\0';
	else if (used)
		answer->warning[used] = ' ';
}

void answer_abandon(struct control_answer *answers, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (answers[i].result == RESULT_OK)
			answer_refuse(&answers[i], RESULT_DEPENDENCY, NULL,
				      "not done, because another request of the same call failed");
}
