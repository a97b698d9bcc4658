/* SPDX-License-Identifier: MIT */
/*
 * What VM-MIB (RFC 7666) calls the things that the agent knows of a domain; its tree is
 * mib_tree_vm().
 */
#ifndef XENBALLOON_MIB_VM_H
#define XENBALLOON_MIB_VM_H

#include "snapshot.h"

/* Columns of vmEntry that notifications carry. */
enum { MIB_VM_NAME = 2, MIB_VM_UUID = 3, MIB_VM_OPER_STATE = 6, MIB_VM_PERSISTENT = 8 };

/* VirtualMachineOperState, as far as Xen knows the difference. */
enum mib_oper_state {
	OPER_RUNNING = 4,
	OPER_SUSPENDED = 6,
	OPER_PAUSED = 8,
	OPER_SHUTTING_DOWN = 10,
	OPER_SHUTDOWN = 11,
	OPER_CRASHED = 12
};

enum mib_oper_state mib_oper_state(enum domain_run run);

#endif
