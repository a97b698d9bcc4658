/* SPDX-License-Identifier: MIT */
/*
 * Reads the section tls_server_config of web.config.yml. Knows what may stand there, not what TLS
 * is.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "web_names.h"
#include "web_read.h"

static const char *const client_auths[WEB_CLIENT_AUTH_COUNT] = {
	[WEB_NO_CLIENT_CERT] = "NoClientCert",
	[WEB_REQUEST_CLIENT_CERT] = "RequestClientCert",
	[WEB_REQUIRE_ANY_CLIENT_CERT] = "RequireAnyClientCert",
	[WEB_VERIFY_CLIENT_CERT_IF_GIVEN] = "VerifyClientCertIfGiven",
	[WEB_REQUIRE_AND_VERIFY_CLIENT_CERT] = "RequireAndVerifyClientCert",
};

static const char *const versions[WEB_VERSION_COUNT] = {
	[WEB_TLS10] = "TLS10",
	[WEB_TLS11] = "TLS11",
	[WEB_TLS12] = "TLS12",
	[WEB_TLS13] = "TLS13",
};

bool web_config_verifies(const struct web_config *web)
{
	return web->client_auth == WEB_VERIFY_CLIENT_CERT_IF_GIVEN ||
	       web->client_auth == WEB_REQUIRE_AND_VERIFY_CLIENT_CERT;
}

static bool is_set(const struct web_pem *pem)
{
	return *pem->path || (pem->text && *pem->text);
}

bool web_config_has_ca(const struct web_config *web)
{
	return is_set(&web->client_ca);
}

/* Below the file's own folder, unless it is absolute. */
static bool take_path(const struct web_reader *reader, const struct tree *node, char path[256])
{
	const char *slash = strrchr(reader->path, '/');
	char text[256];
	int folder;

	if (!web_take_text(node, text, sizeof(text)))
		return false;
	folder = slash && *text && *text != '/' ? (int)(slash - reader->path) + 1 : 0;
	return snprintf(path, 256, "%.*s%s", folder, reader->path, text) < 256;
}

static bool take_pem(const struct tree *node, char **pem)
{
	const char *text = web_text(node);

	*pem = text ? strdup(text) : NULL;
	return *pem;
}

static bool take_cert_file(struct web_reader *reader, const struct tree *node)
{
	return take_path(reader, node, reader->web->cert.path);
}

static bool take_key_file(struct web_reader *reader, const struct tree *node)
{
	return take_path(reader, node, reader->web->key.path);
}

static bool take_client_ca_file(struct web_reader *reader, const struct tree *node)
{
	return take_path(reader, node, reader->web->client_ca.path);
}

static bool take_cert(struct web_reader *reader, const struct tree *node)
{
	return take_pem(node, &reader->web->cert.text);
}

static bool take_key(struct web_reader *reader, const struct tree *node)
{
	return take_pem(node, &reader->web->key.text);
}

static bool take_client_ca(struct web_reader *reader, const struct tree *node)
{
	return take_pem(node, &reader->web->client_ca.text);
}

/* "RequireClientCert" is what the toolkit's first versions called RequireAnyClientCert. */
static bool take_client_auth(struct web_reader *reader, const struct tree *node)
{
	enum web_client_auth *auth = &reader->web->client_auth;
	const char *text = web_text(node);

	if (text && !strcmp(text, "RequireClientCert"))
		text = client_auths[WEB_REQUIRE_ANY_CLIENT_CERT];
	if (text && !*text)
		text = client_auths[WEB_NO_CLIENT_CERT];
	for (*auth = 0; text && *auth < WEB_CLIENT_AUTH_COUNT; (*auth)++)
		if (!strcmp(text, client_auths[*auth]))
			return true;
	return false;
}

/* One that is longer than any name that a certificate is searched for can't match. */
static bool take_sans(struct web_reader *reader, const struct tree *node)
{
	struct web_config *web = reader->web;

	web->sans_given = node->kind == TREE_LIST;
	for (const struct tree *item = node->first; item; item = item->next) {
		if (!web_text(item) || web->san_count == WEB_SANS_MAX)
			return false;
		if (strlen(web_text(item)) < sizeof(web->san[0]))
			strcpy(web->san[web->san_count++], web_text(item));
	}
	return node->kind == TREE_LIST || node->kind == TREE_NOTHING;
}

static bool take_version(const struct tree *node, enum web_version *version)
{
	enum web_version chosen = 0;

	if (node->kind == TREE_NOTHING)
		return true;
	while (web_text(node) && chosen < WEB_VERSION_COUNT) {
		if (!strcmp(web_text(node), versions[chosen])) {
			*version = chosen;
			return true;
		}
		chosen++;
	}
	return false;
}

static bool take_lowest(struct web_reader *reader, const struct tree *node)
{
	return take_version(node, &reader->web->lowest);
}

static bool take_highest(struct web_reader *reader, const struct tree *node)
{
	return take_version(node, &reader->web->highest);
}

static bool take_preference(struct web_reader *reader, const struct tree *node)
{
	return web_take_flag(node, &reader->web->prefer_server_ciphers);
}

