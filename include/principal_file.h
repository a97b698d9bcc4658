/* SPDX-License-Identifier: MIT */
/*
 * One line of the principals file: who there is, what they may do and what proves them.
 *
 *	name role proof [expires=YYYY-MM-DDThh:mm:ssZ] [domains=PATTERN[,PATTERN...]]
 *
 * name is [A-Za-z0-9_.@+-]{1,63} and unique in a file; role viewer or operator; proof the SHA-256
 *of a bearer token in hexadecimal (`printf %s TOKEN | sha256sum`), so that a reader of the file
 *can't use what it reads, or `basic` (the password of that user in web.config.yml) or `certificate`
 *(a client certificate with that common name). '#' starts a comment line. Pure; for the agent,
 *which reads the file, and for the command line, which edits it.
 */
#ifndef XENBALLOON_PRINCIPAL_FILE_H
#define XENBALLOON_PRINCIPAL_FILE_H

#include "control.h"

#define PRINCIPAL_HASH_SIZE 32

/* The longest file that is read, in bytes, and room for any line of principal_line_format(). */
#define PRINCIPAL_FILE_MAX  (1 << 20)
#define PRINCIPAL_LINE_SIZE 512

enum principal_proof { PROOF_TOKEN, PROOF_BASIC, PROOF_CERTIFICATE };

struct principal_line {
	char name[sizeof(((struct principal *)0)->name)];
	enum control_role role;
	enum principal_proof proof;
	unsigned char hash[PRINCIPAL_HASH_SIZE]; /* of a token */
	bool expires;
	int64_t expires_s; /* Unix seconds; from then on it is no proof any more */
	char domains[sizeof(((struct principal *)0)->domains)]; /* as in struct principal */
};

enum principal_line_kind { LINE_NOBODY, LINE_PRINCIPAL, LINE_BAD };

/*
 * Reads a line without its end. LINE_NOBODY: empty or a comment. LINE_BAD: error says what is wrong
 * and what would be right, without file and line number.
 */
enum principal_line_kind principal_line_parse(const char *text, size_t len,
					      struct principal_line *line, char *error,
					      size_t size);

/* Writes the line, without its end, that principal_line_parse() reads back. False: size is short.
 */
bool principal_line_format(const struct principal_line *line, char *text, size_t size);

/* Whether a name can stand in the file. */
bool principal_name_valid(const char *name, size_t len);

/*
 * Whether a list of patterns, "web*,db?", can stand in the file: none empty, printable, no blanks,
 * after `uuid:` a whole UUID, short enough for struct principal.
 */
bool principal_domains_valid(const char *domains, size_t len);

/*
 * Whether the patterns of a principal match a domain; "" matches all. They are of names: anybody's
 * UUID fits some pattern of few letters. A UUID is meant by `uuid:` and the whole of it, or the
 * whole of it alone.
 */
bool principal_domains_match(const char *domains, const char *name, const char *uuid);

/* A UTC time as in the file, YYYY-MM-DDThh:mm:ssZ; size for the text with its terminator. */
#define PRINCIPAL_TIME_SIZE 21
bool principal_time_parse(const char *text, size_t len, int64_t *time_s);
bool principal_time_format(int64_t time_s, char text[PRINCIPAL_TIME_SIZE]); /* years 0 to 9999 */

/* What the file keeps of a token: its SHA-256. False: the library failed. */
bool principal_hash(const char *token, size_t len, unsigned char hash[PRINCIPAL_HASH_SIZE]);

#endif
