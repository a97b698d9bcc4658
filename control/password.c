/* SPDX-License-Identifier: MIT */
/*
 * Checks passwords against bcrypt hashes by libxcrypt and remembers the outcome. Knows no request.
 * Called by http_prove.c and http_password.c.
 */
#include "password.h"

#include <crypt.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "principal_file.h"

#define KEY_SIZE   32
#define REMEMBERED 256 /* of each kind; the oldest is forgotten first */

/* What was found right, or wrong: SHA-256 of our key, the user and the password. */
struct memory {
	size_t next, count;
	unsigned char digest[REMEMBERED][PRINCIPAL_HASH_SIZE];
};

struct password_book {
	const struct web_user *users; /* the caller's, or ours */
	size_t count;
	char nobody[WEB_BCRYPT_SIZE]; /* stands in for who isn't there: as slow as the slowest */
	unsigned char key[KEY_SIZE];
	pthread_mutex_t lock;
	struct memory right, wrong;
};

/* Compared with what bcrypt gives for it, it matches no password: the hash is all dots. */
static void make_nobody(struct password_book *book)
{
	int cost = 10;
	bool any = false;

	for (size_t i = 0; i < book->count; i++) {
		const char *hash = book->users[i].bcrypt;

		if (*hash && (!any || web_config_cost(hash) > cost))
			cost = web_config_cost(hash);
		any |= *hash;
	}
	snprintf(book->nobody, sizeof(book->nobody), "$2y$%02d$", cost % 100);
	memset(book->nobody + 7, '.', sizeof(book->nobody) - 1 - 7);
}

struct password_book *password_new(const struct web_user *users, size_t count)
{
	struct password_book *book = calloc(1, sizeof(*book));

	if (!book)
		return NULL;
	if (getrandom(book->key, sizeof(book->key), 0) != sizeof(book->key)) {
		free(book);
		return NULL;
	}
	book->users = users;
	book->count = count;
	pthread_mutex_init(&book->lock, NULL);
	make_nobody(book);
	return book;
}

void password_free(struct password_book *book)
{
	if (!book)
		return;
	pthread_mutex_destroy(&book->lock);
	explicit_bzero(book->key, sizeof(book->key));
	free(book);
}

static bool digest_of(const struct password_book *book, const char *user, const char *password,
		      unsigned char digest[PRINCIPAL_HASH_SIZE])
{
	size_t user_len = strlen(user) + 1, len = strlen(password);
	char *text = malloc(KEY_SIZE + user_len + len);
	bool good = false;

	if (text) {
		memcpy(text, book->key, KEY_SIZE);
		memcpy(text + KEY_SIZE, user, user_len);
		memcpy(text + KEY_SIZE + user_len, password, len);
		good = principal_hash(text, KEY_SIZE + user_len + len, digest);
		explicit_bzero(text, KEY_SIZE + user_len + len);
	}
	free(text);
	return good;
}

uint64_t password_credential(const struct password_book *book, const char *user)
{
	unsigned char digest[PRINCIPAL_HASH_SIZE];
	uint64_t id = 0;

	for (size_t i = 0; book && i < book->count; i++)
		if (!strcmp(book->users[i].name, user) &&
		    principal_hash(book->users[i].bcrypt, strlen(book->users[i].bcrypt), digest))
			memcpy(&id, digest, sizeof(id));
	return id;
}

static bool holds(const struct memory *memory, const unsigned char *digest)
{
	for (size_t i = 0; i < memory->count; i++)
		if (!memcmp(memory->digest[i], digest, PRINCIPAL_HASH_SIZE))
			return true;
	return false;
}

static void remember(struct memory *memory, const unsigned char *digest)
{
	memcpy(memory->digest[memory->next], digest, PRINCIPAL_HASH_SIZE);
	memory->next = (memory->next + 1) % REMEMBERED;
	if (memory->count < REMEMBERED)
		memory->count++;
}

enum password_word password_recall(struct password_book *book, const char *user,
				   const char *password)
{
	unsigned char digest[PRINCIPAL_HASH_SIZE];
	enum password_word word = PASSWORD_NOT_KNOWN;

	if (!digest_of(book, user, password, digest))
		return PASSWORD_NOT_KNOWN;
	pthread_mutex_lock(&book->lock);
	if (holds(&book->right, digest))
		word = PASSWORD_RIGHT;
	else if (holds(&book->wrong, digest))
		word = PASSWORD_WRONG;
	pthread_mutex_unlock(&book->lock);
	return word;
}

/* To the end in any case: how long it takes must not say how much of it was right. */
static bool equal(const char *one, const char *other)
{
	unsigned char differ = 0;

	for (size_t i = 0; i < WEB_BCRYPT_SIZE; i++)
		differ |= (unsigned char)(one[i] ^ other[i]);
	return !differ;
}

static void forget(void *data)
{
	explicit_bzero(data, sizeof(struct crypt_data));
	free(data);
}

/* A costly one may take hours, so meanwhile the thread can be ended; crypt_r() holds nothing. */
static bool compute(const char *hash, const char *password)
{
	struct crypt_data *data = calloc(1, sizeof(*data));
	const char *made;
	bool right;
	int before;

	if (!data)
		return false;
	pthread_cleanup_push(forget, data);
	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &before);
	pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &before);
	made = crypt_r(password, hash, data);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
	right = made && strlen(made) == WEB_BCRYPT_SIZE - 1 && equal(made, hash);
	pthread_cleanup_pop(true);
	return right;
}

/* The hash that stands for a user, whoever that is. */
static const char *hash_of(const struct password_book *book, const char *user)
{
	const char *hash = book->nobody;

	for (size_t i = 0; i < book->count; i++)
		if (!strcmp(book->users[i].name, user) && *book->users[i].bcrypt)
			hash = book->users[i].bcrypt;
	return hash;
}

bool password_is_slow(const struct password_book *book, const char *user)
{
	return web_config_cost(hash_of(book, user)) >= WEB_COST_SLOW;
}

bool password_check(struct password_book *book, const char *user, const char *password)
{
	unsigned char digest[PRINCIPAL_HASH_SIZE];
	const char *hash = hash_of(book, user);
	bool right;

	right = compute(hash, password) && hash != book->nobody;
	if (!digest_of(book, user, password, digest))
		return right;
	pthread_mutex_lock(&book->lock);
	if (!holds(right ? &book->right : &book->wrong, digest))
		remember(right ? &book->right : &book->wrong, digest);
	pthread_mutex_unlock(&book->lock);
	return right;
}
