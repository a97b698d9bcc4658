/* SPDX-License-Identifier: MIT */
/*
 * The ports that the agent answers on when it is its own SNMP agent.
 */
#ifndef XENBALLOON_MIB_LISTEN_H
#define XENBALLOON_MIB_LISTEN_H

/* net-snmp's name for this program: of its kept state, its ports and its configuration's words. */
#define MIB_APPLICATION "xenballoon"

/* Opens each of the addresses, with commas between; those that can't be are tried again. */
void mib_listen(const char *addresses);
void mib_listen_turn(void);

#endif
