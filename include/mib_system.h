/* SPDX-License-Identifier: MIT */
/*
 * The system group beside XENBALLOON-MIB; its tree is mib_tree_system().
 */
#ifndef XENBALLOON_MIB_SYSTEM_H
#define XENBALLOON_MIB_SYSTEM_H

#include <stddef.h>

#include "mib_object.h"

/*
 * Makes sysObjectID the given root, and takes sysContact and sysLocation from the configuration
 * file that net-snmp is about to read.
 */
void mib_system_init(const unsigned long *root, size_t len);

#endif
