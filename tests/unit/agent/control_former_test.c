/* SPDX-License-Identifier: MIT */
/*
 * The target from before selfballooning: kept by UUID when it is turned on, given back when an
 * operator asks for it, forgotten when an operator sets another.
 */
#include "control_world.h"

#include "restore.h"

/* The former target that is kept, KiB; 0: none. */
static uint64_t former(uint32_t domid)
{
	return control_former_target(uuid_of(domid)).value;
}

static struct control_answer off(uint32_t domid, bool restore)
{
	struct control_request request = ask(CONTROL_SELFBALLOON, 0);

	request.restore = restore;
	return apply(&request, &domid, 1).answer[0];
}

static void on_keeps_it(void **state)
{
	(void)state;
	assert_int_equal(former(1), 0);
	assert_int_equal(one(CONTROL_SELFBALLOON, 1, 1).result, RESULT_OK);
	assert_int_equal(former(1), 200000);
	/* Another tool's order while it is on is no target from before. */
	put(1, "target", "150000");
	assert_int_equal(one(CONTROL_SELFBALLOON, 1, 1).result, RESULT_OK);
	assert_int_equal(former(1), 200000);
}

static void off_gives_it_back(void **state)
{
	(void)state;
	one(CONTROL_SELFBALLOON, 1, 1);
	put(1, "target", "150000");
	assert_int_equal(off(1, true).result, RESULT_OK);
	assert_string_equal(fake->log, "target=200000 selfballoon=0 memory=195 commit "
				       "cap1=201024 ");
	assert_int_equal(former(1), 0);
	/* Once only: there is nothing more to give back. */
	assert_int_equal(off(1, true).result, RESULT_OK);
	assert_string_equal(get(1, "target"), "200000");
}

static void off_first_and_back_later(void **state)
{
	struct control_answer answer;

	(void)state;
	fake->world.domain[0].allocated_kib = 122 * 1024;
	one(CONTROL_SELFBALLOON, 1, 1);
	answer = off(1, false);
	assert_non_null(strstr(answer.warning, "It stays at 122 MiB; its target before was "));
	assert_string_equal(get(1, "target"), "124928");
	assert_int_equal(former(1), 200000);
	/* On and off once more: what off left was no order. */
	one(CONTROL_SELFBALLOON, 1, 1);
	assert_int_equal(former(1), 200000);
	off(1, false);
	assert_int_equal(off(1, true).result, RESULT_OK);
	assert_string_equal(get(1, "target"), "200000");
}

static void a_target_ends_it(void **state)
{
	(void)state;
	one(CONTROL_SELFBALLOON, 1, 1);
	off(1, false);
	assert_int_equal(one(CONTROL_TARGET, 1, 160000).result, RESULT_OK);
	assert_int_equal(former(1), 0);
	assert_int_equal(off(1, true).result, RESULT_OK);
	assert_string_equal(get(1, "target"), "160000");
}

/* Under a new domid, with a target of the toolstack's, and a guest that was not switched by us. */
static void outlives_a_reboot(void **state)
{
	(void)state;
	one(CONTROL_SELFBALLOON, 3, 1);
	put(3, "target", "262144");
	put(3, "selfballoon", "%s", "");
	assert_int_equal(control_restore(store, hypervisor, 3, uuid_of(3)), 0);
	assert_string_equal(get(3, "selfballoon"), "1");
	assert_int_equal(off(3, true).result, RESULT_OK);
	assert_string_equal(get(3, "target"), "200000");
}

static void on_by_the_guest(void **state)
{
	(void)state;
	put(1, "selfballoon", "1");
	assert_int_equal(off(1, true).result, RESULT_OK);
	assert_string_equal(get(1, "target"), "200000");
}

static void undone_with_the_rest(void **state)
{
	struct control_request request = ask(CONTROL_SELFBALLOON, 1);
	const uint32_t domid = 1;
	struct result result = apply(&request, &domid, 1);

	(void)state;
	assert_int_equal(restore_undone(store, hypervisor, result.undo, 1), 0);
	assert_int_equal(former(1), 0);
	assert_int_equal(decided(1), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(on_keeps_it),	    EACH(off_gives_it_back), EACH(off_first_and_back_later),
		EACH(a_target_ends_it),	    EACH(outlives_a_reboot), EACH(on_by_the_guest),
		EACH(undone_with_the_rest),
	};

	return world_run("control_former", tests, sizeof(tests) / sizeof(tests[0]));
}
