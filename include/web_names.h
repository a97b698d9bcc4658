/* SPDX-License-Identifier: MIT */
/*
 * The names that Go has for cipher suites and curves, and GnuTLS's words for the same.
 */
#ifndef XENBALLOON_WEB_NAMES_H
#define XENBALLOON_WEB_NAMES_H

#include <stddef.h>

/* What proves the server in a suite; a suite of TLS 1.3 leaves that open. */
enum web_kx { WEB_KX_TLS13, WEB_KX_ECDHE_ECDSA, WEB_KX_ECDHE_RSA, WEB_KX_RSA, WEB_KX_COUNT };

struct web_cipher {
	const char *name;
	enum web_kx kx;
	const char *cipher, *mac;
};

struct web_curve {
	const char *name, *group;
};

extern const struct web_cipher web_ciphers[];
extern const size_t web_cipher_count;

extern const struct web_curve web_curves[];
extern const size_t web_curve_count;

#endif
