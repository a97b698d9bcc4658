/* SPDX-License-Identifier: MIT */
/*
 * web.config.yml as the exporter-toolkit of Prometheus defines it, so that one file serves every
 * exporter of a host: TLS, headers, a rate and the users of basic auth.
 */
#ifndef XENBALLOON_WEB_CONFIG_H
#define XENBALLOON_WEB_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WEB_USERS_MAX	256
#define WEB_SANS_MAX	256
#define WEB_NAMES_MAX	32  /* of cipher suites, and of curves: more than there are */
#define WEB_USER_SIZE	256 /* with its terminator */
#define WEB_BCRYPT_SIZE 61  /* with its terminator */
#define WEB_COST_MAX	31  /* of a bcrypt; each more doubles the time */
#define WEB_COST_SLOW	15  /* from here on a check takes more than a second */

/* What is asked of clients' certificates, in the words of Go's crypto/tls. */
enum web_client_auth {
	WEB_NO_CLIENT_CERT,
	WEB_REQUEST_CLIENT_CERT,	    /* asked for, not checked */
	WEB_REQUIRE_ANY_CLIENT_CERT,	    /* demanded, not checked */
	WEB_VERIFY_CLIENT_CERT_IF_GIVEN,    /* asked for and checked */
	WEB_REQUIRE_AND_VERIFY_CLIENT_CERT, /* demanded and checked */
	WEB_CLIENT_AUTH_COUNT
};

enum web_version { WEB_TLS10, WEB_TLS11, WEB_TLS12, WEB_TLS13, WEB_VERSION_COUNT };

/* PEM, from a file or from the configuration itself; the file wins. */
struct web_pem {
	char path[256]; /* "" if none */
	char *text;	/* NULL if none */
};

/* Indices of a table in web_names.h, in the order of preference, each once. */
struct web_choice {
	bool given;
	size_t count;
	uint8_t index[WEB_NAMES_MAX];
};

/* The headers that may be set, in the order of their table. */
enum { WEB_HEADERS = 5 };

struct web_user {
	char name[WEB_USER_SIZE];     /* any bytes */
	char bcrypt[WEB_BCRYPT_SIZE]; /* "": a hash that no password matches */
};

struct web_config {
	bool tls; /* the eight below are meaningful */
	struct web_pem cert, key, client_ca;
	enum web_client_auth client_auth;
	enum web_version lowest, highest;
	struct web_choice ciphers; /* of TLS 1.2 and older */
	struct web_choice curves;
	bool prefer_server_ciphers;
	bool sans_given; /* false: any */
	size_t san_count;
	char san[WEB_SANS_MAX][256];
	char *header[WEB_HEADERS]; /* NULL: not set */
	uint64_t rate_ns;	   /* between two requests; 0: any rate */
	uint64_t rate_burst;
	size_t user_count;
	struct web_user user[WEB_USERS_MAX];
};

/*
 * Reads such a file; relative paths in it are below its folder. NULL, with "path:LINE: what is
 * wrong and what would be right" in error. What the toolkit refuses is refused; what it takes and
 * the agent doesn't do is logged.
 */
struct web_config *web_config_read(const char *path, char *error, size_t size);
void web_config_free(struct web_config *web); /* NULL is allowed */

/* Whether certificates of clients are held against an authority. */
bool web_config_verifies(const struct web_config *web);

/* Whether client_ca or client_ca_file is set; else it is the host's authorities that vouch. */
bool web_config_has_ca(const struct web_config *web);

/* The name of header number `index` of struct web_config. */
const char *web_config_header(size_t index);

/* The cost of a bcrypt hash. */
int web_config_cost(const char *bcrypt);

#endif
