/* SPDX-License-Identifier: MIT */
/* web.config.yml. What is accepted is written anew and read again, and must be the same. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "principal_file.h"
#include "web_config.h"

/* Between YAML's single quotes only these have a meaning. */
static void print_text(struct text *text, const char *before, const char *value)
{
	text_string(text, before);
	text_string(text, "'");
	for (; *value; value++)
		text_add(text, *value == '\'' ? "''" : value, *value == '\'' ? 2 : 1);
	text_string(text, "'\n");
}

static void print_tls(struct text *text, const struct web_config *web)
{
	static const char *const auths[] = { "NoClientCert", "RequestClientCert",
					     "RequireAnyClientCert", "VerifyClientCertIfGiven",
					     "RequireAndVerifyClientCert" };

	text_string(text, "tls_server_config:\n");
	print_text(text, "  cert_file: ", web->cert_file);
	print_text(text, "  key_file: ", web->key_file);
	if (*web->client_ca_file)
		print_text(text, "  client_ca_file: ", web->client_ca_file);
	text_format(text, "  client_auth_type: %s\n", auths[web->client_auth]);
	text_format(text, "  min_version: %s\n", web->lowest_is_13 ? "TLS13" : "TLS12");
	text_format(text, "  max_version: %s\n", web->highest_is_12 ? "TLS12" : "TLS13");
	text_format(text, "  prefer_server_cipher_suites: %s\n",
		    web->prefer_server_ciphers ? "true" : "false");
	if (web->san_count)
		text_string(text, "  client_allowed_sans:\n");
	for (size_t i = 0; i < web->san_count; i++)
		print_text(text, "  - ", web->san[i]);
}

static void print(struct text *text, const struct web_config *web)
{
	if (web->tls)
		print_tls(text, web);
	if (web->user_count)
		text_string(text, "basic_auth_users:\n");
	for (size_t i = 0; i < web->user_count; i++) {
		text_format(text, "  '%s': ", web->user[i].name);
		print_text(text, "", web->user[i].bcrypt);
	}
}

static void in_range(const struct web_config *web)
{
	MUST(web->client_auth < WEB_CLIENT_AUTH_COUNT);
	MUST(web->san_count <= WEB_SANS_MAX && web->user_count <= WEB_USERS_MAX);
	MUST(!web->tls || (*web->cert_file && *web->key_file));
	MUST(web_config_verifies(web) == !!*web->client_ca_file);
	for (size_t i = 0; i < web->user_count; i++) {
		const struct web_user *user = &web->user[i];

		MUST(principal_name_valid(user->name, strlen(user->name)));
		MUST(strlen(user->bcrypt) == WEB_BCRYPT_SIZE - 1);
		for (size_t other = 0; other < i; other++)
			MUST(strcmp(user->name, web->user[other].name));
	}
}

static void accepted(const struct web_config *web)
{
	struct text text = { 0 };
	struct web_config *again;
	char error[512] = "";

	in_range(web);
	print(&text, web);
	again = web_config_read(fuzz_file(text.bytes, text.len), error, sizeof(error));
	if (!again || memcmp(web, again, sizeof(*web))) {
		fprintf(stderr, "%s\n%.*s", error, (int)text.len, text.bytes);
		fuzz_broken("what was accepted is the same again", __FILE__, __LINE__);
	}
	free(again);
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
	free(web);
	return 0;
}
