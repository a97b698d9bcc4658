/* SPDX-License-Identifier: MIT */
/*
 * What dom0 decided for a domain, kept by UUID in the state directory, so that it outlives domids,
 * reboots and the agent. Also the write-ahead note of a change under way. Collector thread only.
 */
#ifndef XENBALLOON_DECISION_H
#define XENBALLOON_DECISION_H

#include "control.h"

struct decision {
	struct reading selfballoon;   /* 0 or 1 as an operator said; absent: never decided */
	struct control_undo changing; /* valid: a change was begun and its end not noted */
};

/* Opens (creates, 0700) the directory. 0 or a negative errno. */
int decision_open(const char *directory);

/* Reads what is kept for this UUID; all absent when nothing is. -EINVAL: no UUID, or a damaged
 * file. */
int decision_load(const char *uuid, struct decision *decision);

/* Replaces it atomically. */
int decision_save(const char *uuid, const struct decision *decision);

#endif
