/* SPDX-License-Identifier: MIT */
/*
 * TLS by GnuTLS: what a server shows, what it asks of clients. Knows no connection and no
 * principal. Called by config_files.c, http_connection.c and http_prove.c.
 */
#include "tls.h"

#include <arpa/inet.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "log.h"
#include "tls_priority.h"

struct tls {
	atomic_uint references;
	gnutls_certificate_credentials_t credentials;
	struct tls_priorities priorities;
	gnutls_certificate_request_t request;
	bool verifies;
	bool proves; /* who it is: by an authority of the configuration's own */
	int64_t expiry[TLS_FILE_COUNT];
	bool sans_given;
	size_t san_count;
	char (*san)[256];
};

static const gnutls_certificate_request_t requests[WEB_CLIENT_AUTH_COUNT] = {
	[WEB_NO_CLIENT_CERT] = GNUTLS_CERT_IGNORE,
	[WEB_REQUEST_CLIENT_CERT] = GNUTLS_CERT_REQUEST,
	[WEB_REQUIRE_ANY_CLIENT_CERT] = GNUTLS_CERT_REQUIRE,
	[WEB_VERIFY_CLIENT_CERT_IF_GIVEN] = GNUTLS_CERT_REQUEST,
	[WEB_REQUIRE_AND_VERIFY_CLIENT_CERT] = GNUTLS_CERT_REQUIRE,
};

static bool complain(char *error, size_t size, const char *path, int code)
{
	snprintf(error, size, "%s: %s", path, gnutls_strerror(code));
	return false;
}

/* The certificate that the client has shown, to be given back; NULL if there is none. */
static gnutls_x509_crt_t shown(gnutls_session_t session)
{
	unsigned int count = 0;
	const gnutls_datum_t *list = gnutls_certificate_get_peers(session, &count);
	gnutls_x509_crt_t certificate;

	if (!list || !count || gnutls_x509_crt_init(&certificate))
		return NULL;
	if (gnutls_x509_crt_import(certificate, &list[0], GNUTLS_X509_FMT_DER) == 0)
		return certificate;
	gnutls_x509_crt_deinit(certificate);
	return NULL;
}

static bool is_listed(const struct tls *tls, const char *name)
{
	for (size_t i = 0; i < tls->san_count; i++)
		if (!strcasecmp(tls->san[i], name))
			return true;
	return false;
}

/* The subject alternative name as text; addresses come in binary. */
static bool san_text(unsigned int type, const char *raw, size_t len, char *text, size_t size)
{
	if (type == GNUTLS_SAN_IPADDRESS)
		return inet_ntop(len == 4 ? AF_INET : AF_INET6, raw, text, (socklen_t)size);
	if (len >= size || memchr(raw, '\0', len))
		return false;
	memcpy(text, raw, len);
	text[len] = '\0';
	return type == GNUTLS_SAN_DNSNAME || type == GNUTLS_SAN_RFC822NAME ||
	       type == GNUTLS_SAN_URI;
}

static bool san_allowed(const struct tls *tls, gnutls_session_t session)
{
	gnutls_x509_crt_t certificate = shown(session);
	bool allowed = false;
	int type = 0;

	for (unsigned int i = 0; certificate && type >= 0 && !allowed; i++) {
		char raw[256], text[256];
		size_t len = sizeof(raw);

		type = gnutls_x509_crt_get_subject_alt_name(certificate, i, raw, &len, NULL);
		allowed = type >= 0 && san_text((unsigned int)type, raw, len, text, sizeof(text)) &&
			  is_listed(tls, text);
		if (type == GNUTLS_E_SHORT_MEMORY_BUFFER)
			type = 0;
	}
	if (certificate)
		gnutls_x509_crt_deinit(certificate);
	return allowed;
}

/* Non-zero ends the handshake. Called for clients without a certificate, too, where they may. */
static int check_client(gnutls_session_t session)
{
	const struct tls *tls = gnutls_db_get_ptr(session);
	gnutls_typed_vdata_st purpose = { GNUTLS_DT_KEY_PURPOSE_OID,
					  (unsigned char *)GNUTLS_KP_TLS_WWW_CLIENT, 0 };
	unsigned int count = 0, status = 0;

	if (!gnutls_certificate_get_peers(session, &count) || !count)
		return 0;
	if (tls->verifies &&
	    (gnutls_certificate_verify_peers(session, &purpose, 1, &status) || status))
		return GNUTLS_E_CERTIFICATE_ERROR;
	return !tls->sans_given || san_allowed(tls, session) ? 0 : GNUTLS_E_CERTIFICATE_ERROR;
}

