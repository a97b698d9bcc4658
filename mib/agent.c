/* SPDX-License-Identifier: MIT */
/*
 * The life of the SNMP agent: configuration, port, thread. Keeps net-snmp to the files and to the
 * address that the configuration names. Called by main.c.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <net-snmp/net-snmp-config.h>

#include <net-snmp/net-snmp-includes.h>

#include <net-snmp/agent/net-snmp-agent-includes.h>

#include <net-snmp/agent/agent_callbacks.h>
#include <net-snmp/library/large_fd_set.h>

#include "clock.h"
#include "config.h"
#include "log.h"
#include "mib.h"
#include "mib_keep.h"
#include "mib_listen.h"
#include "mib_log.h"
#include "mib_notify.h"
#include "mib_serve.h"
#include "mib_system.h"

#define MAX_ENGINEID_LENGTH 32 /* RFC 3411: snmpEngineID */
#define APPLICATION	    MIB_APPLICATION
#define TURN_MS		    250 /* between two looks at what has become of the guests */

#define SINK_TIMEOUT_S 1
#define SINK_RETRIES   1

/* Between two tries to reach a snmpd that is gone, and two looks whether it still answers. */
#define AGENTX_PING_S 3

static const oid system_group[] = { 1, 3, 6, 1, 2, 1, 1 };
static const oid vm_mib[] = { 1, 3, 6, 1, 2, 1, 236 };

static pthread_t thread;
static bool running;
static atomic_bool stopping;
static int wake = -1;

/*
 * Boots that aren't counted would let old messages be played again, and a new engine ID would void
 * all keys.
 */
static int open_files(const struct config *config)
{
	struct stat found;

	if (config->snmp_config[0] && stat(config->snmp_config, &found) == 0 &&
	    (found.st_mode & S_IRWXO))
		log_warn("%s: holds pass phrases, and everyone may read it; chmod 0600 is enough",
			 config->snmp_config);
	return mib_keep_open(config);
}

/* Nothing of the host's own net-snmp set-up, nor of the environment, may decide anything here. */
static void confine(const struct config *config)
{
	netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DISABLE_CONFIG_LOAD, 1);
	/* Only mib_keep_store() lets it write. */
	netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_PERSIST_STATE, 1);
	netsnmp_ds_set_string(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_MIBDIRS, "/nonexistent");
	/* A sink's answer; net-snmp's own 1 s and 5 retries would hold everyone up. */
	netsnmp_ds_set_int(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_TIMEOUT, SINK_TIMEOUT_S);
	netsnmp_ds_set_int(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_RETRIES, SINK_RETRIES);
	netsnmp_ds_set_boolean(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_NO_ROOT_ACCESS, 1);
	netsnmp_ds_set_boolean(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_DISABLE_PERL, 1);
	netsnmp_ds_set_boolean(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_ROLE, /* 1: a subagent */
			       config->snmp_mode == SNMP_AGENTX);
	/* Under snmpd, users, views and sinks are snmpd's. */
	if (config->snmp_mode == SNMP_AGENTX)
		netsnmp_ds_set_string(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_X_SOCKET,
				      config->snmp_agentx_socket);
}

/* net-snmp tries again by itself, every AGENTX_PING_S. */
static int session_came_or_went(int major, int minor, void *unused, void *nothing)
{
	const struct config *config = config_acquire();

	(void)major;
	(void)unused;
	(void)nothing;
	if (minor == SNMPD_CALLBACK_INDEX_START)
		log_info("the snmpd at %s serves the guests", config->snmp_agentx_socket);
	else
		log_warn("the snmpd at %s is gone; waiting for it", config->snmp_agentx_socket);
	config_release(config);
	return 0;
}

static void follow_session(void)
{
	static const int changes[] = { SNMPD_CALLBACK_INDEX_START, SNMPD_CALLBACK_INDEX_STOP };

	/* Only now: init_agent() sets its own. */
	netsnmp_ds_set_int(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_AGENTX_PING_INTERVAL,
			   AGENTX_PING_S);
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++)
		snmp_register_callback(SNMP_CALLBACK_APPLICATION, changes[i], session_came_or_went,
				       NULL);
}

static int serve_trees(const struct config *config)
{
	oid root[MAX_OID_LEN];
	size_t len = MAX_OID_LEN;
	int error;

	if (!snmp_parse_oid(config->snmp_root, root, &len)) {
		log_error("snmp.root: %s is no numeric object identifier", config->snmp_root);
		return -EINVAL;
	}
	mib_system_init(root, len);
	error = mib_notify_start(root, len);
	if (!error)
		error = mib_serve(mib_tree_xenballoon(), "xenballoon", root, len);
	if (!error)
		error = mib_serve(mib_tree_vm(), "vm", vm_mib, OID_LENGTH(vm_mib));
	/* Under snmpd, the system group is snmpd's. */
	if (!error && config->snmp_mode == SNMP_AGENT)
		error = mib_serve(mib_tree_system(), "system", system_group,
				  OID_LENGTH(system_group));
	if (error)
		log_error("snmp.root: cannot register %s: %s", config->snmp_root, strerror(-error));
	return error;
}

