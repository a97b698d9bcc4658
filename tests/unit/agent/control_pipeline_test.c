/* SPDX-License-Identifier: MIT */
/*
 * The pipeline around a stand-in for the queue and for applying: done() once whatever happens, the
 * right answers, and an audit line and a count for each.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "audit.h"
#include "collector.h"
#include "config.h"
#include "control.h"
#include "restore.h"

/* What becomes of the next command: how the queue and the collector treat it. */
static enum fate {
	FATE_RUNS,
	FATE_FULL,
	FATE_EXPIRES,	   /* while it waits */
	FATE_EXPIRES_LATE, /* run() was past its last look at the deadline */
	FATE_UNKEPT,	   /* what it decided can't be kept on disk */
	FATE_GIVES_UP	   /* run() saw that nobody waits any more */
} fate;

static struct {
	unsigned int applied;
	unsigned int put_back;
	unsigned int touched;
	unsigned int done;
	size_t count;
	bool with_undos;
	struct control_answer answer[3];
} seen;

static char path[] = "/tmp/pipeline_test.XXXXXX";
static struct snapshot *host;
static struct config configuration = { .control_reserve_kib = 1024, .audit_required = true };

const struct config *config_acquire(void)
{
	return &configuration;
}

void config_release(const struct config *config)
{
	assert_ptr_equal(config, &configuration);
}

void collector_touch(uint32_t domid)
{
	seen.touched += domid;
}

bool command_expired(const struct command *command)
{
	(void)command;
	return fate == FATE_GIVES_UP;
}

int collector_submit(struct command *command)
{
	struct store *store = (struct store *)&seen;
	struct hypervisor *hypervisor = (struct hypervisor *)&seen;

	if (fate == FATE_FULL)
		return -EAGAIN;
	if (fate == FATE_RUNS || fate == FATE_UNKEPT) {
		command->run(command, store, hypervisor);
		if (fate == FATE_UNKEPT)
			command->take_back(command, store, hypervisor, -ENOSPC);
		command->conclude(command);
		command->answer(command, 0);
	} else {
		command->answer(command, -ETIMEDOUT);
		if (fate != FATE_EXPIRES)
			command->run(command, store, hypervisor);
	}
	command->release(command);
	return 0;
}

void control_apply(struct store *store, struct hypervisor *hypervisor,
		   const struct control_request *requests, struct control_answer *answers,
		   struct control_undo *undos, size_t count, bool (*expired)(void *), void *context)
{
	(void)store;
	(void)hypervisor;
	seen.applied++;
	for (size_t i = 0; i < count; i++) {
		answers[i].result = expired(context) ? RESULT_UNAVAILABLE : RESULT_OK;
		undos[i] = (struct control_undo){ .action = requests[i].action,
						  .domid = answers[i].domid,
						  .node = { { true, 5, "50000" } },
						  .valid = true };
	}
}

int restore_undone(struct store *store, struct hypervisor *hypervisor,
		   const struct control_undo *undo, size_t count)
{
	(void)store;
	(void)hypervisor;
	assert_true(undo->valid);
	seen.put_back += count;
	return 0;
}

int restore_unkept(struct store *store, struct hypervisor *hypervisor,
		   const struct control_undo *undo, size_t count)
{
	return restore_undone(store, hypervisor, undo, count);
}

static int setup(void **state)
{
	(void)state;
	memset(&seen, 0, sizeof(seen));
	fate = FATE_RUNS;
	assert_int_equal(truncate(path, 0), 0);
	return 0;
}

static struct control_request ask(const char *subject, uint64_t kib)
{
	struct control_request request = { .who = { "ops", ROLE_OPERATOR, VIA_SNMP, "::1" },
					   .action = CONTROL_TARGET,
					   .value = kib };

	snprintf(request.subject, sizeof(request.subject), "%s", subject);
	return request;
}

static void take(void *context, const struct control_answer *answers,
		 const struct control_undo *undos, size_t count)
{
	assert_ptr_equal(context, &seen);
	assert_true(count <= 3);
	seen.done++;
	seen.count = count;
	seen.with_undos = undos;
	memcpy(seen.answer, answers, count * sizeof(*answers));
}

/* How many audit lines end so. */
static int audited(enum control_result result)
{
	FILE *file = fopen(path, "r");
	char line[4096];
	int found = 0;

	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		json_t *entry = json_loads(line, 0, NULL);

		assert_non_null(entry);
		found += !strcmp(json_string_value(json_object_get(entry, "result")),
				 control_results[result].name);
		json_decref(entry);
	}
	fclose(file);
	return found;
}

