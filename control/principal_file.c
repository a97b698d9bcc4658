/* SPDX-License-Identifier: MIT */
/*
 * Reads and writes lines of the principals file, and holds domains against their patterns. Knows no
 * file and no request. Called by auth.c, check.c and the command line.
 */
#include "principal_file.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#include "naming.h"
#include "pattern.h"

#define WORDS_MAX 5

struct word {
	const char *text;
	size_t len;
};

/* What may stand after name, role and proof: KEY=VALUE, each once. */
struct option {
	const char *key;
	bool (*take)(struct word value, struct principal_line *line);
	const char *right;
};

static enum principal_line_kind complain(char *error, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static enum principal_line_kind complain(char *error, size_t size, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(error, size, format, arguments);
	va_end(arguments);
	return LINE_BAD;
}

static bool is(struct word word, const char *text)
{
	return word.len == strlen(text) && memcmp(word.text, text, word.len) == 0;
}

bool principal_name_valid(const char *name, size_t len)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789_.-@+";

	for (size_t i = 0; i < len; i++)
		if (!memchr(allowed, name[i], sizeof(allowed) - 1))
			return false;
	return len > 0 && len < sizeof(((struct principal_line *)0)->name);
}

/* What a pattern means: `uuid:` and a UUID, or a UUID alone, is one; all others are of names. */
static struct word pattern_uuid(struct word pattern)
{
	static const char prefix[] = "uuid:";
	const size_t len = sizeof(prefix) - 1;

	if (pattern.len >= len && memcmp(pattern.text, prefix, len) == 0)
		return (struct word){ pattern.text + len, pattern.len - len };
	return naming_is_uuid(pattern.text, pattern.len) ? pattern : (struct word){ NULL, 0 };
}

/* The first of the patterns, and *domains behind it; NULL: there is none left. */
static struct word next_pattern(const char **domains, const char *end)
{
	struct word pattern = { *domains, 0 };

	if (!*domains)
		return pattern;
	while (pattern.text + pattern.len < end && pattern.text[pattern.len] != ',')
		pattern.len++;
	*domains = pattern.text + pattern.len < end ? pattern.text + pattern.len + 1 : NULL;
	return pattern;
}

static bool pattern_valid(struct word pattern)
{
	struct word uuid = pattern_uuid(pattern);

	for (size_t i = 0; i < pattern.len; i++)
		if ((unsigned char)pattern.text[i] <= ' ' || pattern.text[i] == 0x7f)
			return false;
	return pattern.len && (!uuid.text || naming_is_uuid(uuid.text, uuid.len));
}

bool principal_domains_valid(const char *domains, size_t len)
{
	const char *end = domains + len;

	for (struct word pattern; (pattern = next_pattern(&domains, end)).text;)
		if (!pattern_valid(pattern))
			return false;
	return len < sizeof(((struct principal_line *)0)->domains);
}

static bool pattern_matches(struct word pattern, const char *name, const char *uuid)
{
	struct word whole = pattern_uuid(pattern);
	char copy[sizeof(((struct principal *)0)->domains)];

	if (whole.text)
		return strlen(uuid) == whole.len && !strncasecmp(uuid, whole.text, whole.len);
	snprintf(copy, sizeof(copy), "%.*s", (int)pattern.len, pattern.text);
	return pattern_match(copy, name);
}

bool principal_domains_match(const char *domains, const char *name, const char *uuid)
{
	const char *end = domains + strlen(domains);

	if (domains == end)
		return true;
	for (struct word pattern; (pattern = next_pattern(&domains, end)).text;)
		if (pattern_matches(pattern, name, uuid))
			return true;
	return false;
}

bool principal_time_parse(const char *text, size_t len, int64_t *time_s)
{
	static const char shape[] = "dddd-dd-ddTdd:dd:ddZ";
	struct tm utc = { 0 };
	char copy[PRINCIPAL_TIME_SIZE], again[PRINCIPAL_TIME_SIZE];

	if (len != sizeof(shape) - 1)
		return false;
	for (size_t i = 0; i < len; i++)
		if (shape[i] == 'd' ? !isdigit((unsigned char)text[i]) : text[i] != shape[i])
			return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	if (sscanf(copy, "%4d-%2d-%2dT%2d:%2d:%2dZ", &utc.tm_year, &utc.tm_mon, &utc.tm_mday,
		   &utc.tm_hour, &utc.tm_min, &utc.tm_sec) != 6)
		return false;
	utc.tm_year -= 1900;
	utc.tm_mon--;
	*time_s = timegm(&utc);
	/* The 31st of February comes back as another day. */
	return principal_time_format(*time_s, again) && strcmp(copy, again) == 0;
}

bool principal_time_format(int64_t time_s, char text[PRINCIPAL_TIME_SIZE])
{
	time_t time = (time_t)time_s;
	struct tm utc;

	if (!gmtime_r(&time, &utc) || utc.tm_year < -1900 || utc.tm_year > 9999 - 1900)
		return false;
	return snprintf(text, PRINCIPAL_TIME_SIZE, "%04u-%02u-%02uT%02u:%02u:%02uZ",
			((unsigned int)utc.tm_year + 1900) % 10000,
			(unsigned int)utc.tm_mon % 12 + 1, (unsigned int)utc.tm_mday % 32,
			(unsigned int)utc.tm_hour % 24, (unsigned int)utc.tm_min % 60,
			(unsigned int)utc.tm_sec % 61) < PRINCIPAL_TIME_SIZE;
}

