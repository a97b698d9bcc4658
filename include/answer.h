/* SPDX-License-Identifier: MIT */
/*
 * How the parts of control/ fill an answer. Used there alone.
 */
#ifndef XENBALLOON_ANSWER_H
#define XENBALLOON_ANSWER_H

#include "control.h"

/*
 * Refuses: sets result, limit (a literal, may be NULL) and the sentence. Returns the result.
 * would_pass is for the caller to set.
 */
enum control_result answer_refuse(struct control_answer *answer, enum control_result result,
				  const char *limit, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* Refuses as RESULT_STALE. */
enum control_result answer_stale(struct control_answer *answer);

/* Nothing came of it: it is what it was. */
void answer_unchanged(struct control_answer *answer);

/* The sentence of an answer that refuses nothing. */
void answer_detail(struct control_answer *answer, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Adds a sentence to what the operator should know; one that doesn't fit is left out. */
void answer_warn(struct control_answer *answer, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* One of several failed: the others that had passed become RESULT_DEPENDENCY. */
void answer_abandon(struct control_answer *answers, size_t count);

#endif
