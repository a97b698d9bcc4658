/* SPDX-License-Identifier: MIT */
/*
 * The audit trail: one whole, valid line for each decision, whatever bytes names hold; a line that
 * can't be written is counted and harms none that follow.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "audit.h"
#include "audit_recent.h"

static char directory[] = "/tmp/audit_test.XXXXXX";
static char path[64];

static int setup(void **state)
{
	(void)state;
	snprintf(path, sizeof(path), "%s/audit.log", directory);
	unlink(path);
	return audit_open(path);
}

static int teardown(void **state)
{
	(void)state;
	audit_close();
	return 0;
}

static struct control_request request = {
	.who = { "ops", ROLE_OPERATOR, VIA_HTTP, "192.0.2.7" },
	.action = CONTROL_TARGET,
	.subject = "web1",
	.value = 131072,
};

static struct control_answer answer = {
	.result = RESULT_SOFT_LIMIT,
	.domid = 7,
	.name = "web1",
	.uuid = "00000000-0000-4000-8000-000000000001",
	.before = { READING_OK, 262144 },
	.after = { READING_OK, 262144 },
	.limit = "minimum",
	.detail = "too low",
};

/* The line with that number, from 0; all lines must be JSON objects. */
static json_t *line(size_t wanted, size_t *count)
{
	FILE *file = fopen(path, "r");
	char *text = NULL;
	size_t room = 0;
	json_t *found = NULL;
	ssize_t len;

	assert_non_null(file);
	for (*count = 0; (len = getline(&text, &room, file)) > 0; (*count)++) {
		json_t *object = json_loadb(text, (size_t)len, JSON_REJECT_DUPLICATES, NULL);

		/* Somebody reads it on a terminal. */
		assert_int_equal(text[len - 1], '\n');
		for (ssize_t i = 0; i < len - 1; i++)
			assert_true(text[i] >= 0x20 && text[i] <= 0x7e);
		assert_non_null(object);
		if (*count == wanted)
			found = json_incref(object);
		json_decref(object);
	}
	free(text);
	fclose(file);
	return found;
}

static void says_all(void **state)
{
	static const char expected[] =
		"{\"action\":\"target\",\"address\":\"192.0.2.7\",\"after\":262144,\"before\":"
		"262144,"
		"\"detail\":\"too low\",\"domid\":7,\"dry_run\":false,\"force\":false,"
		"\"interface\":\"http\",\"limit\":\"minimum\",\"name\":\"web1\","
		"\"principal\":\"ops\",\"requested\":131072,\"restore\":false,\"result\":\"soft_"
		"limit\","
		"\"role\":\"operator\",\"subject\":\"web1\","
		"\"uuid\":\"00000000-0000-4000-8000-000000000001\",\"warning\":null}";
	size_t count;
	json_t *object;
	const char *time;
	char *text;
	int millisecond, at = 0;

	(void)state;
	assert_int_equal(audit_write(&request, &answer), 0);
	object = line(0, &count);
	assert_int_equal(count, 1);
	time = json_string_value(json_object_get(object, "time"));
	assert_non_null(time);
	assert_int_equal(sscanf(time, "%*4d-%*2d-%*2dT%*2d:%*2d:%*2d.%3dZ%n", &millisecond, &at),
			 1);
	assert_int_equal(at, 24);
	json_object_del(object, "time");
	text = json_dumps(object, JSON_SORT_KEYS | JSON_COMPACT);
	assert_string_equal(text, expected);
	free(text);
	json_decref(object);
}

static void unknown_is_null(void **state)
{
	static const struct control_request nobody = { .action = CONTROL_ACTION_COUNT,
						       .who = { .via = VIA_SNMP } };
	static const struct control_answer refused = { .result = RESULT_UNAUTHENTICATED };
	static const char *const keys[] = { "principal", "address", "action", "subject", "domid",
					    "name",	 "uuid",    "before", "after",	 "limit" };
	size_t count;
	json_t *object;

	(void)state;
	assert_int_equal(audit_write(&nobody, &refused), 0);
	object = line(0, &count);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		assert_true(json_is_null(json_object_get(object, keys[i])));
	assert_string_equal(json_string_value(json_object_get(object, "role")), "none");
	json_decref(object);
}

