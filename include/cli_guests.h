/* SPDX-License-Identifier: MIT */
/*
 * The guests of one host or a rack, as the API tells them, and how one is found by what it is
 * called.
 */
#ifndef XENBALLOON_CLI_GUESTS_H
#define XENBALLOON_CLI_GUESTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli_client.h"

struct cli;

struct guest {
	const struct way *way;
	struct json_t *object; /* of /api/v1/domains */
};

struct guests {
	size_t count;
	struct guest *guest;	   /* by host in the order asked, then by domid */
	struct client_call *calls; /* one of /api/v1/domains per way, with the answers */
	struct client_call *hosts; /* one of /api/v1/host per way */
	size_t ways;
	int exit; /* EXIT_DONE, or how to end as an agent did not answer */
};

/* Asks all agents; those that don't answer are a line each on standard error. */
void guests_read(struct cli *cli, struct guests *guests);

/* The same, saying nothing. */
void guests_ask(struct cli *cli, struct guests *guests);

/*
 * The same without waiting: client_step() until guests_ended(), then guests_end(). guests_free()
 * may come before.
 */
void guests_begin(struct cli *cli, struct guests *guests);
bool guests_ended(const struct guests *guests);
void guests_end(struct guests *guests);

void guests_free(struct guests *guests);

/*
 * The one guest that `id` names by domid, name or UUID. NULL, said on standard error: none, or
 * several, as domids and names are one host's only.
 */
const struct guest *guests_find(const struct guests *guests, const char *id);

/* Whether a word is a pattern of names (pattern.h), and not what one guest is called. */
bool guests_is_pattern(const char *word);

/* Whether a guest is one that the word means: by domid, UUID or name, or its name fits the pattern.
 */
bool guests_means(const char *word, const struct json_t *object);

/*
 * The guests that the words name, each once; patterns as many as fit. All of them without a word.
 * *good is false, said on standard error, where a word names none, or several without being a
 * pattern. The list, of *picked, is to be given to free().
 */
const struct guest **guests_pick(const struct guests *guests, size_t count, char **words,
				 size_t *picked, bool *good);

/*
 * Asks, picks as guests_pick() does and shows what was picked; the code to end with. What the
 * agents that answered have is shown whichever word was wrong.
 */
int guests_show(struct cli *cli, size_t count, char **words,
		void (*show)(const struct cli *cli, const struct guests *guests,
			     const struct guest *const *list, size_t picked));

/* Members of an object; "" or false where they are missing or of another type. */
const char *guest_text(const struct json_t *object, const char *field);
bool guest_number(const struct json_t *object, const char *field, uint64_t *number);
bool guest_true(const struct json_t *object, const char *field);

#endif
