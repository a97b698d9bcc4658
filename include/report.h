/* SPDX-License-Identifier: MIT */
/*
 * What the daemon tells dom0, and when. Pure.
 */
#ifndef XENBALLOON_REPORT_H
#define XENBALLOON_REPORT_H

#include "contract.h"

/* A guest that says nothing for longer than this looks dead. */
#define REPORT_LIFE_MS 30000

/* Between two reports that nobody asked for. */
#define REPORT_PAUSE_MS 1000

struct report {
	uint32_t orders; /* serial of the orders it was made under, see board.h */
	bool sizeless;	 /* there is no balloon driver: the two that follow are not known */
	uint64_t actual_kib;
	uint64_t minimum_kib;
	struct reading selftarget_kib; /* absent while selfballoon is 0 */
	struct stats stats;	       /* seq is set when it is posted */
};

/*
 * True if `latest` should be posted, given the last one posted since_ms ago: at once when dom0 gave
 * new orders, when a size changed by 1 % or more, when the balloon driver begins or ceases to obey,
 * when another policy is in force,
 * or as a sign of life.
 */
bool report_due(const struct report *posted, const struct report *latest, int64_t since_ms);

#endif
