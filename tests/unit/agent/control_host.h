/* SPDX-License-Identifier: MIT */
/* Two guests on a host that requests are checked against, for the tests of control_check(). */
#ifndef XENBALLOON_TEST_CONTROL_HOST_H
#define XENBALLOON_TEST_CONTROL_HOST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "control.h"

#define MIB UINT64_C(1024)

static struct snapshot *host;
static struct control_limits limits;

static struct reading ok(uint64_t value)
{
	return (struct reading){ READING_OK, value };
}

/* Two guests of 512 MiB at 256 that both report, on a host with 300 MiB free. */
static int setup(void **state)
{
	static const char *const names[] = { "web1", "web2" };

	(void)state;
	host = snapshot_new(2);
	if (!host)
		return -1;
	host->store_up = host->hypervisor_up = true;
	host->host[HOST_FREE] = ok(300 * MIB);
	limits = (struct control_limits){ .reserve_kib = 44 * MIB };
	for (uint32_t i = 0; i < 2; i++) {
		struct domain *domain = &host->domain[i];

		domain->domid = i + 1;
		snprintf(domain->uuid, sizeof(domain->uuid),
			 "00000000-0000-4000-8000-00000000000%u", i + 1);
		snprintf(domain->name, sizeof(domain->name), "%s", names[i]);
		domain->value[VALUE_STATIC_MAX] = ok(512 * MIB);
		domain->value[VALUE_TARGET] = ok(256 * MIB);
		domain->value[VALUE_ALLOCATED] = ok(256 * MIB);
		domain->value[VALUE_MINIMUM] = ok(100 * MIB);
		domain->value[VALUE_SELFBALLOON] = ok(0);
		domain->value[VALUE_LAST_REPORT] = ok(1);
		domain->has_swap = true;
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	snapshot_release(host);
	return 0;
}

static struct control_request ask(enum control_action action, const char *subject, uint64_t value)
{
	struct control_request request = { .who = { "ops", ROLE_OPERATOR, VIA_HTTP, "::1" },
					   .action = action,
					   .value = value };

	snprintf(request.subject, sizeof(request.subject), "%s", subject);
	return request;
}

static struct control_answer check(struct control_request request)
{
	struct control_answer answer;
	enum control_result result = control_check(host, &limits, &request, &answer);

	assert_int_equal(result, answer.result);
	return answer;
}

static inline struct control_answer target(uint64_t kib)
{
	return check(ask(CONTROL_TARGET, "web1", kib));
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

#endif