static void turn(netsnmp_large_fd_set *fds)
{
	struct timeval timeout = { .tv_usec = TURN_MS * 1000 };
	int count = wake + 1, block = 0;

	NETSNMP_LARGE_FD_ZERO(fds);
	NETSNMP_LARGE_FD_SET(wake, fds);
	snmp_select_info2(&count, fds, &timeout, &block);
	count = netsnmp_large_fd_set_select(count, fds, NULL, NULL, &timeout);
	if (count > 0)
		snmp_read2(fds);
	/* However busy it is here: an inform that nobody confirmed has to go out again. */
	snmp_timeout();
	run_alarms();
	netsnmp_check_outstanding_agent_requests();
	mib_notify_turn();
	mib_listen_turn();
	mib_keep_turn(clock_ms());
}

/* The count of starts has to be on disk before the first answer (RFC 3414, 2.2.2). */
static void wait_until_counted(void)
{
	struct pollfd fd = { .fd = wake, .events = POLLIN };

	while (mib_keep_failing() && !atomic_load(&stopping)) {
		poll(&fd, 1, TURN_MS);
		mib_keep_turn(clock_ms());
	}
}

static void *run(void *nothing)
{
	netsnmp_large_fd_set fds;

	pthread_setname_np(pthread_self(), "snmp");
	netsnmp_large_fd_set_init(&fds, FD_SETSIZE);
	wait_until_counted();
	while (!atomic_load(&stopping))
		turn(&fds);
	netsnmp_large_fd_set_cleanup(&fds);
	return nothing;
}

static atomic_int trouble; /* 0, -EBADMSG: not served, -ENODATA: no engine ID */

bool mib_trouble(char *text, size_t size)
{
	int now = atomic_load(&trouble), unkept = mib_keep_failing();

	if (now == -EBADMSG)
		snprintf(text, size,
			 "SNMP is not served, as what its engine keeps in "
			 "snmp.persistent_directory can't be read; the log says what to do.");
	else if (now)
		snprintf(text, size,
			 "SNMP has no engine ID, so no SNMPv3 user can ask; restart the agent.");
	else if (unkept)
		snprintf(text, size,
			 "snmp.persistent_directory can't be written, so the SNMP engine's state "
			 "and new users are not kept: %s.",
			 unkept == -EBADMSG || unkept == -ENOENT ? strerror(ENOSPC)
								 : strerror(-unkept));
	return now || unkept;
}

/* It listens all the same. Of a file that isn't there config_files.c has said so. */
static void say_closed(const struct config *config)
{
	if (config->snmp_mode != SNMP_AGENT || vacm_is_configured())
		return;
	if (!config->snmp_config[0])
		log_info("SNMP: snmp.config is empty, so nobody can read or change anything");
	else if (access(config->snmp_config, F_OK) == 0)
		log_warn("SNMP: snmp.config: %s gives nobody access", config->snmp_config);
}

static int start(const struct config *config)
{
	unsigned char engine[MAX_ENGINEID_LENGTH];
	int error;

	mib_log_start();
	confine(config);
	if (init_agent(APPLICATION) != 0)
		return -EIO;
	if (config->snmp_mode == SNMP_AGENTX)
		follow_session();
	error = serve_trees(config);
	if (error)
		return error;
	init_snmp(APPLICATION);
	/* Under snmpd no file is read, and that snmpd is not there yet is no mistake. */
	if (config->snmp_mode == SNMP_AGENT && mib_log_errors()) {
		log_error("snmp.config: %s has errors, see above", config->snmp_config);
		return -EINVAL;
	}
	if (config->snmp_mode == SNMP_AGENT)
		mib_listen(config->snmp_listen);
	say_closed(config);
	if (config->snmp_mode == SNMP_AGENT) {
		if (!snmpv3_get_engineID(engine, sizeof(engine)))
			atomic_store(&trouble, -ENODATA);
		mib_keep_store();
	}
	wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (wake < 0)
		return -errno;
	atomic_store(&stopping, false);
	return -pthread_create(&thread, NULL, run, NULL);
}

static void shut_down(void)
{
	snmp_shutdown(APPLICATION);
	shutdown_agent();
	mib_notify_stop();
	mib_keep_close();
	if (wake >= 0)
		close(wake);
	wake = -1;
}

static int start_or_undo(const struct config *config)
{
	int error = start(config);

	running = !error;
	if (!error)
		return 0;
	shut_down();
	return error;
}

/* One that can't be read is the operator's to mend: all else goes on, and what is there stays. */
static int start_files_first(const struct config *config)
{
	int error = config->snmp_mode == SNMP_AGENT ? open_files(config) : 0;

	atomic_store(&trouble, error == -EBADMSG ? error : 0);
	if (!error)
		return start_or_undo(config);
	mib_keep_close();
	return error == -EBADMSG ? 0 : error;
}

int mib_start(void)
{
	const struct config *config = config_acquire();
	int error = config->snmp_mode == SNMP_OFF ? 0 : start_files_first(config);

	config_release(config);
	return error;
}

void mib_stop(void)
{
	const uint64_t one = 1;

	if (!running)
		return;
	running = false;
	atomic_store(&stopping, true);
	if (write(wake, &one, sizeof(one)) < 0)
		log_error("cannot wake the SNMP thread: %s", strerror(errno));
	pthread_join(thread, NULL);
	shut_down();
}
