/* SPDX-License-Identifier: MIT */
/*
 * Answers all that only reads, from the current snapshot alone, so no answer waits for xenstore.
 * Knows neither the HTTP library nor the collector. Its functions are rows of routes[].
 */

#include <stdio.h>
#include <string.h>

#include "audit.h"
#include "config.h"
#include "file.h"
#include "json.h"
#include "listener.h"
#include "log.h"
#include "mib.h"
#include "openapi.h"
#include "problem.h"
#include "prometheus.h"
#include "route.h"
#include "writable.h"

#define TYPE_JSON "application/json"

/*
 * A picture older than this is no longer current: xenstored is taken for lost. The collector looks
 * every few seconds at the latest.
 */
#define READY_AGE_MAX_MS 30000

bool get_metrics(struct exchange *exchange, struct reply *reply)
{
	enum prometheus_format format = prometheus_negotiate(exchange->accept);
	const struct snapshot *snapshot = snapshot_acquire();
	char *text;
	size_t len;

	if (prometheus_render(snapshot, format, &text, &len) == 0) {
		reply->status = 200;
		reply->type = prometheus_content_type(format);
		reply->text = (struct text){ .bytes = text, .len = len, .size = len };
	} else {
		problem_reply(reply, 500, "Out of memory.");
	}
	snapshot_release(snapshot);
	return true;
}

static void page(struct reply *reply, const char *text)
{
	reply->status = 200;
	reply->type = "text/plain; charset=utf-8";
	text_string(&reply->text, text);
}

bool get_healthy(struct exchange *exchange, struct reply *reply)
{
	(void)exchange;
	page(reply, "xenballoon-agent is healthy.\n");
	return true;
}

/* To ask is to try again, so that it is ready once lines can be written. */
static bool unaccountable(void)
{
	const struct config *config = config_acquire();
	bool required = config && config->audit_required;

	config_release(config);
	return required && audit_failing() && audit_try(1);
}

/* What is wrong, although readings are current and changes possible; each a line. */
static void add_remarks(struct text *text)
{
	const struct config *config = config_acquire();
	char name[FILE_NAME_MAX + 1];
	int error = config && audit_failing() && audit_try(1) ? audit_failing() : 0;

	if (error)
		text_format(text,
			    "The audit can't be written (%s); changes go on without it, as "
			    "audit.required is false.\n",
			    strerror(-error));
	if (config && writable_damaged(config->state_directory, name))
		text_format(
			text,
			"A decision was damaged and is not obeyed: %s in state.directory; decide "
			"again for this guest, then remove the file.\n",
			name);
	config_release(config);
}

/* A change is kept in the state directory before it is answered. */
static const char *unkept(void)
{
	static _Thread_local char reason[160];
	const struct config *config = config_acquire();
	int error = config && *config->state_directory ? writable_try(config->state_directory) : 0;

	config_release(config);
	if (!error)
		return NULL;
	snprintf(reason, sizeof(reason),
		 "state.directory can't be written, so no change can be kept: %s.",
		 strerror(-error));
	return reason;
}

/* An address more or less is an alert's; none at all is a door that is closed. */
static const char *unheard(void)
{
	static _Thread_local char reason[256];
	struct listener one;

	for (enum listener_kind kind = 0; kind < LISTENER_KINDS; kind++)
		if (listener_all_closed(kind, &one)) {
			snprintf(reason, sizeof(reason),
				 "No address of %s.listen is open: %s: %s; it is tried again each "
				 "second.",
				 listener_kind_name(kind), one.address, strerror(-one.error));
			return reason;
		}
	return NULL;
}

/* Why the agent can't do its whole work just now; NULL if it can. */
static const char *unready(const struct snapshot *snapshot)
{
	static _Thread_local char reason[256];
	int64_t age_ms = snapshot_age_ms();

	if (!snapshot->generation || age_ms < 0)
		return "The first look at xenstore and the hypervisor has not ended yet.";
	if (!snapshot->store_up)
		return "xenstored does not answer; what is shown is from before.";
	if (!snapshot->hypervisor_up)
		return "The hypervisor does not answer; what is shown is from before.";
	if (age_ms > READY_AGE_MAX_MS)
		return "xenstored has not answered for 30 s; what is shown is from before.";
	if (unaccountable())
		return "The audit can't be written, so nothing can be changed; the log says why.";
	if (mib_trouble(reason, sizeof(reason)))
		return reason;
	if (config_principals_broken())
		return "http.principal_file has a mistake: only lines that are as before it count, "
		       "all others let nobody in; the log says where.";
	if (unheard())
		return unheard();
	return unkept();
}

/*
 * Ready says that readings are current and changes possible. With the store lost it is 503 again;
 * /metrics and the API go on answering with the last picture and its age.
 */
bool get_ready(struct exchange *exchange, struct reply *reply)
{
	const struct snapshot *snapshot = snapshot_acquire();
	const char *reason = unready(snapshot);

	(void)exchange;
	if (reason)
		problem_reply(reply, 503, "%s", reason);
	else
		page(reply, "xenballoon-agent is ready.\n");
	if (!reason)
		add_remarks(&reply->text);
	snapshot_release(snapshot);
	return true;
}

static bool json_page(struct reply *reply, const struct snapshot *snapshot,
		      void (*write)(struct text *text, const struct snapshot *snapshot,
				    int64_t age_ms))
{
	reply->status = 200;
	reply->type = TYPE_JSON;
	write(&reply->text, snapshot, snapshot_age_ms());
	snapshot_release(snapshot);
	return true;
}

bool get_host(struct exchange *exchange, struct reply *reply)
{
	(void)exchange;
	return json_page(reply, snapshot_acquire(), json_put_host);
}

bool get_domains(struct exchange *exchange, struct reply *reply)
{
	(void)exchange;
	return json_page(reply, snapshot_acquire(), json_put_domains);
}

bool get_domain(struct exchange *exchange, struct reply *reply)
{
	const struct snapshot *snapshot = snapshot_acquire();
	bool ambiguous;
	const struct domain *domain = snapshot_lookup(snapshot, exchange->id, &ambiguous);

	if (domain) {
		reply->status = 200;
		reply->type = TYPE_JSON;
		json_put_domain(&reply->text, domain);
		tag_of_domain(domain, reply->tag);
	} else if (ambiguous) {
		problem_reply(reply, 409, "Several guests are called \"%s\"; use a domid.",
			      exchange->id);
	} else {
		problem_reply(reply, 404, "No guest has the domid, name or UUID \"%s\".",
			      exchange->id);
	}
	snapshot_release(snapshot);
	return true;
}

bool get_openapi(struct exchange *exchange, struct reply *reply)
{
	(void)exchange;
	reply->status = 200;
	reply->type = TYPE_JSON;
	openapi_put(&reply->text);
	return true;
}

static void (*reload_wish)(void);

void route_set_reload(void (*reload)(void))
{
	reload_wish = reload;
}

bool post_reload(struct exchange *exchange, struct reply *reply)
{
	log_info("reload asked for by %s from %s", exchange->who.name, exchange->who.address);
	if (reload_wish)
		reload_wish();
	reply->status = 202;
	reply->type = TYPE_JSON;
	json_put_open(&reply->text, NULL, '{');
	json_put_string(&reply->text, "result", "accepted");
	json_put_string(
		&reply->text, "detail",
		"The outcome is in the log and in xenballoon_config_last_reload_successful.");
	json_put_close(&reply->text, '}');
	return true;
}
