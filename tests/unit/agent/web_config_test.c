/* SPDX-License-Identifier: MIT */
/*
 * web.config.yml: each key with what the toolkit takes and what it refuses, and the words that a
 * refusal must hold.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "web_config.h"
#include "web_names.h"

#define PAIR   "tls_server_config:\n  cert_file: c\n  key_file: k\n"
#define HASH10 "$2y$10$pOOaU7P2UGTXYmbxBRVyeOxj6mVWKZsQn1Xg0veClf6JKUlT7X4GO"
#define HASH31 "$2y$31$pOOaU7P2UGTXYmbxBRVyeOxj6mVWKZsQn1Xg0veClf6JKUlT7X4GO"
#define HASH32 "$2y$32$pOOaU7P2UGTXYmbxBRVyeOxj6mVWKZsQn1Xg0veClf6JKUlT7X4GO"

static char error[512];

static struct web_config *load(const char *text)
{
	char path[] = "/tmp/web_config_test.XXXXXX";
	int fd = mkstemp(path);
	struct web_config *web;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	error[0] = '\0';
	web = web_config_read(path, error, sizeof(error));
	unlink(path);
	return web;
}

/* Keys and values that the toolkit takes. */
static const char *const taken[] = {
	"",
	"# nothing\n",
	"tls_server_config:\n",
	"tls_server_config: {}\n",
	PAIR,
	"tls_server_config:\n  cert: |\n    PEM\n  key: |\n    PEM\n",
	"tls_server_config:\n  cert_file: c\n  key: k\n",
	PAIR "  client_auth_type: NoClientCert\n",
	PAIR "  client_auth_type: RequestClientCert\n",
	PAIR "  client_auth_type: RequireAnyClientCert\n",
	PAIR "  client_auth_type: RequireClientCert\n",
	PAIR "  client_auth_type: VerifyClientCertIfGiven\n",
	PAIR "  client_auth_type: RequireAndVerifyClientCert\n",
	PAIR "  client_auth_type: \"\"\n",
	PAIR "  client_auth_type:\n",
	PAIR "  client_auth_type: RequestClientCert\n  client_ca_file: a\n",
	PAIR "  client_auth_type: VerifyClientCertIfGiven\n  client_ca: PEM\n",
	PAIR "  client_allowed_sans: [a, '10.0.0.1', 5]\n",
	PAIR "  client_allowed_sans: []\n",
	PAIR "  client_allowed_sans:\n",
	PAIR "  min_version: TLS10\n",
	PAIR "  min_version: TLS11\n",
	PAIR "  min_version: TLS12\n",
	PAIR "  min_version: TLS13\n",
	PAIR "  min_version:\n",
	PAIR "  max_version: TLS12\n",
	PAIR "  max_version: TLS13\n",
	PAIR "  min_version: TLS10\n  max_version: TLS10\n",
	PAIR "  min_version: TLS10\n  max_version: TLS11\n",
	PAIR "  cipher_suites: []\n",
	PAIR "  cipher_suites:\n",
	PAIR "  prefer_server_cipher_suites: true\n",
	PAIR "  prefer_server_cipher_suites: off\n",
	PAIR "  curve_preferences: [X25519, CurveP256, CurveP384, CurveP521, X25519]\n",
	PAIR "  curve_preferences: []\n",
	"tls_server_config:\n  min_version: TLS13\n",
	"http_server_config:\n  http2: true\n",
	"http_server_config:\n  http2: no\n",
	"http_server_config:\n  headers:\n",
	"http_server_config:\n  headers:\n    X-Frame-Options: deny\n    X-XSS-Protection: 1\n",
	"http_server_config:\n  headers:\n    X-Frame-Options: sameorigin\n",
	"http_server_config:\n  headers:\n    X-Content-Type-Options: nosniff\n",
	"http_server_config:\n  headers:\n    Strict-Transport-Security: max-age=1; preload\n",
	"http_server_config:\n  headers:\n    Content-Security-Policy: \"default-src 'self'\"\n",
	"rate_limit:\n  interval: 1s\n  burst: 5\n",
	"rate_limit:\n  interval: 0\n  burst: 0\n",
	"rate_limit:\n  interval: -1s\n  burst: -1\n",
	"rate_limit:\n  interval: 1h2m3.5s\n",
	"rate_limit:\n  interval: \"5\xc2\xb5s\"\n  burst: 1\n",
	"basic_auth_users:\n",
	"basic_auth_users:\n  alice: " HASH10 "\n",
	"basic_auth_users:\n  a@b: " HASH10 "\n",
	"basic_auth_users:\n  \"m\xc3\xbcller of x\": " HASH10 "\n",
	"basic_auth_users:\n  5: " HASH31 "\n",
	"basic_auth_users:\n  x: $2x$10$pOOaU7P2UGTXYmbxBRVyeOxj6mVWKZsQn1Xg0veClf6JKUlT7X4GO\n",
};

