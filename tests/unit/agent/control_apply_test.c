/* SPDX-License-Identifier: MIT */
/*
 * What applying writes and in which order, and what it refuses because it changed since the check.
 */
#include "control_world.h"

static void growing_cap_first(void **state)
{
	struct control_answer answer = one(CONTROL_TARGET, 1, 300000);

	(void)state;
	assert_int_equal(answer.result, RESULT_OK);
	assert_int_equal(answer.before.value, 200000);
	assert_int_equal(answer.after.value, 300000);
	assert_string_equal(fake->log, "cap1=301024 target=300000 memory=292 commit ");
	assert_int_equal(decided(1), -1);
	assert_false(noted(1));
}

static void shrinking_target_first(void **state)
{
	(void)state;
	assert_int_equal(one(CONTROL_TARGET, 1, 100000).result, RESULT_OK);
	assert_string_equal(fake->log, "target=100000 memory=97 commit cap1=101024 ");
}

static void video_memory_counts(void **state)
{
	(void)state;
	put(1, "videoram", "16384");
	assert_int_equal(one(CONTROL_TARGET, 1, 300000).result, RESULT_OK);
	assert_int_equal(cap(1), 300000 + 16384 + SLACK);
}

static void pod_target_follows(void **state)
{
	(void)state;
	assert_int_equal(one(CONTROL_TARGET, 2, 300000).result, RESULT_OK);
	assert_string_equal(fake->log, "cap2=301024 pod2=301024 target=300000 memory=292 commit ");
	assert_int_equal(one(CONTROL_TARGET, 2, 100000).result, RESULT_OK);
	assert_string_equal(fake->log, "target=100000 memory=97 commit cap2=101024 pod2=101024 ");
}

/* The balloon driver sleeps until its target is written. */
static void same_target_is_written_anew(void **state)
{
	(void)state;
	assert_int_equal(one(CONTROL_TARGET, 1, 200000).result, RESULT_OK);
	assert_string_equal(fake->log, "target=200000 memory=195 commit ");
}

static void on_lets_it_grow(void **state)
{
	(void)state;
	assert_int_equal(one(CONTROL_SELFBALLOON, 1, 1).result, RESULT_OK);
	assert_string_equal(fake->log, "cap1=525312 selfballoon=1 commit ");
	assert_int_equal(decided(1), 1);
	assert_string_equal(get(1, "target"), "200000");
	assert_int_equal(one(CONTROL_SELFBALLOON, 1, 1).result, RESULT_OK);
	assert_string_equal(fake->log, "selfballoon=1 commit ");
	/* On again after xl mem-set had capped it. */
	fake->world.domain[0].cap_kib = 101024;
	assert_int_equal(one(CONTROL_SELFBALLOON, 1, 1).result, RESULT_OK);
	assert_int_equal(cap(1), STATIC_MAX + SLACK);
}

static void off_leaves_it_where_it_is(void **state)
{
	struct control_answer answer;

	(void)state;
	assert_int_equal(one(CONTROL_SELFBALLOON, 1, 1).result, RESULT_OK);
	answer = one(CONTROL_SELFBALLOON, 1, 0);
	assert_int_equal(answer.result, RESULT_OK);
	assert_int_equal(answer.before.value, 1);
	assert_int_equal(answer.after.value, 0);
	assert_string_equal(fake->log, "target=250000 selfballoon=0 memory=244 commit "
				       "cap1=251024 ");
	assert_int_equal(decided(1), 0);
	/* Off again changes nothing more. */
	assert_int_equal(one(CONTROL_SELFBALLOON, 1, 0).result, RESULT_OK);
	assert_string_equal(fake->log, "selfballoon=0 commit ");
}

/* It sized itself, then turned itself off: the old target could be its death. */
static void off_after_the_guests_own_off(void **state)
{
	(void)state;
	assert_int_equal(one(CONTROL_SELFBALLOON, 1, 1).result, RESULT_OK);
	put(1, "selfballoon", "0");
	assert_int_equal(one(CONTROL_SELFBALLOON, 1, 0).result, RESULT_OK);
	assert_string_equal(get(1, "target"), "250000");
	assert_int_equal(cap(1), 251024);
}

