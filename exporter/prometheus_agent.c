/* SPDX-License-Identifier: MIT */
/*
 * What the agent says of itself in a scrape: decisions, audit, health, build and process. Knows
 * nothing of guests. Called by prometheus.c.
 */
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "audit.h"
#include "config.h"
#include "control.h"
#include "decision.h"
#include "events.h"
#include "listener.h"
#include "process.h"
#include "prometheus_text.h"
#include "tls.h"

/* Requests that were refused before they had an action are the exception: shown once met. */
static void requests_of(struct text *text, const char *name, enum control_interface via,
			enum control_action action, enum control_result result)
{
	uint64_t count = control_count(via, action, result);
	bool known = action < CONTROL_ACTION_COUNT;

	if (known || count)
		text_format(text, "%s{interface=\"%s\",action=\"%s\",result=\"%s\"} %llu\n", name,
			    control_interface_name(via),
			    known ? control_action_name(action) : "unknown",
			    control_results[result].name, (unsigned long long)count);
}

static void requests(struct text *text, const char *name, const struct snapshot *snapshot)
{
	(void)snapshot;
	for (enum control_interface via = 0; via < VIA_COUNT; via++)
		for (enum control_action action = 0; action <= CONTROL_ACTION_COUNT; action++)
			for (enum control_result result = 0; result < RESULT_COUNT; result++)
				requests_of(text, name, via, action, result);
}

static struct reading known(uint64_t value)
{
	return (struct reading){ READING_OK, value };
}

static void listeners(struct text *text, const char *name, const struct snapshot *snapshot)
{
	struct listener one;

	(void)snapshot;
	for (size_t i = 0; listener_nth(i, &one); i++)
		text_format(text, "%s{interface=\"%s\",address=\"%s\"} %d\n", name,
			    listener_kind_name(one.kind), one.address, !one.error);
}

static void audit_entries(struct text *text, const char *name, const struct snapshot *snapshot)
{
	(void)snapshot;
	prometheus_whole(text, name, known(audit_count()));
}

static void audit_lost_entries(struct text *text, const char *name, const struct snapshot *snapshot)
{
	(void)snapshot;
	prometheus_whole(text, name, known(audit_lost()));
}

static void audit_up(struct text *text, const char *name, const struct snapshot *snapshot)
{
	(void)snapshot;
	prometheus_whole(text, name, known(!audit_failing()));
}

static void damaged(struct text *text, const char *name, const struct snapshot *snapshot)
{
	(void)snapshot;
	prometheus_whole(text, name, known(decision_damaged()));
}

static void listening(struct text *text, const char *name, const struct snapshot *snapshot)
{
	(void)snapshot;
	prometheus_whole(text, name, known(events_listening()));
}

static void cut_off(struct text *text, const char *name, const struct snapshot *snapshot)
{
	(void)snapshot;
	prometheus_whole(text, name, known(events_cut_off()));
}

static void store_up(struct text *text, const char *name, const struct snapshot *snapshot)
{
	prometheus_whole(text, name, known(snapshot->store_up));
}

static void hypervisor_up(struct text *text, const char *name, const struct snapshot *snapshot)
{
	prometheus_whole(text, name, known(snapshot->hypervisor_up));
}

static void age(struct text *text, const char *name, const struct snapshot *snapshot)
{
	int64_t age_ms = snapshot_age_ms();

	/* Before the first look has ended there is nothing that ages. */
	if (snapshot->generation && age_ms >= 0)
		prometheus_thousandth(text, name, known((uint64_t)age_ms));
}

static void build(struct text *text, const char *name, const struct snapshot *snapshot)
{
	struct utsname names;

	text_format(text, "%s{version=\"" XENBALLOON_VERSION "\",xen=\"", name);
	text_foreign(text, TEXT_LABEL, snapshot->xen_version, strlen(snapshot->xen_version));
	text_string(text, "\",nodename=\"");
	if (!uname(&names))
		text_foreign(text, TEXT_LABEL, names.nodename, strlen(names.nodename));
	text_string(text, "\"} 1\n");
}

static void configured(struct text *text, const char *name, size_t offset)
{
	const struct config *config = config_acquire();

	if (config)
		prometheus_whole(
			text, name,
			known(1024 *
			      *(const uint64_t *)(const void *)((const char *)config + offset)));
	config_release(config);
}

static void low(struct text *text, const char *name, const struct snapshot *snapshot)
{
	(void)snapshot;
	configured(text, name, offsetof(struct config, snmp_notify_host_free_kib));
}

static void reserve(struct text *text, const char *name, const struct snapshot *snapshot)
{
	(void)snapshot;
	configured(text, name, offsetof(struct config, control_reserve_kib));
}

/* Those of plain HTTP are none. */
static void certificates(struct text *text, const char *name, const struct snapshot *snapshot)
{
	static const char *const files[TLS_FILE_COUNT] = { "server", "client_ca" };
	const struct config *config = config_acquire();

	(void)snapshot;
	for (enum tls_file file = 0; config && config->tls && file < TLS_FILE_COUNT; file++)
		if (tls_expiry(config->tls, file) >= 0)
			text_format(text, "%s{certificate=\"%s\"} %lld\n", name, files[file],
				    (long long)tls_expiry(config->tls, file));
	config_release(config);
}

static void reloaded(struct text *text, const char *name, const struct snapshot *snapshot)
{
	(void)snapshot;
	prometheus_whole(text, name, known(config_last_reload_successful()));
}

