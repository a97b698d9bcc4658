/* SPDX-License-Identifier: MIT */
/*
 * The principals file: what is taken, what is refused and with which words, and whose a token is.
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
#include <sys/stat.h>
#include <unistd.h>

#include "auth.h"

/* sha256 of "secret" and of "other", by sha256sum. */
#define SECRET "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"
#define OTHER  "d9298a10d1b0735837dc4bd85dac641b0f3cef27a47e5d53a54f2f3f5b2fcffa"

/* 2026-11-23T12:00:00Z */
#define NOW 1795435200

static char error[256];

static int load(const char *text, size_t len, struct auth **auth)
{
	char path[] = "/tmp/auth_test.XXXXXX";
	int fd = mkstemp(path), code;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), len);
	close(fd);
	*auth = NULL;
	error[0] = '\0';
	code = auth_load(path, auth, error, sizeof(error));
	unlink(path);
	return code;
}

static void finds_its_owner(void **state)
{
	static const char text[] = "# who\n\n  ops operator " SECRET "\r\nsee.it\tviewer\t" OTHER;
	struct auth *auth;
	struct principal who = { .via = VIA_HTTP };

	(void)state;
	assert_int_equal(load(text, sizeof(text) - 1, &auth), 0);
	assert_int_equal(auth_bearer(auth, "secret", 6, NOW, &who), AUTH_GOOD);
	assert_string_equal(who.name, "ops");
	assert_int_equal(who.role, ROLE_OPERATOR);
	assert_int_equal(who.via, VIA_HTTP);
	assert_int_equal(auth_bearer(auth, "other", 5, NOW, &who), AUTH_GOOD);
	assert_string_equal(who.name, "see.it");
	assert_int_equal(who.role, ROLE_VIEWER);
	auth_free(auth);
}

static void knows_nobody_else(void **state)
{
	static const char text[] = "ops operator " SECRET "\n";
	static const char *const wrong[] = { "", "Secret", "secret ", "secre", "secrets", SECRET };
	struct auth *auth;
	struct principal who = { .name = "" };

	(void)state;
	assert_int_equal(load(text, sizeof(text) - 1, &auth), 0);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(auth_bearer(auth, wrong[i], strlen(wrong[i]), NOW, &who),
				 AUTH_WRONG);
	assert_int_equal(auth_bearer(auth, "secret\0", 7, NOW, &who), AUTH_WRONG);
	assert_int_equal(auth_bearer(NULL, "secret", 6, NOW, &who), AUTH_WRONG);
	assert_string_equal(who.name, "");
	assert_int_equal(who.role, ROLE_NONE);
	auth_free(auth);
}

static void nobody_at_all(void **state)
{
	struct auth *auth;
	struct principal who;

	(void)state;
	assert_int_equal(load("", 0, &auth), 0);
	assert_int_equal(auth_bearer(auth, "", 0, NOW, &who), AUTH_WRONG);
	auth_free(auth);
}

static void says_what_is_wrong(void **state)
{
	static const struct {
		const char *text;
		const char *where;
		const char *what;
	} rows[] = {
		{ "ops operator\n", ":1: ", "2 words" },
		{ "#\nops operator " SECRET " a b c\n", ":2: ", "6 words" },
		{ "ops operator " SECRET " x\n", ":1: ", "only expires=TIME and domains=" },
		{ "ops operator " SECRET " expires=2026-02-30T00:00:00Z\n",
		  ":1: ", "one UTC time" },
		{ "ops operator " SECRET " expires=2026-02-28\n", ":1: ", "one UTC time" },
		{ "ops operator " SECRET " expires=2026-02-28T00:00:00+\n",
		  ":1: ", "one UTC time" },
		{ "ops operator basic expires=2027-01-01T00:00:00Z expires=2028-01-01T00:00:00Z\n",
		  ":1: ", "one UTC time" },
		{ "ops operator basic domains=\n", ":1: ", "patterns of names" },
		{ "ops operator basic domains=a,,b\n", ":1: ", "patterns of names" },
		{ "ops operator basic domains=a,\n", ":1: ", "patterns of names" },
		{ "ops operator basic domains=a,uuid:0a*\n", ":1: ", "without a wildcard" },
		{ "ops operator basic domains=uuid:0a1b2c3d-0000-0000-0000-00000000000?\n",
		  ":1: ", "without a wildcard" },
		{ "ops operator basic domains=uuid:\n", ":1: ", "without a wildcard" },
		{ "ops operator basic domains=a domains=b\n", ":1: ", "patterns of names" },
		{ "ops admin " SECRET "\n", ":1: ", "viewer or operator" },
		{ "ops none " SECRET "\n", ":1: ", "viewer or operator" },
		{ "ops operator secret\n", ":1: ", "64 hexadecimal digits" },
		{ "ops operator g"
		  "bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b",
		  ":1: ", "64 hexadecimal digits" },
		{ "o/s operator " SECRET "\n", ":1: ", "A-Z a-z 0-9" },
		{ "ops viewer " SECRET "\nops operator " OTHER "\n", ":2: ", "already" },
		{ "ops operator " SECRET "\nsee viewer " SECRET "\n", ":2: ", "this token" },
	};
	struct auth *auth;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_true(load(rows[i].text, strlen(rows[i].text), &auth) < 0);
		assert_null(auth);
		assert_non_null(strstr(error, rows[i].where));
		assert_non_null(strstr(error, rows[i].what));
	}
	assert_true(load("a\0b viewer " SECRET, 12 + 64, &auth) < 0);
}