/* Not fatal: who scrapes shall see it, and may not mind. */
static void warn_of_files(const struct web_config *web)
{
	struct stat status;

	if (*web->key.path && stat(web->key.path, &status) == 0 && status.st_mode & S_IROTH)
		log_warn("%s: everyone may read it; chmod 0640 is enough", web->key.path);
}

/* What stands for a PEM in a sentence. */
static const char *source_of(const struct web_pem *pem, const char *name)
{
	return *pem->path ? pem->path : name;
}

/* To be given to gnutls_free(). */
static int load_pem(const struct web_pem *pem, gnutls_datum_t *data)
{
	size_t len = pem->text ? strlen(pem->text) : 0;

	if (*pem->path)
		return gnutls_load_file(pem->path, data);
	data->data = gnutls_malloc(len + 1);
	if (!data->data)
		return GNUTLS_E_MEMORY_ERROR;
	memcpy(data->data, len ? pem->text : "", len + 1);
	data->size = (unsigned int)len;
	return 0;
}

static void forget_pem(gnutls_datum_t *data)
{
	if (data->data)
		explicit_bzero(data->data, data->size);
	gnutls_free(data->data);
	data->data = NULL;
}

static bool load_pair(struct tls *tls, const struct web_config *web, char *error, size_t size)
{
	gnutls_datum_t cert = { NULL, 0 }, key = { NULL, 0 };
	char pair[520];
	int code = load_pem(&web->cert, &cert);

	snprintf(pair, sizeof(pair), "%s with %s", source_of(&web->cert, "cert"),
		 source_of(&web->key, "key"));
	if (code >= 0)
		code = load_pem(&web->key, &key);
	if (code >= 0)
		code = gnutls_certificate_set_x509_key_mem(tls->credentials, &cert, &key,
							   GNUTLS_X509_FMT_PEM);
	forget_pem(&cert);
	forget_pem(&key);
	return code >= 0 || complain(error, size, pair, code);
}

/* Without a certificate in it, none of a client can be good; the toolkit takes that, too. */
static bool load_authorities(struct tls *tls, const struct web_config *web, char *error,
			     size_t size)
{
	const char *name = source_of(&web->client_ca, "client_ca");
	gnutls_datum_t data = { NULL, 0 };
	int code;

	if (!tls->proves && tls->verifies)
		gnutls_certificate_set_x509_system_trust(tls->credentials);
	if (!web_config_has_ca(web))
		return true;
	code = load_pem(&web->client_ca, &data);
	if (code < 0)
		return complain(error, size, name, code);
	code = gnutls_certificate_set_x509_trust_mem(tls->credentials, &data, GNUTLS_X509_FMT_PEM);
	forget_pem(&data);
	if (code <= 0)
		log_warn("%s: there is no certificate in it, so no client's will do", name);
	return true;
}

static void keep_earlier(int64_t *earliest, gnutls_x509_crt_t certificate)
{
	int64_t seconds = gnutls_x509_crt_get_expiration_time(certificate);

	if (seconds >= 0 && (*earliest < 0 || seconds < *earliest))
		*earliest = seconds;
}

/* Of the whole chain, as one that has expired breaks it. */
static int64_t chain_expiry(const struct tls *tls)
{
	gnutls_x509_crt_t *list = NULL;
	unsigned int count = 0;
	int64_t earliest = -1;

	if (gnutls_certificate_get_x509_crt(tls->credentials, 0, &list, &count))
		return -1;
	for (unsigned int i = 0; i < count; i++) {
		keep_earlier(&earliest, list[i]);
		gnutls_x509_crt_deinit(list[i]);
	}
	gnutls_free(list);
	return earliest;
}

static int64_t authorities_expiry(const struct tls *tls)
{
	gnutls_x509_trust_list_iter_t at = NULL;
	gnutls_x509_trust_list_t list;
	gnutls_x509_crt_t certificate;
	int64_t earliest = -1;

	gnutls_certificate_get_trust_list(tls->credentials, &list);
	while (gnutls_x509_trust_list_iter_get_ca(list, &at, &certificate) == 0) {
		keep_earlier(&earliest, certificate);
		gnutls_x509_crt_deinit(certificate);
	}
	return earliest;
}

int64_t tls_expiry(const struct tls *tls, enum tls_file file)
{
	return tls->expiry[file];
}

static enum tls_key key_of(const struct tls *tls)
{
	gnutls_x509_crt_t *list = NULL;
	unsigned int count = 0, bits;
	enum tls_key key = TLS_KEY_OTHER;

	if (gnutls_certificate_get_x509_crt(tls->credentials, 0, &list, &count))
		return key;
	for (unsigned int i = 0; i < count; i++) {
		int kind = gnutls_x509_crt_get_pk_algorithm(list[i], &bits);

		if (i == 0 && (kind == GNUTLS_PK_RSA || kind == GNUTLS_PK_RSA_PSS))
			key = TLS_KEY_RSA;
		gnutls_x509_crt_deinit(list[i]);
	}
	gnutls_free(list);
	return key;
}

