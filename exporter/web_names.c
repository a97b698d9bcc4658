/* SPDX-License-Identifier: MIT */
/*
 * The cipher suites that Go's crypto/tls lists in CipherSuites(), the four of RSA key exchange that
 * it listed until 1.22 among them, and its curves. Knows no library.
 */
#include "web_names.h"

#include "web_config.h"

const struct web_cipher web_ciphers[] = {
	{ "TLS_AES_128_GCM_SHA256", WEB_KX_TLS13, "AES-128-GCM", "AEAD" },
	{ "TLS_AES_256_GCM_SHA384", WEB_KX_TLS13, "AES-256-GCM", "AEAD" },
	{ "TLS_CHACHA20_POLY1305_SHA256", WEB_KX_TLS13, "CHACHA20-POLY1305", "AEAD" },
	{ "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", WEB_KX_ECDHE_ECDSA, "AES-128-CBC", "SHA1" },
	{ "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", WEB_KX_ECDHE_ECDSA, "AES-256-CBC", "SHA1" },
	{ "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", WEB_KX_ECDHE_RSA, "AES-128-CBC", "SHA1" },
	{ "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", WEB_KX_ECDHE_RSA, "AES-256-CBC", "SHA1" },
	{ "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", WEB_KX_ECDHE_ECDSA, "AES-128-GCM", "AEAD" },
	{ "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", WEB_KX_ECDHE_ECDSA, "AES-256-GCM", "AEAD" },
	{ "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", WEB_KX_ECDHE_RSA, "AES-128-GCM", "AEAD" },
	{ "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", WEB_KX_ECDHE_RSA, "AES-256-GCM", "AEAD" },
	{ "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", WEB_KX_ECDHE_RSA, "CHACHA20-POLY1305",
	  "AEAD" },
	{ "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", WEB_KX_ECDHE_ECDSA, "CHACHA20-POLY1305",
	  "AEAD" },
	{ "TLS_RSA_WITH_AES_128_CBC_SHA", WEB_KX_RSA, "AES-128-CBC", "SHA1" },
	{ "TLS_RSA_WITH_AES_256_CBC_SHA", WEB_KX_RSA, "AES-256-CBC", "SHA1" },
	{ "TLS_RSA_WITH_AES_128_GCM_SHA256", WEB_KX_RSA, "AES-128-GCM", "AEAD" },
	{ "TLS_RSA_WITH_AES_256_GCM_SHA384", WEB_KX_RSA, "AES-256-GCM", "AEAD" },
};

const struct web_curve web_curves[] = {
	{ "CurveP256", "GROUP-SECP256R1" },
	{ "CurveP384", "GROUP-SECP384R1" },
	{ "CurveP521", "GROUP-SECP521R1" },
	{ "X25519", "GROUP-X25519" },
};

const size_t web_cipher_count = sizeof(web_ciphers) / sizeof(web_ciphers[0]);
const size_t web_curve_count = sizeof(web_curves) / sizeof(web_curves[0]);

_Static_assert(sizeof(web_ciphers) / sizeof(web_ciphers[0]) <= WEB_NAMES_MAX, "a choice holds all");