static void an_expired_token_is_nobodys(void **state)
{
	static const char text[] =
		"ops operator " SECRET " expires=2026-11-23T12:00:00Z domains=a*";
	struct auth *auth;
	struct principal who = { .name = "" };

	(void)state;
	assert_int_equal(load(text, sizeof(text) - 1, &auth), 0);
	assert_int_equal(auth_bearer(auth, "secret", 6, NOW, &who), AUTH_EXPIRED);
	assert_string_equal(who.name, "ops");
	assert_int_equal(who.role, ROLE_NONE);
	assert_int_equal(auth_bearer(auth, "secret", 6, NOW - 1, &who), AUTH_GOOD);
	assert_int_equal(who.role, ROLE_OPERATOR);
	assert_string_equal(who.domains, "a*");
	auth_free(auth);
}

static void each_is_proved_in_the_way_of_its_line(void **state)
{
	static const char text[] =
		"alice operator basic domains=web*\nhost operator certificate\n"
		"ops operator " SECRET "\nold viewer basic expires=2020-01-01T00:00:00Z";
	static const struct {
		const char *name;
		enum principal_proof proof;
		enum auth_verdict verdict;
		enum control_role role;
	} rows[] = {
		{ "alice", PROOF_BASIC, AUTH_GOOD, ROLE_OPERATOR },
		{ "alice", PROOF_CERTIFICATE, AUTH_WRONG, ROLE_NONE },
		{ "host", PROOF_CERTIFICATE, AUTH_GOOD, ROLE_OPERATOR },
		{ "host", PROOF_BASIC, AUTH_WRONG, ROLE_NONE },
		{ "ops", PROOF_BASIC, AUTH_WRONG, ROLE_NONE },
		{ "old", PROOF_BASIC, AUTH_EXPIRED, ROLE_NONE },
		{ "other", PROOF_BASIC, AUTH_GOOD, ROLE_VIEWER },
		{ "other", PROOF_CERTIFICATE, AUTH_WRONG, ROLE_NONE },
		{ "any name", PROOF_BASIC, AUTH_GOOD, ROLE_VIEWER },
		{ "any name", PROOF_CERTIFICATE, AUTH_WRONG, ROLE_NONE },
	};
	struct principal who;
	struct auth *auth;

	(void)state;
	assert_int_equal(load(text, sizeof(text) - 1, &auth), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		who = (struct principal){ .name = "" };
		assert_int_equal(auth_proved(auth, rows[i].name, rows[i].proof, NOW, &who),
				 rows[i].verdict);
		assert_int_equal(who.role, rows[i].role);
	}
	/* Logs are read on terminals. */
	auth_proved(auth, "a\x1b[1m\xff", PROOF_BASIC, NOW, &who);
	assert_string_equal(who.name, "a?[1m?");
	assert_string_equal(auth_nth(auth, PROOF_BASIC, 1), "old");
	assert_null(auth_nth(auth, PROOF_BASIC, 2));
	assert_true(auth_has(auth, PROOF_TOKEN));
	assert_false(auth_has(NULL, PROOF_TOKEN));
	auth_free(auth);
}

