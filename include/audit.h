/* SPDX-License-Identifier: MIT */
/*
 * One JSON line per decision, allowed or refused: who, from where, what, before, after, result. Any
 * thread.
 */
#ifndef XENBALLOON_AUDIT_H
#define XENBALLOON_AUDIT_H

#include "control.h"

/*
 * Opens the file for appending (0640); path "-" is standard error, "" no file. Called again, it
 * goes over to the new file, or on failure keeps the old one. 0 or a negative errno.
 */
int audit_open(const char *path);
void audit_close(void);

/* Whether lines go to systemd's journal too, and whether audit_sync() has anything to do. */
void audit_set(bool journal, bool sync);

/*
 * Writes one line, whole, before it returns. 0 or a negative errno (logged once until a line goes
 * through again, which then follows one that says how many are missing). Fields, in the order of
 * their names:
 *	action address after before detail domid dry_run force interface limit name principal
 *	requested restore result role subject time uuid warning
 * requested, before and after are KiB for a target and true or false for selfballoon, words for a
 * policy; what is not known, or no policy, is null. Bytes of a name that are no UTF-8 are shown as
 * \xNN.
 */
int audit_write(const struct control_request *request, const struct control_answer *answer);

/* The serial of the latest line, from 1. */
uint64_t audit_latest(void);

/*
 * Has that line and all before it on disk before it returns. 0 or a negative errno: then it counts
 * as lost, and no line is taken for written before one that says so is on disk.
 */
int audit_sync(uint64_t line);

/*
 * Before a change: can so many lines be written? After a failure it tries; where the file system
 * can promise room, it is taken. 0 or a negative errno.
 */
int audit_try(size_t lines);

/* Why the last line could not be written or had on disk, a negative errno; 0: it could. */
int audit_failing(void);

/* Lines written so far, for control_audit_entries_total; and lines that could not be. */
uint64_t audit_count(void);
uint64_t audit_lost(void);

#endif
