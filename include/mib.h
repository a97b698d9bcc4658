/* SPDX-License-Identifier: MIT */
/*
 * The SNMP side: XENBALLOON-MIB served from the snapshot, SET through the control path, on a thread
 * of its own. Nothing outside mib/ knows net-snmp.
 */
#ifndef XENBALLOON_MIB_H
#define XENBALLOON_MIB_H

#include <stdbool.h>
#include <stddef.h>

/* Starts the agent as the current configuration says. 0 or a negative errno, logged. */
int mib_start(void);

/* Ends the thread and closes the port. */
void mib_stop(void);

/* Whether the SNMP side can't do its whole work; then a sentence says why. Any thread. */
bool mib_trouble(char *text, size_t size);

#endif
