/* SPDX-License-Identifier: MIT */
/*
 * Which policies may be ordered: what no guest takes is refused with a sentence that says what
 * would be right, and by the same rules of who and whom as any change.
 */
#include "control_host.h"
#include "tag.h"

static struct control_answer order(const char *policy)
{
	struct control_request request = ask(CONTROL_POLICY, "web1", 0);

	snprintf(request.policy, sizeof(request.policy), "%s", policy);
	return check(request);
}

static void what_is_taken(void **state)
{
	static const struct {
		const char *policy, *says;
	} rows[] = {
		{ "", NULL },
		{ "pressure", NULL },
		{ "committed floor=92 reserve_percent=3", NULL },
		{ "greedy", "committed, pressure or workingset" },
		{ "flor=92", "did you mean floor" },
		{ "floor=92 reserve_percent=101", "0 to 100" },
		{ "floor=92 floor=93", "set twice" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct control_answer answer = order(rows[i].policy);

		assert_int_equal(answer.result, rows[i].says ? RESULT_MALFORMED : RESULT_OK);
		if (rows[i].says && !strstr(answer.detail, rows[i].says))
			fail_msg("%s: says %s", rows[i].policy, answer.detail);
	}
}

static void before_and_after(void **state)
{
	struct control_answer answer;

	(void)state;
	snprintf(host->domain[0].policy_ordered, sizeof(host->domain[0].policy_ordered),
		 "floor=92");
	answer = order(" pressure  floor=96");
	assert_string_equal(answer.policy_before, "floor=92");
	assert_string_equal(answer.policy_after, "pressure floor=96");
	host->domain[0].manager = "squeezed";
	answer = order("pressure");
	assert_int_equal(answer.result, RESULT_FOREIGN);
	assert_string_equal(answer.policy_after, "floor=92");
}

static void who_and_whom(void **state)
{
	struct control_request request = ask(CONTROL_POLICY, "web1", 0);

	(void)state;
	strcpy(request.policy, "nonsense");
	request.who.role = ROLE_VIEWER;
	assert_int_equal(check(request).result, RESULT_FORBIDDEN);
	request.who.role = ROLE_OPERATOR;
	strcpy(request.policy, "pressure");
	strcpy(request.who.domains, "db*");
	assert_int_equal(check(request).result, RESULT_FORBIDDEN);
	*request.who.domains = '\0';
	strcpy(request.subject, "0");
	assert_int_equal(check(request).result, RESULT_DOM0);
	strcpy(request.subject, "nobody");
	assert_int_equal(check(request).result, RESULT_NOT_FOUND);
}

static void a_silent_guest(void **state)
{
	(void)state;
	assert_non_null(strstr(order("pressure").warning, "counts once its guest daemon runs"));
	assert_string_equal(order("").warning, "");
	strcpy(host->domain[0].policy, "committed");
	assert_string_equal(order("pressure").warning, "");
}

static void an_old_view(void **state)
{
	struct control_request request = ask(CONTROL_POLICY, "web1", 0);

	(void)state;
	tag_of_domain(&host->domain[0], request.match);
	assert_int_equal(check(request).result, RESULT_OK);
	strcpy(host->domain[0].policy_ordered, "floor=92");
	assert_int_equal(check(request).result, RESULT_STALE);
	tag_of_domain(&host->domain[0], request.match);
	assert_int_equal(check(request).result, RESULT_OK);
	strcpy(host->domain[0].policy_ordered, "floor=93");
	assert_int_equal(check(request).result, RESULT_STALE);
	assert_int_equal(target(300 * MIB).result, RESULT_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(what_is_taken),  EACH(before_and_after), EACH(who_and_whom),
		EACH(a_silent_guest), EACH(an_old_view),
	};

	return cmocka_run_group_tests_name("control_policy_check", tests, NULL, NULL);
}
