/* SPDX-License-Identifier: MIT */
/*
 * Reads the files that agent.yml names, and judges whether credentials and addresses go together.
 * Knows nothing of how a configuration is shared. Called by config.c.
 */
#include "config_files.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "auth.h"
#include "log.h"
#include "password.h"
#include "setting.h"
#include "tls.h"
#include "web_config.h"

/*
 * A file of who may do what that is not there yet names nobody: the commands that add the first
 * make it. Any other trouble with it is a mistake.
 */
static bool is_absent(const char *path, const char *command)
{
	if (access(path, F_OK) == 0 || errno != ENOENT)
		return false;
	log_warn("there is no %s, so it lets nobody in; %s makes it", path, command);
	return true;
}

static bool read_principals(struct config *config, char *why, size_t size)
{
	char error[400];

	if (!config->http_principal_file[0] ||
	    is_absent(config->http_principal_file, "xenballoon token make") ||
	    auth_load(config->http_principal_file, &config->auth, error, sizeof(error)) == 0)
		return true;
	snprintf(why, size, "http.principal_file: %s", error);
	return false;
}

static void stamp_certificates(const struct config *config, struct stamp stamps[CONFIG_FILES_MAX])
{
	stamps[2] = stamp_of(config->web->cert.path);
	stamps[3] = stamp_of(config->web->key.path);
	stamps[4] = stamp_of(config->web->client_ca.path);
}

static bool open_book(struct config *config, char *why, size_t size)
{
	if (config->web->user_count)
		config->passwords = password_new(config->web->user, config->web->user_count);
	if (config->passwords || !config->web->user_count)
		return true;
	snprintf(why, size, "out of memory");
	return false;
}

static bool read_web(struct config *config, struct stamp stamps[CONFIG_FILES_MAX], char *why,
		     size_t size)
{
	char error[700];

	if (!config->http_web_config[0])
		return true;
	config->web = web_config_read(config->http_web_config, error, sizeof(error));
	if (config->web && config->web->tls) {
		stamp_certificates(config, stamps);
		config->tls = tls_load(config->web, error, sizeof(error));
	}
	if (config->web && (config->tls || !config->web->tls))
		return open_book(config, why, size);
	snprintf(why, size, "http.web_config: %s", error);
	return false;
}

static bool is_user(const struct web_config *web, const char *name)
{
	for (size_t i = 0; web && i < web->user_count; i++)
		if (!strcmp(web->user[i].name, name))
			return true;
	return false;
}

/* A misspelt name lets nobody in who shouldn't be, but whom it was meant for would search long. */
static void warn_of_unprovable(const struct config *config)
{
	const char *name;

	for (size_t i = 0; (name = auth_nth(config->auth, PROOF_BASIC, i)); i++)
		if (!is_user(config->web, name))
			log_warn("%s: the proof of %s is basic, but http.web_config has no such "
				 "user in basic_auth_users",
				 config->http_principal_file, name);
	if (!config->tls && auth_has(config->auth, PROOF_CERTIFICATE))
		log_warn("%s: the proof of %s is certificate, but http.web_config has no TLS",
			 config->http_principal_file, auth_nth(config->auth, PROOF_CERTIFICATE, 0));
}

/* Credentials must not pass where others can listen. */
static bool check_address(const struct config *config, char *why, size_t size)
{
	bool users = config->web && config->web->user_count;

	if ((!config->http_principal_file[0] && !users) || !config->http_listen[0] || config->tls ||
	    setting_is_loopback(config->http_listen))
		return true;
	snprintf(
		why, size,
		"http.listen is %s: with %s set it must be a loopback address, as credentials "
		"over plain HTTP can be overheard; or let http.web_config have a tls_server_config",
		config->http_listen, users ? "basic_auth_users" : "http.principal_file");
	return false;
}

static bool check_snmp(const struct config *config, char *why, size_t size)
{
	if (!config->snmp_config[0] || access(config->snmp_config, R_OK) == 0 ||
	    is_absent(config->snmp_config, "xenballoon-agent snmp-user add"))
		return true;
	snprintf(why, size, "snmp.config: cannot read %s: %s", config->snmp_config,
		 strerror(errno));
	return false;
}

static bool check_audit(const struct config *config, char *why, size_t size)
{
	if (config->audit_file[0] || config->audit_journal)
		return true;
	snprintf(why, size,
		 "audit.file is \"\" and audit.journal false: decisions must be written somewhere; "
		 "set one of them");
	return false;
}

bool config_files_read(struct config *config, struct stamp stamps[CONFIG_FILES_MAX], size_t *offset,
		       char *why, size_t size)
{
	config_files_stamp(config, stamps);
	*offset = offsetof(struct config, audit_file);
	if (!check_audit(config, why, size))
		return false;
	*offset = offsetof(struct config, snmp_config);
	if (!check_snmp(config, why, size))
		return false;
	*offset = offsetof(struct config, http_web_config);
	if (!read_web(config, stamps, why, size))
		return false;
	*offset = offsetof(struct config, http_listen);
	if (!check_address(config, why, size))
		return false;
	*offset = offsetof(struct config, http_principal_file);
	if (!read_principals(config, why, size))
		return false;
	warn_of_unprovable(config);
	return true;
}

void config_files_forget(struct config *config)
{
	config->auth = NULL;
	config->tls = NULL;
	config->passwords = NULL;
	config->web = NULL;
}

void config_files_free(struct config *config)
{
	auth_free(config->auth);
	tls_release(config->tls);
	password_free(config->passwords);
	web_config_free(config->web);
	config_files_forget(config);
}

void config_files_return(struct config *config)
{
	auth_free(config->auth);
	config_files_forget(config);
}

bool config_files_principals_broken(const struct config *config, char *why, size_t size)
{
	struct auth *auth = NULL;
	bool broken = config->http_principal_file[0] &&
		      access(config->http_principal_file, F_OK) == 0 &&
		      auth_load(config->http_principal_file, &auth, why, size) != 0;

	auth_free(auth);
	return broken;
}

void config_files_stamp(const struct config *config, struct stamp stamps[CONFIG_FILES_MAX])
{
	memset(stamps, 0, CONFIG_FILES_MAX * sizeof(*stamps));
	stamps[0] = stamp_of(config->http_principal_file);
	stamps[1] = stamp_of(config->http_web_config);
	if (config->tls)
		stamp_certificates(config, stamps);
}
