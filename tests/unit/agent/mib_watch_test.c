/* SPDX-License-Identifier: MIT */
/* What is told of and what is held back: troubles, the host, lives, floods. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "mib_watch.h"

#define TOLD_MAX 64

static struct told {
	enum mib_event event;
	uint32_t domid;
	enum mib_oper_state before;
	char name[16];
} told[TOLD_MAX];
static size_t told_count;

static const struct mib_watch_limits usual = {
	.host_free_kib = 1000, .host_recover_kib = 2000, .hold_ms = 60000, .per_minute = 60
};

static bool tell(void *context, const struct mib_notice *notice)
{
	struct told *to = &told[told_count++ % TOLD_MAX];
	const struct domain *domain = snapshot_find(notice->snapshot, notice->domid);

	(void)context;
	*to = (struct told){ notice->event, notice->domid, notice->before, "" };
	if (domain)
		snprintf(to->name, sizeof(to->name), "%.15s", domain->name);
	return true;
}

static struct snapshot *host(size_t count)
{
	struct snapshot *snapshot = snapshot_new(count);

	assert_non_null(snapshot);
	snapshot->store_up = snapshot->hypervisor_up = true;
	snapshot->host[HOST_FREE] = (struct reading){ READING_OK, 5000 };
	for (size_t i = 0; i < count; i++) {
		snapshot->domain[i].domid = (uint32_t)i + 1;
		snprintf(snapshot->domain[i].name, sizeof(snapshot->domain[i].name), "web%zu",
			 i + 1);
		snprintf(snapshot->domain[i].uuid, sizeof(snapshot->domain[i].uuid), "uuid%zu",
			 i + 1);
	}
	return snapshot;
}

/* Looks at it, and gives the caller's reference away; returns how much was told. */
static size_t look(struct mib_watch *watch, struct snapshot *snapshot, int64_t now_ms)
{
	size_t before = told_count;

	mib_watch_look(watch, snapshot, &usual, now_ms, tell, NULL);
	snapshot_release(snapshot);
	return told_count - before;
}

static struct snapshot *one_guest(enum domain_state state, enum domain_run run)
{
	struct snapshot *snapshot = host(1);

	snapshot->domain[0].state = state;
	snapshot->domain[0].run = run;
	return snapshot;
}

static int fresh(void **state)
{
	told_count = 0;
	*state = mib_watch_new();
	return *state ? 0 : -1;
}

static int done(void **state)
{
	mib_watch_free(*state);
	return 0;
}

static void test_a_trouble_is_told_once(void **state)
{
	assert_int_equal(look(*state, one_guest(STATE_STUCK, RUN_RUNNING), 1000), 1);
	assert_int_equal(told[0].event, EVENT_STUCK);
	assert_int_equal(told[0].domid, 1);
	assert_int_equal(look(*state, one_guest(STATE_STUCK, RUN_RUNNING), 99999), 0);
	assert_int_equal(look(*state, one_guest(STATE_CAPPED, RUN_RUNNING), 100000), 1);
	assert_int_equal(told[1].event, EVENT_CAPPED);
	assert_int_equal(look(*state, one_guest(STATE_SILENT, RUN_RUNNING), 100001), 1);
	assert_int_equal(told[2].event, EVENT_SILENT);
	assert_int_equal(look(*state, one_guest(STATE_REFUSED, RUN_RUNNING), 100002), 1);
	assert_int_equal(told[3].event, EVENT_REFUSED);
	assert_int_equal(mib_watch_suppressed(*state), 0);
}

