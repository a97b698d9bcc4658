/* SPDX-License-Identifier: MIT */
/*
 * Reads web.config.yml, all but its section of TLS. Knows what may stand there, not what bcrypt is.
 */
#include "web_config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract.h"
#include "log.h"
#include "web_read.h"

const char *web_text(const struct tree *node)
{
	return node->kind == TREE_TEXT || node->kind == TREE_NOTHING ? node->text : NULL;
}

bool web_take_text(const struct tree *node, char *text, size_t size)
{
	const char *given = web_text(node);

	for (const char *at = given; at && *at; at++)
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			return false;
	return given && snprintf(text, size, "%s", given) < (int)size;
}

static bool is_one_of(const char *text, const char *const *words)
{
	while (*words && strcmp(*words, text) != 0)
		words++;
	return *words;
}

bool web_take_flag(const struct tree *node, bool *flag)
{
	static const char *const yes[] = { "true", "True", "TRUE", "yes", "Yes", "YES",
					   "on",   "On",   "ON",   "y",	  "Y",	 NULL };
	static const char *const no[] = { "false", "False", "FALSE", "no", "No", "NO",
					  "off",   "Off",   "OFF",   "n",  "N",	 NULL };

	*flag = node->kind == TREE_TEXT && node->plain && is_one_of(node->text, yes);
	return *flag || node->kind == TREE_NOTHING ||
	       (node->kind == TREE_TEXT && node->plain && is_one_of(node->text, no));
}

bool web_comes_twice(struct web_reader *reader, const struct tree *map, const struct tree *node)
{
	for (const struct tree *other = map->first; other != node; other = other->next)
		if (!strcmp(other->key, node->key))
			return !web_fail(reader, node,
					 "%.40s was already set in line %zu; keep one", node->key,
					 other->line);
	return false;
}

static void list_keys(const struct web_key *keys, char *text, size_t size)
{
	size_t at = 0;

	for (; keys->name && at < size; keys++)
		at += (size_t)snprintf(text + at, size - at, "%s%s", at ? ", " : "", keys->name);
}

/* A secret or a whole certificate is not for a log. */
static bool refuse_value(struct web_reader *reader, const struct web_key *key,
			 const struct tree *node)
{
	static const char *const kinds[] = { [TREE_LIST] = "a list", [TREE_MAP] = "a map" };

	if (!key->right)
		return false;
	if (!web_text(node))
		return web_fail(reader, node, "%s is %s: must be %s", key->name, kinds[node->kind],
				key->right);
	return web_fail(reader, node, "%s is \"%.60s\": must be %s", key->name, web_text(node),
			key->right);
}

bool web_read_keys(struct web_reader *reader, const struct web_key *keys, const struct tree *map)
{
	char names[256];

	for (const struct tree *node = map->first; node; node = node->next) {
		const struct web_key *key = keys;

		while (key->name && strcmp(key->name, node->key) != 0)
			key++;
		list_keys(keys, names, sizeof(names));
		if (!key->name)
			return web_fail(reader, node,
					"unknown setting \"%.40s\" in %s: it may have %s",
					node->key, map->key, names);
		if (web_comes_twice(reader, map, node))
			return false;
		if (!key->take(reader, node))
			return refuse_value(reader, key, node);
	}
	return true;
}

static bool is_map(struct web_reader *reader, const struct tree *node)
{
	return node->kind == TREE_MAP || node->kind == TREE_NOTHING ||
	       web_fail(reader, node, "%s must hold settings, `key: value` in a line each",
			node->key ? node->key : "the file");
}

/* Names are as they stand here, in this case. */
static const struct {
	const char *name;
	const char *values[3]; /* NULL at first: any */
} headers[WEB_HEADERS] = {
	{ "Content-Security-Policy", { NULL } },
	{ "Strict-Transport-Security", { NULL } },
	{ "X-Content-Type-Options", { "nosniff", NULL } },
	{ "X-Frame-Options", { "deny", "sameorigin", NULL } },
	{ "X-XSS-Protection", { NULL } },
};

const char *web_config_header(size_t index)
{
	return headers[index].name;
}

/* What would end the header is a blank, as Go's server writes it. */
static bool keep_header(struct web_config *web, size_t index, const char *value)
{
	char *copy = strdup(value);

	web->header[index] = copy;
	for (; copy && *copy; copy++)
		if ((unsigned char)*copy < ' ' || *copy == 0x7f)
			*copy = ' ';
	return web->header[index];
}

