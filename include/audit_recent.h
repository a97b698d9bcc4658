/* SPDX-License-Identifier: MIT */
/*
 * The latest audit lines, in memory, for who asks over HTTP. Any thread.
 */
#ifndef XENBALLOON_AUDIT_RECENT_H
#define XENBALLOON_AUDIT_RECENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control.h"
#include "text.h"

/* So many are kept; who asks too rarely misses the older ones. */
#define AUDIT_RECENT_KEPT 1024

/* Keeps one line, as audit_write() formed it; its serial is one more than that of the last. */
void audit_recent_put(const struct control_request *request, const struct control_answer *answer,
		      const char *line, size_t len);

/* The serial of the last line; 0: there was none since the agent started. */
uint64_t audit_recent_last(void);

/* Whom a decision concerns. */
struct audit_subject {
	uint32_t domid; /* 0: no guest */
	char name[SNAPSHOT_NAME_MAX + 1];
	char uuid[SNAPSHOT_UUID_SIZE];
};

/*
 * Who may see a decision, by whatever way: operators, and those bound to some guests the decisions
 * about these.
 */
bool audit_may_see(const struct principal *who, const struct audit_subject *about);

/*
 * Appends the next line after *serial as a JSON object, `serial` before its other members, and
 * steps *serial. False: there is none. Lines that are no longer kept are passed over.
 */
bool audit_recent_next(uint64_t *serial, struct text *text, struct audit_subject *about);

/* Which lines are wanted; what is left empty does not matter. */
struct audit_filter {
	const struct principal *who; /* who asks, see audit_may_see(); NULL: one who may see all */
	const char *action;	     /* "selfballoon" or "target" */
	const char *result;	     /* as in control_results[] */
	const char *principal;	     /* whole name */
	const char *dry_run;	     /* "true" or "false" */
	const char *domain; /* as in naming.h, a pattern of names, or what none was found by */
};

/*
 * Appends at most limit lines with a serial below `before`, newest first, with commas between, and
 * returns the serial below which there are more; 0: there are none.
 */
uint64_t audit_recent_find(const struct audit_filter *filter, uint64_t before, size_t limit,
			   struct text *text);

#endif
