/* SPDX-License-Identifier: MIT */
/*
 * What one look at a host found: a line each, with what to do about it.
 */
#ifndef XENBALLOON_CLI_DOCTOR_H
#define XENBALLOON_CLI_DOCTOR_H

#include <stddef.h>

#include "cli_guests.h"

enum finding { FINDING_OK, FINDING_WARN, FINDING_FAIL, FINDING_COUNT };

struct doctor {
	const struct cli *cli;
	char *settings; /* of this host's agent; NULL: not known, or another host is asked */
	struct guests guests;
	const char *check; /* that is being made */
	size_t found[FINDING_COUNT];
};

/* One line: what was found; after it, for what is not OK, what to do. Both escaped. */
void doctor_say(struct doctor *doctor, enum finding finding, const char *todo, const char *format,
		...) __attribute__((format(printf, 4, 5)));

/* Checks of this host itself, which need its files and programs. */
void doctor_owners(struct doctor *doctor);
void doctor_keys(struct doctor *doctor);
void doctor_snmp(struct doctor *doctor);
void doctor_principals(struct doctor *doctor);
void doctor_audit(struct doctor *doctor);

#endif
