// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * What daemon and module share is the same source, not a copy: the policies, the demand on the
 * balloon driver, the xenstore contract, and when a report is due.
 */
#include "../contract.c"
#include "../demand.c"
#include "../kib.c"
#include "../policy.c"
#include "../policy_committed.c"
#include "../policy_floor.c"
#include "../policy_pressure.c"
#include "../policy_workingset.c"
#include "../report.c"