static bool take_header(struct web_reader *reader, const struct tree *node)
{
	const char *value = web_text(node);
	size_t i = 0;

	while (i < WEB_HEADERS && strcmp(headers[i].name, node->key) != 0)
		i++;
	if (i == WEB_HEADERS)
		return web_fail(reader, node,
				"headers: \"%.60s\" can't be set: must be one of "
				"Content-Security-Policy, Strict-Transport-Security, "
				"X-Content-Type-Options, X-Frame-Options, X-XSS-Protection",
				node->key);
	if (!value || (headers[i].values[0] && !is_one_of(value, headers[i].values)))
		return web_fail(reader, node, "headers: %s is \"%.60s\": must be %s%s%s", node->key,
				value ? value : "no text",
				headers[i].values[0] ? headers[i].values[0] : "a text",
				headers[i].values[0] && headers[i].values[1] ? " or " : "",
				headers[i].values[0] && headers[i].values[1] ? headers[i].values[1]
									     : "");
	return keep_header(reader->web, i, value) || web_fail(reader, node, "out of memory");
}

static bool take_headers(struct web_reader *reader, const struct tree *node)
{
	if (!is_map(reader, node))
		return false;
	for (const struct tree *header = node->first; header; header = header->next)
		if (web_comes_twice(reader, node, header) || !take_header(reader, header))
			return false;
	return true;
}

/* Clients agree on HTTP/1.1 with a server that speaks nothing else. */
static bool take_http2(struct web_reader *reader, const struct tree *node)
{
	bool allowed = false;

	if (!web_take_flag(node, &allowed))
		return false;
	if (allowed)
		log_info("%s: http2 is allowed, but the agent speaks HTTP/1.1 only", reader->path);
	return true;
}

static const struct web_key http_keys[] = {
	{ "http2", take_http2, "true or false" },
	{ "headers", take_headers, NULL },
	{ NULL, NULL, NULL },
};

static bool read_http(struct web_reader *reader, const struct tree *map)
{
	return web_read_keys(reader, http_keys, map);
}

/* One unit of Go's time.Duration at *text, in nanoseconds; 0: none. */
static double unit_at(const char **text)
{
	static const struct {
		const char *name;
		double ns;
	} units[] = { { "ns", 1 },   { "us", 1e3 }, { "\xc2\xb5s", 1e3 }, { "\xce\xbcs", 1e3 },
		      { "ms", 1e6 }, { "s", 1e9 },  { "m", 60e9 },	  { "h", 3600e9 } };

	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (!strncmp(*text, units[i].name, strlen(units[i].name))) {
			*text += strlen(units[i].name);
			return units[i].ns;
		}
	return 0;
}

static bool parse_units(const char *text, double *sum)
{
	do {
		char *end;
		double number = strtod(text, &end), unit;

		if (end == text || end != text + strspn(text, "0123456789."))
			return false;
		text = end;
		unit = unit_at(&text);
		if (unit == 0)
			return false;
		*sum += number * unit;
	} while (*text);
	return true;
}

/* "1.5s", "1m30s"; a number alone is nanoseconds. A negative one is as good as none. */
static bool parse_duration(const char *text, uint64_t *ns)
{
	bool negative = *text == '-';
	double sum = 0;

	text += *text == '-' || *text == '+';
	if (*text && !text[strspn(text, "0123456789")])
		sum = strtod(text, NULL);
	else if (!parse_units(text, &sum))
		return false;
	*ns = negative ? 0 : (uint64_t)sum;
	return sum < 9.2e18;
}

static bool take_interval(struct web_reader *reader, const struct tree *node)
{
	return node->kind == TREE_NOTHING ||
	       (web_text(node) && parse_duration(node->text, &reader->web->rate_ns));
}

static bool take_burst(struct web_reader *reader, const struct tree *node)
{
	const char *text = web_text(node);
	bool negative = text && *text == '-';
	uint64_t burst = 0;

	if (node->kind != TREE_NOTHING &&
	    (!text || !node->plain ||
	     !contract_parse_number(text + negative, strlen(text + negative), INT64_MAX, &burst)))
		return false;
	reader->web->rate_burst = negative ? 0 : burst;
	return true;
}

static const struct web_key rate_keys[] = {
	{ "interval", take_interval, "a duration, such as 100ms or 1s" },
	{ "burst", take_burst, "a number of requests" },
	{ NULL, NULL, NULL },
};

static bool read_rate(struct web_reader *reader, const struct tree *map)
{
	if (!web_read_keys(reader, rate_keys, map))
		return false;
	if (reader->web->rate_ns && !reader->web->rate_burst)
		log_warn("%s: rate_limit has no burst, so each request over TCP is refused",
			 reader->path);
	return true;
}

int web_config_cost(const char *bcrypt)
{
	return (bcrypt[4] - '0') * 10 + bcrypt[5] - '0';
}

/* What Go's bcrypt.Cost() takes for a hash. */
static bool is_hash(const char *text)
{
	size_t cost = text[0] == '$' && text[1] && text[2] == '$' ? 3 : 4;
	uint64_t number;

	return strlen(text) >= WEB_BCRYPT_SIZE - 2 && text[0] == '$' && text[1] <= '2' &&
	       contract_parse_number(text + cost, 2, WEB_COST_MAX, &number) && number >= 4;
}

