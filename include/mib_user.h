/* SPDX-License-Identifier: MIT */
/*
 * `xenballoon-agent snmp-user add`: a SNMPv3 user without editing files by hand.
 */
#ifndef XENBALLOON_MIB_USER_H
#define XENBALLOON_MIB_USER_H

#include <stdbool.h>

#include "config.h"

/* What is added is in this file of snmp.persistent_directory until the agent starts next. */
#define MIB_USER_FILE "added-users.conf"

/*
 * Adds a user who may read (ROLE_VIEWER) or also steer (ROLE_OPERATOR); asks for the pass phrases
 * on a terminal, else takes the first two lines of standard input. 0, or a negative errno with a
 * sentence on standard error, and then nothing has been written.
 */
int mib_user_add(const struct config *config, const char *name, enum control_role role);

#endif
