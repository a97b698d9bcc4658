/* SPDX-License-Identifier: MIT */
/*
 * What differs between two pictures, and who is sent it: each change once, decisions not to
 * strangers, bounded memory for those who don't read.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit_recent.h"
#include "clock.h"
#include "events.h"
#include "events_change.h"

static struct snapshot *picture(size_t count)
{
	struct snapshot *snapshot = snapshot_new(count);

	assert_non_null(snapshot);
	snapshot->store_up = true;
	for (size_t i = 0; i < count; i++) {
		struct domain *domain = &snapshot->domain[i];

		domain->domid = (uint32_t)i + 1;
		sprintf(domain->uuid, "00000000-0000-4000-8000-%012u", domain->domid);
		sprintf(domain->name, "guest%u", domain->domid);
		domain->value[VALUE_TARGET] = (struct reading){ READING_OK, 262144 };
		strcpy(domain->reason, "is at dom0's target of 256 MiB");
	}
	return snapshot;
}

/* The names of the events and whom they are about, "gone guest1 domain guest2". */
static const char *told(const struct text *text)
{
	static char words[1024];
	char *copy = strndup(text->bytes ? text->bytes : "", text->len), *place = NULL;

	assert_non_null(copy);
	*words = 0;
	for (char *line = strtok_r(copy, "\n", &place); line; line = strtok_r(NULL, "\n", &place)) {
		char *name = strstr(line, "\"name\":\"");

		if (!strncmp(line, "event: ", 7))
			sprintf(words + strlen(words), "%s%s", *words ? " " : "", line + 7);
		else if (!strncmp(line, "data: ", 6) && name && !strstr(line, "\"xen_version\":"))
			sprintf(words + strlen(words), " %.*s", (int)strcspn(name + 8, "\""),
				name + 8);
	}
	free(copy);
	return words;
}

static const char *changes(const struct snapshot *old, const struct snapshot *spoken,
			   struct snapshot *now)
{
	static struct text text;

	text_free(&text);
	events_put_changes(&text, old, spoken, now, 0);
	assert_false(text.failed);
	return told(&text);
}

static void says_what_differs(void **state)
{
	struct snapshot *old = picture(3), *now = picture(3);

	(void)state;
	assert_string_equal(changes(old, old, now), "");
	now->domain[1].value[VALUE_TARGET].value++;
	assert_string_equal(changes(old, NULL, now), "domain guest2");
	now->domain[0].state = STATE_SILENT;
	strcpy(now->domain[2].name, "other");
	assert_string_equal(changes(old, NULL, now), "domain guest1 domain guest2 domain other");
	now->host[HOST_FREE] = (struct reading){ READING_OK, 1 };
	assert_string_equal(changes(old, NULL, now),
			    "domain guest1 domain guest2 domain other host");
	snapshot_release(old);
	snapshot_release(now);
}

static void says_who_came_and_went(void **state)
{
	struct snapshot *two = picture(2), *three = picture(3), *none = picture(0);

	(void)state;
	assert_string_equal(changes(two, two, three), "domain guest3");
	assert_string_equal(changes(three, three, two), "gone guest3");
	assert_string_equal(changes(two, two, none), "gone guest1 gone guest2");
	/* guest1's domid has passed on to another; guest3 has the next. */
	three->domain[0].uuid[0] = 'a';
	strcpy(three->domain[0].name, "next");
	assert_string_equal(changes(two, two, three), "gone guest1 domain next domain guest3");
	snapshot_release(two);
	snapshot_release(three);
	snapshot_release(none);
}

static void reasons_alone_are_told_when_asked_for(void **state)
{
	struct snapshot *old = picture(2), *now = picture(2);

	(void)state;
	strcpy(now->domain[1].reason, "last reported 95 s ago");
	assert_string_equal(changes(old, NULL, now), "");
	assert_string_equal(changes(old, old, now), "domain guest2");
	assert_string_equal(changes(old, now, now), "");
	snapshot_release(old);
	snapshot_release(now);
}

/* --- listeners --- */

