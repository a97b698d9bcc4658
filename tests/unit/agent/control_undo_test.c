/* SPDX-License-Identifier: MIT */
/*
 * Each call of a change fails once, and dies once: what is left is the state before or the state
 * after, not a mixture. And what is put back when a domain or the agent comes back.
 */
#include "control_world.h"

#include <sys/wait.h>

#include "restore.h"

/* Grows one, shrinks one, switches one on: every kind of step, 10 changing calls in all. */
static const struct control_request mixed[3] = { { .action = CONTROL_TARGET, .value = 300000 },
						 { .action = CONTROL_SELFBALLOON, .value = 1 },
						 { .action = CONTROL_TARGET, .value = 100000 } };
static const uint32_t mixed_domids[3] = { 1, 2, 3 };
#define MIXED_CALLS 10

/* They have their keys again, and what these held, also after a change that failed. */
static void held_guests_are_let_go(void **state)
{
	(void)state;
	fake->flooding = true;
	put(1, "selfballoon", "1");
	fake->conflicts = 1000;
	apply(mixed, mixed_domids, 3);
	for (uint32_t domid = 1; domid <= GUESTS; domid++)
		assert_true(key(domid, "selfballoon")->granted);
	assert_string_equal(get(1, "selfballoon"), "1");
	fake->conflicts = 8;
	fake->vanish_at = 4;
	apply(mixed, mixed_domids, 3);
	assert_true(key(1, "selfballoon")->granted && key(3, "selfballoon")->granted);
}

static void nobody_waits_any_more(void **state)
{
	static const struct control_request requests[] = {
		{ .action = CONTROL_TARGET, .value = 100000 },
		{ .action = CONTROL_TARGET, .value = 300000 }
	};
	static const uint32_t domids[] = { 1, 3 };
	struct world before = fake->world;

	(void)state;
	fake->calls_expire = 1;
	for (; fake->calls_expire < 7; fake->calls_expire++) {
		struct result result;

		fake->calls = 0;
		result = apply(requests, domids, 2);
		assert_int_equal(result.answer[0].result, RESULT_UNAVAILABLE);
		assert_int_equal(result.answer[1].result, RESULT_UNAVAILABLE);
		assert_memory_equal(&before, &fake->world, sizeof(before));
		assert_false(noted(1) || noted(3));
	}
}

static void calls_are_all_seen(void **state)
{
	(void)state;
	apply(mixed, mixed_domids, 3);
	assert_int_equal(fake->calls, MIXED_CALLS);
}

/* Whichever call fails, everything is as it was. */
static void each_call_fails(void **state)
{
	for (int at = 1; at <= MIXED_CALLS; at++) {
		struct world before;
		struct result result;

		assert_int_equal(setup(state), 0);
		before = fake->world;
		fake->fail_at = at;
		fake->fail_with = -ENOMEM;
		result = apply(mixed, mixed_domids, 3);
		for (size_t i = 0; i < 3; i++) {
			assert_int_equal(result.answer[i].result, RESULT_FAILED);
			assert_non_null(strstr(result.answer[i].detail, "nothing has changed"));
			assert_false(result.undo[i].valid);
			assert_int_equal(decided((uint32_t)i + 1), -1);
		}
		assert_memory_equal(&before, &fake->world, sizeof(before));
	}
}

/* The state directory can't be written: no change without a note. */
static void no_note_no_change(void **state)
{
	struct world before = fake->world;

	(void)state;
	decision_close();
	assert_int_equal(one(CONTROL_TARGET, 1, 300000).result, RESULT_FAILED);
	assert_memory_equal(&before, &fake->world, sizeof(before));
	assert_int_equal(decision_open(directory), 0);
}

/* Cap, target and selfballoon of a domain are those before or those after, not a mixture. */
static bool is_after(uint32_t domid)
{
	static const struct {
		const char *target, *selfballoon, *memory;
		uint64_t cap;
	} after[GUESTS] = { { "300000", "", "292", 301024 },
			    { "200000", "1", "195", 525312 },
			    { "100000", "", "97", 101024 } };
	bool moved = cap(domid) != 201024;

	assert_string_equal(get(domid, "target"), moved ? after[domid - 1].target : "200000");
	assert_string_equal(get(domid, "selfballoon"), moved ? after[domid - 1].selfballoon : "");
	assert_string_equal(get(domid, "memory"), moved ? after[domid - 1].memory : "195");
	assert_int_equal(cap(domid), moved ? after[domid - 1].cap : 201024);
	return moved;
}

