/* SPDX-License-Identifier: MIT */
/* What is asked of the audit trail behind the question mark, of a trail of hostile words. */
#include <stdlib.h>
#include <string.h>

#include "audit.h"
#include "audit_recent.h"
#include "fuzz.h"
#include "route.h"

static void begin(void)
{
	static const char *const names[] = { "web1", "7", "\x1b[31m\"", "gr\xc3\xbc\xc3", "" };

	MUST(audit_open("/dev/null") == 0);
	for (unsigned int i = 0; i < 40; i++) {
		struct control_request request = { .action = i % (CONTROL_ACTION_COUNT + 1),
						   .who = { .via = i % VIA_COUNT } };
		struct control_answer answer = { .result = i % RESULT_COUNT, .domid = i % 9 };

		snprintf(request.who.name, sizeof(request.who.name), "ops%u", i % 3);
		snprintf(request.subject, sizeof(request.subject), "%s", names[i % 5]);
		snprintf(answer.name, sizeof(answer.name), "%s", names[i % 4]);
		MUST(audit_write(&request, &answer) == 0);
	}
	MUST(audit_recent_last() == 40);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool begun;
	struct fuzz_input input = { data, size };
	char *query = fuzz_string(&input);
	struct exchange exchange = { .query = query };
	struct reply reply = { 0 };

	if (!begun)
		begin();
	begun = true;
	MUST(get_audit(&exchange, &reply));
	MUST(reply.status == 200 || reply.status == 400);
	fuzz_json(reply.text.bytes, reply.text.len);
	text_free(&reply.text);
	free(query);
	return 0;
}
