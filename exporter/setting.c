/* SPDX-License-Identifier: MIT */
/*
 * Owns the table of the agent's settings: name, type, range, default and help, and what a valid
 * value is. Knows no file format. Called by config.c and config_read.c.
 */
#include "setting.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "address.h"
#include "contract.h"
#include "listener.h"

#define OID_MAX	    100 /* net-snmp's limit is 128 sub-identifiers, and the MIB hangs below */
#define KIB_PER_MIB 1024

static bool is_oneof(const char *text, const char *const *choices, unsigned int *index)
{
	for (unsigned int i = 0; choices[i]; i++) {
		if (strcmp(text, choices[i]) == 0) {
			*index = i;
			return true;
		}
	}
	return false;
}

bool setting_is_loopback(const char *listen)
{
	char one[LISTENER_TEXT];
	struct address address;

	while (listener_next(&listen, one))
		if (!address_parse_listen(one, &address) || !address_is_loopback(&address))
			return false;
	return true;
}

static bool is_listen(const char *text)
{
	struct address address;

	/* Numeric, so that no name server decides where the agent listens. */
	return address_parse_listen(text, &address) && address.port;
}

static bool is_transport(const char *text)
{
	static const struct {
		const char *prefix;
		bool v6;
	} transports[] = {
		{ "udp:", false }, { "tcp:", false }, { "udp6:", true }, { "tcp6:", true }
	};
	struct address address;

	for (size_t i = 0; i < sizeof(transports) / sizeof(transports[0]); i++) {
		size_t len = strlen(transports[i].prefix);

		if (strncmp(text, transports[i].prefix, len) == 0)
			return is_listen(text + len) && address_parse(text + len, &address) &&
			       *address.host && address.v6 == transports[i].v6;
	}
	return false;
}

/* Each of a list once, and as many as there is room for. */
static bool is_list(const char *text, bool (*is_one)(const char *text))
{
	char one[LISTENER_TEXT], other[LISTENER_TEXT];
	const char *at = text, *rest;
	size_t count = 0;

	while (listener_next(&at, one)) {
		if (!is_one(one) || ++count > LISTENERS_MAX)
			return false;
		rest = at;
		while (listener_next(&rest, other))
			if (!strcmp(one, other))
				return false;
	}
	return count && !*at && at[-1] != ',';
}

static const char *check_listen(const char *text)
{
	return !*text || is_list(text, is_listen)
		       ? NULL
		       : "a numeric address and a port, such as 127.0.0.1:10047 or [::1]:10047, or "
			 ":PORT for all addresses, a list of at most 16, each once, or \"\"";
}

static const char *check_transport(const char *text)
{
	return is_list(text, is_transport)
		       ? NULL
		       : "a transport, a numeric address and a port, such as udp:127.0.0.1:1161 or "
			 "udp6:[::1]:1161, or a list of at most 16, each once";
}

/* RFC 2578, 3.5: 32 bits each; the first is 0, 1 or 2, and the second below 40 unless under 2. */
static const char *check_oid(const char *text)
{
	static const char *const right =
		"a numeric OID, such as 1.3.6.1.4.1.8072.9999.9999.2008, of 7 to 100 numbers";
	uint64_t first = 0, number;
	unsigned int count = 0;

	if (*text == '.')
		text++;
	for (const char *end; text; text = *end ? end + 1 : NULL) {
		end = text + strcspn(text, ".");
		if (!contract_parse_number(text, (size_t)(end - text), UINT32_MAX, &number) ||
		    (count == 0 && number > 2) || (count == 1 && first < 2 && number > 39))
			return right;
		if (count++ == 0)
			first = number;
	}
	return count < 7 || count > OID_MAX ? right : NULL;
}

static const char *check_path(const char *text)
{
	return *text == '/' ? NULL : "an absolute path";
}

static const char *check_optional_path(const char *text)
{
	return *text ? check_path(text) : NULL;
}

static const char *check_group(const char *text)
{
	return strpbrk(text, " :,") ? "the name of a group" : NULL;
}

static const char *check_audit(const char *text)
{
	return !*text || strcmp(text, "-") == 0 || *text == '/' ? NULL
								: "an absolute path, \"-\" or \"\"";
}

/* HOST or HOST:PORT, as they stand in an Origin header; no pattern, as that could name others. */
static const char *check_names(const char *text)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789.-:[],";

	for (const char *end; *text; text = *end ? end + 1 : end) {
		end = text + strcspn(text, ",");
		if (end == text || strspn(text, allowed) < (size_t)(end - text) ||
		    (*end && !end[1]))
			return "hosts as a browser's address bar shows them, each with :PORT "
			       "where it has one, with commas between, such as "
			       "mon.example.com,10.0.0.1:8443";
	}
	return NULL;
}

static const char *const log_levels[] = { "error", "warn", "info", "debug", NULL };
static const char *const http_reads[] = { "open", "viewer", NULL };
static const char *const http_metrics[] = { "read", "open", "viewer", NULL };
static const char *const snmp_modes[] = { "off", "agent", "agentx", NULL };

#define FIELD(name) offsetof(struct config, name), sizeof(((struct config *)NULL)->name)

