/* SPDX-License-Identifier: MIT */
/*
 * Answers what guests were in the last 15 minutes: one value of all, or all values of one. Knows
 * neither the HTTP library nor the collector. Its functions are rows of routes[].
 */
#include "history.h"
#include "json.h"
#include "problem.h"
#include "route.h"

/* Returns the time of the newest sample. */
static int64_t put_samples(struct text *text, const struct domain *domain, enum domain_value value)
{
	const struct metric *metric = &metric_domain[value];
	struct reading samples[HISTORY_SAMPLES];
	int64_t time;
	size_t count = history_read(domain->uuid, value, samples, &time);

	json_put_open(text, metric->name, '[');
	for (size_t i = 0; i < count; i++)
		json_put_reading(text, NULL, metric->unit, samples[i]);
	json_put_close(text, ']');
	return time;
}

static void put_end(struct text *text, int64_t time)
{
	if (time)
		json_put_number(text, "time", (uint64_t)time);
	else
		json_put_null(text, "time");
	json_put_number(text, "interval_s", HISTORY_INTERVAL_S);
	json_put_close(text, '}');
}

static void put_guest(struct text *text, const struct domain *domain)
{
	json_put_number(text, "domid", domain->domid);
	json_put_string(text, "uuid", domain->uuid);
}

bool get_history(struct exchange *exchange, struct reply *reply)
{
	const struct snapshot *snapshot = snapshot_acquire();
	struct text *text = &reply->text;
	int64_t time = 0;

	(void)exchange;
	reply->status = 200;
	reply->type = "application/json";
	json_put_open(text, NULL, '{');
	json_put_open(text, "domains", '[');
	for (size_t i = 0; i < snapshot->count; i++) {
		json_put_open(text, NULL, '{');
		put_guest(text, &snapshot->domain[i]);
		time = put_samples(text, &snapshot->domain[i], VALUE_ACTUAL);
		json_put_close(text, '}');
	}
	json_put_close(text, ']');
	put_end(text, time);
	snapshot_release(snapshot);
	return true;
}

static void put_history(struct reply *reply, const struct domain *domain)
{
	int64_t time = 0;

	reply->status = 200;
	reply->type = "application/json";
	json_put_open(&reply->text, NULL, '{');
	put_guest(&reply->text, domain);
	for (enum domain_value value = 0; value < VALUE_COUNT; value++)
		if (history_keeps(value))
			time = put_samples(&reply->text, domain, value);
	put_end(&reply->text, time);
}

bool get_domain_history(struct exchange *exchange, struct reply *reply)
{
	const struct snapshot *snapshot = snapshot_acquire();
	bool ambiguous;
	const struct domain *domain = snapshot_lookup(snapshot, exchange->id, &ambiguous);

	if (domain)
		put_history(reply, domain);
	else if (ambiguous)
		problem_reply(reply, 409, "Several guests are called \"%s\"; use a domid.",
			      exchange->id);
	else
		problem_reply(reply, 404, "No guest has the domid, name or UUID \"%s\".",
			      exchange->id);
	snapshot_release(snapshot);
	return true;
}
