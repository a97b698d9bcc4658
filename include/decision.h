/* SPDX-License-Identifier: MIT */
/*
 * What dom0 decided for a domain, kept by UUID in the state directory, so that it outlives domids,
 * reboots and the agent. Also the write-ahead note of a change under way. Collector thread only.
 *
 * What was saved outlives the agent; once it has been flushed it outlives a power cut, too, and an
 * older one does until then.
 */
#ifndef XENBALLOON_DECISION_H
#define XENBALLOON_DECISION_H

#include "control.h"

struct decision {
	struct control_decided decided;
	uint32_t domid;		      /* where it is in force; 0: nowhere since the host booted */
	struct control_undo changing; /* valid: a change was begun and its end not noted */
};

/* How the name of a damaged one goes on, which is kept aside. */
#define DECISION_DAMAGED ".damaged"

/*
 * Opens (creates, 0700) the directory. What an agent that was killed had saved in this boot of the
 * host is saved, and still to be flushed. 0 or a negative errno.
 */
int decision_open(const char *directory);
void decision_close(void);

/*
 * Reads what is kept for this UUID; all absent when nothing is, and on failure. -EINVAL: no UUID in
 * its canonical form, or a damaged file, which has been put aside and logged: nothing is kept now.
 * -EBADF: not open. What belonged to an earlier boot of the host (domid, changing) reads as absent.
 */
int decision_load(const char *uuid, struct decision *decision);

/* How many damaged ones lie aside in the directory; removing their files is the operator's. Any
 * thread. */
unsigned int decision_damaged(void);

/* Replaces it, whole or not at all. 0 or a negative errno. */
int decision_save(const char *uuid, const struct decision *decision);

/* Takes back what was saved for this UUID since the last flush. 0 or a negative errno. */
int decision_drop(const char *uuid);

/*
 * Has all that was saved on disk, many at little more cost than one; one that says nothing takes no
 * file. 0 or a negative errno: then they are still to be flushed.
 */
int decision_flush(void);

#endif
