/* SPDX-License-Identifier: MIT */
/*
 * Finds out who asks: the peer of the Unix socket, the owner of a credential, or nobody. Judges not
 * what they may do. Called by http_check.c.
 */
#include <microhttpd.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "clock.h"
#include "http_call.h"
#include "password.h"
#include "web_config.h"

static const char *header(const struct http_call *call, const char *name)
{
	return MHD_lookup_connection_value(call->connection, MHD_HEADER_KIND, name);
}

static void find_address(const struct http_call *call, struct principal *who)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(call->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const struct sockaddr *address = info ? info->client_addr : NULL;
	socklen_t len = address && address->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
								  : sizeof(struct sockaddr_in);

	if (!address ||
	    getnameinfo(address, len, who->address, sizeof(who->address), NULL, 0, NI_NUMERICHOST))
		snprintf(who->address, sizeof(who->address), "unknown");
}

static void find_peer(const struct http_call *call, struct principal *who)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(call->connection, MHD_CONNECTION_INFO_CONNECTION_FD);

	http_socket_peer(info ? info->connect_fd : -1, who);
}

/*
 * What a credential proved takes the place of who asked so far. On the Unix socket it can only take
 * away: a proxy that passes on what its clients show must not lend them its own rights.
 */
static void settle(struct http_call *call, const struct principal *proved)
{
	struct principal *who = &call->exchange.who;
	enum control_role most = who->via == VIA_UNIX ? who->role : ROLE_OPERATOR;

	memcpy(who->name, proved->name, sizeof(who->name));
	memcpy(who->domains, proved->domains, sizeof(who->domains));
	who->credential = proved->credential;
	who->password = proved->password;
	who->role = proved->role < most ? proved->role : most;
}

/* One that names nobody in the principals file proves nothing, and takes nothing away. */
static void prove_certificate(struct http_call *call, const struct config *config)
{
	struct principal proved = { .role = ROLE_NONE };
	char name[sizeof(proved.name)];
	enum auth_verdict verdict;

	if (!http_connection_name(call->place, name, sizeof(name)))
		return;
	verdict = auth_proved(config->auth, name, PROOF_CERTIFICATE, clock_unix(), &proved);
	if (verdict == AUTH_WRONG)
		return;
	call->verdict = verdict;
	settle(call, &proved);
}

/* What follows the scheme in an Authorization header; NULL if it is another one. */
static const char *after_scheme(const char *text, const char *scheme)
{
	size_t len = strlen(scheme);

	if (strncasecmp(text, scheme, len) || text[len] != ' ')
		return NULL;
	return text + len + strspn(text + len, " ");
}

void http_find_asker(struct http_call *call)
{
	struct principal *who = &call->exchange.who;

	if (who->via == VIA_UNIX)
		find_peer(call, who);
	else
		find_address(call, who);
}

static int base64_digit(char c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				     "0123456789+/";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* RFC 4648, padding may be missing. False: it is none, too long, or holds a NUL. */
static bool base64_decode(const char *text, char *bytes, size_t size)
{
	size_t len = strcspn(text, "= "), used = 0;
	unsigned int bits = 0, held = 0;

	if (strspn(text + len, "= ") != strlen(text + len) || len % 4 == 1)
		return false;
	for (size_t i = 0; i < len; i++) {
		int digit = base64_digit(text[i]);

		if (digit < 0 || used + 1 >= size)
			return false;
		held = (held << 6 | (unsigned int)digit) & 0xfff;
		bits += 6;
		if (bits < 8)
			continue;
		bits -= 8;
		bytes[used++] = (char)(held >> bits);
	}
	bytes[used] = '\0';
	return strlen(bytes) == used;
}

/* Takes "user:password" apart; no user that can be has a longer name. */
static bool split_user(char *text, char user[WEB_USER_SIZE], const char **password)
{
	char *colon = strchr(text, ':');

	if (!colon)
		return false;
	*colon = '\0';
	*password = colon + 1;
	return snprintf(user, WEB_USER_SIZE, "%s", text) < WEB_USER_SIZE;
}

static void settle_basic(struct http_call *call, const struct config *config, const char *user,
			 bool right)
{
	struct principal proved = { .role = ROLE_NONE };

	call->verdict = right ? auth_proved(config->auth, user, PROOF_BASIC, clock_unix(), &proved)
			      : AUTH_WRONG;
	proved.password = password_credential(config->passwords, user);
	settle(call, &proved);
}

static enum http_proof prove_basic(struct http_call *call, const struct config *config,
				   const char *text)
{
	char pair[WEB_USER_SIZE + 512], user[WEB_USER_SIZE] = "";
	const char *password;
	enum password_word word = PASSWORD_WRONG;
	enum http_proof proof = HTTP_PROVED;

	if (config->passwords && base64_decode(text, pair, sizeof(pair)) &&
	    split_user(pair, user, &password))
		word = call->proving ? (call->password_right ? PASSWORD_RIGHT : PASSWORD_WRONG)
				     : password_recall(config->passwords, user, password);
	call->proving = false;
	if (word == PASSWORD_NOT_KNOWN) {
		call->proving = http_password_submit(call, user, password);
		proof = call->proving ? HTTP_PROVING : HTTP_BUSY;
	} else {
		settle_basic(call, config, user, word == PASSWORD_RIGHT);
	}
	explicit_bzero(pair, sizeof(pair));
	return proof;
}

/* NULL: a scheme that the agent doesn't know. */
static void prove_token(struct http_call *call, const struct config *config, const char *token)
{
	struct principal proved = { .role = ROLE_NONE };

	call->verdict =
		token ? auth_bearer(config->auth, token, strlen(token), clock_unix(), &proved)
		      : AUTH_WRONG;
	settle(call, &proved);
}

/*
 * A proxy with passwords of its own passes them on. They mean nothing beside a token, nor where the
 * agent has no users; but on the Unix socket they still tell the proxy's client from the proxy.
 */
enum http_proof http_prove(struct http_call *call, const struct config *config)
{
	const char *text = header(call, MHD_HTTP_HEADER_AUTHORIZATION);
	const char *token = header(call, HTTP_TOKEN_HEADER);
	const char *basic = text ? after_scheme(text, "Basic") : NULL;

	if (token)
		prove_token(call, config, token);
	else if (basic && (config->passwords || call->exchange.who.via == VIA_UNIX))
		return prove_basic(call, config, basic);
	else if (text && !basic)
		prove_token(call, config, after_scheme(text, "Bearer"));
	else
		prove_certificate(call, config);
	return HTTP_PROVED;
}
