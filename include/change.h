/* SPDX-License-Identifier: MIT */
/*
 * The order in which domains are changed, all or none: note, raise caps, write, commit, lower caps,
 * settle; what was done is undone in reverse when a step fails. Used by control/ alone; collector
 * thread.
 */
#ifndef XENBALLOON_CHANGE_H
#define XENBALLOON_CHANGE_H

#include "plan.h"

struct change {
	struct store *store;
	struct hypervisor *hypervisor;
	/*
	 * Fills plans[] and count by plan_read() and what is to be; called inside the transaction,
	 * again after a conflict. A negative errno ends the change.
	 */
	int (*plan)(struct change *change, void *context);
	/* True when nobody waits any more; may be NULL. */
	bool (*expired)(void *context);
	void *context; /* of both */
	struct plan *plans;
	size_t count;
	bool unkept; /* nothing is written about it: the disk takes nothing */

	/* The change's own. */
	bool committed;
	size_t held; /* so many of the guests can't write their selfballoon now */
	bool stuck;  /* undoing failed: the notes stay, and control_restore() ends it */
};

/*
 * 0, or the negative errno of the step that failed, what it had done being undone: -ETIMEDOUT:
 * expired; -EAGAIN: other writers kept coming between; whatever plan() said. change->stuck: not all
 * could be undone.
 */
int change_run(struct change *change);

#endif