static const struct agent_row {
	struct prometheus_family family;
	void (*samples)(struct text *text, const char *name, const struct snapshot *snapshot);
} agent_rows[] = {
	{ { PROMETHEUS_PREFIX "control_requests_total", PROMETHEUS_COUNTER,
	    "Requests to change a guest, by way in, action and how they ended." },
	  requests },
	{ { PROMETHEUS_PREFIX "control_audit_entries_total", PROMETHEUS_COUNTER,
	    "Decisions written to the audit." },
	  audit_entries },
	{ { PROMETHEUS_PREFIX "control_audit_lost_total", PROMETHEUS_COUNTER,
	    "Decisions that could not be written to the audit." },
	  audit_lost_entries },
	{ { PROMETHEUS_PREFIX "control_audit_up", PROMETHEUS_GAUGE,
	    "Whether the last decision could be written to the audit (1) or not (0)." },
	  audit_up },
	{ { PROMETHEUS_PREFIX "control_decisions_damaged", PROMETHEUS_GAUGE,
	    "Decisions kept for guests that were damaged and lie aside in state.directory." },
	  damaged },
	{ { PROMETHEUS_PREFIX "event_listeners", PROMETHEUS_GAUGE,
	    "Clients that follow the server-sent events." },
	  listening },
	{ { PROMETHEUS_PREFIX "event_listeners_cut_off_total", PROMETHEUS_COUNTER,
	    "Clients that were cut off as they read the server-sent events too slowly." },
	  cut_off },
	{ { PROMETHEUS_PREFIX "store_up", PROMETHEUS_GAUGE,
	    "Whether xenstored answered when the agent last looked (1) or not (0)." },
	  store_up },
	{ { PROMETHEUS_PREFIX "hypervisor_up", PROMETHEUS_GAUGE,
	    "Whether the hypervisor answered when the agent last looked (1) or not (0)." },
	  hypervisor_up },
	{ { PROMETHEUS_PREFIX "snapshot_age_seconds", PROMETHEUS_GAUGE,
	    "Age of the newest complete look at xenstore and the hypervisor." },
	  age },
	{ { PROMETHEUS_PREFIX "listener_up", PROMETHEUS_GAUGE,
	    "Whether the agent listens on an address of http.listen or snmp.listen (1) or not "
	    "(0)." },
	  listeners },
	{ { PROMETHEUS_PREFIX "build_info", PROMETHEUS_INFO,
	    "Version of the agent, of the hypervisor it runs on, and the host's name; always 1." },
	  build },
	{ { PROMETHEUS_PREFIX "host_memory_low_bytes", PROMETHEUS_GAUGE,
	    "Free memory of the host below which it is low (snmp.notify_host_free_mib)." },
	  low },
	{ { PROMETHEUS_PREFIX "host_memory_reserve_bytes", PROMETHEUS_GAUGE,
	    "Memory of the host that changes leave free (control.reserve_mib)." },
	  reserve },
	{ { PROMETHEUS_PREFIX "config_last_reload_successful", PROMETHEUS_GAUGE,
	    "Whether the last reload of the configuration was taken (1) or refused (0)." },
	  reloaded },
	{ { PROMETHEUS_PREFIX "tls_certificate_expiry_timestamp_seconds", PROMETHEUS_GAUGE,
	    "When the first certificate of the chain that is shown (server) or of those that "
	    "clients' "
	    "are held against (client_ca) expires." },
	  certificates },
};

/* The names that every exporter has, so without a prefix. */
static const struct process_row {
	struct prometheus_family family;
	void (*sample)(struct text *text, const char *name, struct reading reading);
	size_t offset; /* of the reading in struct process_usage */
} process_rows[] = {
	{ { "process_cpu_seconds_total", PROMETHEUS_COUNTER,
	    "Total user and system CPU time spent in seconds." },
	  prometheus_thousandth,
	  offsetof(struct process_usage, cpu_ms) },
	{ { "process_resident_memory_bytes", PROMETHEUS_GAUGE, "Resident memory size in bytes." },
	  prometheus_whole,
	  offsetof(struct process_usage, resident_bytes) },
	{ { "process_virtual_memory_bytes", PROMETHEUS_GAUGE, "Virtual memory size in bytes." },
	  prometheus_whole,
	  offsetof(struct process_usage, virtual_bytes) },
	{ { "process_start_time_seconds", PROMETHEUS_GAUGE,
	    "Start time of the process since unix epoch in seconds." },
	  prometheus_thousandth,
	  offsetof(struct process_usage, start_ms) },
	{ { "process_open_fds", PROMETHEUS_GAUGE, "Number of open file descriptors." },
	  prometheus_whole,
	  offsetof(struct process_usage, open_fds) },
	{ { "process_max_fds", PROMETHEUS_GAUGE, "Maximum number of open file descriptors." },
	  prometheus_whole,
	  offsetof(struct process_usage, max_fds) },
};

void prometheus_agent(struct text *text, enum prometheus_format format,
		      const struct snapshot *snapshot)
{
	struct process_usage usage;

	for (size_t i = 0; i < sizeof(agent_rows) / sizeof(*agent_rows); i++) {
		prometheus_head(text, format, &agent_rows[i].family);
		agent_rows[i].samples(text, agent_rows[i].family.name, snapshot);
	}
	process_read(&usage);
	for (size_t i = 0; i < sizeof(process_rows) / sizeof(*process_rows); i++) {
		const struct process_row *row = &process_rows[i];
		const char *at = (const char *)&usage + row->offset;

		prometheus_head(text, format, &row->family);
		row->sample(text, row->family.name, *(const struct reading *)(const void *)at);
	}
}