/* What is refused, its line, and the key, the value and the remedy that the sentence names. */
static const struct {
	const char *text;
	int line;
	const char *words;
} refused[] = {
	{ "tls_server:\n", 1, "unknown section \"tls_server\": there are tls_server_config" },
	{ "tls_server_config:\n  cert_filse: a\n", 2, "\"cert_filse\" in tls_server_config" },
	{ "http_server_config:\n  http3: true\n", 2, "it may have http2, headers" },
	{ "rate_limit:\n  every: 1s\n", 2, "it may have interval, burst" },
	{ "tls_server_config: no\n", 1, "must hold settings" },
	{ "tls_server_config:\n  cert_file: c\n", 1, "needs key_file or key" },
	{ "tls_server_config:\n  key: k\n", 1, "needs cert_file or cert" },
	{ "tls_server_config:\n  cert: ''\n  key_file: k\n", 1, "needs cert_file or cert" },
	{ "tls_server_config:\n  client_auth_type: NoClientCert\n", 1, "needs cert_file or cert" },
	{ PAIR "  cert_file: d\n", 4, "cert_file was already set in line 2" },
	{ PAIR "  client_auth_type: Maybe\n", 4,
	  "client_auth_type is \"Maybe\": must be NoClientCert, RequestClientCert" },
	{ PAIR "  client_auth_type: [NoClientCert]\n", 4, "client_auth_type is a list: must be" },
	{ PAIR "  client_ca_file: a\n", 1, "need a client_auth_type other than NoClientCert" },
	{ PAIR "  client_ca: PEM\n", 1, "need a client_auth_type other than NoClientCert" },
	{ PAIR "  client_allowed_sans: a\n", 4, "client_allowed_sans is \"a\": must be a list" },
	{ PAIR "  min_version: TLS111\n", 4, "min_version is \"TLS111\": must be TLS10, TLS11" },
	{ PAIR "  min_version: ''\n", 4, "min_version is \"\": must be TLS10" },
	{ PAIR "  max_version: SSL30\n", 4, "max_version is \"SSL30\": must be TLS10, TLS11" },
	{ PAIR "  min_version: TLS13\n  max_version: TLS12\n", 1,
	  "min_version TLS13 is above max_version TLS12, so nobody could connect" },
	{ PAIR "  cipher_suites: [TLS_RSA_WITH_RC4_128_SHA]\n", 4,
	  "cipher_suites: \"TLS_RSA_WITH_RC4_128_SHA\" is not known: must be a suite" },
	{ PAIR "  cipher_suites: [tls_aes_128_gcm_sha256]\n", 4, "is not known" },
	{ PAIR "  cipher_suites: TLS_AES_128_GCM_SHA256\n", 4, "cipher_suites must be a list" },
	{ PAIR "  curve_preferences: [CurveP257]\n", 4,
	  "curve_preferences: \"CurveP257\" is not known: must be CurveP256, CurveP384" },
	{ PAIR "  prefer_server_cipher_suites: maybe\n", 4, "is \"maybe\": must be true or false" },
	{ "http_server_config:\n  http2: 'true'\n", 2, "http2 is \"true\": must be true or false" },
	{ "http_server_config:\n  headers:\n    Content-Type: a\n", 3,
	  "headers: \"Content-Type\" can't be set: must be one of Content-Security-Policy" },
	{ "http_server_config:\n  headers:\n    x-frame-options: deny\n", 3, "can't be set" },
	{ "http_server_config:\n  headers:\n    X-Frame-Options: DENY\n", 3,
	  "X-Frame-Options is \"DENY\": must be deny or sameorigin" },
	{ "http_server_config:\n  headers:\n    X-Content-Type-Options: ''\n", 3,
	  "X-Content-Type-Options is \"\": must be nosniff" },
	{ "http_server_config:\n  headers: [a]\n", 2, "headers must hold settings" },
	{ "rate_limit:\n  interval: soon\n", 2, "interval is \"soon\": must be a duration" },
	{ "rate_limit:\n  interval: 1.s5\n", 2, "interval is \"1.s5\": must be a duration" },
	{ "rate_limit:\n  interval: 5d\n", 2, "interval is \"5d\": must be a duration" },
	{ "rate_limit:\n  burst: 1.5\n", 2, "burst is \"1.5\": must be a number" },
	{ "basic_auth_users:\n  alice: secret\n", 2, "what alice has must be the bcrypt hash" },
	{ "basic_auth_users:\n  alice:\n", 2, "what alice has must be the bcrypt hash" },
	{ "basic_auth_users:\n  alice: " HASH32 "\n", 2, "of a cost from 4 to 31" },
	{ "basic_auth_users:\n  a: " HASH10 "\n  a: " HASH10 "\n", 3, "already set in line 2" },
};

