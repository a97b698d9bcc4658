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
#include <time.h>

#include "http_call.h"

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
	verdict = auth_proved(config->auth, name, PROOF_CERTIFICATE, time(NULL), &proved);
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

void http_prove(struct http_call *call, const struct config *config)
{
	struct principal proved = { .role = ROLE_NONE };
	const char *text = MHD_lookup_connection_value(call->connection, MHD_HEADER_KIND,
						       MHD_HTTP_HEADER_AUTHORIZATION);
	const char *token = text ? after_scheme(text, "Bearer") : NULL;

	if (!text) {
		prove_certificate(call, config);
		return;
	}
	call->verdict = token ? auth_bearer(config->auth, token, strlen(token), time(NULL), &proved)
			      : AUTH_WRONG;
	settle(call, &proved);
}
