/* SPDX-License-Identifier: MIT */
/*
 * Takes a request from libmicrohttpd step by step: headers, body, handler, answer. Knows no route.
 * Runs on the HTTP thread; http.c starts it.
 */
#include <microhttpd.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "http_call.h"
#include "log.h"
#include "tls.h"

/*
 * An answer can't be sent while a body of unknown length comes in; one that goes on beyond this is
 * cut off instead.
 */
#define DRAIN_MAX (16 * HTTP_BODY_MAX)

static enum MHD_Result send_reply(struct http_call *call, struct reply *reply, bool close)
{
	enum http_phase phase = reply->events ? HTTP_PHASE_STREAM : HTTP_PHASE_ANSWER;
	struct MHD_Response *response = http_response(call, reply, close);
	enum MHD_Result result;

	http_connection_enter(call->place, phase);
	if (!response)
		return MHD_NO;
	result = MHD_queue_response(call->connection, (unsigned int)reply->status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result go_on(struct http_call *call, enum http_verdict verdict, struct reply *reply,
			     bool close)
{
	enum MHD_Result result = MHD_YES;

	if (verdict == HTTP_REFUSED)
		result = send_reply(call, reply, close);
	text_free(&reply->text);
	return result;
}

static enum MHD_Result take_headers(struct http_call *call, const char *path, const char *method,
				    const char *version)
{
	struct reply reply = { 0 };
	bool close = false;

	call->head = !strcmp(method, MHD_HTTP_METHOD_HEAD);
	http_connection_enter(call->place, HTTP_PHASE_BODY);
	return go_on(call, http_check(call, method, path, version, &reply, &close), &reply, close);
}

/* The password has been checked: the headers are judged to their end, the body comes after. */
static enum MHD_Result take_proof(struct http_call *call)
{
	struct reply reply = { 0 };

	return go_on(call, http_check_proved(call, &reply), &reply, false);
}

static enum MHD_Result take_body(struct http_call *call, const char *bytes, size_t *len)
{
	call->received += *len;
	if (call->received <= HTTP_BODY_MAX)
		text_add(&call->body, bytes, *len);
	else
		text_free(&call->body);
	*len = 0;
	return call->received > DRAIN_MAX ? MHD_NO : MHD_YES;
}

/* libmicrohttpd has taken the query apart; each field is still encoded. */
static enum MHD_Result add_argument(void *context, enum MHD_ValueKind kind, const char *name,
				    const char *value)
{
	struct text *query = context;

	(void)kind;
	if (query->len)
		text_add(query, "&", 1);
	text_string(query, name);
	if (value) {
		text_add(query, "=", 1);
		text_string(query, value);
	}
	return MHD_YES;
}

static bool answer(struct http_call *call)
{
	struct exchange *exchange = &call->exchange;
	struct text query = { 0 };
	bool answered;

	MHD_get_connection_values(call->connection, MHD_GET_ARGUMENT_KIND, add_argument, &query);
	text_add(&query, "", 1);
	exchange->query = query.failed ? "" : query.bytes;
	answered = exchange->route->handler(exchange, &call->reply);
	text_free(&query);
	return answered;
}

/* False: the answer will come later. */
static bool handle(struct http_call *call)
{
	struct exchange *exchange = &call->exchange;

	http_connection_enter(call->place, HTTP_PHASE_ANSWER);
	if (call->received > HTTP_BODY_MAX) {
		http_refuse_length(call, &call->reply);
		return true;
	}
	exchange->accept = MHD_lookup_connection_value(call->connection, MHD_HEADER_KIND,
						       MHD_HTTP_HEADER_ACCEPT);
	exchange->match = MHD_lookup_connection_value(call->connection, MHD_HEADER_KIND,
						      MHD_HTTP_HEADER_IF_MATCH);
	exchange->body = call->body.bytes;
	exchange->body_len = call->body.len;
	return answer(call);
}

/*
 * libmicrohttpd calls this with the headers, with each part of the body, at the end of the body,
 * and once more after a suspended connection was resumed, at the place where it was suspended.
 */
static enum MHD_Result step(enum control_interface via, struct MHD_Connection *connection,
			    const char *path, const char *method, const char *version,
			    const char *body, size_t *body_len, void **state)
{
	struct http_call *call = *state;

	if (!call) {
		*state = call = http_call_new(connection, via);
		return call ? take_headers(call, path, method, version) : MHD_NO;
	}
	if (call->proving && !call->answered)
		return take_proof(call);
	if (*body_len)
		return take_body(call, body, body_len);
	if (!call->answered && !handle(call))
		return MHD_YES;
	return send_reply(call, &call->reply, false);
}

/* Each server has a thread of its own, but handlers are called one at a time. */
static enum MHD_Result on_request(void *context, struct MHD_Connection *connection,
				  const char *path, const char *method, const char *version,
				  const char *body, size_t *body_len, void **state)
{
	static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
	const enum control_interface *via = context;
	enum MHD_Result result;

	pthread_mutex_lock(&turn);
	result = step(*via, connection, path, method, version, body, body_len, state);
	pthread_mutex_unlock(&turn);
	return result;
}

static void on_completed(void *context, struct MHD_Connection *connection, void **state,
			 enum MHD_RequestTerminationCode why)
{
	(void)context;
	(void)why;
	http_connection_enter(http_connection_of(connection), HTTP_PHASE_IDLE);
	if (*state)
		http_call_release(*state);
	*state = NULL;
}

/* Paths stay percent-encoded until they are taken apart: a name may hold a slash. */
static size_t keep_encoded(void *context, struct MHD_Connection *connection, char *text)
{
	(void)context;
	(void)connection;
	return strlen(text);
}

static void __attribute__((format(printf, 2, 0))) on_log(void *context, const char *format,
							 va_list arguments)
{
	char line[256];

	(void)context;
	vsnprintf(line, sizeof(line), format, arguments);
	line[strcspn(line, "\n")] = 0;
	log_debug("http: %s", line);
}

/*
 * From 0.9.77.1 on libmicrohttpd unfolds headers unless it is strict. Before, http_check.c finds
 * them, and strict would keep a connection open after a request without Host. The library that runs
 * counts: an agent built on Debian 12 starts on 13.
 */
static bool unfolds(void)
{
	return strverscmp(MHD_get_version(), "0.9.77.1") >= 0;
}

struct MHD_Daemon *http_serve(int socket, enum control_interface via, bool tls, unsigned int shares)
{
	static const enum control_interface ways[] = {
		[VIA_UNIX] = VIA_UNIX,
		[VIA_HTTP] = VIA_HTTP,
	};
	const unsigned int flags =
		MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
	unsigned int most = http_connections_max() / shares;
	void *way = (void *)&ways[via];
	const struct MHD_OptionItem more[] = {
		{ MHD_OPTION_STRICT_FOR_CLIENT, unfolds(), NULL },
		{ tls ? MHD_OPTION_HTTPS_CERT_CALLBACK : MHD_OPTION_END, 0, tls_no_certificate() },
		{ MHD_OPTION_END, 0, NULL },
	};

	return MHD_start_daemon(
		flags | (tls ? MHD_USE_TLS : 0), 0, NULL, NULL, on_request, way,
		MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL, MHD_OPTION_LISTEN_SOCKET, socket,
		MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL, MHD_OPTION_NOTIFY_CONNECTION,
		http_on_connection, way, MHD_OPTION_UNESCAPE_CALLBACK, keep_encoded, NULL,
		MHD_OPTION_CONNECTION_LIMIT, most, MHD_OPTION_PER_IP_CONNECTION_LIMIT, most / 4 * 3,
		MHD_OPTION_CONNECTION_TIMEOUT, HTTP_IDLE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		(size_t)HTTP_HEADERS_MAX, MHD_OPTION_ARRAY, more, MHD_OPTION_END);
}