static void test_a_flapping_guest_is_held_back(void **state)
{
	size_t count = look(*state, one_guest(STATE_STUCK, RUN_RUNNING), 1000);

	for (int64_t now = 2000; now < 61000; now += 1000)
		count +=
			look(*state,
			     one_guest(now % 2000 ? STATE_STUCK : STATE_GROWING, RUN_RUNNING), now);
	assert_int_equal(count, 1);
	assert_int_equal(mib_watch_suppressed(*state), 29);
	/* It lasts: told when its time has come. */
	assert_int_equal(look(*state, one_guest(STATE_STUCK, RUN_RUNNING), 60999), 0);
	assert_int_equal(look(*state, one_guest(STATE_STUCK, RUN_RUNNING), 61000), 1);
	assert_int_equal(mib_watch_suppressed(*state), 30);
}

static void test_the_host_has_hysteresis(void **state)
{
	static const struct {
		uint64_t free_kib;
		size_t told;
		enum mib_event event;
	} steps[] = {
		{ 5000, 0, 0 },
		{ 1000, 0, 0 },
		{ 999, 1, EVENT_HOST_LOW },
		{ 500, 0, 0 },
		{ 1500, 0, 0 },
		{ 900, 0, 0 },
		{ 1999, 0, 0 },
		{ 2000, 1, EVENT_HOST_RECOVERED },
		{ 1500, 0, 0 },
		{ 999, 1, EVENT_HOST_LOW },
	};

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		struct snapshot *snapshot = host(0);

		snapshot->host[HOST_FREE].value = steps[i].free_kib;
		assert_int_equal(look(*state, snapshot, (int64_t)i), steps[i].told);
		if (steps[i].told)
			assert_int_equal(told[told_count - 1].event, steps[i].event);
	}
}

static struct snapshot *without_store(enum domain_state state)
{
	struct snapshot *snapshot = one_guest(state, RUN_RUNNING);

	snapshot->store_up = false;
	return snapshot;
}

static void test_a_lost_store_is_one_notice(void **state)
{
	look(*state, one_guest(STATE_CONVERGED, RUN_RUNNING), 0);
	assert_int_equal(look(*state, without_store(STATE_CONVERGED), 1000), 1);
	assert_int_equal(told[0].event, EVENT_STORE_LOST);
	/* That the guests can't be heard is no news then; who could be, and isn't, the state says.
	 */
	assert_int_equal(look(*state, without_store(STATE_UNKNOWN), 100000), 0);
	assert_int_equal(look(*state, one_guest(STATE_UNKNOWN, RUN_RUNNING), 101000), 1);
	assert_int_equal(told[1].event, EVENT_STORE_BACK);
	assert_int_equal(look(*state, one_guest(STATE_UNKNOWN, RUN_RUNNING), 134999), 0);
	assert_int_equal(look(*state, one_guest(STATE_SILENT, RUN_RUNNING), 135001), 1);
	assert_int_equal(told[2].event, EVENT_SILENT);
}

static void test_a_guests_life(void **state)
{
	static const struct {
		enum domain_run run;
		enum mib_event event;
	} steps[] = {
		{ RUN_PAUSED, EVENT_VM_PAUSED },
		{ RUN_RUNNING, EVENT_VM_RUNNING },
		{ RUN_SUSPENDED, EVENT_VM_SUSPENDED },
		{ RUN_RUNNING, EVENT_VM_RUNNING },
		{ RUN_SHUTTING_DOWN, EVENT_VM_SHUTTING_DOWN },
		{ RUN_CRASHED, EVENT_VM_CRASHED },
	};
	enum domain_run before = RUN_RUNNING;

	assert_int_equal(look(*state, one_guest(STATE_CONVERGED, RUN_RUNNING), 0), 0);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		assert_int_equal(look(*state, one_guest(STATE_CONVERGED, steps[i].run), 1000), 1);
		assert_int_equal(told[i].event, steps[i].event);
		assert_int_equal(told[i].before, mib_oper_state(before));
		before = steps[i].run;
	}
	assert_int_equal(look(*state, host(0), 1000), 1);
	assert_int_equal(told[told_count - 1].event, EVENT_VM_DELETED);
	assert_int_equal(told[told_count - 1].before, OPER_CRASHED);
	assert_string_equal(told[told_count - 1].name, "web1");
	/* One that is built is paused; it is told of when it runs. */
	assert_int_equal(look(*state, one_guest(STATE_CONVERGED, RUN_PAUSED), 2000), 0);
	assert_int_equal(look(*state, one_guest(STATE_CONVERGED, RUN_RUNNING), 3000), 1);
	assert_int_equal(look(*state, host(0), 3000), 1);
	assert_int_equal(look(*state, one_guest(STATE_CONVERGED, RUN_RUNNING), 4000), 1);
	assert_int_equal(told[told_count - 1].event, EVENT_VM_RUNNING);
	assert_int_equal(told[told_count - 1].before, OPER_SHUTDOWN);
}

