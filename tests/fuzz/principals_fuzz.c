/* SPDX-License-Identifier: MIT */
/* The principals file, line by line and as a whole. */
#include <stdlib.h>
#include <string.h>

#include "auth.h"
#include "fuzz.h"

static void accepted(const struct principal_line *line)
{
	struct principal_line again;
	char text[PRINCIPAL_LINE_SIZE], error[256];

	MUST(principal_name_valid(line->name, strlen(line->name)));
	MUST(line->role == ROLE_VIEWER || line->role == ROLE_OPERATOR);
	MUST(!*line->domains || principal_domains_valid(line->domains, strlen(line->domains)));
	MUST(principal_line_format(line, text, sizeof(text)));
	MUST(principal_line_parse(text, strlen(text), &again, error, sizeof(error)) ==
	     LINE_PRINCIPAL);
	MUST(memcmp(line, &again, sizeof(again)) == 0);
	MUST(*line->domains || principal_domains_match(line->domains, "web1", "0a"));
	principal_domains_match(line->domains, "a[b", "00000000-0000-4000-8000-000000000001");
}

/* True if no line of it is bad. */
static bool lines(struct fuzz_input input)
{
	bool good = true;

	while (input.left) {
		const uint8_t *stop = memchr(input.at, '\n', input.left);
		size_t len = stop ? (size_t)(stop - input.at) : input.left;
		char *text = malloc(len), error[256] = "";
		struct principal_line line;

		if (len)
			memcpy(text, input.at, len);
		switch (principal_line_parse(text, len, &line, error, sizeof(error))) {
		case LINE_PRINCIPAL:
			accepted(&line);
			break;
		case LINE_BAD:
			fuzz_sentence(error, sizeof(error), true);
			good = false;
			break;
		case LINE_NOBODY:
			break;
		}
		free(text);
		input.at += len + !!stop;
		input.left -= len + !!stop;
	}
	return good;
}

static void whole(struct fuzz_input input, bool good)
{
	const char *path = fuzz_file(input.at, input.left);
	struct auth *auth = NULL;
	struct principal who = { .role = ROLE_NONE };
	char error[400] = "";

	if (auth_load(path, &auth, error, sizeof(error)) == 0) {
		MUST(auth && good);
		MUST(auth_bearer(auth, "guess", 5, 0, &who) == AUTH_WRONG);
		MUST(who.role == ROLE_NONE && !*who.name);
		auth_free(auth);
	} else {
		MUST(!auth);
		fuzz_sentence(error, sizeof(error), true);
		MUST(strncmp(error, path, strlen(path)) == 0 && error[strlen(path)] == ':');
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = { data, size };
	bool good = lines(input);

	/* The file takes much longer than its lines. */
	if (size % 16 == 0 || good)
		whole(input, good);
	return 0;
}
