/* SPDX-License-Identifier: MIT */
/*
 * SNMP notifications, to the sinks that the SNMP configuration names. SNMP thread only, but for the
 * counters.
 */
#ifndef XENBALLOON_MIB_NOTIFY_H
#define XENBALLOON_MIB_NOTIFY_H

#include <stddef.h>
#include <stdint.h>

/* Notifications of XENBALLOON-MIB are below root. 0 or a negative errno. */
int mib_notify_start(const unsigned long *root, size_t len);
void mib_notify_stop(void);

/* Sends what has happened since the last call. */
void mib_notify_turn(void);

/* Notifications sent, and left out for coming too fast. Any thread. */
uint64_t mib_notify_sent(void);
uint64_t mib_notify_suppressed(void);

#endif
