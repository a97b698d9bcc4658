/* SPDX-License-Identifier: MIT */
/*
 * Decisions on disk: they come back as they were, only a canonical UUID is a file's name, and a
 * damaged file is said to be one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "decision.h"

#define UUID "0a1b2c3d-0000-4000-8000-00000000000f"

static char directory[] = "/tmp/decision_test.XXXXXX";
static char path[96];

/* How many files there were, which are gone now. */
static unsigned int clean(void)
{
	DIR *open = opendir(directory);
	const struct dirent *entry;
	unsigned int count = 0;

	while (open && (entry = readdir(open)))
		if (entry->d_name[0] != '.')
			count += unlinkat(dirfd(open), entry->d_name, 0) == 0;
	if (open)
		closedir(open);
	return count;
}

static int setup(void **state)
{
	(void)state;
	snprintf(path, sizeof(path), "%s/" UUID ".json", directory);
	clean();
	return decision_open(directory);
}

static int teardown(void **state)
{
	(void)state;
	decision_close();
	clean();
	return rmdir(directory);
}

static void put_file(const char *name, const char *text)
{
	FILE *file = fopen(name, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
	fclose(file);
}

static void put(const char *text)
{
	put_file(path, text);
}

static char *get_file(const char *name)
{
	static char text[4096];
	FILE *file = fopen(name, "r");

	assert_non_null(file);
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	fclose(file);
	return text;
}

static char *get(void)
{
	return get_file(path);
}

static const struct decision nothing;

static int save(const struct decision *decision)
{
	int error = decision_save(UUID, decision);

	return error ? error : decision_flush();
}

static struct decision example(void)
{
	struct decision decision = {
		.decided = { .selfballoon = { READING_OK, 1 },
			     .former_kib = { READING_OK, CONTRACT_KIB_MAX },
			     .left_kib = { READING_OK, 4096 },
			     .policy = "pressure floor=96MiB" },
		.domid = 12,
		.changing = { .action = CONTROL_TARGET,
			      .domid = 13,
			      .uuid = UUID,
			      .decided = { .selfballoon = { READING_OK, 1 } },
			      .cap_kib = CONTRACT_KIB_MAX,
			      .valid = true },
	};
	struct control_node *node = decision.changing.node;

	node[NODE_TARGET] = (struct control_node){ true, 6, "131072" };
	node[NODE_SELFBALLOON] = (struct control_node){ true, 5, "\0\xff\"\n " };
	node[NODE_VM_MEMORY] = (struct control_node){ .existed = false };
	return decision;
}

static void comes_back(void **state)
{
	struct decision saved = example(), loaded;

	(void)state;
	assert_int_equal(decision_load(UUID, &loaded), 0);
	assert_memory_equal(&loaded, &nothing, sizeof(loaded));
	assert_int_equal(save(&saved), 0);
	assert_int_equal(decision_load(UUID, &loaded), 0);
	assert_memory_equal(&loaded.decided, &saved.decided, sizeof(saved.decided));
	assert_int_equal(loaded.domid, 12);
	assert_true(loaded.changing.valid);
	assert_int_equal(loaded.changing.action, CONTROL_TARGET);
	assert_int_equal(loaded.changing.domid, 13);
	assert_string_equal(loaded.changing.uuid, UUID);
	assert_memory_equal(&loaded.changing.decided, &saved.decided, sizeof(saved.decided));
	assert_int_equal(loaded.changing.cap_kib, CONTRACT_KIB_MAX);
	assert_memory_equal(loaded.changing.node, saved.changing.node, sizeof(saved.changing.node));
}

static void longest_node(void **state)
{
	struct decision saved = example(), loaded;
	struct control_node *node = &saved.changing.node[NODE_SELFBALLOON];

	(void)state;
	node->len = CONTROL_NODE_MAX;
	memset(node->bytes, 0xa5, CONTROL_NODE_MAX);
	assert_int_equal(save(&saved), 0);
	assert_int_equal(decision_load(UUID, &loaded), 0);
	assert_memory_equal(&loaded.changing.node[NODE_SELFBALLOON], node, sizeof(*node));
}

static void nothing_said_takes_no_file(void **state)
{
	struct decision saved = example();

	(void)state;
	assert_int_equal(save(&saved), 0);
	assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(save(&nothing), 0);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(save(&nothing), 0);
}

/* Each thing that was decided is worth a file by itself. */
static void each_takes_a_file(void **state)
{
	const struct decision each[] = {
		{ .decided.selfballoon = { READING_OK, 0 } },
		{ .decided.former_kib = { READING_OK, 128000 } },
		{ .decided.policy = "floor=96" },
	};
	struct decision loaded;

	(void)state;
	for (size_t i = 0; i < sizeof(each) / sizeof(each[0]); i++) {
		assert_int_equal(save(&each[i]), 0);
		assert_int_equal(decision_load(UUID, &loaded), 0);
		assert_memory_equal(&loaded.decided, &each[i].decided, sizeof(loaded.decided));
	}
}

/* What the release before this one wrote. */
static void without_what_came_later(void **state)
{
	struct decision loaded;

	(void)state;
	put("{\"boot\":\"x\",\"changing\":null,\"domid\":3,\"selfballoon\":true}");
	assert_int_equal(decision_load(UUID, &loaded), 0);
	assert_int_equal(loaded.decided.selfballoon.value, 1);
	assert_int_equal(loaded.decided.former_kib.state, READING_ABSENT);
	assert_string_equal(loaded.decided.policy, "");
}

static void only_canonical_uuids(void **state)
{
	static const char *const others[] = {
		"",
		"..",
		"../../etc/passwd",
		"0a1b2c3d-0000-4000-8000-00000000000",
		"0a1b2c3d-0000-4000-8000-00000000000f0",
		"0A1B2C3D-0000-4000-8000-00000000000F",
		"0a1b2c3d/0000-4000-8000-00000000000f",
		"0a1b2c3d00004000800000000000000f----",
		"0a1b2c3g-0000-4000-8000-00000000000f",
	};
	struct decision decision = example();

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		assert_int_equal(decision_save(others[i], &decision), -EINVAL);
		assert_int_equal(decision_load(others[i], &decision), -EINVAL);
		assert_memory_equal(&decision, &nothing, sizeof(decision));
		decision = example();
	}
}

