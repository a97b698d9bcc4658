/* SPDX-License-Identifier: MIT */
/*
 * What the rules of a check share: one request with what it is held against. Used by check.c and
 * limit.c alone.
 */
#ifndef XENBALLOON_CHECK_H
#define XENBALLOON_CHECK_H

#include "control.h"

/* One request with what it is held against. */
struct ask {
	const struct snapshot *snapshot;
	const struct control_limits *limits;
	const struct control_request *request;
	const struct domain *domain;
	bool selfballoon;	  /* as it will be when this request takes effect */
	uint64_t target_kib;	  /* that the limits are held against */
	uint64_t *spoken_for_kib; /* growth of the requests before it in the same call */
};

/* RESULT_OK, or a refusal that is written into *answer. */
typedef enum control_result rule(struct ask *ask, struct control_answer *answer);

/* Follows a list of rules that ends with NULL to the first that refuses. */
enum control_result check_follow(rule *const *list, struct ask *ask, struct control_answer *answer);

/* A reading's value; 0 where it is not known. */
uint64_t check_value(const struct domain *domain, enum domain_value value);
bool check_known(const struct domain *domain, enum domain_value value);

/* The guest's maximum is known: nothing can be judged without it. */
rule limit_known;

/* ask->target_kib is within the hard limits, and within the soft ones unless forced. */
rule limit_target;

/* A request that restores: the target from before selfballooning is within the same limits. */
rule limit_restored;

#endif