bool principal_hash(const char *token, size_t len, unsigned char hash[PRINCIPAL_HASH_SIZE])
{
	return gnutls_hash_fast(GNUTLS_DIG_SHA256, token, len, hash) >= 0;
}

static bool parse_role(struct word word, enum control_role *role)
{
	for (*role = ROLE_VIEWER; *role <= ROLE_OPERATOR; (*role)++)
		if (is(word, control_role_name(*role)))
			return true;
	return false;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool parse_hash(struct word word, unsigned char hash[PRINCIPAL_HASH_SIZE])
{
	if (word.len != 2 * PRINCIPAL_HASH_SIZE)
		return false;
	for (size_t i = 0; i < PRINCIPAL_HASH_SIZE; i++) {
		int high = hex_digit(word.text[2 * i]), low = hex_digit(word.text[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		hash[i] = (unsigned char)(high << 4 | low);
	}
	return true;
}

static bool parse_proof(struct word word, struct principal_line *line)
{
	line->proof = PROOF_TOKEN;
	if (is(word, "basic"))
		line->proof = PROOF_BASIC;
	else if (is(word, "certificate"))
		line->proof = PROOF_CERTIFICATE;
	else
		return parse_hash(word, line->hash);
	return true;
}

static bool take_expires(struct word value, struct principal_line *line)
{
	bool again = line->expires;

	line->expires = true;
	return principal_time_parse(value.text, value.len, &line->expires_s) && !again;
}

static bool take_domains(struct word value, struct principal_line *line)
{
	if (*line->domains || !value.len || !principal_domains_valid(value.text, value.len))
		return false;
	memcpy(line->domains, value.text, value.len);
	return true;
}

static const struct option options[] = {
	{ "expires=", take_expires,
	  "expires= takes one UTC time, such as expires=2030-12-31T23:59:59Z" },
	{ "domains=", take_domains,
	  "domains= takes patterns of names with commas between, such as domains=web*,db1, at "
	  "most 255 bytes; a UUID is uuid: and all its 36 characters, without a wildcard" },
};

static const char *take_option(struct word word, struct principal_line *line)
{
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		size_t len = strlen(options[i].key);

		if (word.len < len || memcmp(word.text, options[i].key, len) != 0)
			continue;
		word.text += len;
		word.len -= len;
		return options[i].take(word, line) ? NULL : options[i].right;
	}
	return "after the proof only expires=TIME and domains=PATTERN,... may stand";
}

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* How many words the line has; the first WORDS_MAX of them are in words[]. */
static size_t split(const char *line, size_t len, struct word words[WORDS_MAX])
{
	const char *end = line + len;
	size_t count = 0;

	while (true) {
		const char *start;

		while (line < end && blank(*line))
			line++;
		if (line == end)
			return count;
		start = line;
		while (line < end && !blank(*line))
			line++;
		if (count < WORDS_MAX)
			words[count] = (struct word){ start, (size_t)(line - start) };
		count++;
	}
}

enum principal_line_kind principal_line_parse(const char *text, size_t len,
					      struct principal_line *line, char *error, size_t size)
{
	struct word words[WORDS_MAX];
	size_t count = split(text, len, words);

	memset(line, 0, sizeof(*line)); /* lines are compared byte by byte */
	if (count == 0 || words[0].text[0] == '#')
		return LINE_NOBODY;
	if (count < 3 || count > WORDS_MAX)
		return complain(error, size,
				"%zu words: a line is name role proof [expires=TIME] "
				"[domains=PATTERN,...]",
				count);
	if (!principal_name_valid(words[0].text, words[0].len))
		return complain(error, size, "a name is 1 to 63 of A-Z a-z 0-9 _ . - @ +");
	if (!parse_role(words[1], &line->role))
		return complain(error, size, "the role must be viewer or operator");
	if (!parse_proof(words[2], line))
		return complain(error, size,
				"the proof must be 64 hexadecimal digits, from "
				"printf %%s TOKEN | sha256sum, or basic, or certificate");
	for (size_t i = 3; i < count; i++) {
		const char *right = take_option(words[i], line);

		if (right)
			return complain(error, size, "%s", right);
	}
	memcpy(line->name, words[0].text, words[0].len);
	return LINE_PRINCIPAL;
}

bool principal_line_format(const struct principal_line *line, char *text, size_t size)
{
	static const char *const words[] = {
		[PROOF_BASIC] = "basic", [PROOF_CERTIFICATE] = "certificate"
	};
	char hash[2 * PRINCIPAL_HASH_SIZE + 1], time[PRINCIPAL_TIME_SIZE] = "";
	int len;

	for (size_t i = 0; i < PRINCIPAL_HASH_SIZE; i++)
		snprintf(hash + 2 * i, 3, "%02x", line->hash[i]);
	if (line->expires && !principal_time_format(line->expires_s, time))
		return false;
	len = snprintf(text, size, "%s %s %s%s%s%s%s", line->name, control_role_name(line->role),
		       line->proof == PROOF_TOKEN ? hash : words[line->proof],
		       line->expires ? " expires=" : "", time, *line->domains ? " domains=" : "",
		       line->domains);
	return len >= 0 && (size_t)len < size;
}