static void choose(struct web_choice *choice, size_t index)
{
	for (size_t i = 0; i < choice->count; i++)
		if (choice->index[i] == index)
			return;
	choice->index[choice->count++] = (uint8_t)index;
}

/* A list of names, each of which `find` knows; the first that it doesn't is the mistake. */
static bool take_names(struct web_reader *reader, const struct tree *node,
		       struct web_choice *choice, bool (*find)(const char *name, size_t *index),
		       const char *right)
{
	size_t index;

	for (const struct tree *item = node->first; item; item = item->next) {
		if (item->kind == TREE_NOTHING)
			continue;
		if (!web_text(item) || !find(web_text(item), &index))
			return web_fail(reader, item, "%s: \"%.60s\" is not known: must be %s",
					node->key, web_text(item) ? web_text(item) : "a list",
					right);
		choose(choice, index);
	}
	choice->given = choice->count;
	return node->kind == TREE_LIST || node->kind == TREE_NOTHING ||
	       web_fail(reader, node, "%s must be a list, such as [%s]", node->key, right);
}

static bool find_cipher(const char *name, size_t *index)
{
	for (*index = 0; *index < web_cipher_count; (*index)++)
		if (!strcmp(web_ciphers[*index].name, name))
			return true;
	return false;
}

static bool find_curve(const char *name, size_t *index)
{
	for (*index = 0; *index < web_curve_count; (*index)++)
		if (!strcmp(web_curves[*index].name, name))
			return true;
	return false;
}

static bool take_ciphers(struct web_reader *reader, const struct tree *node)
{
	return take_names(reader, node, &reader->web->ciphers, find_cipher,
			  "a suite that Go's tls.CipherSuites() lists, such as "
			  "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
}

static bool take_curves(struct web_reader *reader, const struct tree *node)
{
	return take_names(reader, node, &reader->web->curves, find_curve,
			  "CurveP256, CurveP384, CurveP521 or X25519");
}

#define A_PATH "a path of at most 255 bytes"
#define A_PEM  "PEM, as a block of text (`|`)"

static const struct web_key keys[] = {
	{ "cert_file", take_cert_file, A_PATH },
	{ "key_file", take_key_file, A_PATH },
	{ "cert", take_cert, A_PEM },
	{ "key", take_key, A_PEM },
	{ "client_auth_type", take_client_auth,
	  "NoClientCert, RequestClientCert, RequireAnyClientCert, VerifyClientCertIfGiven or "
	  "RequireAndVerifyClientCert" },
	{ "client_ca_file", take_client_ca_file, A_PATH },
	{ "client_ca", take_client_ca, A_PEM },
	{ "client_allowed_sans", take_sans, "a list of at most 256 names" },
	{ "min_version", take_lowest, "TLS10, TLS11, TLS12 or TLS13" },
	{ "max_version", take_highest, "TLS10, TLS11, TLS12 or TLS13" },
	{ "cipher_suites", take_ciphers, NULL },
	{ "prefer_server_cipher_suites", take_preference, "true or false" },
	{ "curve_preferences", take_curves, NULL },
	{ NULL, NULL, NULL },
};

static bool names_client_auth(const struct tree *map)
{
	for (const struct tree *node = map->first; node; node = node->next)
		if (!strcmp(node->key, "client_auth_type") && *web_text(node))
			return true;
	return false;
}

static void say_what_is_weak(const struct web_reader *reader, const struct tree *map)
{
	const struct web_config *web = reader->web;

	if (map->first && !web->tls)
		log_warn("%s: tls_server_config names no certificate, so there is no TLS",
			 reader->path);
	if (web->tls && web->lowest < WEB_TLS12)
		log_warn("%s: min_version %s lets clients speak a TLS with known weaknesses",
			 reader->path, versions[web->lowest]);
	if (web->tls && web_config_verifies(web) && !web_config_has_ca(web))
		log_warn("%s: client_auth_type %s without client_ca_file: the host's own "
			 "authorities vouch for clients, and no certificate proves a principal",
			 reader->path, client_auths[web->client_auth]);
}

bool web_read_tls(struct web_reader *reader, const struct tree *map)
{
	struct web_config *web = reader->web;

	if (!web_read_keys(reader, keys, map))
		return false;
	web->tls = is_set(&web->cert) || is_set(&web->key) || web_config_has_ca(web) ||
		   names_client_auth(map);
	if (web->tls && !is_set(&web->cert))
		return web_fail(reader, map, "%s needs cert_file or cert", map->key);
	if (web->tls && !is_set(&web->key))
		return web_fail(reader, map, "%s needs key_file or key", map->key);
	if (web_config_has_ca(web) && web->client_auth == WEB_NO_CLIENT_CERT)
		return web_fail(reader, map,
				"client_ca_file and client_ca need a client_auth_type other than "
				"NoClientCert, such as RequireAndVerifyClientCert");
	if (web->tls && web->lowest > web->highest)
		return web_fail(reader, map,
				"min_version %s is above max_version %s, so nobody could connect",
				versions[web->lowest], versions[web->highest]);
	say_what_is_weak(reader, map);
	return true;
}
