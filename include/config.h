/* SPDX-License-Identifier: MIT */
/*
 * The agent's configuration, /etc/xenballoon/agent.yml: immutable once loaded, shared by reference
 * count, replaced whole by a reload.
 */
#ifndef XENBALLOON_CONFIG_H
#define XENBALLOON_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "control.h"
#include "log.h"

struct auth;
struct password_book;
struct tls;
struct web_config;

enum snmp_mode { SNMP_OFF, SNMP_AGENT, SNMP_AGENTX };
enum http_read { HTTP_READ_OPEN, HTTP_READ_VIEWER };
enum http_metrics { HTTP_METRICS_AS_READ, HTTP_METRICS_OPEN, HTTP_METRICS_VIEWER };

struct config {
	enum log_level log_level;  /* log.level: error|warn|info|debug */
	char state_directory[256]; /* state.directory: decisions by UUID */

	char http_listen[1200];		/* http.listen: with commas between; "" is off */
	char http_socket[108];		/* http.socket: path of the Unix socket; "" is off */
	char http_socket_group[64];	/* http.socket_group: its operators, beside root; "" none */
	enum http_read http_read;	/* http.read: open|viewer */
	enum http_metrics http_metrics; /* http.metrics: read|open|viewer */
	char http_names[512];		/* http.names: hosts of its page behind a proxy; "" none */
	char http_web_config[256];	/* http.web_config: a web.config.yml; "" is none */
	char http_principal_file[256];	/* http.principal_file: see principal_file.h; "" is none */

	enum snmp_mode snmp_mode; /* snmp.mode: agent|agentx|off */
	char snmp_listen[1200];	  /* snmp.listen: a net-snmp transport address */
	char snmp_root[128];	  /* snmp.root: numeric OID of XENBALLOON-MIB */
	char snmp_config[256];	  /* snmp.config: users, views in snmpd.conf syntax; "" none */
	char snmp_persistent_directory[256]; /* snmp.persistent_directory: engine boots, user keys
					      */
	char snmp_agentx_socket[128]; /* snmp.agentx_socket: where snmpd listens for AgentX */
	bool snmp_agentx_set;	      /* snmp.agentx_set: snmpd's word is enough for a change */
	unsigned int snmp_notify_per_minute;   /* snmp.notify_per_minute: 0 sends none */
	unsigned int snmp_notify_hold_s;       /* snmp.notify_hold_s: one kind, one subject */
	uint64_t snmp_notify_host_free_kib;    /* snmp.notify_host_free_mib: low below */
	uint64_t snmp_notify_host_recover_kib; /* snmp.notify_host_recover_mib: above that */

	uint64_t control_reserve_kib;	 /* control.reserve_mib */
	bool control_silent_may_grow;	 /* control.silent_may_grow */
	bool control_guest_may_grow;	 /* control.guest_may_grow */
	unsigned int control_timeout_ms; /* control.timeout_ms: for an answer from the store */

	char audit_file[256]; /* audit.file: path, "-" for standard error, "" none */
	bool audit_journal;   /* audit.journal: to systemd's journal, too */
	bool audit_sync;      /* audit.sync: on disk before the answer goes out */
	bool audit_required;  /* audit.required: nothing is changed that can't be written down */

	struct web_config *web;		 /* read from http_web_config; NULL if none */
	struct tls *tls;		 /* what it says of TLS; NULL: plain HTTP */
	struct password_book *passwords; /* of the users in web; NULL if none */
	struct auth *auth;		 /* read from http_principal_file; NULL if none */
};

/*
 * What takes the place of http.listen and http.socket in each configuration that is loaded from now
 * on; "": nothing does. The texts must stay.
 */
void config_override(const char *listen, const char *socket);

/*
 * Reads and checks a file with all that it names. On failure NULL, and error says
 * "agent.yml:LINE: what is wrong and what would be right". path NULL: the defaults.
 */
struct config *config_load(const char *path, char *error, size_t size);
void config_free(struct config *config);

/* Makes *config the current one; the caller's ownership passes on. */
void config_publish(struct config *config);

/*
 * Reads the files that the current configuration names again, if one of them has changed since they
 * were read last, and publishes what they say now. 1: done; 0: nothing has changed; a negative
 * errno: what was read before stays in force, and error says why, once for each change. Of the
 * principals only those stay whose line stands in the file unchanged.
 */
int config_refresh(char *error, size_t size);

/*
 * True if a running agent can change over to `next`; else false, and error names the setting that
 * needs a restart.
 */
bool config_can_reload(const struct config *now, const struct config *next, char *error,
		       size_t size);

/* The current configuration, to be given back by config_release(). Any thread. */
const struct config *config_acquire(void);
void config_release(const struct config *config);

/*
 * Outcome of the last reload (true at start) and of the last config_refresh(), for
 * config_last_reload_successful.
 */
void config_note_reload(bool successful);
bool config_last_reload_successful(void);

/* Whether the file of principals can't be read whole, so that only unchanged lines count. */
bool config_principals_broken(void);

/* Prints what each setting is, `section.key: value`, a line each. */
void config_show(const struct config *config, FILE *out);

/* Prints every setting with default, range and help: what `--help-config` and the man page show. */
void config_describe(FILE *out);

#endif