static void die(int at)
{
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		fake->die_at = at;
		apply(mixed, mixed_domids, 3);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(WEXITSTATUS(status), at > MIXED_CALLS ? 0 : KILLED);
	/* The server ends the transactions of a client that is gone. */
	if (fake->open)
		roll_back();
	fake->die_at = 0;
}

static void death_at_each_call(void **state)
{
	for (int at = 1; at <= MIXED_CALLS + 1; at++) {
		assert_int_equal(setup(state), 0);
		die(at);
		for (uint32_t domid = 1; domid <= GUESTS; domid++) {
			assert_int_equal(control_restore(store, hypervisor, domid, uuid_of(domid)),
					 0);
			assert_int_equal(is_after(domid), at > MIXED_CALLS);
			assert_false(noted(domid));
		}
		/* Nothing is left to do. */
		fake->log[0] = '\0';
		for (uint32_t domid = 1; domid <= GUESTS; domid++)
			control_restore(store, hypervisor, domid, uuid_of(domid));
		assert_string_equal(fake->log, "");
	}
}

/* It dies again while it puts things back. */
static void death_while_putting_back(void **state)
{
	for (int at = 1; at <= 6; at++) {
		int status;
		pid_t child;

		assert_int_equal(setup(state), 0);
		die(MIXED_CALLS); /* before the last cap is lowered */
		fake->calls = 0;
		child = fork();
		if (child == 0) {
			fake->die_at = at;
			control_restore(store, hypervisor, 1, uuid_of(1));
			_exit(0);
		}
		assert_int_equal(waitpid(child, &status, 0), child);
		if (fake->open)
			roll_back();
		fake->die_at = 0;
		assert_int_equal(control_restore(store, hypervisor, 1, uuid_of(1)), 0);
		assert_false(is_after(1));
		assert_false(noted(1));
	}
}

/* The server goes away at some call and comes back: the note ends what nobody could. */
static void store_lost_at_each_call(void **state)
{
	for (int at = 1; at <= MIXED_CALLS; at++) {
		struct result result;

		assert_int_equal(setup(state), 0);
		fake->fail_at = at;
		fake->fail_on = true;
		fake->fail_with = -ENOTCONN;
		result = apply(mixed, mixed_domids, 3);
		assert_int_equal(result.answer[0].result, RESULT_UNAVAILABLE);
		fake->fail_at = 0;
		for (uint32_t domid = 1; domid <= GUESTS; domid++) {
			assert_int_equal(control_restore(store, hypervisor, domid, uuid_of(domid)),
					 0);
			assert_false(is_after(domid));
			assert_false(noted(domid));
		}
	}
}

/* As SNMP's UNDO does: byte for byte, and dom0's decision with it. */
static void taken_back_by_its_undo(void **state)
{
	struct world before;
	struct result first, second;

	(void)state;
	put(2, "selfballoon", "rubbish");
	assert_int_equal(one(CONTROL_SELFBALLOON, 3, 0).result, RESULT_OK);
	put(3, "selfballoon", "%s", "");
	before = fake->world;
	first = apply(mixed, mixed_domids, 3);
	assert_int_equal(decided(2), 1);
	assert_int_equal(restore_undone(store, hypervisor, first.undo, 3), 0);
	assert_memory_equal(&before, &fake->world, sizeof(before));
	assert_int_equal(decided(2), -1);
	assert_int_equal(decided(3), 0);
	/* Not into another domain that came in its place. */
	second = apply(mixed, mixed_domids, 3);
	put(1, "vm", "/vm/%s", uuid_of(2));
	before = fake->world;
	assert_int_equal(restore_undone(store, hypervisor, second.undo, 3), -ESTALE);
	assert_memory_equal(&before, &fake->world, sizeof(before));
}

static void note_of_a_domain_that_is_gone(void **state)
{
	struct decision decision = { .changing = { .domid = 2, .cap_kib = 1, .valid = true } };

	(void)state;
	assert_int_equal(decision_save(uuid_of(1), &decision), 0);
	assert_int_equal(control_restore(store, hypervisor, 1, uuid_of(1)), 0);
	assert_string_equal(fake->log, "");
	assert_false(noted(1));
}