static void damaged_files(void **state)
{
	static const char *const texts[] = {
		"",
		"{",
		"[]",
		"{}",
		"{\"boot\":\"x\",\"domid\":-1,\"selfballoon\":true,\"changing\":null}",
		"{\"boot\":\"x\",\"domid\":99999,\"selfballoon\":true,\"changing\":null}",
		"{\"boot\":\"x\",\"domid\":1,\"selfballoon\":1,\"changing\":null}",
		"{\"boot\":\"x\",\"domid\":1,\"domid\":1,\"selfballoon\":true,\"changing\":null}",
		"{\"boot\":\"x\",\"domid\":1,\"selfballoon\":true,\"changing\":null} x",
		"{\"boot\":\"x\",\"domid\":1,\"selfballoon\":true,\"former_kib\":-1}",
		"{\"boot\":\"x\",\"domid\":1,\"selfballoon\":true,\"left_kib\":\"1\"}",
		"{\"boot\":\"x\",\"domid\":1,\"selfballoon\":true,\"policy\":7}",
	};
	struct decision decision;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		put(texts[i]);
		assert_int_equal(decision_load(UUID, &decision), -EINVAL);
		assert_memory_equal(&decision, &nothing, sizeof(decision));
		assert_int_equal(access(path, F_OK), -1);
	}
	assert_int_equal(decision_damaged(), sizeof(texts) / sizeof(texts[0]));
	/* Each is kept, and none over another. */
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		char aside[128];

		snprintf(aside, sizeof(aside),
			 i ? "%s/" UUID ".damaged.%zu" : "%s/" UUID ".damaged", directory, i);
		assert_string_equal(get_file(aside), texts[i]);
	}
	decision = example();
	assert_int_equal(save(&decision), 0);
	assert_int_equal(decision_load(UUID, &decision), 0);
	assert_int_equal(clean(), sizeof(texts) / sizeof(texts[0]) + 1);
	assert_int_equal(decision_damaged(), 0);
}

