/* SPDX-License-Identifier: MIT */
/*
 * Bearer tokens: reads the token file and finds whose a token is. Holds hashes, never tokens, and
 * compares them in constant time. Called by the configuration and by the HTTP server.
 */
#include "auth.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#include "log.h"

#define FILE_MAX  (1 << 20)
#define HASH_SIZE 32
#define WORDS	  3

struct token {
	char name[sizeof(((struct principal *)0)->name)];
	enum control_role role;
	unsigned char hash[HASH_SIZE];
};

struct auth_tokens {
	size_t count;
	size_t room;
	struct token *token;
};

struct word {
	const char *text;
	size_t len;
};

/* Where in the file we are, and where to say what is wrong there. */
struct place {
	const char *path;
	unsigned int line;
	char *error;
	size_t size;
};

static int complain(const struct place *place, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int complain(const struct place *place, int code, const char *format, ...)
{
	char what[160];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(what, sizeof(what), format, arguments);
	va_end(arguments);
	if (place->line)
		snprintf(place->error, place->size, "%s:%u: %s", place->path, place->line, what);
	else
		snprintf(place->error, place->size, "%s: %s", place->path, what);
	return code;
}

static bool is(struct word word, const char *text)
{
	return word.len == strlen(text) && memcmp(word.text, text, word.len) == 0;
}

static bool name_valid(struct word word)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789_.-";

	for (size_t i = 0; i < word.len; i++)
		if (!memchr(allowed, word.text[i], sizeof(allowed) - 1))
			return false;
	return word.len > 0 && word.len < sizeof(((struct token *)0)->name);
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

static bool parse_hash(struct word word, unsigned char hash[HASH_SIZE])
{
	if (word.len != 2 * HASH_SIZE)
		return false;
	for (size_t i = 0; i < HASH_SIZE; i++) {
		int high = hex_digit(word.text[2 * i]), low = hex_digit(word.text[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		hash[i] = (unsigned char)(high << 4 | low);
	}
	return true;
}

/* How many words the line has; the first WORDS of them are in words[]. */
static size_t split(const char *line, size_t len, struct word words[WORDS])
{
	const char *end = line + len;
	size_t count = 0;

	while (true) {
		const char *start;

		while (line < end && (*line == ' ' || *line == '\t' || *line == '\r'))
			line++;
		if (line == end)
			return count;
		start = line;
		while (line < end && *line != ' ' && *line != '\t' && *line != '\r')
			line++;
		if (count < WORDS)
			words[count] = (struct word){ start, (size_t)(line - start) };
		count++;
	}
}

static bool has_name(const struct auth_tokens *tokens, struct word name)
{
	for (size_t i = 0; i < tokens->count; i++)
		if (is(name, tokens->token[i].name))
			return true;
	return false;
}

static int append(struct auth_tokens *tokens, const struct token *token)
{
	if (tokens->count == tokens->room) {
		size_t room = tokens->room ? tokens->room * 2 : 16;
		struct token *grown = realloc(tokens->token, room * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		tokens->token = grown;
		tokens->room = room;
	}
	tokens->token[tokens->count++] = *token;
	return 0;
}

static int take_line(struct auth_tokens *tokens, const char *line, size_t len,
		     const struct place *place)
{
	struct token token = { 0 };
	struct word words[WORDS];
	size_t count = split(line, len, words);

	if (count == 0 || words[0].text[0] == '#')
		return 0;
	if (count != WORDS)
		return complain(place, -EINVAL, "%zu words, not three: name role sha256-hex",
				count);
	if (!name_valid(words[0]))
		return complain(place, -EINVAL, "a name is 1 to 63 of A-Z a-z 0-9 _ . -");
	if (has_name(tokens, words[0]))
		return complain(place, -EEXIST, "this name has a token already; give each its own");
	if (!parse_role(words[1], &token.role))
		return complain(place, -EINVAL, "the role must be viewer or operator");
	if (!parse_hash(words[2], token.hash))
		return complain(place, -EINVAL,
				"the hash must be 64 hexadecimal digits, from "
				"printf %%s TOKEN | sha256sum");
	memcpy(token.name, words[0].text, words[0].len);
	return append(tokens, &token) ? complain(place, -ENOMEM, "out of memory") : 0;
}

static int parse(struct auth_tokens *tokens, const char *text, size_t len, struct place *place)
{
	const char *end = text + len;
	int error = 0;

	while (text < end && !error) {
		const char *stop = memchr(text, '\n', (size_t)(end - text));

		stop = stop ? stop : end;
		place->line++;
		error = take_line(tokens, text, (size_t)(stop - text), place);
		text = stop + 1;
	}
	return error;
}

/* Reads a regular file whole; *text is to be given to free(). */
static int read_file(const struct place *place, char **text, size_t *len)
{
	struct stat status;
	ssize_t got = -1;
	/* Not to be held up by a FIFO. */
	int fd = open(place->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	*text = NULL;
	*len = 0;
	if (fd < 0)
		return complain(place, -errno, "can't be opened: %s", strerror(errno));
	if (fstat(fd, &status) || !S_ISREG(status.st_mode) || status.st_size > FILE_MAX) {
		close(fd);
		return complain(place, -EINVAL, "must be a regular file of at most 1 MiB");
	}
	if (status.st_mode & S_IROTH)
		log_warn("%s: everyone may read it; chmod 0640 is enough", place->path);
	*text = malloc(FILE_MAX + 1);
	while (*text && *len <= FILE_MAX && (got = read(fd, *text + *len, FILE_MAX + 1 - *len)) > 0)
		*len += (size_t)got;
	close(fd);
	if (got < 0)
		return complain(place, -EIO, "can't be read");
	if (*len > FILE_MAX)
		return complain(place, -EFBIG, "must be at most 1 MiB");
	return 0;
}

int auth_load(const char *path, struct auth_tokens **tokens, char *error, size_t size)
{
	struct place place = { path, 0, error, size };
	struct auth_tokens *read_in = calloc(1, sizeof(*read_in));
	char *text = NULL;
	size_t len;
	int code;

	if (!read_in)
		return complain(&place, -ENOMEM, "out of memory");
	code = read_file(&place, &text, &len);
	if (!code)
		code = parse(read_in, text, len, &place);
	free(text);
	if (code)
		auth_free(read_in);
	else
		*tokens = read_in;
	return code;
}

void auth_free(struct auth_tokens *tokens)
{
	if (!tokens)
		return;
	free(tokens->token);
	free(tokens);
}

bool auth_bearer(const struct auth_tokens *tokens, const char *token, size_t len,
		 struct principal *who)
{
	unsigned char hash[HASH_SIZE];
	const struct token *found = NULL;

	if (!tokens || len == 0 || gnutls_hash_fast(GNUTLS_DIG_SHA256, token, len, hash) < 0)
		return false;
	/* To the end in any case: how long it takes must not say which one it was. */
	for (size_t i = 0; i < tokens->count; i++)
		if (gnutls_memcmp(tokens->token[i].hash, hash, HASH_SIZE) == 0)
			found = &tokens->token[i];
	if (!found)
		return false;
	memcpy(who->name, found->name, sizeof(who->name));
	who->role = found->role;
	return true;
}