static int paused, resumed;
static bool hung_up;

static void on_pause(void *context)
{
	(void)context;
	paused++;
}

static void on_resume(void *context)
{
	(void)context;
	resumed++;
}

static bool on_look(void *context)
{
	(void)context;
	return hung_up;
}

static const struct principal owner = { .name = "ops", .role = ROLE_OPERATOR };
static const struct principal viewer = { .name = "see", .role = ROLE_VIEWER };
static const struct principal nobody = { .role = ROLE_NONE };
static const struct principal *revoked;

static bool stands(const struct principal *who)
{
	return !revoked || strcmp(who->name, revoked->name) != 0;
}

static struct events_listener *listen_as(const struct principal *who)
{
	static const struct events_flow flow = { on_pause, on_resume, on_look, NULL };
	struct events_listener *listener = events_listen(who, stands);

	assert_non_null(listener);
	events_attach(listener, &flow);
	return listener;
}

static struct events_listener *listen(bool decisions)
{
	return listen_as(decisions ? &owner : &nobody);
}

/* All there is, in small bites; ends in a pause. */
static const char *hear(struct events_listener *listener)
{
	static struct text text;
	int pauses = paused;
	char bite[100];
	ssize_t got;

	text_free(&text);
	while ((got = events_read(listener, bite, sizeof(bite))) > 0)
		text_add(&text, bite, (size_t)got);
	assert_int_equal(got, 0);
	assert_int_equal(paused, pauses + 1);
	return told(&text);
}

static void publish(uint64_t target)
{
	struct snapshot *snapshot = picture(2);

	snapshot->domain[0].value[VALUE_TARGET].value = target;
	snapshot_publish(snapshot);
}

static void decide(void)
{
	static const struct control_request request = { .action = CONTROL_TARGET };
	static const struct control_answer answer = { .result = RESULT_OK,
						      .domid = 1,
						      .name = "web1" };
	static const char line[] = "{\"name\":\"web1\"}\n";

	audit_recent_put(&request, &answer, line, strlen(line));
}

static void decide_about(const char *name)
{
	static const struct control_request request = { .action = CONTROL_TARGET };
	struct control_answer answer = { .result = RESULT_OK, .domid = *name ? 2 : 0 };
	char line[64];

	snprintf(answer.name, sizeof(answer.name), "%s", name);
	snprintf(line, sizeof(line), "{\"name\":\"%s\"}\n", name);
	audit_recent_put(&request, &answer, line, strlen(line));
}

static int64_t now_ms;

static void pass(int64_t ms)
{
	now_ms += ms;
	events_turn(now_ms);
}

static int setup(void **state)
{
	(void)state;
	now_ms = clock_ms();
	paused = resumed = 0;
	hung_up = false;
	revoked = NULL;
	publish(1);
	events_start();
	return 0;
}

static void the_picture_first_then_changes(void **state)
{
	struct events_listener *one, *two;

	(void)state;
	decide();
	one = listen(true);
	assert_string_equal(hear(one), "host domains guest1");
	pass(2000);
	assert_int_equal(resumed, 0);
	publish(2);
	two = listen(false);
	pass(2000);
	assert_int_equal(resumed, 1);
	assert_string_equal(hear(one), "domain guest1");
	assert_string_equal(hear(two), "host domains guest1 domain guest1");
	/* Nothing is told twice in a second. */
	publish(3);
	pass(500);
	assert_int_equal(resumed, 1);
	publish(4);
	pass(600);
	assert_string_equal(hear(one), "domain guest1");
	events_leave(one);
	events_leave(two);
	assert_int_equal(events_listening(), 0);
}

/* As the audit has it: a viewer sees none, one who is bound those about its own guests. */
static void decisions_are_for_operators_within_their_reach(void **state)
{
	const struct principal bound = { .name = "part", .role = ROLE_OPERATOR, .domains = "web*" };
	struct events_listener *one = listen_as(&bound), *see = listen_as(&viewer);

	(void)state;
	hear(one);
	hear(see);
	decide_about("db1");
	decide_about("web2");
	decide_about("");
	decide_about("web3");
	pass(10);
	assert_string_equal(hear(one), "control web2 control web3");
	decide_about("db1");
	pass(10);
	assert_string_equal(hear(one), "");
	assert_string_equal(hear(see), "");
	events_leave(one);
	events_leave(see);
}

