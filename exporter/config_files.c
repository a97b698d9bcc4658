/* SPDX-License-Identifier: MIT */
/*
 * Reads the files that agent.yml names, and judges whether credentials and addresses go together.
 * Knows nothing of how a configuration is shared. Called by config.c.
 */
#include "config_files.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "auth.h"
#include "setting.h"

static bool read_principals(struct config *config, char *why, size_t size)
{
	char error[400];

	if (!config->http_principal_file[0] ||
	    auth_load(config->http_principal_file, &config->auth, error, sizeof(error)) == 0)
		return true;
	snprintf(why, size, "http.principal_file: %s", error);
	return false;
}

/* Credentials must not pass where others can listen. */
static bool check_address(const struct config *config, char *why, size_t size)
{
	if (!config->http_principal_file[0] || !config->http_listen[0] ||
	    setting_is_loopback(config->http_listen))
		return true;
	snprintf(why, size,
		 "http.listen is %s: with http.principal_file set it must be a loopback "
		 "address, as tokens over plain HTTP can be overheard",
		 config->http_listen);
	return false;
}

static bool check_snmp(const struct config *config, char *why, size_t size)
{
	if (!config->snmp_config[0] || access(config->snmp_config, R_OK) == 0)
		return true;
	snprintf(why, size, "snmp.config: cannot read %s: %s", config->snmp_config,
		 strerror(errno));
	return false;
}

bool config_files_read(struct config *config, size_t *offset, char *why, size_t size)
{
	*offset = offsetof(struct config, snmp_config);
	if (!check_snmp(config, why, size))
		return false;
	*offset = offsetof(struct config, http_listen);
	if (!check_address(config, why, size))
		return false;
	*offset = offsetof(struct config, http_principal_file);
	return read_principals(config, why, size);
}

void config_files_forget(struct config *config)
{
	config->auth = NULL;
}

void config_files_free(struct config *config)
{
	auth_free(config->auth);
	config_files_forget(config);
}

void config_files_stamp(const struct config *config, struct stamp stamps[CONFIG_FILES_MAX])
{
	memset(stamps, 0, CONFIG_FILES_MAX * sizeof(*stamps));
	stamps[0] = stamp_of(config->http_principal_file);
}
