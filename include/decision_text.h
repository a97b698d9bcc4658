/* SPDX-License-Identifier: MIT */
/*
 * The text in which a decision is kept on disk, and back. Pure.
 */
#ifndef XENBALLOON_DECISION_TEXT_H
#define XENBALLOON_DECISION_TEXT_H

#include "decision.h"

/* For the caller to free; NULL: no memory. boot is the host's boot in which its domid means
 * something. */
char *decision_encode(const struct decision *decision, const char *boot);

/*
 * False: this is no decision's text, and *decision is all absent. *current: it was written in this
 * boot of the host; of another one, domid and changing read as absent.
 */
bool decision_decode(const char *text, size_t len, const char *uuid, const char *boot,
		     struct decision *decision, bool *current);

#endif