/* One request: its end is answered once, and audited and counted as often as expected. */
static void ends(struct control_request request, enum control_result result, int lines)
{
	uint64_t before = control_count(VIA_SNMP, CONTROL_TARGET, result);

	control_submit(&request, 1, 100, take, &seen);
	assert_int_equal(seen.done, 1);
	assert_int_equal(seen.answer[0].result, result);
	assert_int_equal(audited(result), lines);
	assert_int_equal(control_count(VIA_SNMP, CONTROL_TARGET, result), before + (uint64_t)lines);
}

static void applied(void **state)
{
	(void)state;
	ends(ask("1", 200000), RESULT_OK, 1);
	assert_int_equal(seen.applied, 1);
	assert_int_equal(seen.touched, 1);
	assert_true(seen.with_undos);
}

static void refused(void **state)
{
	(void)state;
	ends(ask("1", 600000), RESULT_HARD_LIMIT, 1);
	assert_int_equal(seen.applied, 0);
	assert_false(seen.with_undos);
}

static void dry(void **state)
{
	struct control_request request = ask("1", 200000);

	(void)state;
	request.dry_run = true;
	ends(request, RESULT_CHECKED, 1);
	assert_int_equal(seen.applied, 0);
	assert_int_equal(seen.answer[0].after.value, 200000);
}

static void queue_full(void **state)
{
	(void)state;
	fate = FATE_FULL;
	ends(ask("1", 200000), RESULT_UNAVAILABLE, 1);
	assert_int_equal(seen.applied, 0);
}

static void taken_back_if_not_kept(void **state)
{
	(void)state;
	fate = FATE_UNKEPT;
	ends(ask("1", 200000), RESULT_FAILED, 1);
	assert_int_equal(seen.applied, 1);
	assert_int_equal(seen.put_back, 1);
	assert_non_null(strstr(seen.answer[0].detail, "No space left on device"));
	assert_non_null(strstr(seen.answer[0].detail, "nothing has changed"));
	assert_int_equal(audited(RESULT_OK), 0);
}

static void deadline_passes(void **state)
{
	(void)state;
	fate = FATE_EXPIRES;
	ends(ask("1", 200000), RESULT_UNAVAILABLE, 1);
	assert_int_equal(audited(RESULT_OK), 0);
	assert_false(seen.with_undos);
	setup(NULL);
	fate = FATE_GIVES_UP;
	ends(ask("1", 200000), RESULT_UNAVAILABLE, 1);
	assert_int_equal(audited(RESULT_OK), 0);
}

/* It was made although its caller had been told otherwise: the audit says both. */
static void deadline_passes_too_late(void **state)
{
	uint64_t before = control_count(VIA_SNMP, CONTROL_TARGET, RESULT_OK);

	(void)state;
	fate = FATE_EXPIRES_LATE;
	ends(ask("1", 200000), RESULT_UNAVAILABLE, 1);
	assert_int_equal(audited(RESULT_OK), 1);
	assert_int_equal(control_count(VIA_SNMP, CONTROL_TARGET, RESULT_OK), before + 1);
}

static void all_or_none(void **state)
{
	struct control_request requests[2] = { ask("1", 200000), ask("2", 600000) };

	(void)state;
	control_submit(requests, 2, 100, take, &seen);
	assert_int_equal(seen.answer[0].result, RESULT_DEPENDENCY);
	assert_int_equal(seen.answer[1].result, RESULT_HARD_LIMIT);
	assert_int_equal(seen.applied, 0);
	requests[1] = ask("2", 200000);
	requests[1].dry_run = true;
	control_submit(requests, 2, 100, take, &seen);
	assert_int_equal(seen.answer[0].result, RESULT_CHECKED);
	assert_int_equal(seen.answer[1].result, RESULT_CHECKED);
	assert_int_equal(seen.applied, 0);
	assert_int_equal(seen.done, 2);
}

static void too_many(void **state)
{
	struct control_request *requests = calloc(CONTROL_REQUESTS_MAX + 1, sizeof(*requests));
	struct control_answer *answers = calloc(CONTROL_REQUESTS_MAX + 1, sizeof(*answers));

	(void)state;
	assert_true(requests && answers);
	for (size_t i = 0; i <= CONTROL_REQUESTS_MAX; i++)
		requests[i] = ask("1", 200000);
	control_call(requests, answers, NULL, CONTROL_REQUESTS_MAX + 1, 100);
	assert_int_equal(answers[CONTROL_REQUESTS_MAX].result, RESULT_MALFORMED);
	assert_int_equal(seen.applied, 0);
	control_call(requests, answers, NULL, CONTROL_REQUESTS_MAX, 100);
	assert_int_equal(answers[0].result, RESULT_OK);
	assert_int_equal(seen.applied, 1);
	control_submit(requests, 0, 100, take, &seen);
	assert_int_equal(seen.done, 1);
	assert_int_equal(seen.count, 0);
	free(requests);
	free(answers);
}