static void off_stays_within_bounds(void **state)
{
	(void)state;
	put(1, "selfballoon", "1");
	fake->world.domain[0].allocated_kib = STATIC_MAX + 4000;
	assert_int_equal(one(CONTROL_SELFBALLOON, 1, 0).result, RESULT_OK);
	assert_string_equal(get(1, "target"), "524288");
	put(1, "selfballoon", "1");
	fake->world.domain[0].allocated_kib = 0;
	assert_int_equal(one(CONTROL_SELFBALLOON, 1, 0).result, RESULT_OK);
	assert_string_equal(get(1, "target"), "4096");
}

/* HVM with 16 MiB of video memory, as measured: the guest's driver takes it off by itself. */
static void off_leaves_video_memory_alone(void **state)
{
	(void)state;
	put(1, "selfballoon", "1");
	put(1, "videoram", "16384");
	fake->world.domain[0].allocated_kib = 245804;
	assert_int_equal(one(CONTROL_SELFBALLOON, 1, 0).result, RESULT_OK);
	assert_string_equal(get(1, "target"), "245804");
	assert_int_equal(cap(1), 245804 + 16384 + SLACK);
}

/* What was measured as beyond its target is no part of the new one; of this guest alone. */
static void off_takes_the_overhead_off(void **state)
{
	struct snapshot *snapshot = snapshot_new(1);

	(void)state;
	put(1, "selfballoon", "1");
	put(2, "selfballoon", "1");
	snapshot->domain[0].domid = 1;
	snapshot->domain[0].overhead_kib = 16428;
	strcpy(snapshot->domain[0].uuid, uuid_of(1));
	snapshot_publish(snapshot);
	fake->world.domain[0].allocated_kib = 262188;
	fake->world.domain[1].allocated_kib = 262188;
	assert_int_equal(one(CONTROL_SELFBALLOON, 1, 0).result, RESULT_OK);
	assert_string_equal(get(1, "target"), "245760");
	assert_int_equal(one(CONTROL_SELFBALLOON, 2, 0).result, RESULT_OK);
	assert_string_equal(get(2, "target"), "262188");
	snapshot_publish(snapshot_new(0));
}

static void off_and_target_in_either_order(void **state)
{
	struct control_request requests[2] = { ask(CONTROL_TARGET, 300000),
					       ask(CONTROL_SELFBALLOON, 0) };
	static const uint32_t domids[2] = { 1, 1 };
	struct result result;

	(void)state;
	put(1, "selfballoon", "1");
	fake->world.domain[0].cap_kib = STATIC_MAX + SLACK;
	result = apply(requests, domids, 2);
	assert_int_equal(result.answer[0].result, RESULT_OK);
	assert_int_equal(result.answer[1].result, RESULT_OK);
	assert_string_equal(fake->log, "target=300000 selfballoon=0 memory=292 commit "
				       "cap1=301024 ");
	assert_true(result.undo[0].valid);
	assert_false(result.undo[1].valid);
}

static void several_domains_at_once(void **state)
{
	struct control_request requests[3] = { ask(CONTROL_TARGET, 300000),
					       ask(CONTROL_SELFBALLOON, 1),
					       ask(CONTROL_TARGET, 100000) };
	static const uint32_t domids[3] = { 1, 2, 3 };

	(void)state;
	apply(requests, domids, 3);
	assert_string_equal(fake->log,
			    "cap2=525312 cap1=301024 selfballoon=1 target=300000 memory=292 "
			    "target=100000 memory=97 commit cap3=101024 ");
}

/* What went on since the check: nothing is changed then, and the answer says which one it was. */
static void changed_meanwhile(void **state)
{
	static const struct {
		const char *key;
		const char *value;
		enum control_result result;
	} rows[] = {
		{ "selfballoon", "1", RESULT_SELFBALLOONING },
		{ "static-max", "299999", RESULT_HARD_LIMIT },
		{ "static-max", "", RESULT_HARD_LIMIT },
		{ "vm", "/vm/00000000-0000-4000-8000-000000000009", RESULT_NOT_FOUND },
		{ "vm", "", RESULT_NOT_FOUND },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct control_request requests[2] = { ask(CONTROL_TARGET, 300000),
						       ask(CONTROL_TARGET, 300000) };
		static const uint32_t domids[2] = { 3, 1 };
		struct world before;
		struct result result;

		assert_int_equal(setup(state), 0);
		put(1, rows[i].key, "%s", rows[i].value);
		before = fake->world;
		result = apply(requests, domids, 2);
		assert_int_equal(result.answer[0].result, RESULT_DEPENDENCY);
		assert_int_equal(result.answer[1].result, rows[i].result);
		assert_memory_equal(&before, &fake->world, sizeof(before));
		assert_false(result.undo[0].valid);
	}
}

