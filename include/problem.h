/* SPDX-License-Identifier: MIT */
/*
 * Errors over HTTP: RFC 9457 problem documents.
 */
#ifndef XENBALLOON_PROBLEM_H
#define XENBALLOON_PROBLEM_H

#include "control.h"
#include "route.h"

/* Where waiting helps, how long to wait before asking again. */
#define PROBLEM_RETRY_S 5

/* The reason phrase of a status, e.g. "Not Found". */
const char *problem_title(int status);

/* A problem of the request itself: what was wrong and what would be right, one sentence. */
void problem_reply(struct reply *reply, int status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * A request that was refused or failed: type, title, status and detail, then the members of the
 * answer, and which limit it was, what would pass and whether `force` would.
 */
void problem_answer(struct reply *reply, const struct control_request *request,
		    const struct control_answer *answer);

/* The members that problem_answer() adds for a limit; nothing where none was hit. */
void problem_limit(struct text *text, const struct control_answer *answer);

/* A refusal known by its result alone. */
void problem_result(struct reply *reply, enum control_result result, const char *detail);

/* Opens a document of a result's own type; members may follow, then json_put_close(). */
void problem_open(struct reply *reply, enum control_result result, int status, const char *detail);

#endif
