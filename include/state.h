/* SPDX-License-Identifier: MIT */
/*
 * Why a domain has the size it has: one state and one sentence from its readings. Pure.
 */
#ifndef XENBALLOON_STATE_H
#define XENBALLOON_STATE_H

#include "snapshot.h"

/* Sizes closer than this count as equal, KiB: the balloon moves whole pages and Xen keeps some. */
#define STATE_TOLERANCE_KIB 1024

/* What the collector remembers of a domain between two looks; zeroed for a new domain. */
struct state_memory {
	uint64_t distance_kib; /* to the goal, when last nearer than ever */
	uint64_t goal_kib;
	int64_t progress_ms;  /* when that was */
	struct state_report { /* the last one, with what the hypervisor said then */
		uint64_t at, actual_kib, allocated_kib;
	} report;
};

/*
 * What a guest says may not explain away more than its video memory and this much: it could hide
 * that it ignores its target.
 */
#define STATE_OVERHEAD_MAX_KIB (32 * 1024)

/* What a domain holds, on the scale of its target: the one place that relates the two. */
uint64_t state_held_kib(const struct domain *domain);

/* The target from before selfballooning: as kept, or, while it is on, the one that still stands. */
struct reading state_former_kib(const struct domain *domain);

/*
 * Sets domain->state, ->reason and ->overhead_kib from its readings, the host's free memory, since
 * when xenstored answers, and the past: domain->state is the one judged before. Sets what the guest
 * could free and lacks, too.
 */
void state_judge(struct domain *domain, const struct snapshot *snapshot,
		 struct state_memory *memory, int64_t now_ms);

/*
 * Sets the host's sums over guests: HOST_DOMAINS and all that follow it. To be called when all
 * domains are judged: what a guest wants that can't change its size is in no sum.
 */
void state_sum(struct snapshot *snapshot);

#endif
