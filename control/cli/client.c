/* SPDX-License-Identifier: MIT */
/*
 * The one user of libcurl. Knows no command and no guest. Called by the commands.
 */
#include "cli_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <curl/curl.h>
#include <jansson.h>

#include "cli_way.h"

/* A stream that says nothing for so long is lost: an agent gives a sign of life every 15 s. */
#define SILENCE_S 45L

struct client_private {
	CURL *easy;
	struct curl_slist *headers;
	char *body;
	char *bytes; /* of the answer */
	size_t len, room;
	char wrong[CURL_ERROR_SIZE];
	bool ended;
};

static CURLM *multi;
static const struct proof *proof;

bool client_open(const struct proof *given)
{
	proof = given;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return false;
	multi = curl_multi_init();
	return multi;
}

void client_close(void)
{
	if (!multi)
		return;
	curl_multi_cleanup(multi);
	multi = NULL;
	curl_global_cleanup();
}

void client_path(struct client_call *call, const char *format, const char *id)
{
	char *escaped = curl_easy_escape(NULL, id, 0);
	const char *at = strstr(format, "%s");

	snprintf(call->path, sizeof(call->path), "%.*s%s%s", (int)(at - format), format,
		 escaped ? escaped : "", at + strlen("%s"));
	curl_free(escaped);
}

void client_query(struct client_call *call, const char *name, const char *value)
{
	char *escaped = curl_easy_escape(NULL, value, 0);
	size_t used = strlen(call->path);

	snprintf(call->path + used, sizeof(call->path) - used, "%c%s=%s",
		 strchr(call->path, '?') ? '&' : '?', name, escaped ? escaped : "");
	curl_free(escaped);
}

static bool keep(struct client_private *own, const char *bytes, size_t len)
{
	size_t room = own->room ? own->room : 16384;
	char *grown;

	if (own->len + len >= CLIENT_ANSWER_MAX)
		return false;
	while (room <= own->len + len)
		room *= 2;
	if (room > own->room) {
		grown = realloc(own->bytes, room);
		if (!grown)
			return false;
		own->bytes = grown;
		own->room = room;
	}
	memcpy(own->bytes + own->len, bytes, len);
	own->len += len;
	return true;
}

/* libcurl's CURLOPT_WRITEFUNCTION: another number than was given ends the transfer. */
static size_t take(char *bytes, size_t size, size_t count, void *context)
{
	struct client_call *call = context;
	long status = 0;

	curl_easy_getinfo(call->private->easy, CURLINFO_RESPONSE_CODE, &status);
	if (call->data && status / 100 == 2) {
		call->data(call->context, bytes, size * count);
		return size * count;
	}
	return keep(call->private, bytes, size * count) ? size * count : 0;
}

static void set_body(struct client_call *call)
{
	struct client_private *own = call->private;

	own->body = json_dumps(call->send, JSON_COMPACT);
	own->headers = curl_slist_append(own->headers, "Content-Type: application/json");
	own->headers = curl_slist_append(own->headers, "Expect:");
	curl_easy_setopt(own->easy, CURLOPT_POSTFIELDS, own->body);
}

/* Beside a password, which is a proxy's then, the token has a header of its own. */
static void add_token(struct client_private *own)
{
	struct curl_slist *headers;
	char *line;

	if (asprintf(&line, "X-Xenballoon-Token: %s", proof->token) < 0)
		abort();
	headers = curl_slist_append(own->headers, line);
	explicit_bzero(line, strlen(line));
	free(line);
	if (!headers)
		abort();
	own->headers = headers;
}

static void set_proof(struct client_private *own)
{
	CURL *easy = own->easy;

	if (proof->token && proof->password)
		add_token(own);
	else if (proof->token) {
		curl_easy_setopt(easy, CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
		curl_easy_setopt(easy, CURLOPT_XOAUTH2_BEARER, proof->token);
	}
	if (proof->password) {
		curl_easy_setopt(easy, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
		curl_easy_setopt(easy, CURLOPT_USERPWD, proof->password);
	}
	if (proof->ca)
		curl_easy_setopt(easy, CURLOPT_CAINFO, proof->ca);
	if (proof->cert)
		curl_easy_setopt(easy, CURLOPT_SSLCERT, proof->cert);
	if (proof->key)
		curl_easy_setopt(easy, CURLOPT_SSLKEY, proof->key);
	curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
}

static void be_stranger(CURL *easy)
{
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
}

/* A proxy reads what plain HTTP carries; by TLS it is a tunnel and no more. */
static bool readable_by_proxies(const struct way *way)
{
	return (proof->token || proof->password) && strncasecmp(way->url, "https:", 6) != 0;
}

static void set_way(struct client_call *call)
{
	CURL *easy = call->private->easy;
	char url[sizeof(call->way->url) + sizeof(call->path)];

	snprintf(url, sizeof(url), "%s%s", call->way->url, call->path);
	curl_easy_setopt(easy, CURLOPT_URL, url);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	if (call->way->socket)
		curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, call->way->socket);
	if (call->way->socket || readable_by_proxies(call->way))
		curl_easy_setopt(easy, CURLOPT_PROXY, "");
	if (call->data) {
		curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, (long)proof->timeout_s);
		curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
		curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, SILENCE_S);
		return;
	}
	curl_easy_setopt(easy, CURLOPT_TIMEOUT, (long)proof->timeout_s);
	curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
}

