/* SPDX-License-Identifier: MIT */
/*
 * One JSON line per decision, allowed or refused: who, from where, what, before, after, result.
 */
#ifndef XENBALLOON_AUDIT_H
#define XENBALLOON_AUDIT_H

#include "control.h"

/*
 * Opens the file for appending (0640); path "-" is standard error. Called again, it goes over to
 * the new file, or on failure keeps the old one. 0 or a negative errno.
 */
int audit_open(const char *path);
void audit_close(void);

/*
 * Writes one line, whole, before it returns. Any thread. 0 or a negative errno (logged once until a
 * line goes through again). Fields, in the order of their names:
 *	action address after before detail domid dry_run force interface limit name principal
 *	requested result role subject time uuid warning
 * requested, before and after are KiB for a target and true or false for selfballoon; what is not
 * known is null. Bytes of a name that are no UTF-8 are shown as \xNN, and what is not ASCII as
 * JSON's \uNNNN, so that no terminal takes a caller's words for its own.
 */
int audit_write(const struct control_request *request, const struct control_answer *answer);

/* Lines written so far, for control_audit_entries_total; and lines that could not be. */
uint64_t audit_count(void);
uint64_t audit_lost(void);

#endif
