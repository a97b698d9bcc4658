/* SPDX-License-Identifier: MIT */
/*
 * web.config.yml as the exporter-toolkit of Prometheus defines it, so that one file serves every
 * exporter of a host: TLS and the users of basic auth.
 */
#ifndef XENBALLOON_WEB_CONFIG_H
#define XENBALLOON_WEB_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#define WEB_USERS_MAX	256
#define WEB_SANS_MAX	32
#define WEB_BCRYPT_SIZE 61 /* with its terminator */
#define WEB_COST_MAX	14 /* of a bcrypt; each more doubles the second that 14 takes */

/* What is asked of clients' certificates, in the words of Go's crypto/tls. */
enum web_client_auth {
	WEB_NO_CLIENT_CERT,
	WEB_REQUEST_CLIENT_CERT,	    /* asked for, not checked */
	WEB_REQUIRE_ANY_CLIENT_CERT,	    /* demanded, not checked */
	WEB_VERIFY_CLIENT_CERT_IF_GIVEN,    /* asked for and checked */
	WEB_REQUIRE_AND_VERIFY_CLIENT_CERT, /* demanded and checked */
	WEB_CLIENT_AUTH_COUNT
};

struct web_user {
	char name[64]; /* as in the principals file */
	char bcrypt[WEB_BCRYPT_SIZE];
};

struct web_config {
	bool tls; /* the four below are meaningful */
	char cert_file[256], key_file[256];
	char client_ca_file[256]; /* "" if none */
	enum web_client_auth client_auth;
	bool lowest_is_13, highest_is_12; /* of TLS versions */
	bool prefer_server_ciphers;
	size_t san_count; /* 0: any */
	char san[WEB_SANS_MAX][256];
	size_t user_count;
	struct web_user user[WEB_USERS_MAX];
};

/*
 * Reads such a file; relative paths in it are below its folder. NULL, with "path:LINE: what is
 * wrong and what would be right" in error. What the agent does not know it refuses by name, rather
 * than be less strict than the file says. To be given to free().
 */
struct web_config *web_config_read(const char *path, char *error, size_t size);

/* Whether certificates of clients are held against client_ca_file. */
bool web_config_verifies(const struct web_config *web);

#endif
