/* SPDX-License-Identifier: MIT */
/* web.config.yml. What is accepted is written anew and read again, and must be the same. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "web_config.h"
#include "web_names.h"

/* Between YAML's single quotes only these have a meaning. */
static void print_text(struct text *text, const char *before, const char *value)
{
	text_string(text, before);
	text_string(text, "'");
	for (; *value; value++)
		text_add(text, *value == '\'' ? "''" : value, *value == '\'' ? 2 : 1);
	text_string(text, "'\n");
}

static void print_pem(struct text *text, const char *name, const struct web_pem *pem)
{
	text_format(text, "  %s_file: ", name);
	print_text(text, "", pem->path);
}

static void print_tls(struct text *text, const struct web_config *web)
{
	static const char *const auths[] = { "NoClientCert", "RequestClientCert",
					     "RequireAnyClientCert", "VerifyClientCertIfGiven",
					     "RequireAndVerifyClientCert" };

	text_string(text, "tls_server_config:\n");
	print_pem(text, "cert", &web->cert);
	print_pem(text, "key", &web->key);
	print_pem(text, "client_ca", &web->client_ca);
	text_format(text, "  client_auth_type: %s\n", auths[web->client_auth]);
	text_format(text, "  min_version: TLS1%d\n", (int)web->lowest);
	text_format(text, "  max_version: TLS1%d\n", (int)web->highest);
	text_format(text, "  prefer_server_cipher_suites: %s\n",
		    web->prefer_server_ciphers ? "true" : "false");
	if (web->sans_given)
		text_format(text, "  client_allowed_sans:%s\n", web->san_count ? "" : " []");
	for (size_t i = 0; i < web->san_count; i++)
		print_text(text, "  - ", web->san[i]);
	text_string(text, "  cipher_suites:\n");
	for (size_t i = 0; i < web->ciphers.count; i++)
		print_text(text, "  - ", web_ciphers[web->ciphers.index[i]].name);
	text_string(text, "  curve_preferences:\n");
	for (size_t i = 0; i < web->curves.count; i++)
		print_text(text, "  - ", web_curves[web->curves.index[i]].name);
}

static void print(struct text *text, const struct web_config *web)
{
	if (web->tls)
		print_tls(text, web);
	text_format(text, "rate_limit: {interval: %lluns, burst: %llu}\n",
		    (unsigned long long)web->rate_ns, (unsigned long long)web->rate_burst);
	text_string(text, "http_server_config:\n  headers:\n");
	for (size_t i = 0; i < WEB_HEADERS; i++)
		if (web->header[i]) {
			text_format(text, "    %s: ", web_config_header(i));
			print_text(text, "", web->header[i]);
		}
}

static void in_range(const struct web_config *web)
{
	MUST(web->client_auth < WEB_CLIENT_AUTH_COUNT);
	MUST(web->san_count <= WEB_SANS_MAX && web->user_count <= WEB_USERS_MAX);
	MUST(web->ciphers.count <= web_cipher_count && web->curves.count <= web_curve_count);
	MUST(!web->tls || web->lowest <= web->highest);
	for (size_t i = 0; i < web->user_count; i++) {
		const struct web_user *user = &web->user[i];

		MUST(strlen(user->bcrypt) == WEB_BCRYPT_SIZE - 1 || !*user->bcrypt);
		MUST(!*user->bcrypt || web_config_cost(user->bcrypt) <= WEB_COST_MAX);
		for (size_t other = 0; other < i; other++)
			MUST(strcmp(user->name, web->user[other].name));
	}
}

/* What was given as a path and what as text may differ in how they are kept, not in what they are.
 */
static bool is_same(const struct web_config *one, const struct web_config *other)
{
	for (size_t i = 0; i < WEB_HEADERS; i++)
		if (!one->header[i] != !other->header[i] ||
		    (one->header[i] && strcmp(one->header[i], other->header[i])))
			return false;
	return one->tls == other->tls &&
	       (!one->tls ||
		(one->lowest == other->lowest && one->highest == other->highest &&
		 one->client_auth == other->client_auth && one->sans_given == other->sans_given &&
		 !memcmp(one->san, other->san, sizeof(one->san)) &&
		 !memcmp(&one->ciphers, &other->ciphers, sizeof(one->ciphers)) &&
		 !memcmp(&one->curves, &other->curves, sizeof(one->curves)))) &&
	       one->rate_ns == other->rate_ns && one->rate_burst == other->rate_burst;
}

/* PEM in the file itself, and a text that single quotes can't hold, are not written anew. */
static bool is_printable(const struct web_config *web)
{
	bool printable = !web->cert.text && !web->key.text && !web->client_ca.text;

	for (size_t i = 0; i < web->san_count; i++)
		for (const char *at = web->san[i]; *at; at++)
			printable &= *at >= ' ' && *at <= '~';
	for (size_t i = 0; i < WEB_HEADERS; i++)
		for (const char *at = web->header[i]; at && *at; at++)
			printable &= *at >= ' ' && *at <= '~';
	return printable;
}

static void accepted(const struct web_config *web)
{
	struct text text = { 0 };
	struct web_config *again;
	char error[512] = "";

	in_range(web);
	if (!is_printable(web))
		return;
	print(&text, web);
	again = web_config_read(fuzz_file(text.bytes, text.len), error, sizeof(error));
	if (!again || !is_same(web, again)) {
		fprintf(stderr, "%s\n%.*s", error, (int)text.len, text.bytes);
		fuzz_broken("what was accepted is the same again", __FILE__, __LINE__);
	}
	web_config_free(again);
	text_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *path = fuzz_file(data, size);
	char error[512] = "";
	struct web_config *web = web_config_read(path, error, sizeof(error));

	if (web) {
		accepted(web);
	} else {
		fuzz_sentence(error, sizeof(error), true);
		MUST(strncmp(error, path, strlen(path)) == 0 && error[strlen(path)] == ':');
	}
	web_config_free(web);
	return 0;
}
