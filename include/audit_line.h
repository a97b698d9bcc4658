/* SPDX-License-Identifier: MIT */
/*
 * How a decision is written down; see audit.h for what a line holds. Used by control/ alone.
 */
#ifndef XENBALLOON_AUDIT_LINE_H
#define XENBALLOON_AUDIT_LINE_H

#include "control.h"

/* The line with its newline, to be given to free(); NULL: out of memory. */
char *audit_line(const struct control_request *request, const struct control_answer *answer,
		 size_t *len);

/* A line that stands for lines that could not be written. */
char *audit_line_of_gap(uint64_t lost, size_t *len);

#endif