static void a_line_is_written_as_it_is_read(void **state)
{
	static const char *const texts[] = {
		"ops operator " SECRET,
		"a.b viewer basic expires=2026-12-31T23:59:59Z",
		"c operator certificate domains=web*,db?",
		"c operator basic domains=uuid:0a1b2c3d-0000-0000-0000-000000000001,web*",
		"d operator " OTHER " expires=0000-01-01T00:00:00Z domains=[a-c]*",
	};
	char text[PRINCIPAL_LINE_SIZE];
	struct principal_line line;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(principal_line_parse(texts[i], strlen(texts[i]), &line, error,
						      sizeof(error)),
				 LINE_PRINCIPAL);
		assert_true(principal_line_format(&line, text, sizeof(text)));
		assert_string_equal(text, texts[i]);
		assert_false(principal_line_format(&line, text, strlen(texts[i])));
	}
}

/* One letter of hexadecimal is in the UUIDs of one guest in sixteen. */
static void patterns_are_of_names(void **state)
{
	static const char uuid[] = "0a1b2c3d-0000-0000-0000-000000000001";
	static const struct {
		const char *domains;
		bool match;
	} rows[] = { { "", true },
		     { "web*", true },
		     { "db*,web1", true },
		     { "web", false },
		     { "WEB1", false },
		     { "db*", false },
		     { "0a1b2c3d-*", false },
		     { "0a*", false },
		     { "0*", false },
		     { "[0-9a-f]*-*", false },
		     { "*", true },
		     { "0a1b2c3d-0000-0000-0000-000000000001", true },
		     { "db*,uuid:0A1B2C3D-0000-0000-0000-000000000001", true },
		     { "uuid:0a1b2c3d-0000-0000-0000-000000000002", false },
		     { "uuid*", false } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(principal_domains_match(rows[i].domains, "web1", uuid),
				 rows[i].match);
}

static void long_name(void **state)
{
	char text[256];
	struct auth *auth;
	struct principal who = { .name = "" };

	(void)state;
	for (size_t len = 63; len <= 64; len++) {
		int n = snprintf(text, sizeof(text), "%0*d operator " SECRET "\n", (int)len, 7);

		assert_int_equal(load(text, (size_t)n, &auth), len == 63 ? 0 : -EINVAL);
		assert_int_equal(auth_bearer(len == 63 ? auth : NULL, "secret", 6, NOW, &who),
				 len == 63 ? AUTH_GOOD : AUTH_WRONG);
		auth_free(auth);
	}
	assert_int_equal(strlen(who.name), 63);
}

static void not_a_file_of_ours(void **state)
{
	char path[] = "/tmp/auth_test.XXXXXX";
	char *big = calloc(1, (1 << 20) + 1);
	struct auth *auth = NULL;

	(void)state;
	assert_int_equal(auth_load("/nowhere/principals", &auth, error, sizeof(error)), -ENOENT);
	assert_non_null(strstr(error, "/nowhere/principals"));
	assert_int_equal(auth_load("/tmp", &auth, error, sizeof(error)), -EINVAL);
	assert_non_null(mkdtemp(path));
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(auth_load(path, &auth, error, sizeof(error)), -EINVAL);
	unlink(path);
	assert_non_null(big);
	memset(big, '\n', (1 << 20) + 1);
	assert_int_equal(load(big, (1 << 20) + 1, &auth), -EINVAL);
	assert_int_equal(load(big, 1 << 20, &auth), 0);
	auth_free(auth);
	free(big);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_its_owner),
		cmocka_unit_test(knows_nobody_else),
		cmocka_unit_test(nobody_at_all),
		cmocka_unit_test(says_what_is_wrong),
		cmocka_unit_test(long_name),
		cmocka_unit_test(not_a_file_of_ours),
		cmocka_unit_test(an_expired_token_is_nobodys),
		cmocka_unit_test(each_is_proved_in_the_way_of_its_line),
		cmocka_unit_test(a_line_is_written_as_it_is_read),
		cmocka_unit_test(patterns_are_of_names),
	};

	return cmocka_run_group_tests_name("auth", tests, NULL, NULL);
}