static void test_a_domid_used_again_is_another_guest(void **state)
{
	struct snapshot *other = host(3);

	look(*state, host(3), 0);
	snprintf(other->domain[1].uuid, sizeof(other->domain[1].uuid), "another");
	snprintf(other->domain[1].name, sizeof(other->domain[1].name), "mail");
	assert_int_equal(look(*state, other, 1000), 2);
	assert_int_equal(told[0].event, EVENT_VM_RUNNING);
	assert_string_equal(told[0].name, "mail");
	assert_int_equal(told[1].event, EVENT_VM_DELETED);
	assert_string_equal(told[1].name, "web2");
}

static void test_everything_together_is_bounded(void **state)
{
	struct snapshot *snapshot = host(1000);
	size_t count;

	for (size_t i = 0; i < 1000; i++)
		snapshot->domain[i].state = STATE_STUCK;
	snapshot_again(snapshot);
	snapshot_again(snapshot);
	assert_int_equal(look(*state, snapshot, 100000), 60);
	assert_int_equal(mib_watch_suppressed(*state), 940);
	/* Those that wait count once, and come as there is room. */
	assert_int_equal(look(*state, snapshot, 100500), 0);
	count = look(*state, snapshot, 110000);
	assert_in_range(count, 9, 11);
	assert_int_equal(mib_watch_suppressed(*state), 940);
}

static void test_a_change_is_told_with_its_principal(void **state)
{
	struct feed_change change = { .domid = 1 };
	struct mib_watch_limits none = usual;
	struct snapshot *snapshot = host(1);

	mib_watch_change(*state, snapshot, &change, &usual, 0, tell, NULL);
	assert_int_equal(told_count, 1);
	assert_int_equal(told[0].event, EVENT_CHANGED);
	none.per_minute = 0;
	mib_watch_change(*state, snapshot, &change, &none, 0, tell, NULL);
	assert_int_equal(told_count, 1);
	assert_int_equal(mib_watch_suppressed(*state), 0);
	snapshot_release(snapshot);
}

static void test_the_feed_keeps_the_latest(void **state)
{
	struct control_request request = { .action = CONTROL_TARGET };
	struct control_answer answer = { .result = RESULT_OK };
	struct feed_change change;
	uint64_t serial = 0, missed = 0;

	(void)state;
	assert_false(feed_next(&serial, &change, &missed));
	for (uint32_t domid = 1; domid <= FEED_KEPT + 5; domid++) {
		answer.domid = domid;
		feed_put(&request, &answer);
	}
	for (uint32_t domid = 6; domid <= FEED_KEPT + 5; domid++) {
		assert_true(feed_next(&serial, &change, &missed));
		assert_int_equal(change.domid, domid);
	}
	assert_false(feed_next(&serial, &change, &missed));
	assert_int_equal(missed, 5);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fresh, done)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_trouble_is_told_once),
		TEST(test_a_flapping_guest_is_held_back),
		TEST(test_the_host_has_hysteresis),
		TEST(test_a_lost_store_is_one_notice),
		TEST(test_a_guests_life),
		TEST(test_a_domid_used_again_is_another_guest),
		TEST(test_everything_together_is_bounded),
		TEST(test_a_change_is_told_with_its_principal),
		TEST(test_the_feed_keeps_the_latest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
