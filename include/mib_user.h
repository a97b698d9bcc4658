/* SPDX-License-Identifier: MIT */
/*
 * `xenballoon-agent snmp-user add`: a SNMPv3 user without editing files by hand.
 */
#ifndef XENBALLOON_MIB_USER_H
#define XENBALLOON_MIB_USER_H

#include <stdbool.h>

#include "config.h"

/*
 * Files of snmp.persistent_directory that hold what is added until an agent has taken it over: keys
 * for any agent, rights for one that runs, as its next start finds them in snmp.config. Who changes
 * one of them holds the folder (file_lock()).
 */
#define MIB_USER_KEYS	"added-users.conf"
#define MIB_USER_RIGHTS "added-rights.conf"

/*
 * Adds a user who may read (ROLE_VIEWER) or also steer (ROLE_OPERATOR); asks for the pass phrases
 * on a terminal, else takes the first two lines of standard input. 0, or a negative errno with a
 * sentence on standard error, and then all is as it was.
 */
int mib_user_add(const struct config *config, const char *name, enum control_role role);

#endif
