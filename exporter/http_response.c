/* SPDX-License-Identifier: MIT */
/*
 * Turns a reply into what libmicrohttpd sends: body, compression, headers. Called by
 * http_request.c.
 */
#include <microhttpd.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "events.h"
#include "http_accept.h"
#include "http_call.h"
#include "web_config.h"

/* With every answer: nothing here may be stored, guessed at, framed or run. */
static const struct {
	const char *name, *value;
} constant[] = {
	{ "Cache-Control", "no-store" },       { "X-Content-Type-Options", "nosniff" },
	{ "X-Frame-Options", "DENY" },	       { "Referrer-Policy", "no-referrer" },
	{ "Vary", "Accept, Accept-Encoding" },
};

/* Data is to be read, never to be shown as a page. */
static const char policy[] =
	"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

static void out_of_memory(struct reply *reply)
{
	static const char document[] =
		"{\"type\":\"about:blank\",\"title\":\"Internal Server Error\",\"status\":500,"
		"\"detail\":\"Out of memory.\"}";

	text_free(&reply->text);
	*reply = (struct reply){ .status = 500, .type = "application/problem+json" };
	text_string(&reply->text, document);
}

/* A page's script has its own way to ask; to Basic the browser would answer with a window. */
static bool script_asks(const struct http_call *call)
{
	const char *destination =
		MHD_lookup_connection_value(call->connection, MHD_HEADER_KIND, "Sec-Fetch-Dest");

	return destination && !strcasecmp(destination, "empty");
}

/* The ways to prove who one is, as the agent is configured (RFC 9110, 11.6.1). */
static void add_challenges(const struct http_call *call, struct MHD_Response *response)
{
	const struct config *config = config_acquire();
	bool basic = config->passwords && !script_asks(call);

	if (!basic || auth_has(config->auth, PROOF_TOKEN))
		MHD_add_response_header(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE,
					"Bearer realm=\"xenballoon\"");
	if (basic)
		MHD_add_response_header(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE,
					"Basic realm=\"xenballoon\", charset=\"UTF-8\"");
	config_release(config);
}

/* What the configuration sets takes the place of the agent's own; but both policies hold. */
static bool is_set(const struct web_config *web, const char *name)
{
	for (size_t i = 0; web && i < WEB_HEADERS; i++)
		if (web->header[i] && !strcmp(web_config_header(i), name))
			return true;
	return false;
}

static void add_configured(struct MHD_Response *response)
{
	const struct config *config = config_acquire();
	const struct web_config *web = config->web;

	for (size_t i = 0; i < sizeof(constant) / sizeof(*constant); i++)
		if (!is_set(web, constant[i].name))
			MHD_add_response_header(response, constant[i].name, constant[i].value);
	for (size_t i = 0; web && i < WEB_HEADERS; i++)
		if (web->header[i])
			MHD_add_response_header(response, web_config_header(i), web->header[i]);
	config_release(config);
}

static void add_headers(const struct http_call *call, struct MHD_Response *response,
			const struct reply *reply)
{
	char seconds[16];

	add_configured(response);
	MHD_add_response_header(response, "Content-Security-Policy",
				reply->policy ? reply->policy : policy);
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, reply->type);
	if (reply->allow)
		MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, reply->allow);
	if (*reply->tag)
		MHD_add_response_header(response, MHD_HTTP_HEADER_ETAG, reply->tag);
	if (reply->status == MHD_HTTP_UNAUTHORIZED)
		add_challenges(call, response);
	if (reply->retry_after_s) {
		snprintf(seconds, sizeof(seconds), "%u", reply->retry_after_s);
		MHD_add_response_header(response, MHD_HTTP_HEADER_RETRY_AFTER, seconds);
	}
}

static struct MHD_Response *whole(struct http_call *call, struct reply *reply)
{
	const char *accept = MHD_lookup_connection_value(call->connection, MHD_HEADER_KIND,
							 MHD_HTTP_HEADER_ACCEPT_ENCODING);
	struct MHD_Response *response;
	bool packed;

	if (reply->text.failed)
		out_of_memory(reply);
	packed = http_accept_coding(accept, "gzip") && http_gzip(&reply->text);
	response = MHD_create_response_from_buffer(reply->text.len, reply->text.bytes,
						   MHD_RESPMEM_MUST_FREE);
	if (!response)
		return NULL;
	reply->text = (struct text){ 0 };
	if (packed)
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip");
	return response;
}

/* libmicrohttpd ends even a HEAD's answer with a last chunk, which the client takes for the next.
 */
static void drop_stream(struct reply *reply)
{
	events_leave(reply->events);
	reply->events = NULL;
}

struct MHD_Response *http_response(struct http_call *call, struct reply *reply, bool close)
{
	struct MHD_Response *response;

	if (reply->events && call->head)
		drop_stream(reply);
	response = reply->events ? http_stream(call, reply->events) : whole(call, reply);

	reply->events = NULL;
	if (!response)
		return NULL;
	if (close)
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
	add_headers(call, response, reply);
	return response;
}