const struct setting settings[SETTING_COUNT] = {
	{ "log.level", SETTING_CHOICE, FIELD(log_level), 0, 0, "info", log_levels, NULL, false,
	  "How much is logged to standard error." },
	{ "state.directory", SETTING_TEXT, FIELD(state_directory), 0, 0, "/var/lib/xenballoon",
	  NULL, check_path, true,
	  "Where dom0's decisions are kept, by the UUID of the guest that they are about." },
	{ "http.listen", SETTING_LIST, FIELD(http_listen), 0, 0, "127.0.0.1:10047", NULL,
	  check_listen, true,
	  "Address and port for HTTP, or a list of them; \"\" switches it off." },
	{ "http.socket", SETTING_TEXT, FIELD(http_socket), 0, 0, "/run/xenballoon/agent.sock", NULL,
	  check_optional_path, true, "Path of the Unix socket for HTTP; \"\" switches it off." },
	{ "http.socket_group", SETTING_TEXT, FIELD(http_socket_group), 0, 0, "xenballoon", NULL,
	  check_group, true,
	  "Whose members may use the Unix socket, as operators; without such a group, or \"\", "
	  "root "
	  "alone may." },
	{ "http.read", SETTING_CHOICE, FIELD(http_read), 0, 0, "open", http_reads, NULL, false,
	  "Who may read over HTTP: anyone, or only who shows a viewer's or operator's token." },
	{ "http.metrics", SETTING_CHOICE, FIELD(http_metrics), 0, 0, "read", http_metrics, NULL,
	  false, "Who may scrape /metrics: whom http.read lets read, or another choice." },
	{ "http.names", SETTING_LIST, FIELD(http_names), 0, 0, "", NULL, check_names, false,
	  "Hosts that a browser's address bar shows where the page is reached through a proxy, "
	  "with "
	  "commas between: their pages may make changes." },
	{ "http.web_config", SETTING_TEXT, FIELD(http_web_config), 0, 0, "", NULL,
	  check_optional_path, false,
	  "TLS and users of basic auth: a web.config.yml as every Prometheus exporter takes it; "
	  "\"\" is "
	  "none." },
	{ "http.principal_file", SETTING_TEXT, FIELD(http_principal_file), 0, 0, "", NULL,
	  check_optional_path, false,
	  "File of who may do what, a line each: name role proof [expires=TIME] "
	  "[domains=PATTERN,...]. \"\": nobody can change anything over HTTP." },
	{ "snmp.mode", SETTING_CHOICE, FIELD(snmp_mode), 0, 0, "agent", snmp_modes, NULL, true,
	  "agent: an SNMP agent with its own port and users; agentx: a part of the host's snmpd; "
	  "off: no SNMP." },
	{ "snmp.listen", SETTING_LIST, FIELD(snmp_listen), 0, 0, "udp:127.0.0.1:1161", NULL,
	  check_transport, true, "Transport, address and port for SNMP, or a list of them." },
	{ "snmp.root", SETTING_TEXT, FIELD(snmp_root), 0, 0, "1.3.6.1.4.1.8072.9999.9999.2008",
	  NULL, check_oid, true, "Where XENBALLOON-MIB is registered." },
	{ "snmp.config", SETTING_TEXT, FIELD(snmp_config), 0, 0, "", NULL, check_optional_path,
	  true,
	  "File of users and views in the syntax of snmpd.conf(5). \"\": nobody can read or "
	  "change anything over SNMP." },
	{ "snmp.persistent_directory", SETTING_TEXT, FIELD(snmp_persistent_directory), 0, 0,
	  "/var/lib/xenballoon/snmp", NULL, check_path, true,
	  "Where the SNMP engine keeps its boot count and its users' localised keys." },
	{ "snmp.agentx_socket", SETTING_TEXT, FIELD(snmp_agentx_socket), 0, 0, "/var/agentx/master",
	  NULL, check_path, true,
	  "Where the host's snmpd listens for AgentX, when snmp.mode is agentx." },
	{ "snmp.agentx_set", SETTING_FLAG, FIELD(snmp_agentx_set), 0, 0, "false", NULL, NULL, false,
	  "true: whom snmpd lets write may change things, though snmpd does not say who it was." },
	{ "snmp.notify_per_minute", SETTING_NUMBER, FIELD(snmp_notify_per_minute), 0, 6000, "60",
	  NULL, NULL, false,
	  "How many notifications are sent in a minute at most; further ones are counted." },
	{ "snmp.notify_hold_s", SETTING_NUMBER, FIELD(snmp_notify_hold_s), 0, 86400, "60", NULL,
	  NULL, false,
	  "For so many seconds a guest's trouble is not notified again; what happens meanwhile is "
	  "counted." },
	{ "snmp.notify_host_free_mib", SETTING_MIB, FIELD(snmp_notify_host_free_kib), 0, 1 << 20,
	  "128", NULL, NULL, false,
	  "Memory of the host, in MiB: with less free, it is notified as low." },
	{ "snmp.notify_host_recover_mib", SETTING_MIB, FIELD(snmp_notify_host_recover_kib), 0,
	  1 << 20, "256", NULL, NULL, false,
	  "With so much free again, in MiB, it is notified as recovered." },
	{ "control.reserve_mib", SETTING_MIB, FIELD(control_reserve_kib), 0, 1 << 20, "64", NULL,
	  NULL, false,
	  "Memory of the host, in MiB, that growing guests leave free unless forced." },
	{ "control.guest_may_grow", SETTING_FLAG, FIELD(control_guest_may_grow), 0, 0, "false",
	  NULL, NULL, false,
	  "true: a guest that turns selfballooning on by itself gets its cap raised, as in 2008." },
	{ "control.silent_may_grow", SETTING_FLAG, FIELD(control_silent_may_grow), 0, 0, "true",
	  NULL, NULL, false,
	  "true: a guest that is silent while selfballooning is on may grow up to its limit." },
	{ "control.timeout_ms", SETTING_NUMBER, FIELD(control_timeout_ms), 100, 60000, "4000", NULL,
	  NULL, false, "How long a change may wait for xenstore, in milliseconds." },
	{ "audit.file", SETTING_TEXT, FIELD(audit_file), 0, 0, "/var/log/xenballoon/audit.log",
	  NULL, check_audit, false,
	  "Where each decision is written, one JSON line each; \"-\" is standard error, \"\" no "
	  "file." },
	{ "audit.journal", SETTING_FLAG, FIELD(audit_journal), 0, 0, "false", NULL, NULL, false,
	  "true: each decision goes to systemd's journal, with fields XENBALLOON_*." },
	{ "audit.sync", SETTING_FLAG, FIELD(audit_sync), 0, 0, "true", NULL, NULL, false,
	  "true: the line is on disk before the answer goes out, whatever becomes of the host." },
	{ "audit.required", SETTING_FLAG, FIELD(audit_required), 0, 0, "true", NULL, NULL, false,
	  "true: while the audit can't be written, nothing is changed." },
};

