/* SPDX-License-Identifier: MIT */
/*
 * Requests that wait for an answer from another thread: their connections are suspended, and each
 * is resumed exactly once, by the answer or by the server's end. Called by http.c, http_request.c
 * and, through route.h, by the handlers.
 */
#include <microhttpd.h>
#include <pthread.h>
#include <stdlib.h>

#include "http_call.h"
#include "problem.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct http_call *waiting;
static bool ended;

struct http_call *http_call_new(struct MHD_Connection *connection, enum control_interface via)
{
	struct http_call *call = calloc(1, sizeof(*call));

	if (!call)
		return NULL;
	call->connection = connection;
	call->references = 1;
	call->exchange.who.via = via;
	call->place = http_connection_of(connection);
	return call;
}

static void call_free(struct http_call *call)
{
	text_free(&call->body);
	text_free(&call->reply.text);
	free(call);
}

/* The connection and the one who will answer may let go in any order. */
void http_call_release(struct http_call *call)
{
	unsigned int left;

	pthread_mutex_lock(&lock);
	left = --call->references;
	pthread_mutex_unlock(&lock);
	if (!left)
		call_free(call);
}

static void unlink_call(struct http_call *call)
{
	if (call->previous)
		call->previous->next = call->next;
	else
		waiting = call->next;
	if (call->next)
		call->next->previous = call->previous;
	call->previous = call->next = NULL;
	call->waiting = false;
}

/*
 * With the lock held: libmicrohttpd frees a connection only after it was resumed, so until then
 * the pointer is good.
 */
static void answer(struct http_call *call, const struct reply *reply)
{
	unlink_call(call);
	call->reply = *reply;
	call->answered = true;
	MHD_resume_connection(call->connection);
}

bool exchange_wait(struct exchange *exchange)
{
	struct http_call *call = (struct http_call *)exchange;
	bool may;

	pthread_mutex_lock(&lock);
	may = !ended;
	if (may) {
		call->references++;
		call->waiting = true;
		call->next = waiting;
		if (waiting)
			waiting->previous = call;
		waiting = call;
		MHD_suspend_connection(call->connection);
	}
	pthread_mutex_unlock(&lock);
	return may;
}

void exchange_answer(struct exchange *exchange, struct reply *reply)
{
	struct http_call *call = (struct http_call *)exchange;

	pthread_mutex_lock(&lock);
	if (call->waiting)
		answer(call, reply);
	else
		text_free(&reply->text);
	pthread_mutex_unlock(&lock);
	http_call_release(call);
}

void http_proved(struct http_call *call, bool right)
{
	pthread_mutex_lock(&lock);
	if (call->waiting) {
		unlink_call(call);
		call->password_right = right;
		MHD_resume_connection(call->connection);
	}
	pthread_mutex_unlock(&lock);
	http_call_release(call);
}

void http_wait_begin(void)
{
	pthread_mutex_lock(&lock);
	ended = false;
	pthread_mutex_unlock(&lock);
}

void http_wait_end(void)
{
	pthread_mutex_lock(&lock);
	ended = true;
	while (waiting) {
		struct reply reply = { 0 };

		problem_reply(&reply, 503,
			      "The agent stopped before the answer was known; look whether "
			      "the change was made.");
		answer(waiting, &reply);
	}
	pthread_mutex_unlock(&lock);
}
