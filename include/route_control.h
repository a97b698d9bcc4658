/* SPDX-License-Identifier: MIT */
/*
 * What the handlers of one guest and of many have in common.
 */
#ifndef XENBALLOON_ROUTE_CONTROL_H
#define XENBALLOON_ROUTE_CONTROL_H

#include "json.h"
#include "route.h"

/* Reads the body, in whatever of the two ways it came. */
bool route_body(const struct exchange *exchange, enum json_kind kind, struct json_change *change,
		char *error, size_t size);

/* Answers 400 to a body that makes no sense; audited. */
void route_malformed(struct exchange *exchange, struct reply *reply, const char *detail);

/* How long a change may wait for the store, as configured. */
int route_timeout_ms(void);

/* Whether a request did, or would do, what it asked for. */
bool route_succeeded(enum control_result result);

#endif
