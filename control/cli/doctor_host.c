/* SPDX-License-Identifier: MIT */
/*
 * The doctor's checks of this host: its processes, the permissions in xenstore, the files that the
 * agent's configuration names. Only reads. Called by doctor.c.
 */
#include "cli_doctor.h"

#include <dirent.h>
#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "cli_agent.h"
#include "cli_principals.h"
#include "cli_size.h"
#include "contract.h"

#define SPACE_LEAST_KIB (16 << 10)
#define TOKEN_WARN_S	(14 * 86400)

/* Programs that set targets themselves. */
static const char *const managers[] = { "squeezed", "qmemman", "xcp-rrdd-squeezed" };

/* Whether a process of this name runs. */
static bool runs(const char *name)
{
	DIR *folder = opendir("/proc");
	struct dirent *entry;
	bool found = false;

	while (folder && !found && (entry = readdir(folder))) {
		char path[300], comm[32] = "";
		FILE *file;

		if (strspn(entry->d_name, "0123456789") != strlen(entry->d_name))
			continue;
		snprintf(path, sizeof(path), "/proc/%.20s/comm", entry->d_name);
		file = fopen(path, "re");
		if (!file)
			continue;
		if (fgets(comm, sizeof(comm), file))
			comm[strcspn(comm, "\n")] = '\0';
		/* The kernel keeps 15 bytes of a name. */
		found = *comm && !strncmp(comm, name, 15);
		fclose(file);
	}
	if (folder)
		closedir(folder);
	return found;
}

void doctor_owners(struct doctor *doctor)
{
	size_t foreign = 0;
	const char *manager = "";

	for (size_t i = 0; i < doctor->guests.count; i++)
		if (*guest_text(doctor->guests.guest[i].object, "manager")) {
			manager = guest_text(doctor->guests.guest[i].object, "manager");
			foreign++;
		}
	if (foreign)
		doctor_say(doctor, FINDING_WARN,
			   "change targets there, or stop it on this host: two owners fight",
			   "%s owns the target of %zu guest%s, so changes are refused", manager,
			   foreign, foreign == 1 ? "" : "s");
	for (size_t i = 0; doctor->settings && i < sizeof(managers) / sizeof(*managers); i++)
		if (runs(managers[i])) {
			foreign++;
			doctor_say(doctor, FINDING_WARN, "stop one of the two", "%s runs here",
				   managers[i]);
		}
	if (!foreign && doctor->guests.calls[0].status == 200)
		doctor_say(doctor, FINDING_OK, NULL, "nobody else sets targets");
}

/* One line of `xenstore-ls -fp`: /local/domain/7/memory/KEY = "..."   (n0,b7) */
struct node {
	unsigned int domid;
	enum contract_key key;
	const char *permissions;
	size_t len;
};

static bool read_node(const char *line, size_t len, struct node *node)
{
	static const char prefix[] = "/local/domain/";
	char name[64];
	int used;

	if (len <= strlen(prefix) || strncmp(line, prefix, strlen(prefix)) != 0)
		return false;
	/* The value is foreign and may hold anything, so the permissions are looked for from the
	 * end. */
	if (sscanf(line + strlen(prefix), "%u/memory/%63[a-z-] %n", &node->domid, name, &used) !=
		    2 ||
	    line[len - 1] != ')')
		return false;
	node->key = contract_key_find(name);
	for (node->permissions = line + len; node->permissions > line; node->permissions--)
		if (node->permissions[-1] == '(')
			break;
	node->len = (size_t)(line + len - 1 - node->permissions);
	return node->domid && node->key != KEY_COUNT;
}

static bool granted(const struct node *node)
{
	char right[32];

	snprintf(right, sizeof(right), "n0,%c%u", contract_keys[node->key].guest_writes ? 'b' : 'r',
		 node->domid);
	return node->len == strlen(right) && !strncmp(node->permissions, right, node->len);
}

void doctor_keys(struct doctor *doctor)
{
	static const char *const words[] = { "xenstore-ls", "-fp", "/local/domain", NULL };
	size_t keys = 0, wrong = 0;
	struct node node;
	int status;
	char *text;

	if (!doctor->settings)
		return;
	text = agent_run(words, &status);
	if (!text || status != 0) {
		doctor_say(doctor, FINDING_WARN,
			   status == AGENT_NOT_RUN ? "apt install xenstore-utils"
						   : "pgrep -a xenstored; are you root in dom0?",
			   "xenstore can't be read: %.*s",
			   status == AGENT_LATE ? 100 : (int)strcspn(text ? text : "", "\n"),
			   status == AGENT_LATE ? "no answer in 5 s"
			   : text		? text
						: "");
		free(text);
		return;
	}
	for (const char *line = text; *line;) {
		size_t len = strcspn(line, "\n");

		if (read_node(line, len, &node)) {
			keys++;
			if (!granted(&node) && !wrong++)
				doctor_say(doctor, FINDING_FAIL,
					   "systemctl restart xenballoon-agent grants them again",
					   "memory/%s of domain %u has the permissions %.*s",
					   contract_keys[node.key].name, node.domid, (int)node.len,
					   node.permissions);
		}
		line += len + (line[len] == '\n');
	}
	if (wrong > 1)
		doctor_say(doctor, FINDING_FAIL, NULL, "and %zu more keys like it", wrong - 1);
	else if (!wrong)
		doctor_say(doctor, FINDING_OK, NULL,
			   "%zu keys of guests have the permissions they should", keys);
	free(text);
}

