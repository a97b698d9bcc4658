/* SPDX-License-Identifier: MIT */
/*
 * GnuTLS's priorities for the versions, suites and curves of web.config.yml.
 */
#ifndef XENBALLOON_TLS_PRIORITY_H
#define XENBALLOON_TLS_PRIORITY_H

#include "web_config.h"

/* Whose key the server has; a key that isn't RSA's signs as one of an elliptic curve does. */
enum tls_key { TLS_KEY_RSA, TLS_KEY_OTHER };

/*
 * `all` is for the client's first words, and for TLS 1.3, whose suites nobody chooses; `older`, for
 * sessions of TLS 1.2 and older, NULL where no suites are chosen. GnuTLS's own, and its to free.
 */
struct tls_priorities {
	void *all, *older;
};

/* False with a sentence in error: nothing that is chosen can be spoken. */
bool tls_prioritise(const struct web_config *web, enum tls_key key,
		    struct tls_priorities *priorities, char *error, size_t size);

#endif