static void decision_comes_back(void **state)
{
	struct decision on = { .decided.selfballoon = { READING_OK, 1 } };

	(void)state;
	assert_int_equal(decision_save(uuid_of(1), &on), 0);
	assert_int_equal(control_restore(store, hypervisor, 1, uuid_of(1)), 0);
	assert_string_equal(fake->log, "cap1=525312 selfballoon=1 commit ");
	assert_int_equal(decided(1), 1);
	on.decided.selfballoon.value = 0;
	fake->log[0] = '\0';
	assert_int_equal(decision_save(uuid_of(3), &on), 0);
	assert_int_equal(control_restore(store, hypervisor, 3, uuid_of(3)), 0);
	assert_string_equal(fake->log, "selfballoon=0 commit ");
	assert_int_equal(cap(3), 200000 + SLACK);
	/* Never decided: left alone. */
	fake->log[0] = '\0';
	assert_int_equal(control_restore(store, hypervisor, 2, uuid_of(2)), 0);
	assert_string_equal(fake->log, "");
}

/* The agent starts anew; what the guest and other tools did since is theirs. */
static void decision_in_force_stays_as_it_is(void **state)
{
	(void)state;
	assert_int_equal(one(CONTROL_SELFBALLOON, 1, 1).result, RESULT_OK);
	put(1, "selfballoon", "0");
	fake->log[0] = '\0';
	assert_int_equal(control_restore(store, hypervisor, 1, uuid_of(1)), 0);
	put(1, "selfballoon", "1");
	fake->world.domain[0].cap_kib = 101024;
	assert_int_equal(control_restore(store, hypervisor, 1, uuid_of(1)), 0);
	assert_string_equal(fake->log, "");
	/* The store came up empty, or the guest emptied its key: no reason to let it grow. */
	put(1, "selfballoon", "%s", "");
	assert_int_equal(control_restore(store, hypervisor, 1, uuid_of(1)), 0);
	assert_string_equal(fake->log, "selfballoon=1 commit ");
	assert_int_equal(cap(1), 101024);
}

/* Under a new domid, a guest that wrote before we did has not decided for dom0. */
static void decision_beats_a_quick_guest(void **state)
{
	struct decision on = { .decided.selfballoon = { READING_OK, 1 }, .domid = 3 };

	(void)state;
	put(1, "selfballoon", "0");
	assert_int_equal(decision_save(uuid_of(1), &on), 0);
	assert_int_equal(control_restore(store, hypervisor, 1, uuid_of(1)), 0);
	assert_string_equal(get(1, "selfballoon"), "1");
	assert_int_equal(cap(1), STATIC_MAX + SLACK);
}

static void guest_may_grow(void **state)
{
	(void)state;
	assert_int_equal(control_guest_enabled(store, hypervisor, 1, uuid_of(1)), 0);
	assert_int_equal(cap(1), 200000 + SLACK);
	put(1, "selfballoon", "1");
	assert_int_equal(control_guest_enabled(store, hypervisor, 1, uuid_of(1)), 0);
	assert_int_equal(cap(1), STATIC_MAX + SLACK);
	assert_int_equal(decided(1), -1);
	put(3, "selfballoon", "1");
	put(3, "static-max", "%s", "");
	assert_int_equal(control_guest_enabled(store, hypervisor, 3, uuid_of(3)), 0);
	assert_int_equal(cap(3), 200000 + SLACK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(held_guests_are_let_go),
		EACH(nobody_waits_any_more),
		EACH(calls_are_all_seen),
		EACH(each_call_fails),
		EACH(no_note_no_change),
		EACH(death_at_each_call),
		EACH(death_while_putting_back),
		EACH(store_lost_at_each_call),
		EACH(taken_back_by_its_undo),
		EACH(note_of_a_domain_that_is_gone),
		EACH(decision_comes_back),
		EACH(decision_in_force_stays_as_it_is),
		EACH(decision_beats_a_quick_guest),
		EACH(guest_may_grow),
	};

	return world_run("control_undo", tests, sizeof(tests) / sizeof(tests[0]));
}
