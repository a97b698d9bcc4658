/* SPDX-License-Identifier: MIT */
/*
 * Reads web.config.yml. Knows what may stand there, not what TLS and bcrypt are. Called by
 * config_files.c.
 */
#include "web_config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "principal_file.h"
#include "tree.h"

struct reader {
	const char *path;
	struct web_config *web;
	char *error;
	size_t error_size;
};

#define fail(reader, node, ...)                                                                    \
	tree_fail((reader)->error, (reader)->error_size, (reader)->path, (node)->line, __VA_ARGS__)

/* A key of a section: takes its value, or returns false. */
struct key {
	const char *name;
	bool (*take)(struct reader *reader, const struct tree *node);
	const char *right;
};

static const char *const client_auths[WEB_CLIENT_AUTH_COUNT] = {
	[WEB_NO_CLIENT_CERT] = "NoClientCert",
	[WEB_REQUEST_CLIENT_CERT] = "RequestClientCert",
	[WEB_REQUIRE_ANY_CLIENT_CERT] = "RequireAnyClientCert",
	[WEB_VERIFY_CLIENT_CERT_IF_GIVEN] = "VerifyClientCertIfGiven",
	[WEB_REQUIRE_AND_VERIFY_CLIENT_CERT] = "RequireAndVerifyClientCert",
};

bool web_config_verifies(const struct web_config *web)
{
	return web->client_auth == WEB_VERIFY_CLIENT_CERT_IF_GIVEN ||
	       web->client_auth == WEB_REQUIRE_AND_VERIFY_CLIENT_CERT;
}

/* YAML can hide line ends in a value, some of them beyond ASCII; nothing here needs either. */
static bool is_text(const struct tree *node)
{
	const char *byte = node->kind == TREE_TEXT ? node->text : "";
	bool any = *byte;

	while (*byte >= ' ' && *byte <= '~')
		byte++;
	return any && !*byte;
}

/* Below the file's own folder, unless it is absolute. */
static bool take_path(const struct reader *reader, const struct tree *node, char path[256])
{
	const char *slash = strrchr(reader->path, '/');
	int folder =
		slash && is_text(node) && *node->text != '/' ? (int)(slash - reader->path) + 1 : 0;

	return is_text(node) &&
	       snprintf(path, 256, "%.*s%s", folder, reader->path, node->text) < 256;
}

static bool take_cert(struct reader *reader, const struct tree *node)
{
	return take_path(reader, node, reader->web->cert_file);
}

static bool take_key(struct reader *reader, const struct tree *node)
{
	return take_path(reader, node, reader->web->key_file);
}

static bool take_client_ca(struct reader *reader, const struct tree *node)
{
	return take_path(reader, node, reader->web->client_ca_file);
}

static bool take_client_auth(struct reader *reader, const struct tree *node)
{
	enum web_client_auth *auth = &reader->web->client_auth;

	for (*auth = 0; is_text(node) && *auth < WEB_CLIENT_AUTH_COUNT; (*auth)++)
		if (!strcmp(node->text, client_auths[*auth]))
			return true;
	return false;
}

static bool take_sans(struct reader *reader, const struct tree *node)
{
	struct web_config *web = reader->web;

	for (const struct tree *item = node->first; item; item = item->next)
		if (web->san_count == WEB_SANS_MAX || !is_text(item) ||
		    snprintf(web->san[web->san_count++], sizeof(web->san[0]), "%s", item->text) >=
			    (int)sizeof(web->san[0]))
			return false;
	return node->kind == TREE_LIST && node->first;
}

static bool take_version(const struct tree *node, bool *is_12, bool *is_13)
{
	*is_12 = is_text(node) && !strcmp(node->text, "TLS12");
	*is_13 = is_text(node) && !strcmp(node->text, "TLS13");
	return *is_12 || *is_13;
}

static bool take_lowest(struct reader *reader, const struct tree *node)
{
	bool is_12;

	return take_version(node, &is_12, &reader->web->lowest_is_13);
}

static bool take_highest(struct reader *reader, const struct tree *node)
{
	bool is_13;

	return take_version(node, &reader->web->highest_is_12, &is_13);
}

static bool take_flag(const struct tree *node, bool *flag)
{
	*flag = is_text(node) && node->plain && !strcmp(node->text, "true");
	return *flag || (is_text(node) && node->plain && !strcmp(node->text, "false"));
}

static bool take_preference(struct reader *reader, const struct tree *node)
{
	return take_flag(node, &reader->web->prefer_server_ciphers);
}

/* The agent speaks HTTP/1.1 whatever is allowed; both words are true then. */
static bool take_http2(struct reader *reader, const struct tree *node)
{
	bool allowed;

	(void)reader;
	return take_flag(node, &allowed);
}

static const struct key tls_keys[] = {
	{ "cert_file", take_cert, "a path in printable ASCII" },
	{ "key_file", take_key, "a path in printable ASCII" },
	{ "client_ca_file", take_client_ca, "a path in printable ASCII" },
	{ "client_auth_type", take_client_auth,
	  "NoClientCert, RequestClientCert, RequireAnyClientCert, VerifyClientCertIfGiven or "
	  "RequireAndVerifyClientCert" },
	{ "client_allowed_sans", take_sans, "a list of at most 32 names in printable ASCII" },
	{ "min_version", take_lowest, "TLS12 or TLS13; older ones are not spoken" },
	{ "max_version", take_highest, "TLS12 or TLS13" },
	{ "prefer_server_cipher_suites", take_preference, "true or false" },
	{ NULL, NULL, NULL },
};

static const struct key http_keys[] = {
	{ "http2", take_http2, "true or false" },
	{ NULL, NULL, NULL },
};