static void switches_are_true_or_false(void **state)
{
	struct control_request on = request;
	struct control_answer done = answer;
	size_t count;
	json_t *object;

	(void)state;
	on.action = CONTROL_SELFBALLOON;
	on.value = 1;
	done.before = (struct reading){ READING_BAD, 0 };
	done.after = (struct reading){ READING_OK, 1 };
	assert_int_equal(audit_write(&on, &done), 0);
	object = line(0, &count);
	assert_true(json_is_true(json_object_get(object, "requested")));
	assert_true(json_is_null(json_object_get(object, "before")));
	assert_true(json_is_true(json_object_get(object, "after")));
	json_decref(object);
}

static void hostile_bytes(void **state)
{
	static const struct {
		const char *bytes;
		const char *shown;
	} rows[] = {
		{ "a\xff"
		  "b",
		  "a\\xffb" },
		{ "gr\xc3\xbc\xc3", "gr\xc3\xbc\\xc3" },
		{ "\xed\xa0\x80", "\\xed\\xa0\\x80" },
		{ "\x1b[31m\xc2\x9b"
		  "1m\xe2\x80\xae",
		  "\x1b[31m\xc2\x9b"
		  "1m\xe2\x80\xae" },
		{ "x\n{\"result\":\"ok\"}", "x\n{\"result\":\"ok\"}" },
	};
	struct control_request odd = request;
	struct control_answer odd_answer = answer;
	size_t count;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		json_t *object;

		snprintf(odd.subject, sizeof(odd.subject), "%s", rows[i].bytes);
		snprintf(odd_answer.name, sizeof(odd_answer.name), "%s", rows[i].bytes);
		assert_int_equal(audit_write(&odd, &odd_answer), 0);
		object = line(i, &count);
		assert_int_equal(count, i + 1);
		assert_string_equal(json_string_value(json_object_get(object, "name")),
				    rows[i].shown);
		assert_string_equal(json_string_value(json_object_get(object, "subject")),
				    rows[i].shown);
		json_decref(object);
	}
}

static void huge_number(void **state)
{
	struct control_request huge = request;
	size_t count;
	json_t *object;

	(void)state;
	huge.value = UINT64_MAX;
	assert_int_equal(audit_write(&huge, &answer), 0);
	object = line(0, &count);
	assert_true(json_integer_value(json_object_get(object, "requested")) == INT64_MAX);
	json_decref(object);
}

static void lost_lines_are_counted(void **state)
{
	uint64_t written = audit_count(), lost = audit_lost();
	json_t *object;
	size_t count;

	(void)state;
	assert_int_equal(audit_open("/dev/full"), 0);
	assert_true(audit_write(&request, &answer) < 0);
	assert_int_equal(audit_open("/nowhere/audit.log") < 0, 1);
	assert_true(audit_write(&request, &answer) < 0);
	assert_int_equal(audit_count(), written);
	assert_int_equal(audit_lost(), lost + 2);
	assert_int_equal(audit_open(path), 0);
	assert_int_equal(audit_write(&request, &answer), 0);
	assert_int_equal(audit_count(), written + 1);
	object = line(0, &count);
	assert_int_equal(count, 2); /* the first says what is missing */
	assert_non_null(
		strstr(json_string_value(json_object_get(object, "detail")), "2 decisions"));
	assert_true(json_is_null(json_object_get(object, "interface")));
	json_decref(object);
	audit_close();
	assert_true(audit_write(&request, &answer) < 0);
	assert_int_equal(audit_open(path), 0);
	assert_int_equal(audit_write(&request, &answer), 0);
}

/* Opened anew after a rename, as logrotate wants it; nothing that stands there is overwritten. */
static void appends_and_turns(void **state)
{
	struct stat status;
	char turned[80];
	size_t count;

	(void)state;
	assert_int_equal(audit_write(&request, &answer), 0);
	assert_int_equal(audit_open(path), 0);
	assert_int_equal(audit_write(&request, &answer), 0);
	json_decref(line(0, &count));
	assert_int_equal(count, 2);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07137, 0);
	snprintf(turned, sizeof(turned), "%s.1", path);
	assert_int_equal(rename(path, turned), 0);
	assert_int_equal(audit_open(path), 0);
	assert_int_equal(audit_write(&request, &answer), 0);
	json_decref(line(0, &count));
	assert_int_equal(count, 1);
	unlink(turned);
}