static void another_domain_by_now(void **state)
{
	(void)state;
	snprintf(fake->world.domain[0].uuid, SNAPSHOT_UUID_SIZE, "%s", uuid_of(3));
	assert_int_equal(one(CONTROL_TARGET, 1, 300000).result, RESULT_NOT_FOUND);
	setup(state);
	fake->world.domain[0].dying = true;
	assert_int_equal(one(CONTROL_TARGET, 1, 300000).result, RESULT_NOT_FOUND);
	fake->world.domain[0].domid = 0;
	assert_int_equal(one(CONTROL_TARGET, 1, 300000).result, RESULT_NOT_FOUND);
	assert_string_equal(fake->log, "");
}

static void rubbish_in_the_guests_key(void **state)
{
	struct node *node = key(1, "selfballoon");

	(void)state;
	memset(node->bytes, 0xff, sizeof(node->bytes));
	node->len = sizeof(node->bytes);
	assert_int_equal(one(CONTROL_TARGET, 1, 300000).result, RESULT_OK);
	assert_int_equal(one(CONTROL_SELFBALLOON, 1, 1).result, RESULT_OK);
	assert_string_equal(get(1, "selfballoon"), "1");
}

static void conflict_is_tried_again(void **state)
{
	(void)state;
	fake->conflicts = 3;
	assert_int_equal(one(CONTROL_TARGET, 1, 300000).result, RESULT_OK);
	assert_string_equal(get(1, "target"), "300000");
	assert_int_equal(cap(1), 301024);
	fake->conflicts = 1000;
	assert_int_equal(one(CONTROL_TARGET, 1, 100000).result, RESULT_UNAVAILABLE);
	assert_true(fake->conflicts > 0);
	assert_string_equal(get(1, "target"), "300000");
	assert_int_equal(cap(1), 301024);
	assert_false(noted(1));
}

/* It may not keep dom0 from switching it off by writing its own key faster than we commit. */
static void guest_that_never_stops_writing(void **state)
{
	(void)state;
	fake->flooding = true;
	put(1, "selfballoon", "1");
	assert_int_equal(one(CONTROL_SELFBALLOON, 1, 0).result, RESULT_OK);
	assert_string_equal(get(1, "selfballoon"), "0");
	assert_string_equal(get(1, "target"), "250000");
	assert_int_equal(cap(1), 251024);
	assert_true(key(1, "selfballoon")->granted);
}

static void down(void **state)
{
	struct control_request request = ask(CONTROL_TARGET, 300000);
	struct control_answer answer = { .domid = 1 };

	(void)state;
	control_apply(NULL, hypervisor, &request, &answer, NULL, 1, NULL, NULL);
	assert_int_equal(answer.result, RESULT_UNAVAILABLE);
	control_apply(store, NULL, &request, &answer, NULL, 1, NULL, NULL);
	assert_int_equal(answer.result, RESULT_UNAVAILABLE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(growing_cap_first),
		EACH(shrinking_target_first),
		EACH(video_memory_counts),
		EACH(pod_target_follows),
		EACH(same_target_is_written_anew),
		EACH(on_lets_it_grow),
		EACH(off_leaves_it_where_it_is),
		EACH(off_after_the_guests_own_off),
		EACH(off_stays_within_bounds),
		EACH(off_leaves_video_memory_alone),
		EACH(off_takes_the_overhead_off),
		EACH(off_and_target_in_either_order),
		EACH(several_domains_at_once),
		EACH(changed_meanwhile),
		EACH(another_domain_by_now),
		EACH(rubbish_in_the_guests_key),
		EACH(conflict_is_tried_again),
		EACH(guest_that_never_stops_writing),
		EACH(down),
	};

	return world_run("control_apply", tests, sizeof(tests) / sizeof(tests[0]));
}
