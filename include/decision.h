/* SPDX-License-Identifier: MIT */
/*
 * What dom0 decided for a domain, kept by UUID in the state directory, so that it outlives domids,
 * reboots and the agent. Also the write-ahead note of a change under way. Collector thread only.
 *
 * Files are replaced by rename and not synced: the store and the domains don't outlive the host,
 * and a decision of the last seconds before a power cut may be lost, a whole older one never.
 */
#ifndef XENBALLOON_DECISION_H
#define XENBALLOON_DECISION_H

#include "control.h"

struct decision {
	struct control_decided decided;
	uint32_t domid;		      /* where it is in force; 0: nowhere since the host booted */
	struct control_undo changing; /* valid: a change was begun and its end not noted */
};

/* Opens (creates, 0700) the directory. 0 or a negative errno. */
int decision_open(const char *directory);
void decision_close(void);

/*
 * Reads what is kept for this UUID; all absent when nothing is, and on failure. -EINVAL: no UUID in
 * its canonical form, or a damaged file; -EBADF: not open. What belonged to an earlier boot of the
 * host (domid, changing) reads as absent.
 */
int decision_load(const char *uuid, struct decision *decision);

/* Replaces it atomically; one that says nothing takes no file. */
int decision_save(const char *uuid, const struct decision *decision);

#endif