static bool connects(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool good;

	snprintf(address.sun_path, sizeof(address.sun_path), "%.107s", path);
	good = fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
	if (fd >= 0)
		close(fd);
	return good;
}

void doctor_snmp(struct doctor *doctor)
{
	char mode[32], value[256], hold[16];

	if (!doctor->settings || !agent_setting(doctor->settings, "snmp.mode", mode, sizeof(mode)))
		return;
	agent_setting(doctor->settings, "snmp.config", hold, sizeof(hold));
	if (!strcmp(mode, "off")) {
		doctor_say(doctor, FINDING_OK, NULL, "switched off by snmp.mode");
	} else if (!strcmp(mode, "agent")) {
		agent_setting(doctor->settings, "snmp.listen", value, sizeof(value));
		doctor_say(
			doctor, *hold ? FINDING_OK : FINDING_WARN,
			"set snmp.config, then: xenballoon-agent snmp-user add NAME --role viewer",
			*hold ? "an agent of its own on %s"
			      : "an agent of its own on %s, and nobody who may ask it",
			value);
	} else {
		agent_setting(doctor->settings, "snmp.agentx_socket", value, sizeof(value));
		if (connects(value))
			doctor_say(doctor, FINDING_OK, NULL, "snmpd takes agents on %s", value);
		else
			doctor_say(doctor, FINDING_FAIL,
				   "put \"master agentx\" into snmpd.conf; systemctl restart snmpd",
				   "%s takes no agents: %s%s", value, strerror(errno),
				   runs("snmpd") ? "" : ", and no snmpd runs");
	}
}

/* Counts of a principals file. */
struct tally {
	size_t operators, over, soon, bad;
};

static int count_principals(const char *path, struct tally *tally)
{
	int64_t now = (int64_t)time(NULL);
	struct principals principals;
	struct principals_line line;
	int error = principals_open(&principals, path, false);

	while (!error && principals_next(&principals, &line)) {
		if (line.kind == LINE_BAD)
			tally->bad++;
		if (line.kind != LINE_PRINCIPAL)
			continue;
		if (line.line.expires && line.line.expires_s <= now)
			tally->over++;
		else if (line.line.role == ROLE_OPERATOR)
			tally->operators++;
		if (line.line.expires && line.line.expires_s > now &&
		    line.line.expires_s - now < TOKEN_WARN_S)
			tally->soon++;
	}
	principals_close(&principals);
	return error;
}

void doctor_principals(struct doctor *doctor)
{
	struct tally tally = { 0 };
	struct stat about;
	char path[512];
	int error;

	if (!doctor->settings ||
	    !agent_setting(doctor->settings, "http.principal_file", path, sizeof(path)))
		return;
	if (!*path) {
		doctor_say(doctor, FINDING_OK, NULL,
			   "http.principal_file is empty: nobody can change anything over TCP");
		return;
	}
	error = count_principals(path, &tally);
	if (error) {
		doctor_say(doctor, FINDING_WARN, "xenballoon token make NAME --role operator",
			   "%s: %s", path, strerror(-error));
		return;
	}
	if (stat(path, &about) == 0 && about.st_mode & (S_IWGRP | S_IRWXO))
		doctor_say(doctor, FINDING_FAIL, "chmod 600 it, as root",
			   "others may read or write %s (mode %04o)", path, about.st_mode & 07777);
	if (tally.bad)
		doctor_say(doctor, FINDING_FAIL, "xenballoon token list says which",
			   "%zu line%s of %s can't be read", tally.bad, tally.bad == 1 ? "" : "s",
			   path);
	if (tally.over || tally.soon)
		doctor_say(doctor, FINDING_WARN,
			   "xenballoon token list; revoke them and make new ones",
			   "%zu have expired, %zu will within 14 days", tally.over, tally.soon);
	doctor_say(doctor, FINDING_OK, NULL, "%zu operator%s in %s", tally.operators,
		   tally.operators == 1 ? "" : "s", path);
}

static void check_space(struct doctor *doctor, const char *what, const char *folder)
{
	char text[SIZE_TEXT];
	struct statvfs space;
	uint64_t kib;

	if (access(folder, W_OK | X_OK) != 0 || statvfs(folder, &space) != 0) {
		doctor_say(doctor, FINDING_FAIL, "make it, owned by who runs the agent",
			   "%s: %s can't be written: %s", what, folder, strerror(errno));
		return;
	}
	kib = (uint64_t)space.f_bavail * space.f_frsize / 1024;
	doctor_say(doctor, kib < SPACE_LEAST_KIB ? FINDING_FAIL : FINDING_OK,
		   "make room: without it changes can't be kept or told of",
		   "%s: %s can be written, %s free", what, folder, size_text(text, kib));
}

void doctor_audit(struct doctor *doctor)
{
	char path[512];

	if (!doctor->settings)
		return;
	if (agent_setting(doctor->settings, "audit.file", path, sizeof(path)) && *path == '/') {
		if (access(path, F_OK) == 0 && access(path, W_OK) != 0)
			doctor_say(doctor, FINDING_FAIL, "let who runs the agent write it",
				   "%s can't be written: %s", path, strerror(errno));
		check_space(doctor, "audit", dirname(path));
	}
	if (agent_setting(doctor->settings, "state.directory", path, sizeof(path)))
		check_space(doctor, "decisions", path);
}
