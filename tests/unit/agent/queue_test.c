/* SPDX-License-Identifier: MIT */
/* The command queue: each command answered once, released once, in time. */
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "queue.h"

struct counted {
	struct command command;
	int runs, answers, releases, status;
};

static struct counted *counted_of(struct command *command)
{
	return (struct counted *)command;
}

static void run(struct command *command, struct store *store, struct hypervisor *hypervisor)
{
	(void)store;
	(void)hypervisor;
	counted_of(command)->runs++;
}

static void answer(struct command *command, int status)
{
	counted_of(command)->answers++;
	counted_of(command)->status = status;
}

static void release(struct command *command)
{
	assert_int_equal(counted_of(command)->answers, 1);
	counted_of(command)->releases++;
}

static struct counted make(int64_t deadline_ms)
{
	return (struct counted){ .command = { .run = run,
					      .answer = answer,
					      .release = release,
					      .deadline_ms = deadline_ms },
				 .status = INT_MAX };
}

static void check(const struct counted *counted, int runs, int status)
{
	assert_int_equal(counted->runs, runs);
	assert_int_equal(counted->answers, 1);
	assert_int_equal(counted->releases, 1);
	assert_int_equal(counted->status, status);
}

static void test_in_time(void **state)
{
	struct counted one = make(100), two = make(100);
	struct command *batch[QUEUE_BATCH];

	(void)state;
	assert_int_equal(queue_open(), 0);
	assert_int_equal(collector_submit(&one.command), 0);
	assert_int_equal(collector_submit(&two.command), 0);
	assert_int_equal(queue_take(batch), 2);
	assert_ptr_equal(batch[0], &one.command);
	for (size_t i = 0; i < 2; i++) {
		batch[i]->run(batch[i], NULL, NULL);
		assert_false(command_expired(batch[i]));
	}
	queue_finish(batch, 2);
	check(&one, 1, 0);
	check(&two, 1, 0);
	queue_shut();
	queue_close();
}

static void test_late(void **state)
{
	struct counted waiting = make(100), running = make(50), later = make(500);
	struct command *batch[QUEUE_BATCH];

	(void)state;
	assert_int_equal(queue_open(), 0);
	assert_int_equal(collector_submit(&running.command), 0);
	assert_int_equal(queue_take(batch), 1);
	assert_int_equal(collector_submit(&waiting.command), 0);
	assert_int_equal(collector_submit(&later.command), 0);
	collector_expire(100);
	check(&waiting, 0, -ETIMEDOUT);
	assert_int_equal(later.answers, 0);
	/* What runs is answered but not let go before it has ended. */
	assert_true(command_expired(&running.command));
	assert_int_equal(running.releases, 0);
	running.command.run(&running.command, NULL, NULL);
	batch[0] = &running.command;
	queue_finish(batch, 1);
	check(&running, 1, -ETIMEDOUT);
	queue_shut();
	check(&later, 0, -ETIMEDOUT);
	assert_int_equal(collector_submit(&later.command), -EAGAIN);
	queue_close();
}

static void test_full(void **state)
{
	static struct counted many[COLLECTOR_QUEUE_MAX + 1];

	(void)state;
	assert_int_equal(queue_open(), 0);
	for (size_t i = 0; i <= COLLECTOR_QUEUE_MAX; i++) {
		many[i] = make(INT64_MAX);
		assert_int_equal(collector_submit(&many[i].command),
				 i < COLLECTOR_QUEUE_MAX ? 0 : -EAGAIN);
	}
	queue_shut();
	for (size_t i = 0; i < COLLECTOR_QUEUE_MAX; i++)
		check(&many[i], 0, -ETIMEDOUT);
	assert_int_equal(many[COLLECTOR_QUEUE_MAX].answers, 0);
	queue_close();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_in_time),
		cmocka_unit_test(test_late),
		cmocka_unit_test(test_full),
	};

	return cmocka_run_group_tests_name("queue", tests, NULL, NULL);
}
