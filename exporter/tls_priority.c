/* SPDX-License-Identifier: MIT */
/*
 * Turns chosen versions, suites and curves into GnuTLS's priority strings. GnuTLS has no word for a
 * suite, only for its parts, so parts that would also make another suite are left out. Suites of
 * TLS 1.3 are always on, as in Go.
 */
#include "tls_priority.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <gnutls/gnutls.h>

#include "log.h"
#include "web_names.h"

#define WORDS_MAX 512

struct words {
	char text[WORDS_MAX];
	size_t len;
};

static void add(struct words *words, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The tables bound how much there can be. */
static void add(struct words *words, const char *format, ...)
{
	size_t room = sizeof(words->text) - words->len;
	va_list arguments;
	int len;

	va_start(arguments, format);
	len = vsnprintf(words->text + words->len, room, format, arguments);
	va_end(arguments);
	if (len > 0 && (size_t)len < room)
		words->len += (size_t)len;
}

static const struct web_cipher *chosen(const struct web_config *web, size_t i)
{
	return &web_ciphers[web->ciphers.index[i]];
}

static bool is_chosen(const struct web_config *web, enum web_kx kx, const char *cipher)
{
	for (size_t i = 0; i < web->ciphers.count; i++)
		if (chosen(web, i)->kx == kx && !strcmp(chosen(web, i)->cipher, cipher))
			return true;
	return false;
}

/* Both ways to exchange keys of RSA would each be allowed with the other's ciphers. */
static bool mixes(const struct web_config *web)
{
	static const enum web_kx other[WEB_KX_COUNT] = {
		[WEB_KX_ECDHE_RSA] = WEB_KX_RSA,
		[WEB_KX_RSA] = WEB_KX_ECDHE_RSA,
	};
	bool ephemeral = false, differs = false;

	for (size_t i = 0; i < web->ciphers.count; i++) {
		const struct web_cipher *one = chosen(web, i);

		ephemeral |= one->kx == WEB_KX_ECDHE_RSA;
		if (other[one->kx] && !is_chosen(web, other[one->kx], one->cipher))
			differs = true;
	}
	return ephemeral && differs;
}

/* Whether this server can speak that suite; says why not. */
static bool can_speak(const struct web_config *web, const struct web_cipher *suite,
		      enum tls_key key)
{
	if (suite->kx == WEB_KX_TLS13)
		return false;
	if ((suite->kx == WEB_KX_ECDHE_ECDSA) != (key == TLS_KEY_OTHER)) {
		log_info("cipher_suites: %s is left out, as the server's key is not of its kind",
			 suite->name);
		return false;
	}
	if (gnutls_cipher_get_id(suite->cipher) == GNUTLS_CIPHER_UNKNOWN) {
		log_warn("cipher_suites: %s is left out, as GnuTLS doesn't speak it", suite->name);
		return false;
	}
	if (suite->kx == WEB_KX_RSA && mixes(web)) {
		log_warn("cipher_suites: %s is left out, as GnuTLS can't tell its ciphers from "
			 "those of TLS_ECDHE_RSA",
			 suite->name);
		return false;
	}
	return true;
}

/* The parts of the suites that can be spoken, in their order; empty if there are none. */
static void add_suites(struct words *words, const struct web_config *web, enum tls_key key)
{
	static const char *const exchanges[WEB_KX_COUNT] = {
		[WEB_KX_ECDHE_ECDSA] = "ECDHE-ECDSA",
		[WEB_KX_ECDHE_RSA] = "ECDHE-RSA",
		[WEB_KX_RSA] = "RSA",
	};
	bool taken[WEB_KX_COUNT] = { false };

	for (size_t i = 0; i < web->ciphers.count; i++) {
		const struct web_cipher *one = chosen(web, i);

		if (!can_speak(web, one, key))
			continue;
		add(words, ":+%s:+%s", one->cipher, one->mac);
		if (!taken[one->kx])
			add(words, ":+%s", exchanges[one->kx]);
		taken[one->kx] = true;
	}
}

static void add_versions(struct words *words, enum web_version lowest, enum web_version highest)
{
	static const char *const names[WEB_VERSION_COUNT] = {
		[WEB_TLS10] = "VERS-TLS1.0",
		[WEB_TLS11] = "VERS-TLS1.1",
		[WEB_TLS12] = "VERS-TLS1.2",
		[WEB_TLS13] = "VERS-TLS1.3",
	};

	add(words, ":-VERS-ALL");
	for (int version = WEB_VERSION_COUNT - 1; version >= 0; version--)
		if (version >= (int)lowest && version <= (int)highest)
			add(words, ":+%s", names[version]);
}

static void add_rest(struct words *words, const struct web_config *web)
{
	if (web->curves.given)
		add(words, ":-GROUP-ALL");
	for (size_t i = 0; i < web->curves.count; i++)
		add(words, ":+%s", web_curves[web->curves.index[i]].group);
	if (web->prefer_server_ciphers)
		add(words, ":%%SERVER_PRECEDENCE");
}

static bool parse(const struct words *words, void **priority, char *error, size_t size)
{
	gnutls_priority_t parsed;
	int code = gnutls_priority_init(&parsed, words->text, NULL);

	if (code)
		snprintf(error, size, "%s: %s", words->text, gnutls_strerror(code));
	else
		*priority = parsed;
	return code == 0;
}

/*
 * The suites below TLS 1.3. Where this server can speak none of them, TLS 1.3 is what is left, and
 * *lowest says so; false: it isn't to be spoken either.
 */
static bool limit(struct words *older, const struct web_config *web, enum tls_key key,
		  enum web_version *lowest)
{
	size_t before = older->len;

	add_suites(older, web, key);
	if (older->len > before)
		return true;
	if (web->highest < WEB_TLS13)
		return false;
	log_warn("cipher_suites has no suite for TLS 1.2 and older: TLS 1.3 alone is spoken");
	*lowest = WEB_TLS13;
	return true;
}

static bool parse_all(const struct web_config *web, enum web_version lowest,
		      struct tls_priorities *priorities, char *error, size_t size)
{
	struct words all = { .len = 0 };

	add(&all, "NORMAL");
	add_versions(&all, lowest, web->highest);
	if (lowest < WEB_TLS12)
		add(&all, ":+SHA1:+SIGN-RSA-SHA1:+SIGN-ECDSA-SHA1");
	add_rest(&all, web);
	return parse(&all, &priorities->all, error, size);
}

bool tls_prioritise(const struct web_config *web, enum tls_key key,
		    struct tls_priorities *priorities, char *error, size_t size)
{
	struct words older = { .len = 0 };
	enum web_version lowest = web->lowest;

	if (web->ciphers.given && lowest == WEB_TLS13)
		log_info("cipher_suites says nothing of TLS 1.3, which is all that is spoken");
	add(&older, "NORMAL:-CIPHER-ALL:-MAC-ALL:-KX-ALL");
	if (web->ciphers.given && lowest < WEB_TLS13 && !limit(&older, web, key, &lowest)) {
		snprintf(error, size,
			 "cipher_suites has no suite that can be spoken with this key by TLS 1.2 "
			 "or older; add one, or let max_version be TLS13");
		return false;
	}
	if (!parse_all(web, lowest, priorities, error, size))
		return false;
	if (!web->ciphers.given || lowest == WEB_TLS13)
		return true;
	add_versions(&older, lowest, web->highest < WEB_TLS13 ? web->highest : WEB_TLS12);
	add_rest(&older, web);
	return parse(&older, &priorities->older, error, size);
}