static void list_keys(const struct key *keys, char *text, size_t size)
{
	size_t at = 0;

	for (; keys->name && at < size; keys++)
		at += (size_t)snprintf(text + at, size - at, "%s%s", at ? ", " : "", keys->name);
}

static bool comes_twice(struct reader *reader, const struct tree *map, const struct tree *node)
{
	for (const struct tree *other = map->first; other != node; other = other->next)
		if (!strcmp(other->key, node->key))
			return !fail(reader, node, "%.40s was already set in line %zu; keep one",
				     node->key, other->line);
	return false;
}

static bool is_map(struct reader *reader, const struct tree *node)
{
	return node->kind == TREE_MAP || node->kind == TREE_NOTHING ||
	       fail(reader, node, "%s must hold settings, `key: value` in a line each",
		    node->key ? node->key : "the file");
}

static bool read_keys(struct reader *reader, const struct key *keys, const struct tree *map)
{
	char names[256];

	for (const struct tree *node = map->first; node; node = node->next) {
		const struct key *key = keys;

		while (key->name && strcmp(key->name, node->key))
			key++;
		list_keys(keys, names, sizeof(names));
		if (!key->name)
			return fail(reader, node, "unknown setting \"%.40s\" in %s: it may have %s",
				    node->key, map->key, names);
		if (comes_twice(reader, map, node))
			return false;
		if (!key->take(reader, node))
			return fail(reader, node, "%s must be %s", key->name, key->right);
	}
	return true;
}

static bool read_tls(struct reader *reader, const struct tree *map)
{
	struct web_config *web = reader->web;

	if (!read_keys(reader, tls_keys, map))
		return false;
	web->tls = map->first;
	if (web->tls && (!*web->cert_file || !*web->key_file))
		return fail(reader, map, "%s needs cert_file and key_file", map->key);
	if (web_config_verifies(web) && !*web->client_ca_file)
		return fail(reader, map, "client_auth_type %s needs client_ca_file",
			    client_auths[web->client_auth]);
	if (!web_config_verifies(web) && (*web->client_ca_file || web->san_count))
		return fail(reader, map,
			    "client_ca_file and client_allowed_sans need the client_auth_type "
			    "VerifyClientCertIfGiven or RequireAndVerifyClientCert");
	return !(web->lowest_is_13 && web->highest_is_12) ||
	       fail(reader, map, "min_version is above max_version");
}

static bool read_http(struct reader *reader, const struct tree *map)
{
	return read_keys(reader, http_keys, map);
}

/* $2a$, $2b$ or $2y$, the cost, 22 characters of salt and 31 of hash. */
static const char *check_bcrypt(const char *text)
{
	static const char digits[] = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				     "0123456789";
	int cost;

	if (strlen(text) != WEB_BCRYPT_SIZE - 1 || memcmp(text, "$2", 2) ||
	    !memchr("aby", text[2], 3) || text[3] != '$' || text[6] != '$' ||
	    strspn(text + 7, digits) != 53 || strspn(text + 4, "0123456789") != 2)
		return "the bcrypt hash of the password, such as htpasswd -nBC 10 NAME makes";
	cost = (text[4] - '0') * 10 + text[5] - '0';
	if (cost < 4 || cost > WEB_COST_MAX)
		return "a bcrypt hash with a cost from 4 to 14, as each more takes twice the time";
	return NULL;
}

static bool read_users(struct reader *reader, const struct tree *map)
{
	struct web_config *web = reader->web;

	for (const struct tree *node = map->first; node; node = node->next) {
		struct web_user *user = &web->user[web->user_count];
		const char *right = is_text(node) ? check_bcrypt(node->text) : "a bcrypt hash";

		if (comes_twice(reader, map, node))
			return false;
		if (web->user_count == WEB_USERS_MAX)
			return fail(reader, node, "more than %d users", WEB_USERS_MAX);
		if (!principal_name_valid(node->key, strlen(node->key)))
			return fail(reader, node, "a user's name is 1 to 63 of A-Z a-z 0-9 _ . -");
		if (right)
			return fail(reader, node, "what %.63s has must be %s", node->key, right);
		snprintf(user->name, sizeof(user->name), "%s", node->key);
		snprintf(user->bcrypt, sizeof(user->bcrypt), "%s", node->text);
		web->user_count++;
	}
	return true;
}

static const struct {
	const char *name;
	bool (*read)(struct reader *reader, const struct tree *map);
} sections[] = {
	{ "tls_server_config", read_tls },
	{ "http_server_config", read_http },
	{ "basic_auth_users", read_users },
};

#define SECTION_COUNT (sizeof(sections) / sizeof(sections[0]))

static bool read_sections(struct reader *reader, const struct tree *tree)
{
	if (!is_map(reader, tree))
		return false;
	for (const struct tree *node = tree->first; node; node = node->next) {
		size_t i = 0;

		while (i < SECTION_COUNT && strcmp(sections[i].name, node->key))
			i++;
		if (i == SECTION_COUNT)
			return fail(reader, node,
				    "unknown section \"%.40s\": there are tls_server_config, "
				    "http_server_config, basic_auth_users",
				    node->key);
		if (comes_twice(reader, tree, node) || !is_map(reader, node) ||
		    !sections[i].read(reader, node))
			return false;
	}
	return true;
}

struct web_config *web_config_read(const char *path, char *error, size_t size)
{
	struct reader reader = { path, calloc(1, sizeof(*reader.web)), error, size };
	struct tree *tree = reader.web ? tree_read(path, error, size) : NULL;

	if (!reader.web)
		snprintf(error, size, "out of memory");
	if (!tree || !read_sections(&reader, tree)) {
		free(reader.web);
		reader.web = NULL;
	}
	tree_free(tree);
	return reader.web;
}