static void a_stream_ends_with_the_credential(void **state)
{
	struct events_listener *one = listen_as(&owner), *other = listen_as(&viewer);
	char byte;

	(void)state;
	hear(one);
	hear(other);
	revoked = &owner;
	decide();
	pass(1000);
	assert_int_equal(events_read(one, &byte, 1), EVENTS_OVER);
	assert_string_equal(hear(other), "");
	events_leave(one);
	events_leave(other);
}

static void decisions_are_not_for_strangers(void **state)
{
	struct events_listener *known = listen(true), *stranger = listen(false);

	(void)state;
	hear(known);
	hear(stranger);
	decide();
	decide();
	pass(10);
	assert_string_equal(hear(known), "control web1 control web1");
	assert_string_equal(hear(stranger), "");
	pass(10);
	assert_string_equal(hear(known), "");
	events_leave(known);
	events_leave(stranger);
}

static void silence_is_broken(void **state)
{
	struct events_listener *one = listen(false);
	char bytes[16] = "";

	(void)state;
	hear(one);
	pass(16000);
	assert_int_equal(resumed, 1);
	assert_int_equal(events_read(one, bytes, sizeof(bytes)), 3);
	assert_string_equal(bytes, ":\n\n");
	events_leave(one);
}

static void who_has_hung_up_is_let_go(void **state)
{
	struct events_listener *one = listen(false);
	char byte;

	(void)state;
	hear(one);
	hung_up = true;
	pass(2000);
	assert_int_equal(resumed, 1);
	assert_int_equal(events_read(one, &byte, 1), EVENTS_GONE);
	events_leave(one);
}

static void who_does_not_read_is_cut_off(void **state)
{
	struct events_listener *slow = listen(false), *quick = listen(false);
	uint64_t before = events_cut_off();
	char byte;

	(void)state;
	assert_int_equal(events_read(slow, &byte, 1), 1);
	hear(quick);
	for (uint64_t i = 0; i < 300; i++) {
		publish(1000 + i);
		pass(1500);
		hear(quick);
	}
	assert_int_equal(events_read(slow, &byte, 1), EVENTS_SLOW);
	assert_int_equal(events_cut_off(), before + 1);
	events_leave(slow);
	events_leave(quick);
}

static void there_is_an_end_to_how_many(void **state)
{
	struct events_listener *all[EVENTS_LISTENERS_MAX];
	char byte;

	(void)state;
	for (size_t i = 0; i < EVENTS_LISTENERS_MAX; i++)
		all[i] = listen(false);
	assert_null(events_listen(&nobody, stands));
	events_leave(all[0]);
	all[0] = listen(false);
	hear(all[0]);
	events_stop();
	assert_int_equal(resumed, 1);
	assert_int_equal(events_read(all[0], &byte, 1), EVENTS_OVER);
	for (size_t i = 0; i < EVENTS_LISTENERS_MAX; i++)
		events_leave(all[i]);
	assert_null(events_listen(&nobody, stands));
}

int main(void)
{
#define EACH(f) cmocka_unit_test_setup(f, setup)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_what_differs),
		cmocka_unit_test(says_who_came_and_went),
		cmocka_unit_test(reasons_alone_are_told_when_asked_for),
		EACH(the_picture_first_then_changes),
		EACH(decisions_are_for_operators_within_their_reach),
		EACH(a_stream_ends_with_the_credential),
		EACH(decisions_are_not_for_strangers),
		EACH(silence_is_broken),
		EACH(who_has_hung_up_is_let_go),
		EACH(who_does_not_read_is_cut_off),
		EACH(there_is_an_end_to_how_many),
	};

	return cmocka_run_group_tests_name("events", tests, NULL, NULL);
}