/* $2a$, $2b$ or $2y$, the cost, 22 characters of salt and 31 of hash. */
static bool is_bcrypt(const char *text)
{
	static const char digits[] = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				     "0123456789";

	return strlen(text) == WEB_BCRYPT_SIZE - 1 && !memcmp(text, "$2", 2) &&
	       memchr("aby", text[2], 3) && text[3] == '$' && text[6] == '$' &&
	       strspn(text + 7, digits) == 53;
}

static bool take_user(struct web_reader *reader, const struct tree *node)
{
	struct web_user *user = &reader->web->user[reader->web->user_count++];
	const char *hash = web_text(node);

	if (strlen(node->key) >= sizeof(user->name))
		return web_fail(reader, node, "the user \"%.40s...\": must have at most %zu bytes",
				node->key, sizeof(user->name) - 1);
	if (!hash || !is_hash(hash))
		return web_fail(reader, node,
				"what %.63s has must be the bcrypt hash of the password, of a cost "
				"from 4 to %d, such as htpasswd -nBC 10 NAME makes",
				node->key, WEB_COST_MAX);
	strcpy(user->name, node->key);
	if (is_bcrypt(hash))
		strcpy(user->bcrypt, hash);
	else
		log_warn("%s: the hash in line %zu is no bcrypt, so no password matches it",
			 reader->path, node->line);
	return true;
}

/* The rule that keeps strangers from taking a processor. */
static void say_what_is_slow(const struct web_reader *reader)
{
	int highest = 0;

	for (size_t i = 0; i < reader->web->user_count; i++) {
		const char *hash = reader->web->user[i].bcrypt;

		if (*hash && web_config_cost(hash) > highest)
			highest = web_config_cost(hash);
	}
	if (highest >= WEB_COST_SLOW)
		log_warn("%s: a bcrypt of cost %d takes 2^%d times as long as one of 14, which "
			 "takes about a second; those from %d on are checked one at a time, beside "
			 "the others, and a right password is remembered",
			 reader->path, highest, highest - 14, WEB_COST_SLOW);
}

static bool read_users(struct web_reader *reader, const struct tree *map)
{
	for (const struct tree *node = map->first; node; node = node->next) {
		if (web_comes_twice(reader, map, node))
			return false;
		if (reader->web->user_count == WEB_USERS_MAX)
			return web_fail(reader, node, "more than %d users", WEB_USERS_MAX);
		if (!take_user(reader, node))
			return false;
	}
	say_what_is_slow(reader);
	return true;
}

static const struct {
	const char *name;
	bool (*read)(struct web_reader *reader, const struct tree *map);
} sections[] = {
	{ "tls_server_config", web_read_tls },
	{ "http_server_config", read_http },
	{ "rate_limit", read_rate },
	{ "basic_auth_users", read_users },
};

#define SECTION_COUNT (sizeof(sections) / sizeof(sections[0]))

static bool read_sections(struct web_reader *reader, const struct tree *tree)
{
	if (!is_map(reader, tree))
		return false;
	for (const struct tree *node = tree->first; node; node = node->next) {
		size_t i = 0;

		while (i < SECTION_COUNT && strcmp(sections[i].name, node->key) != 0)
			i++;
		if (i == SECTION_COUNT)
			return web_fail(reader, node,
					"unknown section \"%.40s\": there are tls_server_config, "
					"http_server_config, rate_limit, basic_auth_users",
					node->key);
		if (web_comes_twice(reader, tree, node) || !is_map(reader, node) ||
		    !sections[i].read(reader, node))
			return false;
	}
	return true;
}

/* The toolkit's own defaults. */
static struct web_config *web_new(void)
{
	struct web_config *web = calloc(1, sizeof(*web));

	if (!web)
		return NULL;
	web->lowest = WEB_TLS12;
	web->highest = WEB_TLS13;
	web->prefer_server_ciphers = true;
	return web;
}

struct web_config *web_config_read(const char *path, char *error, size_t size)
{
	struct web_reader reader = { path, web_new(), error, size };
	struct tree *tree = reader.web ? tree_read(path, error, size) : NULL;

	if (!reader.web)
		snprintf(error, size, "out of memory");
	if (!tree || !read_sections(&reader, tree)) {
		web_config_free(reader.web);
		reader.web = NULL;
	}
	tree_free(tree);
	return reader.web;
}

void web_config_free(struct web_config *web)
{
	if (!web)
		return;
	if (web->key.text)
		explicit_bzero(web->key.text, strlen(web->key.text));
	free(web->cert.text);
	free(web->key.text);
	free(web->client_ca.text);
	for (size_t i = 0; i < WEB_HEADERS; i++)
		free(web->header[i]);
	free(web);
}
