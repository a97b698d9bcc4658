/* SPDX-License-Identifier: MIT */
/*
 * A policy of dom0's: written, taken back, undone with what else was changed, kept by UUID and put
 * back in a domain that comes back.
 */
#include "control_world.h"

#include "restore.h"

static struct result order(uint32_t domid, const char *policy)
{
	struct control_request request = ask(CONTROL_POLICY, 0);

	snprintf(request.policy, sizeof(request.policy), "%s", policy);
	return apply(&request, &domid, 1);
}

static const char *kept(uint32_t domid)
{
	static struct decision decision;

	assert_int_equal(decision_load(uuid_of(domid), &decision), 0);
	return decision.decided.policy;
}

static void ordered_and_taken_back(void **state)
{
	struct control_answer answer = order(1, "  pressure floor=96MiB ").answer[0];

	(void)state;
	assert_int_equal(answer.result, RESULT_OK);
	assert_string_equal(answer.policy_before, "");
	assert_string_equal(answer.policy_after, "pressure floor=96MiB");
	assert_string_equal(get(1, "policy"), "pressure floor=96MiB");
	assert_string_equal(kept(1), "pressure floor=96MiB");
	/* Nothing else of it changed. */
	assert_string_equal(get(1, "target"), "200000");
	assert_int_equal(cap(1), 200000 + SLACK);
	assert_int_equal(decided(1), -1);
	assert_false(noted(1));
	answer = order(1, "").answer[0];
	assert_int_equal(answer.result, RESULT_OK);
	assert_string_equal(answer.policy_before, "pressure floor=96MiB");
	assert_string_equal(get(1, "policy"), "(none)");
	assert_string_equal(kept(1), "");
}

static void longest(void **state)
{
	char text[CONTRACT_POLICY_MAX + 1];

	(void)state;
	memset(text, 'x', CONTRACT_POLICY_MAX);
	text[CONTRACT_POLICY_MAX] = '\0';
	assert_int_equal(order(1, text).answer[0].result, RESULT_OK);
	assert_string_equal(get(1, "policy"), text);
	assert_string_equal(kept(1), text);
	assert_string_equal(order(1, "").answer[0].policy_before, text);
}

static void undone(void **state)
{
	struct result result;

	(void)state;
	order(1, "floor=96");
	result = order(1, "floor=100");
	assert_int_equal(restore_undone(store, hypervisor, result.undo, 1), 0);
	assert_string_equal(get(1, "policy"), "floor=96");
	assert_string_equal(kept(1), "floor=96");
}

static void with_a_switch(void **state)
{
	struct control_request requests[] = { ask(CONTROL_POLICY, 0), ask(CONTROL_SELFBALLOON, 1) };
	const uint32_t domids[] = { 1, 1 };
	struct result result;

	(void)state;
	strcpy(requests[0].policy, "pressure");
	result = apply(requests, domids, 2);
	assert_int_equal(result.answer[0].result, RESULT_OK);
	assert_int_equal(result.answer[1].result, RESULT_OK);
	assert_string_equal(get(1, "policy"), "pressure");
	assert_string_equal(get(1, "selfballoon"), "1");
	assert_int_equal(decided(1), 1);
	assert_string_equal(kept(1), "pressure");
	assert_int_equal(restore_undone(store, hypervisor, result.undo, 2), 0);
	assert_string_equal(get(1, "policy"), "(none)");
	assert_string_equal(get(1, "selfballoon"), "");
}

static void comes_back(void **state)
{
	struct decision decision = { .decided.policy = "floor=96", .domid = 9 };

	(void)state;
	assert_int_equal(decision_save(uuid_of(1), &decision), 0);
	assert_int_equal(control_restore(store, hypervisor, 1, uuid_of(1)), 0);
	assert_string_equal(get(1, "policy"), "floor=96");
	assert_string_equal(get(1, "selfballoon"), "");
	assert_int_equal(decided(1), -1);
	/* In force: what another tool does is left alone. */
	key(1, "policy")->exists = false;
	assert_int_equal(control_restore(store, hypervisor, 1, uuid_of(1)), 0);
	assert_string_equal(get(1, "policy"), "(none)");
}

/* The switch can't be put back where no maximum is known; the policy needs none. */
static void comes_back_without_the_switch(void **state)
{
	struct decision decision = {
		.decided = { .selfballoon = { READING_OK, 1 }, .policy = "floor=96" }, .domid = 9
	};

	(void)state;
	put(1, "static-max", "-");
	assert_int_equal(decision_save(uuid_of(1), &decision), 0);
	assert_int_equal(control_restore(store, hypervisor, 1, uuid_of(1)), 0);
	assert_string_equal(get(1, "policy"), "floor=96");
	assert_string_equal(get(1, "selfballoon"), "");
	/* It is, once it is known. */
	put(1, "static-max", "%" PRIu64, STATIC_MAX);
	assert_int_equal(control_restore(store, hypervisor, 1, uuid_of(1)), 0);
	assert_string_equal(get(1, "selfballoon"), "1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(ordered_and_taken_back), EACH(longest),	EACH(undone),
		EACH(with_a_switch),	      EACH(comes_back), EACH(comes_back_without_the_switch),
	};

	return world_run("control_policy", tests, sizeof(tests) / sizeof(tests[0]));
}
