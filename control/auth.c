/* SPDX-License-Identifier: MIT */
/*
 * Reads the principals file and finds whose a proof is. Holds hashes, never tokens, and compares
 * them in constant time. Called by the configuration and by the HTTP server.
 */
#include "auth.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <gnutls/gnutls.h>

#include "file.h"
#include "log.h"

struct auth {
	size_t count;
	size_t room;
	struct principal_line *line;
};

/* Where in the file we are, and where to say what is wrong there. */
struct place {
	const char *path;
	unsigned int number; /* of the line; 0: the file as such */
	char *error;
	size_t size;
};

static int complain(const struct place *place, int code, const char *what)
{
	if (place->number)
		snprintf(place->error, place->size, "%s:%u: %s", place->path, place->number, what);
	else
		snprintf(place->error, place->size, "%s: %s", place->path, what);
	return code;
}

static const struct principal_line *find(const struct auth *auth, const char *name)
{
	for (size_t i = 0; auth && i < auth->count; i++)
		if (strcmp(auth->line[i].name, name) == 0)
			return &auth->line[i];
	return NULL;
}

/* Nobody could tell two principals of one token from each other. */
static const struct principal_line *find_token(const struct auth *auth,
					       const struct principal_line *line)
{
	for (size_t i = 0; line->proof == PROOF_TOKEN && i < auth->count; i++)
		if (auth->line[i].proof == PROOF_TOKEN &&
		    memcmp(auth->line[i].hash, line->hash, PRINCIPAL_HASH_SIZE) == 0)
			return &auth->line[i];
	return NULL;
}

static int append(struct auth *auth, const struct principal_line *line)
{
	if (auth->count == auth->room) {
		size_t room = auth->room ? auth->room * 2 : 16;
		struct principal_line *grown = realloc(auth->line, room * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		auth->line = grown;
		auth->room = room;
	}
	auth->line[auth->count++] = *line;
	return 0;
}

static int take_line(struct auth *auth, const char *text, size_t len, const struct place *place)
{
	struct principal_line line;
	char error[224];

	switch (principal_line_parse(text, len, &line, error, sizeof(error))) {
	case LINE_NOBODY:
		return 0;
	case LINE_BAD:
		return complain(place, -EINVAL, error);
	case LINE_PRINCIPAL:
		break;
	}
	if (find(auth, line.name))
		return complain(place, -EEXIST, "this name has a line already; give each its own");
	if (find_token(auth, &line))
		return complain(place, -EEXIST, "another line has this token; give each its own");
	return append(auth, &line) ? complain(place, -ENOMEM, "out of memory") : 0;
}

static int parse(struct auth *auth, const char *text, size_t len, struct place *place)
{
	const char *end = text + len;
	int error = 0;

	while (text < end && !error) {
		const char *stop = memchr(text, '\n', (size_t)(end - text));

		stop = stop ? stop : end;
		place->number++;
		error = take_line(auth, text, (size_t)(stop - text), place);
		text = stop + 1;
	}
	return error;
}

static int read_file(const struct place *place, char **text, size_t *len)
{
	struct stat about;
	int error = file_read(AT_FDCWD, place->path, PRINCIPAL_FILE_MAX, 0, text, len, &about);

	if (error == -EINVAL || error == -EFBIG)
		return complain(place, -EINVAL, "must be a regular file of at most 1 MiB");
	if (error)
		return complain(place, error, strerror(-error));
	if (about.st_mode & S_IROTH)
		log_warn("%s: everyone may read it; chmod 0640 is enough", place->path);
	return 0;
}

int auth_load(const char *path, struct auth **auth, char *error, size_t size)
{
	struct place place = { path, 0, error, size };
	struct auth *read_in = calloc(1, sizeof(*read_in));
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
		*auth = read_in;
	return code;
}

static void keep_if_same(struct auth *kept, const struct auth *before, const char *text, size_t len)
{
	struct principal_line line;
	const struct principal_line *old;
	char error[224];

	if (principal_line_parse(text, len, &line, error, sizeof(error)) != LINE_PRINCIPAL)
		return;
	old = find(before, line.name);
	if (old && !memcmp(old, &line, sizeof(line)) && !find(kept, line.name))
		append(kept, &line);
}

struct auth *auth_standing(const struct auth *before, const char *path)
{
	struct auth *kept = calloc(1, sizeof(*kept));
	char *text = NULL;
	size_t len = 0;

	if (!kept || file_read(AT_FDCWD, path, PRINCIPAL_FILE_MAX, 0, &text, &len, NULL))
		return kept;
	for (const char *at = text, *end = text + len; at < end;) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));

		stop = stop ? stop : end;
		keep_if_same(kept, before, at, (size_t)(stop - at));
		at = stop + 1;
	}
	free(text);
	return kept;
}

