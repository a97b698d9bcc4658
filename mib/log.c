/* SPDX-License-Identifier: MIT */
/*
 * Takes net-snmp's messages into the agent's log. Anyone who can send a datagram can make net-snmp
 * complain, so the rate is bounded. Called by agent.c.
 */
#include <stdbool.h>
#include <string.h>

#include <net-snmp/net-snmp-config.h>

#include <net-snmp/net-snmp-includes.h>

#include "clock.h"
#include "log.h"
#include "mib_log.h"

#define LINES_PER_PERIOD 20
#define PERIOD_MS	 10000

static unsigned int errors;
static bool loading_mibs;

/* It names files that the agent doesn't read and a program that doesn't know it; agent.c says it
 * better. */
static bool misleads(const char *msg)
{
	static const char begin[] = "Warning: no access control information configured.";

	return strncmp(msg, begin, sizeof(begin) - 1) == 0;
}

static bool admitted(void)
{
	static int64_t since_ms;
	static unsigned int lines;
	int64_t now = clock_ms();

	if (now - since_ms >= PERIOD_MS) {
		if (lines > LINES_PER_PERIOD)
			log_warn("net-snmp: %u more messages", lines - LINES_PER_PERIOD);
		since_ms = now;
		lines = 0;
	}
	return ++lines <= LINES_PER_PERIOD;
}

static int log_line(int major, int minor, void *message, void *nothing)
{
	const struct snmp_log_message *line = message;
	int len = (int)strcspn(line->msg, "\r\n");

	(void)major;
	(void)minor;
	(void)nothing;
	if (loading_mibs || misleads(line->msg))
		return 0;
	if (line->priority <= LOG_ERR)
		errors++;
	if (len == 0 || !admitted())
		return 0;
	if (line->priority <= LOG_ERR)
		log_error("net-snmp: %.*s", len, line->msg);
	else if (line->priority == LOG_WARNING)
		log_warn("net-snmp: %.*s", len, line->msg);
	else
		log_debug("net-snmp: %.*s", len, line->msg);
	return 0;
}

/* In between these two net-snmp complains of MIB files, which it is neither to find nor to need. */
static int mibs_begin(int major, int minor, void *unused, void *nothing)
{
	(void)major;
	(void)minor;
	(void)unused;
	(void)nothing;
	loading_mibs = true;
	return 0;
}

static int mibs_end(int major, int minor, void *unused, void *nothing)
{
	(void)major;
	(void)minor;
	(void)unused;
	(void)nothing;
	loading_mibs = false;
	return 0;
}

void mib_log_start(void)
{
	errors = 0;
	snmp_disable_log();
	snmp_enable_calllog();
	snmp_register_callback(SNMP_CALLBACK_LIBRARY, SNMP_CALLBACK_LOGGING, log_line, NULL);
	snmp_register_callback(SNMP_CALLBACK_LIBRARY, SNMP_CALLBACK_POST_PREMIB_READ_CONFIG,
			       mibs_begin, NULL);
	snmp_register_callback(SNMP_CALLBACK_LIBRARY, SNMP_CALLBACK_PRE_READ_CONFIG, mibs_end,
			       NULL);
}

unsigned int mib_log_errors(void)
{
	return errors;
}
