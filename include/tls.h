/* SPDX-License-Identifier: MIT */
/*
 * One reading of the server's certificate, its key and the clients' authority: immutable, shared by
 * reference count, so that a connection keeps what it began with.
 */
#ifndef XENBALLOON_TLS_H
#define XENBALLOON_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "web_config.h"

struct tls;

/* Reads the files that *web names. NULL with a sentence in error. */
struct tls *tls_load(const struct web_config *web, char *error, size_t size);

/* One more reference; NULL is allowed, as for tls_release(). */
struct tls *tls_again(struct tls *tls);
void tls_release(struct tls *tls);

/* The files of certificates: what the server shows, and what clients' are held against. */
enum tls_file { TLS_SERVER, TLS_CLIENT_CA, TLS_FILE_COUNT };

/* When the first certificate of a file expires, in Unix seconds; -1: no such file. */
int64_t tls_expiry(const struct tls *tls, enum tls_file file);

/*
 * What GnuTLS calls for a certificate, one that has no certificate, for a server that demands one
 * although each of its sessions goes through tls_begin().
 */
void *tls_no_certificate(void);

/*
 * Prepares a session of GnuTLS before its handshake, which must not outlive the caller's
 * reference. False: it can't, and the handshake will fail.
 */
bool tls_begin(struct tls *tls, void *session);

/*
 * The common name in the certificate that the client of this session has shown and that was held
 * against client_ca_file or client_ca. False if there is none, or not exactly one name that fits.
 */
bool tls_peer_name(const struct tls *tls, void *session, char *name, size_t size);

#endif