/* Each is its own, also where more are saved at once than are flushed one by one. */
static void many_at_once(void **state)
{
	enum { MANY = 100 };
	char uuid[sizeof(UUID)];
	struct decision loaded;

	(void)state;
	for (unsigned int round = 0; round < 3; round++) {
		for (unsigned int i = 0; i < MANY; i++) {
			struct decision decision = {
				.decided.selfballoon = { READING_OK, (i + round) % 2 },
			};

			snprintf(uuid, sizeof(uuid), "0a1b2c3d-0000-4000-8000-%012x", i);
			assert_int_equal(decision_save(uuid, round == 2 ? &nothing : &decision), 0);
			assert_int_equal(decision_load(uuid, &loaded), 0);
			assert_int_equal(loaded.decided.selfballoon.value,
					 round == 2 ? 0 : (i + round) % 2);
		}
		assert_int_equal(decision_flush(), 0);
	}
	assert_int_equal(decision_flush(), 0);
	assert_int_equal(clean(), 0);
}

/* As if the agent had been killed: what it saved last counts; of another boot it does not. */
static void saved_and_not_flushed(void **state)
{
	struct decision old = example(), last = example(), loaded;
	char next[96], half[96];

	(void)state;
	snprintf(next, sizeof(next), "%s/" UUID ".next", directory);
	snprintf(half, sizeof(half), "%s/." UUID ".next.new", directory);
	assert_int_equal(save(&old), 0);
	last.decided.selfballoon.value = 0;
	assert_int_equal(decision_save(UUID, &last), 0);
	assert_int_equal(close(open(half, O_CREAT | O_WRONLY, 0600)), 0);
	assert_int_equal(decision_open(directory), 0);
	assert_int_equal(access(half, F_OK), -1);
	assert_int_equal(decision_load(UUID, &loaded), 0);
	assert_int_equal(loaded.decided.selfballoon.value, 0);
	assert_int_equal(decision_flush(), 0);
	assert_int_equal(access(next, F_OK), -1);
	assert_int_equal(decision_load(UUID, &loaded), 0);
	assert_int_equal(loaded.decided.selfballoon.value, 0);

	assert_int_equal(decision_save(UUID, &old), 0);
	put_file(next, "{\"boot\":\"x\",\"changing\":null,\"domid\":3,\"selfballoon\":true}");
	assert_int_equal(decision_open(directory), 0);
	assert_int_equal(access(next, F_OK), -1);
	assert_int_equal(decision_load(UUID, &loaded), 0);
	assert_int_equal(loaded.decided.selfballoon.value, 0);
	/* A power cut may leave this. */
	put_file(next, "");
	assert_int_equal(decision_open(directory), 0);
	assert_int_equal(access(next, F_OK), -1);
	assert_int_equal(decision_save(UUID, &old), 0);
	assert_int_equal(decision_drop(UUID), 0);
	assert_int_equal(access(next, F_OK), -1);
	assert_int_equal(decision_load(UUID, &loaded), 0);
	assert_int_equal(loaded.decided.selfballoon.value, 0);
	/* One that says nothing takes the older one away, whenever it is flushed. */
	assert_int_equal(decision_save(UUID, &nothing), 0);
	assert_int_equal(decision_open(directory), 0);
	assert_int_equal(decision_load(UUID, &loaded), 0);
	assert_int_equal(loaded.decided.selfballoon.state, READING_ABSENT);
	assert_int_equal(decision_flush(), 0);
	assert_int_equal(clean(), 0);
}