static void what_the_toolkit_takes_is_taken(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(taken) / sizeof(*taken); i++) {
		struct web_config *web = load(taken[i]);

		if (!web)
			fail_msg("refused: %s\n%s", taken[i], error);
		web_config_free(web);
	}
}

static void what_it_refuses_is_refused_with_key_value_and_remedy(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
		struct web_config *web = load(refused[i].text);
		char place[16];

		if (web)
			fail_msg("taken: %s", refused[i].text);
		snprintf(place, sizeof(place), ":%d: ", refused[i].line);
		if (!strstr(error, place) || !strstr(error, refused[i].words))
			fail_msg("wanted \"%s\" and \"%s\": %s", place, refused[i].words, error);
	}
}

static void each_cipher_and_each_curve_is_known(void **state)
{
	char text[256];

	(void)state;
	for (size_t i = 0; i < web_cipher_count; i++) {
		struct web_config *web;

		snprintf(text, sizeof(text), PAIR "  cipher_suites: [%s]\n", web_ciphers[i].name);
		web = load(text);
		assert_non_null(web);
		assert_true(web->ciphers.given && web->ciphers.count == 1);
		assert_int_equal(web->ciphers.index[0], i);
		web_config_free(web);
	}
	for (size_t i = 0; i < web_curve_count; i++) {
		struct web_config *web;

		snprintf(text, sizeof(text), PAIR "  curve_preferences: [%s]\n",
			 web_curves[i].name);
		web = load(text);
		assert_non_null(web);
		assert_int_equal(web->curves.index[0], i);
		web_config_free(web);
	}
}

static void values_arrive(void **state)
{
	struct web_config *web =
		load("tls_server_config:\n  cert: C\n  key: K\n  min_version: TLS10\n"
		     "  max_version: TLS11\n  client_allowed_sans: []\n"
		     "http_server_config:\n  headers:\n    X-XSS-Protection: \"a\\nb\"\n"
		     "rate_limit: {interval: 1m1.5s, burst: 7}\n"
		     "basic_auth_users:\n  a@b: " HASH31 "\n"
		     "  none: $2x$10$pOOaU7P2UGTXYmbxBRVyeOxj6mVWKZsQn1Xg0veClf6JKUlT7X4GO\n");

	(void)state;
	assert_non_null(web);
	assert_true(web->tls && web->sans_given && web->prefer_server_ciphers);
	assert_string_equal(web->cert.text, "C");
	assert_string_equal(web->key.text, "K");
	assert_int_equal(web->lowest, WEB_TLS10);
	assert_int_equal(web->highest, WEB_TLS11);
	assert_string_equal(web_config_header(4), "X-XSS-Protection");
	assert_string_equal(web->header[4], "a b");
	assert_int_equal(web->rate_ns, UINT64_C(61500000000));
	assert_int_equal(web->rate_burst, 7);
	assert_string_equal(web->user[0].name, "a@b");
	assert_int_equal(web_config_cost(web->user[0].bcrypt), 31);
	assert_string_equal(web->user[1].bcrypt, "");
	web_config_free(web);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_toolkit_takes_is_taken),
		cmocka_unit_test(what_it_refuses_is_refused_with_key_value_and_remedy),
		cmocka_unit_test(each_cipher_and_each_curve_is_known),
		cmocka_unit_test(values_arrive),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
