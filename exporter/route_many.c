/* SPDX-License-Identifier: MIT */
/*
 * Switches many guests at one request, each for itself: a window of requests is kept under way, so
 * that thousands don't fill the collector's queue. Judges nothing itself. A row of routes[].
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "json.h"
#include "problem.h"
#include "route_control.h"

#define WINDOW 32

struct batch;

struct item {
	struct batch *batch;
	struct control_request request;
	struct control_answer answer;
};

/* Lives until its last item is answered. The lock guards next, under_way and pumping. */
struct batch {
	struct exchange *exchange;
	int64_t deadline_ms;
	pthread_mutex_t lock;
	size_t next;	  /* the item to submit next */
	size_t under_way; /* submitted and not answered */
	bool pumping;	  /* someone is submitting: an answer need not */
	size_t count;
	struct item items[];
};

/* The status that all share; else 207, which says: look at each. */
static int common_status(const struct batch *batch)
{
	int status = 200;

	for (size_t i = 0; i < batch->count; i++) {
		int own = control_results[batch->items[i].answer.result].http_status;

		if (i && own != status)
			return 207;
		status = own;
	}
	return status;
}

static void add_item(struct text *text, const struct item *item)
{
	bool good = route_succeeded(item->answer.result);

	json_put_open(text, NULL, '{');
	json_put_answer(text, &item->request, &item->answer);
	json_put_number(text, "status", (uint64_t)control_results[item->answer.result].http_status);
	if (!good)
		json_put_string(text, "detail", item->answer.detail);
	problem_limit(text, &item->answer);
	json_put_close(text, '}');
}

static void write_reply(const struct batch *batch, struct reply *reply)
{
	int status = common_status(batch);
	size_t good = 0;

	for (size_t i = 0; i < batch->count; i++)
		good += route_succeeded(batch->items[i].answer.result);
	if (status >= 400) {
		problem_open(reply, batch->items[0].answer.result, status,
			     batch->items[0].answer.detail);
	} else {
		reply->status = status;
		reply->type = "application/json";
		json_put_open(&reply->text, NULL, '{');
	}
	json_put_number(&reply->text, "requested", batch->count);
	json_put_number(&reply->text, "succeeded", good);
	json_put_number(&reply->text, "failed", batch->count - good);
	json_put_open(&reply->text, "answers", '[');
	for (size_t i = 0; i < batch->count; i++)
		add_item(&reply->text, &batch->items[i]);
	json_put_close(&reply->text, ']');
	json_put_close(&reply->text, '}');
}

static void finish(struct batch *batch)
{
	struct reply reply = { 0 };

	write_reply(batch, &reply);
	exchange_answer(batch->exchange, &reply);
	pthread_mutex_destroy(&batch->lock);
	free(batch);
}

static void done(void *context, const struct control_answer *answers,
		 const struct control_undo *undos, size_t count);

/* Hands over one item; false when there is no time left and it was answered here. */
static bool submit(struct item *item)
{
	int64_t left_ms = item->batch->deadline_ms - clock_ms();

	if (left_ms > 0) {
		control_submit(&item->request, 1, (int)left_ms, done, item);
		return true;
	}
	item->answer.result = RESULT_UNAVAILABLE;
	snprintf(item->answer.detail, sizeof(item->answer.detail),
		 "The time for the whole list had passed; ask again for the rest.");
	control_refused(&item->request, &item->answer);
	return false;
}

/*
 * Keeps the window full. Called with the lock held and pumping set by the caller; gives the lock
 * back. Answers may come while it submits, on this thread or another: they only count down, and
 * the loop sees it, so nothing recurses and the last one out frees the batch.
 */
static void pump(struct batch *batch)
{
	bool finished;

	while (batch->next < batch->count && batch->under_way < WINDOW) {
		struct item *item = &batch->items[batch->next++];
		bool submitted;

		batch->under_way++;
		pthread_mutex_unlock(&batch->lock);
		submitted = submit(item);
		pthread_mutex_lock(&batch->lock);
		batch->under_way -= !submitted;
	}
	batch->pumping = false;
	finished = batch->next == batch->count && !batch->under_way;
	pthread_mutex_unlock(&batch->lock);
	if (finished)
		finish(batch);
}

static void done(void *context, const struct control_answer *answers,
		 const struct control_undo *undos, size_t count)
{
	struct item *item = context;
	struct batch *batch = item->batch;

	(void)undos;
	pthread_mutex_lock(&batch->lock);
	if (count)
		item->answer = answers[0];
	else
		item->answer.result = RESULT_FAILED; /* out of memory */
	batch->under_way--;
	if (batch->pumping) {
		pthread_mutex_unlock(&batch->lock);
		return;
	}
	batch->pumping = true;
	pump(batch);
}

static struct batch *batch_new(struct exchange *exchange, const struct json_change *body,
			       size_t count)
{
	struct batch *batch = calloc(1, sizeof(*batch) + count * sizeof(batch->items[0]));

	if (!batch)
		return NULL;
	batch->exchange = exchange;
	batch->deadline_ms = clock_ms() + route_timeout_ms();
	batch->count = count;
	pthread_mutex_init(&batch->lock, NULL);
	for (size_t i = 0; i < count; i++) {
		batch->items[i].batch = batch;
		batch->items[i].request =
			(struct control_request){ .who = exchange->who,
						  .action = exchange->route->action,
						  .value = body->enabled,
						  .dry_run = body->dry_run,
						  .force = body->force,
						  .restore = body->restore };
	}
	return batch;
}

static void mean(struct control_request *request, const struct domain *domain)
{
	snprintf(request->subject, sizeof(request->subject), "%u", domain->domid);
	request->domid = domain->domid;
	memcpy(request->uuid, domain->uuid, sizeof(request->uuid));
}

/* Those listed, or all. */
static struct batch *make_batch(struct exchange *exchange, const struct json_change *body)
{
	const struct snapshot *snapshot = snapshot_acquire();
	size_t count = body->domains ? body->count : snapshot->count;
	struct batch *batch = batch_new(exchange, body, count);

	for (size_t i = 0; batch && i < count; i++) {
		struct control_request *request = &batch->items[i].request;

		if (body->domains)
			snprintf(request->subject, sizeof(request->subject), "%s",
				 body->domains[i]);
		else
			mean(request, &snapshot->domain[i]);
	}
	snapshot_release(snapshot);
	return batch;
}

static bool start(struct exchange *exchange, struct reply *reply, const struct json_change *body)
{
	struct batch *batch = make_batch(exchange, body);

	if (!batch) {
		problem_reply(reply, 500, "Out of memory.");
		return true;
	}
	if (!exchange_wait(exchange)) {
		pthread_mutex_destroy(&batch->lock);
		free(batch);
		problem_reply(reply, 503, "The agent is stopping.");
		return true;
	}
	pthread_mutex_lock(&batch->lock);
	batch->pumping = true;
	pump(batch);
	return false;
}

bool post_selfballoon_many(struct exchange *exchange, struct reply *reply)
{
	struct json_change body = { 0 };
	char error[256];
	bool answered = true;

	if (exchange->match)
		route_malformed(exchange, reply,
				"If-Match is for one guest; send it to its own path.");
	else if (route_body(exchange, JSON_SELFBALLOON_MANY, &body, error, sizeof(error)))
		answered = start(exchange, reply, &body);
	else
		route_malformed(exchange, reply, error);
	json_change_free(&body);
	return answered;
}