static bool keep_sans(struct tls *tls, const struct web_config *web, char *error, size_t size)
{
	tls->sans_given = web->sans_given;
	if (!web->san_count)
		return true;
	tls->san = malloc(web->san_count * sizeof(*tls->san));
	if (!tls->san) {
		snprintf(error, size, "out of memory");
		return false;
	}
	memcpy(tls->san, web->san, web->san_count * sizeof(*tls->san));
	tls->san_count = web->san_count;
	return true;
}

struct tls *tls_load(const struct web_config *web, char *error, size_t size)
{
	struct tls *tls = calloc(1, sizeof(*tls));

	if (!tls || gnutls_certificate_allocate_credentials(&tls->credentials)) {
		free(tls);
		snprintf(error, size, "out of memory");
		return NULL;
	}
	atomic_init(&tls->references, 1);
	tls->request = requests[web->client_auth];
	tls->verifies = web_config_verifies(web);
	gnutls_certificate_set_verify_function(tls->credentials, check_client);
	tls->proves = tls->verifies && web_config_has_ca(web);
	if (load_pair(tls, web, error, size) && load_authorities(tls, web, error, size) &&
	    tls_prioritise(web, key_of(tls), &tls->priorities, error, size) &&
	    keep_sans(tls, web, error, size)) {
		tls->expiry[TLS_SERVER] = chain_expiry(tls);
		tls->expiry[TLS_CLIENT_CA] = web_config_has_ca(web) ? authorities_expiry(tls) : -1;
		warn_of_files(web);
		return tls;
	}
	tls_release(tls);
	return NULL;
}

struct tls *tls_again(struct tls *tls)
{
	if (tls)
		atomic_fetch_add(&tls->references, 1);
	return tls;
}

void tls_release(struct tls *tls)
{
	if (!tls || atomic_fetch_sub(&tls->references, 1) > 1)
		return;
	gnutls_certificate_free_credentials(tls->credentials);
	if (tls->priorities.all)
		gnutls_priority_deinit(tls->priorities.all);
	if (tls->priorities.older)
		gnutls_priority_deinit(tls->priorities.older);
	free(tls->san);
	free(tls);
}

static int retrieve_none(gnutls_session_t session, const gnutls_datum_t *authorities,
			 int authority_count, const gnutls_pk_algorithm_t *algorithms,
			 int algorithm_count, gnutls_pcert_st **certificates,
			 unsigned int *certificate_count, gnutls_privkey_t *key)
{
	(void)session;
	(void)authorities;
	(void)authority_count;
	(void)algorithms;
	(void)algorithm_count;
	(void)certificates;
	(void)certificate_count;
	(void)key;
	return -1;
}

void *tls_no_certificate(void)
{
	gnutls_certificate_retrieve_function2 *function = retrieve_none;

	return (void *)function;
}

/* The version is settled by now, the suite is not. */
static int choose_suites(gnutls_session_t session)
{
	const struct tls *tls = gnutls_db_get_ptr(session);

	if (gnutls_protocol_get_version(session) >= GNUTLS_TLS1_3)
		return 0;
	return gnutls_priority_set(session, tls->priorities.older);
}

/*
 * libmicrohttpd has set credentials of its own, which know no change of certificates, and keeps the
 * session's pointer for itself; that for a cache of sessions is free, as there is no such cache.
 */
bool tls_begin(struct tls *tls, void *session)
{
	if (gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, tls->credentials) ||
	    gnutls_priority_set(session, tls->priorities.all))
		return false;
	gnutls_certificate_server_set_request(session, tls->request);
	gnutls_db_set_ptr(session, tls);
	if (tls->priorities.older)
		gnutls_handshake_set_post_client_hello_function(session, choose_suites);
	return true;
}

bool tls_peer_name(const struct tls *tls, void *session, char *name, size_t size)
{
	gnutls_x509_crt_t certificate = tls && tls->proves ? shown(session) : NULL;
	size_t len = size, other_len = 0;
	bool good = false;

	if (!certificate)
		return false;
	if (gnutls_x509_crt_get_dn_by_oid(certificate, GNUTLS_OID_X520_COMMON_NAME, 0, 0, name,
					  &len) == 0)
		good = strlen(name) == len &&
		       gnutls_x509_crt_get_dn_by_oid(certificate, GNUTLS_OID_X520_COMMON_NAME, 1, 0,
						     NULL, &other_len) ==
			       GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE;
	gnutls_x509_crt_deinit(certificate);
	return good;
}
