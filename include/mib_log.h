/* SPDX-License-Identifier: MIT */
/*
 * net-snmp's log messages, as lines of the agent's own log.
 */
#ifndef XENBALLOON_MIB_LOG_H
#define XENBALLOON_MIB_LOG_H

/* From here on net-snmp logs through log.h, at a bounded rate. */
void mib_log_start(void);

/* Errors that net-snmp has logged so far: after reading its files, what is wrong in them. */
unsigned int mib_log_errors(void);

#endif