static bool is_text(const struct setting *setting)
{
	return setting->kind == SETTING_TEXT || setting->kind == SETTING_LIST;
}

void setting_describe_range(const struct setting *setting, char *text, size_t size)
{
	FILE *out = fmemopen(text, size, "w");

	*text = '\0';
	if (!out)
		return;
	if (setting->kind == SETTING_FLAG)
		fputs("true or false", out);
	else if (setting->kind == SETTING_CHOICE)
		for (size_t i = 0; setting->choices[i]; i++)
			fprintf(out, "%s%s", i ? " or " : "", setting->choices[i]);
	else if (is_text(setting))
		fprintf(out, "text of at most %zu bytes", setting->size - 1);
	else
		fprintf(out, "a number from %" PRIu64 " to %" PRIu64, setting->min, setting->max);
	fclose(out);
}

/* Numbers, flags and choices: stores the value, or returns false. */
static bool store_plain(const struct setting *setting, void *field, const char *text)
{
	unsigned int index = 0;
	uint64_t number;

	switch (setting->kind) {
	case SETTING_CHOICE:
		if (!is_oneof(text, setting->choices, &index))
			return false;
		memcpy(field, &index, sizeof(index));
		return true;
	case SETTING_FLAG:
		*(bool *)field = strcmp(text, "true") == 0;
		return *(bool *)field || strcmp(text, "false") == 0;
	default:
		if (!contract_parse_number(text, strlen(text), setting->max, &number) ||
		    number < setting->min)
			return false;
		if (setting->kind == SETTING_MIB)
			*(uint64_t *)field = number * KIB_PER_MIB;
		else
			*(unsigned int *)field = (unsigned int)number;
		return true;
	}
}

const char *setting_store(const struct setting *setting, struct config *config, const char *text,
			  char *right, size_t size)
{
	char *field = (char *)config + setting->offset;
	const char *wanted;

	setting_describe_range(setting, right, size);
	if (!is_text(setting))
		return store_plain(setting, field, text) ? NULL : right;
	if (strlen(text) >= setting->size)
		return right;
	for (const char *c = text; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return "text without control characters";
	wanted = setting->check(text);
	if (wanted)
		return wanted;
	/* Two configurations are compared byte by byte, what the default left behind included. */
	memset(field, 0, setting->size);
	memcpy(field, text, strlen(text));
	return NULL;
}

void setting_show(const struct setting *setting, const struct config *config, char *text,
		  size_t size)
{
	const char *field = (const char *)config + setting->offset;

	switch (setting->kind) {
	case SETTING_TEXT:
	case SETTING_LIST:
		snprintf(text, size, "%s", field);
		break;
	case SETTING_CHOICE:
		snprintf(text, size, "%s", setting->choices[*(const unsigned int *)field]);
		break;
	case SETTING_FLAG:
		snprintf(text, size, "%s", *(const bool *)field ? "true" : "false");
		break;
	case SETTING_MIB:
		snprintf(text, size, "%" PRIu64, *(const uint64_t *)field / KIB_PER_MIB);
		break;
	case SETTING_NUMBER:
		snprintf(text, size, "%u", *(const unsigned int *)field);
		break;
	}
}