/* The same without a word: who moved the file need not tell us. */
static void follows_what_was_moved(void **state)
{
	char turned[80];
	size_t count;

	(void)state;
	snprintf(turned, sizeof(turned), "%s.1", path);
	assert_int_equal(audit_write(&request, &answer), 0);
	assert_int_equal(rename(path, turned), 0);
	fclose(fopen(path, "w"));
	assert_int_equal(audit_try(1), 0);
	assert_int_equal(audit_write(&request, &answer), 0);
	json_decref(line(0, &count));
	assert_int_equal(count, 1);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(audit_write(&request, &answer), 0);
	json_decref(line(0, &count));
	assert_int_equal(count, 1);
	/* Truncated, as copytruncate does. */
	assert_int_equal(truncate(path, 0), 0);
	assert_int_equal(audit_try(1), 0);
	assert_int_equal(audit_write(&request, &answer), 0);
	json_decref(line(0, &count));
	assert_int_equal(count, 1);
	assert_int_equal(audit_sync(audit_latest()), 0);
	unlink(turned);
}

#define WRITERS 4
#define LINES	250

static void *write_many(void *unused)
{
	for (int i = 0; i < LINES; i++)
		audit_write(&request, &answer);
	return unused;
}

static void lines_stay_whole(void **state)
{
	pthread_t writer[WRITERS];
	size_t count;

	(void)state;
	for (int i = 0; i < WRITERS; i++)
		assert_int_equal(pthread_create(&writer[i], NULL, write_many, NULL), 0);
	for (int i = 0; i < WRITERS; i++)
		pthread_join(writer[i], NULL);
	json_decref(line(0, &count));
	assert_int_equal(count, WRITERS * LINES);
}

/* The serials that are found, newest first, and where the next page begins. */
static const char *found(struct audit_filter filter, uint64_t before, size_t limit)
{
	static char words[128];
	struct text text = { 0 };
	uint64_t next;
	json_t *list;

	text_string(&text, "[");
	next = audit_recent_find(&filter, before, limit, &text);
	text_string(&text, "]");
	list = json_loadb(text.bytes, text.len, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(list);
	*words = 0;
	for (size_t i = 0; i < json_array_size(list); i++)
		sprintf(words + strlen(words), "%lld ",
			(long long)json_integer_value(
				json_object_get(json_array_get(list, i), "serial")) -
				(long long)audit_recent_last());
	if (next)
		sprintf(words + strlen(words), "next %lld",
			(long long)next - (long long)audit_recent_last());
	json_decref(list);
	text_free(&text);
	return words;
}

static void the_latest_can_be_asked_for(void **state)
{
	struct control_request other = request;
	struct control_answer done = answer;

	(void)state;
	other.action = CONTROL_SELFBALLOON;
	strcpy(other.who.name, "eve");
	done.result = RESULT_OK;
	done.domid = 9;
	strcpy(done.name, "db");
	for (int i = 0; i < 3; i++) {
		assert_int_equal(audit_write(&request, &answer), 0);
		assert_int_equal(audit_write(&other, &done), 0);
	}
	assert_string_equal(found((struct audit_filter){ 0 }, UINT64_MAX, 2), "0 -1 next -1");
	assert_string_equal(found((struct audit_filter){ 0 }, audit_recent_last() - 1, 2),
			    "-2 -3 next -3");
	assert_string_equal(found((struct audit_filter){ .principal = "eve" }, UINT64_MAX, 3),
			    "0 -2 -4 ");
	assert_string_equal(found((struct audit_filter){ .domain = "9" }, UINT64_MAX, 2),
			    "0 -2 next -2");
	assert_string_equal(
		found((struct audit_filter){ .domain = "db", .action = "target" }, UINT64_MAX, 9),
		"");
	assert_string_equal(found((struct audit_filter){ .result = "ok" }, UINT64_MAX, 9),
			    "0 -2 -4 ");
	assert_string_equal(found((struct audit_filter){ 0 }, 1, 9), "");
	/* Those that are overwritten are no longer found. */
	for (int i = 0; i < AUDIT_RECENT_KEPT; i++)
		audit_recent_put(&request, &answer, "{\"a\":1}\n", 8);
	assert_string_equal(found((struct audit_filter){ .principal = "eve" }, UINT64_MAX, 9), "");
}

#define EACH(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(says_all),
		EACH(unknown_is_null),
		EACH(switches_are_true_or_false),
		EACH(hostile_bytes),
		EACH(huge_number),
		EACH(lost_lines_are_counted),
		EACH(appends_and_turns),
		EACH(follows_what_was_moved),
		EACH(lines_stay_whole),
		EACH(the_latest_can_be_asked_for),
	};
	int failed;

	if (!mkdtemp(directory))
		return 1;
	failed = cmocka_run_group_tests_name("audit", tests, NULL, NULL);
	unlink(path);
	rmdir(directory);
	return failed;
}
