/* SPDX-License-Identifier: MIT */
/*
 * Passwords of the users of web.config.yml. Checking one takes as long as its bcrypt was made to
 * take, so what has been found out is remembered, keyed and hashed, as long as the book lives.
 */
#ifndef XENBALLOON_PASSWORD_H
#define XENBALLOON_PASSWORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "web_config.h"

struct password_book;

enum password_word { PASSWORD_RIGHT, PASSWORD_WRONG, PASSWORD_NOT_KNOWN };

/* NULL if out of memory or out of random bytes. password_free() takes NULL. */
struct password_book *password_new(const struct web_user *users, size_t count);
void password_free(struct password_book *book);

/* Changes with the user's hash; 0: there is no such user. */
uint64_t password_credential(const struct password_book *book, const char *user);

/* What is remembered. Any thread; doesn't block for long. */
enum password_word password_recall(struct password_book *book, const char *user,
				   const char *password);

/* Whether to check a password of this user, or of nobody, takes more than about a second. */
bool password_is_slow(const struct password_book *book, const char *user);

/*
 * Computes it, which takes from milliseconds to, for the costliest, hours, for a user that there is
 * not as for one that there is, and remembers. Any thread; while it computes, the thread may be
 * ended by pthread_cancel(), and with cancelling disabled when it returns.
 */
bool password_check(struct password_book *book, const char *user, const char *password);

#endif
