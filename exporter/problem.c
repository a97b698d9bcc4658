/* SPDX-License-Identifier: MIT */
/*
 * Says over HTTP what was wrong (RFC 9457). Knows neither the HTTP library nor how a request is
 * judged. Called by the routes and by http_request.c.
 */
#include "problem.h"

#include <stdarg.h>
#include <stdio.h>

#include "json.h"
#include "size.h"

#define PROBLEM_TYPE "urn:problem-type:xenballoon:"

static const struct {
	int status;
	const char *title;
} titles[] = {
	{ 400, "Bad Request" },
	{ 401, "Unauthorized" },
	{ 403, "Forbidden" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 409, "Conflict" },
	{ 412, "Precondition Failed" },
	{ 413, "Content Too Large" },
	{ 415, "Unsupported Media Type" },
	{ 422, "Unprocessable Content" },
	{ 424, "Failed Dependency" },
	{ 429, "Too Many Requests" },
	{ 500, "Internal Server Error" },
	{ 503, "Service Unavailable" },
};

const char *problem_title(int status)
{
	for (size_t i = 0; i < sizeof(titles) / sizeof(*titles); i++)
		if (titles[i].status == status)
			return titles[i].title;
	return "Error";
}

static void open_document(struct reply *reply, int status, const char *type, const char *title,
			  const char *detail)
{
	reply->status = status;
	reply->type = "application/problem+json";
	reply->retry_after_s = status == 503 || status == 429 ? PROBLEM_RETRY_S : 0;
	json_put_open(&reply->text, NULL, '{');
	json_put_string(&reply->text, "type", type);
	json_put_string(&reply->text, "title", title);
	json_put_number(&reply->text, "status", (uint64_t)status);
	json_put_string(&reply->text, "detail", detail);
}

void problem_open(struct reply *reply, enum control_result result, int status, const char *detail)
{
	char type[128];

	snprintf(type, sizeof(type), PROBLEM_TYPE "%s", control_results[result].name);
	open_document(reply, status, type, control_results[result].title, detail);
}

void problem_reply(struct reply *reply, int status, const char *format, ...)
{
	char detail[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(detail, sizeof(detail), format, arguments);
	va_end(arguments);
	open_document(reply, status, "about:blank", problem_title(status), detail);
	json_put_close(&reply->text, '}');
}

void problem_result(struct reply *reply, enum control_result result, const char *detail)
{
	problem_open(reply, result, control_results[result].http_status, detail);
	json_put_close(&reply->text, '}');
}

void problem_limit(struct text *text, const struct control_answer *answer)
{
	char word[SIZE_TEXT];

	if (!answer->limit)
		return;
	json_put_string(text, "limit", answer->limit);
	if (answer->would_pass.state == READING_OK)
		json_put_number(text, "would_pass_kib", answer->would_pass.value);
	if (answer->would_say.state == READING_OK)
		json_put_string(text, "would_pass", size_word(word, answer->would_say.value));
	json_put_bool(text, "forceable", answer->result == RESULT_SOFT_LIMIT);
}

void problem_answer(struct reply *reply, const struct control_request *request,
		    const struct control_answer *answer)
{
	problem_open(reply, answer->result, control_results[answer->result].http_status,
		     answer->detail);
	json_put_answer(&reply->text, request, answer);
	problem_limit(&reply->text, answer);
	json_put_close(&reply->text, '}');
}
