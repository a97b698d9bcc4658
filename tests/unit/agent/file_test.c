/* SPDX-License-Identifier: MIT */
/*
 * Files are read whole or not at all, and replaced with owner, group and mode as they were.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"

static char directory[] = "/tmp/file_test.XXXXXX";
static int folder;

static void put(const char *name, const char *text, unsigned int mode)
{
	struct file_content file = { .text = text, .len = strlen(text), .mode = mode };

	strcpy(file.name, name);
	assert_int_equal(file_replace(folder, &file), 0);
}

static void is(const char *name, const char *expected)
{
	size_t len;
	char *text;

	assert_int_equal(file_read(folder, name, 100, 0, &text, &len, NULL), 0);
	assert_string_equal(text, expected);
	assert_int_equal(len, strlen(expected));
	free(text);
}

static void read_whole(void **state)
{
	char *text;

	(void)state;
	put("a", "12345", 0600);
	is("a", "12345");
	assert_int_equal(file_read(folder, "a", 5, 0, &text, NULL, NULL), 0);
	free(text);
	assert_int_equal(file_read(folder, "a", 4, 0, &text, NULL, NULL), -EFBIG);
	assert_null(text);
	assert_int_equal(file_read(folder, "none", 4, 0, &text, NULL, NULL), -ENOENT);
	assert_null(text);
	put("empty", "", 0600);
	is("empty", "");
}

static void only_files(void **state)
{
	char *text;

	(void)state;
	assert_int_equal(mkfifoat(folder, "pipe", 0600), 0);
	assert_int_equal(file_read(folder, "pipe", 4, 0, &text, NULL, NULL), -EINVAL);
	assert_int_equal(file_read(folder, ".", 4, 0, &text, NULL, NULL), -EINVAL);
	assert_int_equal(file_read(AT_FDCWD, "/dev/null", 4, 0, &text, NULL, NULL), -EINVAL);
	assert_int_equal(file_read(AT_FDCWD, "/dev/null", 4, FILE_ANY_KIND, &text, NULL, NULL), 0);
	free(text);
	put("a", "1", 0600);
	assert_int_equal(symlinkat("a", folder, "link"), 0);
	is("link", "1");
	assert_int_equal(file_read(folder, "link", 4, FILE_NO_LINK, &text, NULL, NULL), -ELOOP);
}

static void rights_stay(void **state)
{
	struct stat status;

	(void)state;
	unlinkat(folder, "a", 0);
	put("a", "old", 0640);
	assert_int_equal(fstatat(folder, "a", &status, 0), 0);
	assert_int_equal(status.st_mode & 07777, 0640);
	assert_int_equal(fchmodat(folder, "a", 0604, 0), 0);
	if (geteuid() == 0)
		assert_int_equal(fchownat(folder, "a", 12, 34, 0), 0);
	put("a", "new", 0600);
	is("a", "new");
	assert_int_equal(fstatat(folder, "a", &status, 0), 0);
	assert_int_equal(status.st_mode & 07777, 0604);
	if (geteuid() == 0) {
		assert_int_equal(status.st_uid, 12);
		assert_int_equal(status.st_gid, 34);
	}
}

/* One that can't be written leaves nothing; those that are settled have their names, or are gone.
 */
static void in_two_steps(void **state)
{
	struct file_content file = { .name = "b", .text = "2", .len = 1, .mode = 0600 };
	struct file_move moves[10] = {
		{ .from = "b", .to = "a" },
		{ .from = "never", .to = "real", .remove = true },
	};

	(void)state;
	put("a", "1", 0600);
	put("real", "1", 0600);
	assert_int_equal(file_write(folder, &file), 0);
	is("b", "2");
	assert_int_equal(file_settle(folder, moves, 2), 0);
	is("a", "2");
	assert_int_equal(faccessat(folder, "b", F_OK, 0), -1);
	assert_int_equal(faccessat(folder, "real", F_OK, 0), -1);
	/* What is to be moved is not there. */
	assert_int_equal(file_settle(folder, moves, 1), -ENOENT);
	is("a", "2");
	assert_int_equal(file_settle(folder, moves, 0), 0);
	strcpy(file.name, "no/such");
	assert_int_equal(file_write(folder, &file), -ENOENT);
	assert_int_equal(file_replace(folder, &file), -ENOENT);
}

static void put_aside(void **state)
{
	char aside[FILE_NAME_MAX + 1];

	(void)state;
	for (unsigned int i = 0; i < 12; i++) {
		put("a", i % 2 ? "odd" : "even", 0600);
		strcpy(aside, "kept");
		assert_int_equal(file_set_aside(folder, "a", aside), 0);
		is(aside, i % 2 ? "odd" : "even");
	}
	assert_string_equal(aside, "kept.11");
	for (unsigned int i = 0; i < 12; i++) {
		snprintf(aside, sizeof(aside), i ? "kept.%u" : "kept", i);
		assert_int_equal(unlinkat(folder, aside, 0), 0);
	}
	assert_int_equal(file_set_aside(folder, "a", aside), -ENOENT);
}

static void places(void **state)
{
	struct file_place place;
	char path[64];

	(void)state;
	put("real", "1", 0600);
	assert_int_equal(symlinkat("real", folder, "other"), 0);
	snprintf(path, sizeof(path), "%s/other", directory);
	assert_int_equal(file_place_open(&place, path), 0);
	assert_string_equal(place.name, "real");
	file_place_close(&place);
	snprintf(path, sizeof(path), "%s/none", directory);
	assert_int_equal(file_place_open(&place, path), 0);
	assert_string_equal(place.name, "none");
	file_place_close(&place);
	assert_int_equal(file_place_open(&place, "/nowhere/at/all"), -ENOENT);
	assert_int_equal(place.folder, -1);
	snprintf(path, sizeof(path), "%s/made", directory);
	assert_int_equal(file_make_folder(path, 0700), 0);
	assert_int_equal(file_make_folder(path, 0700), 0);
	assert_int_equal(file_make_folder("/nowhere/at/all", 0700), -ENOENT);
}

static int setup(void **state)
{
	(void)state;
	folder = mkdtemp(directory) ? open(directory, O_RDONLY | O_DIRECTORY) : -1;
	return folder < 0;
}

static int teardown(void **state)
{
	static const char *const names[] = { "a", "empty", "pipe", "link", "real", "other" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unlinkat(folder, names[i], 0);
	unlinkat(folder, "made", AT_REMOVEDIR);
	return rmdir(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(read_whole),  cmocka_unit_test(only_files),
		cmocka_unit_test(rights_stay), cmocka_unit_test(in_two_steps),
		cmocka_unit_test(put_aside),   cmocka_unit_test(places),
	};

	return cmocka_run_group_tests_name("file", tests, setup, teardown);
}