static void begin(struct client_call *call)
{
	struct client_private *own = calloc(1, sizeof(*own));
	CURL *easy = own ? curl_easy_init() : NULL;

	if (!easy)
		abort();
	own->easy = easy;
	call->private = own;
	curl_easy_setopt(easy, CURLOPT_PRIVATE, call);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, own->wrong);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L); /* waits for no resolver */
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "xenballoon/" XENBALLOON_VERSION);
	curl_easy_setopt(easy, CURLOPT_CERTINFO, 1L);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
	set_way(call);
	if (call->stranger)
		be_stranger(easy);
	else
		set_proof(own);
	if (call->send)
		set_body(call);
	else if (!strcmp(call->method, "POST"))
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, "");
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, own->headers);
	curl_multi_add_handle(multi, easy);
}

void client_begin(struct client_call *calls, size_t count)
{
	for (size_t i = 0; i < count; i++)
		begin(&calls[i]);
}

/* "2026-12-23 08:20:00 GMT", as libcurl says it of GnuTLS, or the way it does of OpenSSL. */
static int64_t read_date(const char *text)
{
	struct tm utc = { 0 };
	time_t date;

	if (sscanf(text, " %4d-%2d-%2d %2d:%2d:%2d", &utc.tm_year, &utc.tm_mon, &utc.tm_mday,
		   &utc.tm_hour, &utc.tm_min, &utc.tm_sec) == 6) {
		utc.tm_year -= 1900;
		utc.tm_mon--;
		return (int64_t)timegm(&utc);
	}
	date = curl_getdate(text, NULL);
	return date > 0 ? (int64_t)date : 0;
}

/* When the agent's own certificate, the first of the chain, ends. */
static int64_t certificate_end(CURL *easy)
{
	static const char field[] = "Expire date:"; /* in another case by GnuTLS */
	struct curl_certinfo *info;

	if (curl_easy_getinfo(easy, CURLINFO_CERTINFO, &info) != CURLE_OK || !info ||
	    info->num_of_certs < 1)
		return 0;
	for (struct curl_slist *line = info->certinfo[0]; line; line = line->next)
		if (!strncasecmp(line->data, field, strlen(field)))
			return read_date(line->data + strlen(field));
	return 0;
}

/* Of a socket, libcurl would speak of port 80. */
static void explain(struct client_call *call, CURLcode code)
{
	const char *why = *call->private->wrong ? call->private->wrong : curl_easy_strerror(code);
	long number = 0;

	call->refused = code == CURLE_COULDNT_CONNECT;
	if (call->way->socket && call->refused &&
	    curl_easy_getinfo(call->private->easy, CURLINFO_OS_ERRNO, &number) == CURLE_OK &&
	    number)
		why = strerror((int)number);
	call->unresolved = code == CURLE_COULDNT_RESOLVE_HOST;
	snprintf(call->error, sizeof(call->error), "%s", why);
}

static void end(struct client_call *call, CURLcode code)
{
	struct client_private *own = call->private;
	long status = 0;

	own->ended = true;
	if (code != CURLE_OK) {
		explain(call, code);
		return;
	}
	curl_easy_getinfo(own->easy, CURLINFO_RESPONSE_CODE, &status);
	call->status = (int)status;
	call->certificate_s = certificate_end(own->easy);
	call->body = own->bytes;
	call->body_len = own->len;
	call->answer = json_loadb(own->bytes ? own->bytes : "", own->len, 0, NULL);
}

bool client_step(int timeout_ms, int fd)
{
	struct curl_waitfd extra = { .fd = fd, .events = CURL_WAIT_POLLIN };
	struct client_call *call;
	CURLMsg *message;
	int running = 0, left;

	curl_multi_perform(multi, &running);
	while ((message = curl_multi_info_read(multi, &left))) {
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&call);
		end(call, message->data.result);
	}
	if (running || fd >= 0)
		curl_multi_poll(multi, &extra, fd >= 0, timeout_ms, NULL);
	return running;
}

bool client_ended(const struct client_call *call)
{
	return !call->private || call->private->ended;
}

void client_run(struct client_call *calls, size_t count)
{
	client_begin(calls, count);
	while (client_step(1000, -1))
		;
}

void client_free(struct client_call *calls, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct client_private *own = calls[i].private;

		json_decref(calls[i].answer);
		calls[i].answer = NULL;
		if (!own)
			continue;
		curl_multi_remove_handle(multi, own->easy);
		curl_easy_cleanup(own->easy);
		curl_slist_free_all(own->headers);
		free(own->body);
		free(own->bytes);
		free(own);
		calls[i].private = NULL;
	}
}