/* What can't be written down is not done, unless that is wanted; putting back always is. */
static void unaccountable(void **state)
{
	struct control_request request = ask("1", 200000);
	struct control_answer answer;
	uint64_t lost = audit_lost();

	(void)state;
	assert_int_equal(audit_open("/dev/full"), 0);
	control_call(&request, &answer, NULL, 1, 100);
	assert_int_equal(answer.result, RESULT_OK); /* nothing had shown yet that it is full */
	assert_non_null(strstr(answer.warning, "audit"));
	assert_int_equal(seen.applied, 1);
	control_call(&request, &answer, NULL, 1, 100);
	assert_int_equal(answer.result, RESULT_UNAVAILABLE);
	assert_non_null(strstr(answer.detail, "No space left on device"));
	request.dry_run = true;
	control_call(&request, &answer, NULL, 1, 100);
	assert_int_equal(answer.result, RESULT_CHECKED);
	request.dry_run = false;
	assert_int_equal(seen.applied, 1);
	configuration.audit_required = false;
	control_call(&request, &answer, NULL, 1, 100);
	configuration.audit_required = true;
	assert_int_equal(answer.result, RESULT_OK);
	assert_int_equal(audit_lost(), lost + 4);
	/* The gap is the first thing that is written once it can be. */
	assert_int_equal(audit_open(path), 0);
	control_call(&request, &answer, NULL, 1, 100);
	assert_int_equal(answer.result, RESULT_OK);
	assert_int_equal(audited(RESULT_UNAVAILABLE), 1);
	assert_int_equal(audited(RESULT_OK), 1);
}

static void refusals_without_an_action_count(void **state)
{
	struct control_request request = { .action = CONTROL_ACTION_COUNT, .who.via = VIA_SNMP };
	struct control_answer answer = { .result = RESULT_UNAUTHENTICATED };
	uint64_t before = control_count(VIA_SNMP, CONTROL_ACTION_COUNT, RESULT_UNAUTHENTICATED);

	(void)state;
	control_refused(&request, &answer);
	assert_int_equal(control_count(VIA_SNMP, CONTROL_ACTION_COUNT, RESULT_UNAUTHENTICATED),
			 before + 1);
}

static void called_and_taken_back(void **state)
{
	struct control_request request = ask("1", 200000);
	struct principal viewer = request.who;
	struct control_answer answer;
	struct control_undo undos[2] = { 0 };

	(void)state;
	control_call(&request, &answer, &undos[1], 1, 100);
	assert_int_equal(answer.result, RESULT_OK);
	assert_true(undos[1].valid);
	viewer.role = ROLE_VIEWER;
	assert_int_equal(control_revert(undos, 2, &viewer, 100), -EACCES);
	assert_int_equal(seen.put_back, 0);
	assert_int_equal(control_revert(undos, 2, &request.who, 100), 0);
	assert_int_equal(seen.put_back, 1);
	assert_int_equal(audited(RESULT_OK), 2);
	assert_int_equal(control_revert(undos, 1, &request.who, 100), 0);
	assert_int_equal(seen.put_back, 1);
	fate = FATE_FULL;
	assert_int_equal(control_revert(undos, 2, &request.who, 100), -EAGAIN);
	fate = FATE_EXPIRES;
	assert_int_equal(control_revert(undos, 2, &request.who, 100), -EIO);
}

int main(void)
{
#define EACH(f) cmocka_unit_test_setup(f, setup)
	const struct CMUnitTest tests[] = {
		EACH(applied),
		EACH(refused),
		EACH(dry),
		EACH(queue_full),
		EACH(taken_back_if_not_kept),
		EACH(deadline_passes),
		EACH(deadline_passes_too_late),
		EACH(all_or_none),
		EACH(too_many),
		EACH(called_and_taken_back),
		EACH(unaccountable),
		EACH(refusals_without_an_action_count),
	};
	int fd = mkstemp(path), failed;

	if (fd < 0 || close(fd) || audit_open(path) || !(host = snapshot_new(2)))
		return 1;
	host->store_up = host->hypervisor_up = true;
	host->host[HOST_FREE] = (struct reading){ READING_OK, 1 << 20 };
	for (uint32_t i = 0; i < 2; i++) {
		host->domain[i].domid = i + 1;
		snprintf(host->domain[i].uuid, sizeof(host->domain[i].uuid),
			 "00000000-0000-4000-8000-00000000000%u", i + 1);
		host->domain[i].value[VALUE_STATIC_MAX] = (struct reading){ READING_OK, 524288 };
		host->domain[i].value[VALUE_TARGET] = (struct reading){ READING_OK, 262144 };
	}
	snapshot_publish(host);
	failed = cmocka_run_group_tests_name("control_pipeline", tests, NULL, NULL);
	audit_close();
	unlink(path);
	return failed;
}
