/* SPDX-License-Identifier: MIT */
/*
 * Putting back what was there before; see control_restore() and control_revert() in control.h. Used
 * by control/ alone; collector thread.
 */
#ifndef XENBALLOON_RESTORE_H
#define XENBALLOON_RESTORE_H

#include "control.h"

/* Puts back what is valid of these, all or none. 0 or a negative errno; -ESTALE: domain gone. */
int restore_undone(struct store *store, struct hypervisor *hypervisor,
		   const struct control_undo *undo, size_t count);

/*
 * The same where the disk takes nothing: what was saved of them and not flushed is dropped, so that
 * their decisions are again those on disk.
 */
int restore_unkept(struct store *store, struct hypervisor *hypervisor,
		   const struct control_undo *undo, size_t count);

#endif
