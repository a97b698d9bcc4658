/* SPDX-License-Identifier: MIT */
/*
 * Host, guests and answers as JSON, by the metric table. Knows no HTTP. Called by route_read.c,
 * route_control.c and problem.c.
 */
#include "json.h"

#include <sys/utsname.h>

#include "clock.h"
#include "config.h"
#include "state.h"

/* The table's values, absent and bad ones as null; then the names of the bad ones. */
static void add_values(struct text *text, const struct metric *metrics,
		       const struct reading *readings, size_t count)
{
	for (size_t i = 0; i < count; i++)
		json_put_reading(text, metrics[i].name, metrics[i].unit, readings[i]);
	json_put_open(text, "errors", '[');
	for (size_t i = 0; i < count; i++)
		if (readings[i].state == READING_BAD)
			json_put_string(text, NULL, metrics[i].name);
	json_put_close(text, ']');
}

static void add_picture(struct text *text, const struct snapshot *snapshot, int64_t age_ms)
{
	json_put_number(text, "generation", snapshot->generation);
	if (snapshot->generation && age_ms >= 0)
		json_put_number(text, "age_ms", (uint64_t)age_ms);
	else
		json_put_null(text, "age_ms");
	json_put_bool(text, "store_up", snapshot->store_up);
	json_put_bool(text, "hypervisor_up", snapshot->hypervisor_up);
}

/* By what the host is called, whatever address it was asked on. */
static void put_name(struct text *text)
{
	struct utsname names;

	json_put_string(text, "name", uname(&names) ? "" : names.nodename);
}

/* Below which the host's free memory is low, and what changes leave free; by the configuration. */
static void put_limits(struct text *text)
{
	const struct config *config = config_acquire();

	if (config) {
		json_put_number(text, "low_kib", config->snmp_notify_host_free_kib);
		json_put_number(text, "reserve_kib", config->control_reserve_kib);
	}
	config_release(config);
}

void json_put_host(struct text *text, const struct snapshot *snapshot, int64_t age_ms)
{
	json_put_open(text, NULL, '{');
	add_picture(text, snapshot, age_ms);
	put_name(text);
	put_limits(text);
	json_put_string(text, "xen_version", snapshot->xen_version);
	add_values(text, metric_host, snapshot->host, HOST_VALUE_COUNT);
	json_put_close(text, '}');
}

/* How old the last report is as this is written; by a clock that nobody sets. */
static void put_report_age(struct text *text, const struct reading *reported)
{
	int64_t age_ms = clock_ms() - (int64_t)reported->value;

	if (reported->state == READING_OK)
		json_put_number(text, "report_age_ms", age_ms > 0 ? (uint64_t)age_ms : 0);
	else
		json_put_null(text, "report_age_ms");
}

/* A text; null where there is none. */
static void put_known(struct text *text, const char *key, const char *value)
{
	if (value && *value)
		json_put_string(text, key, value);
	else
		json_put_null(text, key);
}

void json_put_domain(struct text *text, const struct domain *domain)
{
	json_put_open(text, NULL, '{');
	json_put_number(text, "domid", domain->domid);
	json_put_string(text, "name", domain->name);
	json_put_string(text, "uuid", domain->uuid);
	json_put_string(text, "type", domain_type_name(domain->type));
	json_put_string(text, "state", domain_state_name(domain->state));
	json_put_string(text, "reason", domain->reason);
	json_put_bool(text, "has_swap", domain->has_swap);
	put_known(text, "manager", domain->manager);
	put_known(text, "policy", domain->policy);
	put_known(text, "policy_ordered", domain->policy_ordered);
	put_known(text, "policy_note", domain->policy_note);
	put_report_age(text, &domain->value[VALUE_LAST_REPORT]);
	json_put_reading(text, "former_target_kib", UNIT_KIB, state_former_kib(domain));
	add_values(text, metric_domain, domain->value, VALUE_COUNT);
	json_put_close(text, '}');
}

void json_put_domains(struct text *text, const struct snapshot *snapshot, int64_t age_ms)
{
	json_put_open(text, NULL, '{');
	add_picture(text, snapshot, age_ms);
	json_put_open(text, "domains", '[');
	for (size_t i = 0; i < snapshot->count; i++)
		json_put_domain(text, &snapshot->domain[i]);
	json_put_close(text, ']');
	json_put_close(text, '}');
}

void json_put_answer(struct text *text, const struct control_request *request,
		     const struct control_answer *answer)
{
	enum metric_unit unit = request->action == CONTROL_SELFBALLOON ? UNIT_BOOL : UNIT_KIB;

	json_put_string(text, "subject", request->subject);
	if (answer->domid) {
		json_put_number(text, "domid", answer->domid);
		json_put_string(text, "name", answer->name);
		json_put_string(text, "uuid", answer->uuid);
	}
	json_put_string(text, "action", control_action_name(request->action));
	json_put_string(text, "result", control_results[answer->result].name);
	if (request->action == CONTROL_POLICY) {
		put_known(text, "before", answer->policy_before);
		put_known(text, "after", answer->policy_after);
	} else {
		json_put_reading(text, "before", unit, answer->before);
		json_put_reading(text, "after", unit, answer->after);
	}
	json_put_bool(text, "dry_run", request->dry_run);
	put_known(text, "warning", answer->warning);
}
