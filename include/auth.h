/* SPDX-License-Identifier: MIT */
/*
 * Who asks: the principals of one reading of the principals file (see principal_file.h), immutable,
 * and whose a proof is.
 */
#ifndef XENBALLOON_AUTH_H
#define XENBALLOON_AUTH_H

#include "control.h"
#include "principal_file.h"

struct auth;

enum auth_verdict {
	AUTH_NONE,    /* no proof was given */
	AUTH_GOOD,    /* *who has name, role and domains */
	AUTH_EXPIRED, /* was one, *who has the name alone */
	AUTH_WRONG    /* nobody's; *who is as it was */
};

/*
 * Reads a principals file, at most PRINCIPAL_FILE_MAX bytes. On failure -errno and a sentence in
 * error (file:line: what). Everyone may read it: a warning is logged.
 */
int auth_load(const char *path, struct auth **auth, char *error, size_t size);
void auth_free(struct auth *auth); /* NULL is allowed */

/*
 * Whose token this is, at now_s (Unix seconds), in constant time per token. auth may be NULL, which
 * knows nobody.
 */
enum auth_verdict auth_bearer(const struct auth *auth, const char *token, size_t len, int64_t now_s,
			      struct principal *who);

/*
 * The principal of this name whom something else has proved: PROOF_BASIC a password, or
 * PROOF_CERTIFICATE a certificate. A proved user of web.config.yml whom the file doesn't name is a
 * viewer; a name that the file gives another proof is AUTH_WRONG.
 */
enum auth_verdict auth_proved(const struct auth *auth, const char *name, enum principal_proof proof,
			      int64_t now_s, struct principal *who);

/*
 * Changes with each change of the line of that name; 0: there is none, or it has expired. So what
 * was proved earlier still holds if it is principal.credential.
 */
uint64_t auth_credential(const struct auth *auth, const char *name, int64_t now_s);

/*
 * Those of `before` whose line stands in the file unchanged, where the file as a whole can't be
 * taken over: a mistake in one line keeps nobody whose line was removed. NULL if out of memory.
 */
struct auth *auth_standing(const struct auth *before, const char *path);

/* Whether anybody in the file is proved so. */
bool auth_has(const struct auth *auth, enum principal_proof proof);

/* The name of the one with this index, from 0, among those who are proved so; NULL beyond them. */
const char *auth_nth(const struct auth *auth, enum principal_proof proof, size_t index);

#endif