/* Any one byte of a good file may be wrong: then it is damaged, or says something valid. */
static void every_byte_damaged(void **state)
{
	struct decision saved = example(), loaded;
	char good[4096];
	size_t len;
	int damaged = 0;

	(void)state;
	assert_int_equal(save(&saved), 0);
	snprintf(good, sizeof(good), "%s", get());
	len = strlen(good);
	for (size_t i = 0; i < len; i++) {
		char bad[4096];

		memcpy(bad, good, len + 1);
		bad[i] = bad[i] == '}' ? '{' : '}';
		put(bad);
		damaged += decision_load(UUID, &loaded) == -EINVAL;
		clean();
		assert_true(loaded.changing.cap_kib <= CONTRACT_KIB_MAX);
		assert_true(loaded.domid <= SNAPSHOT_DOMAINS_MAX);
	}
	assert_true(damaged > (int)len / 2);
}

/* Domids of another boot are other domains. */
static void another_boot(void **state)
{
	struct decision saved = example(), loaded;
	char text[4096], *boot;

	(void)state;
	assert_int_equal(save(&saved), 0);
	snprintf(text, sizeof(text), "%s", get());
	boot = strstr(text, "\"boot\":\"");
	assert_non_null(boot);
	boot[8] = boot[8] == '0' ? '1' : '0';
	put(text);
	assert_int_equal(decision_load(UUID, &loaded), 0);
	assert_int_equal(loaded.decided.selfballoon.value, 1);
	assert_int_equal(loaded.decided.former_kib.value, CONTRACT_KIB_MAX);
	assert_int_equal(loaded.domid, 0);
	assert_false(loaded.changing.valid);
}

static void not_open(void **state)
{
	struct decision decision = example();

	(void)state;
	decision_close();
	assert_int_equal(decision_save(UUID, &decision), -EBADF);
	assert_int_equal(decision_load(UUID, &decision), -EBADF);
	assert_int_equal(decision_open("/nowhere/deeper"), -ENOENT);
	assert_int_equal(decision_open("/dev/null"), -ENOTDIR);
}

static void directory_is_ours_alone(void **state)
{
	struct stat status;
	char below[64];

	(void)state;
	snprintf(below, sizeof(below), "%s/new", directory);
	assert_int_equal(decision_open(below), 0);
	assert_int_equal(stat(below, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0700);
	assert_int_equal(rmdir(below), 0);
}

/* A link that somebody put there is not followed. */
static void no_links(void **state)
{
	struct decision decision = example();
	char victim[80];

	(void)state;
	snprintf(victim, sizeof(victim), "%s/victim", directory);
	assert_int_equal(close(open(victim, O_CREAT | O_WRONLY, 0600)), 0);
	assert_int_equal(symlink("victim", path), 0);
	assert_int_equal(decision_load(UUID, &decision), -ELOOP);
	decision = example();
	assert_int_equal(save(&decision), 0);
	assert_int_equal(decision_load(UUID, &decision), 0);
	assert_int_equal(unlink(victim), 0);
}

#define EACH(f) cmocka_unit_test_setup(f, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(comes_back),
		EACH(longest_node),
		EACH(nothing_said_takes_no_file),
		EACH(each_takes_a_file),
		EACH(without_what_came_later),
		EACH(only_canonical_uuids),
		EACH(damaged_files),
		EACH(many_at_once),
		EACH(saved_and_not_flushed),
		EACH(every_byte_damaged),
		EACH(another_boot),
		EACH(not_open),
		EACH(directory_is_ours_alone),
		EACH(no_links),
	};
	int failed;

	if (!mkdtemp(directory))
		return 1;
	failed = cmocka_run_group_tests_name("decision", tests, NULL, teardown);
	return failed;
}
