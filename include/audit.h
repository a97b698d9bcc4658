/* SPDX-License-Identifier: MIT */
/*
 * One JSON line per decision, allowed or refused: who, from where, what, before, after, result.
 */
#ifndef XENBALLOON_AUDIT_H
#define XENBALLOON_AUDIT_H

#include "control.h"

/* Opens the file for appending (0640); path "-" is standard error. 0 or a negative errno. */
int audit_open(const char *path);
void audit_close(void);

/* Writes one line, whole, before it returns. Any thread. 0 or a negative errno (logged once). */
int audit_write(const struct control_request *request, const struct control_answer *answer);

/* Lines written so far, for control_audit_entries_total. */
uint64_t audit_count(void);

#endif