void auth_free(struct auth *auth)
{
	if (!auth)
		return;
	free(auth->line);
	free(auth);
}

static uint64_t credential_of(const struct principal_line *line)
{
	unsigned char hash[PRINCIPAL_HASH_SIZE];
	uint64_t id = 0;

	if (principal_hash((const char *)line, sizeof(*line), hash))
		memcpy(&id, hash, sizeof(id));
	return id;
}

uint64_t auth_credential(const struct auth *auth, const char *name, int64_t now_s)
{
	const struct principal_line *line = find(auth, name);

	return line && !(line->expires && now_s >= line->expires_s) ? credential_of(line) : 0;
}

static enum auth_verdict judge(const struct principal_line *line, int64_t now_s,
			       struct principal *who)
{
	memcpy(who->name, line->name, sizeof(who->name));
	if (line->expires && now_s >= line->expires_s)
		return AUTH_EXPIRED;
	who->role = line->role;
	who->credential = credential_of(line);
	memcpy(who->domains, line->domains, sizeof(who->domains));
	return AUTH_GOOD;
}

enum auth_verdict auth_bearer(const struct auth *auth, const char *token, size_t len, int64_t now_s,
			      struct principal *who)
{
	unsigned char hash[PRINCIPAL_HASH_SIZE];
	const struct principal_line *found = NULL;

	if (!auth || len == 0 || !principal_hash(token, len, hash))
		return AUTH_WRONG;
	/* To the end in any case: how long it takes must not say which one it was. */
	for (size_t i = 0; i < auth->count; i++)
		if (auth->line[i].proof == PROOF_TOKEN &&
		    gnutls_memcmp(auth->line[i].hash, hash, sizeof(hash)) == 0)
			found = &auth->line[i];
	return found ? judge(found, now_s, who) : AUTH_WRONG;
}

/* A user of basic auth may have any name; logs and audits show it in printable ASCII. */
static void show_name(const char *name, char *shown, size_t size)
{
	snprintf(shown, size, "%s", *name ? name : "?");
	for (; *shown; shown++)
		if (*shown < ' ' || *shown > '~')
			*shown = '?';
}

enum auth_verdict auth_proved(const struct auth *auth, const char *name, enum principal_proof proof,
			      int64_t now_s, struct principal *who)
{
	const struct principal_line *line = find(auth, name);

	if (line && line->proof == proof)
		return judge(line, now_s, who);
	if (line || proof != PROOF_BASIC)
		return AUTH_WRONG;
	show_name(name, who->name, sizeof(who->name));
	who->role = ROLE_VIEWER;
	return AUTH_GOOD;
}

const char *auth_nth(const struct auth *auth, enum principal_proof proof, size_t index)
{
	for (size_t i = 0; auth && i < auth->count; i++)
		if (auth->line[i].proof == proof && index-- == 0)
			return auth->line[i].name;
	return NULL;
}

bool auth_has(const struct auth *auth, enum principal_proof proof)
{
	return auth_nth(auth, proof, 0);
}
