/* SPDX-License-Identifier: MIT */
/*
 * Who asks: bearer tokens. The token file has one line per token, `name role sha256-hex`, so that a
 * reader of the file can't use what it reads. name is [A-Za-z0-9_.-]{1,63} and unique, role viewer
 * or operator, the hash that of the token's bytes (`printf %s TOKEN | sha256sum`). '#' starts a
 * comment line.
 */
#ifndef XENBALLOON_AUTH_H
#define XENBALLOON_AUTH_H

#include "control.h"

struct auth_tokens;

/*
 * Reads a token file, at most 1 MiB. On failure -errno and a sentence in error (file:line: what).
 * Everyone may read it: a warning is logged.
 */
int auth_load(const char *path, struct auth_tokens **tokens, char *error, size_t size);
void auth_free(struct auth_tokens *tokens); /* NULL is allowed */

/* Finds whose token this is, in constant time per token; fills name and role. tokens may be NULL.
 */
bool auth_bearer(const struct auth_tokens *tokens, const char *token, size_t len,
		 struct principal *who);

#endif
