/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What a guest should be, from what it sees: pure functions, one table of policies, and the rules
 * that no policy can override. Shared by the daemon and the kernel module, so it needs nothing but
 * the standard integer types. All sizes are KiB; those called target terms count as the balloon
 * driver does (current_kb, target_kb), which is MemTotal plus what stays with the kernel.
 */
#ifndef XENBALLOON_POLICY_H
#define XENBALLOON_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Targets are whole pages of this size. */
#define POLICY_PAGE_KIB 4

/* What the guest sees at one moment. */
struct view {
	uint64_t current_kib;	/* what the balloon driver holds; target terms */
	uint64_t max_kib;	/* what the guest booted for; target terms */
	uint64_t gap_kib;	/* current_kib less MemTotal */
	uint64_t committed_kib; /* Committed_AS */
	uint64_t available_kib; /* MemAvailable */
	uint64_t reserve_kib;	/* what the kernel keeps for itself, its totalreserve_pages */
	unsigned int psi;	/* memory pressure, "some avg10", hundredths of a percent */
};

/*
 * What Linux itself needs of MemTotal: a Debian kernel with nothing but a shell lived with 36 MiB
 * and panicked below 32. The gap comes on top: the two old rules know nothing of kernels that keep
 * as much for themselves as today's do.
 */
#define POLICY_BOTTOM_KIB      (36 * 1024) /* no floor is lower */
#define POLICY_BOTTOM_2011_KIB (48 * 1024) /* the standard floor is not lower */

/*
 * The floor: a piecewise linear function of the guest's full size, or a number; in target terms.
 * A guest below its floor grows to it; with 2008 it stays, unless it is below the bottom.
 */
enum floor_rule {
	FLOOR_2011, /* Linux 3.1 to 5.2, selfballooning */
	FLOOR_2008, /* the first patch's minimum_target() */
	FLOOR_FIXED
};

struct policy_knobs {
	enum floor_rule floor_rule;
	uint64_t floor_kib;	      /* for FLOOR_FIXED */
	unsigned int reserve_percent; /* of full size, kept beyond what is committed */
	unsigned int hysteresis_down; /* each step goes 1/n of the way; at least 1 */
	unsigned int hysteresis_up;
};

/* All three in target terms. */
struct decision {
	uint64_t goal_kib;   /* where it would end */
	uint64_t target_kib; /* the next step there */
	uint64_t floor_kib;  /* never below */
};

struct policy {
	const char *name; /* as in the configuration and in the stats line */
	const char *help;
	/* Sets goal and target; floor_kib is set before, but need not be heeded. */
	void (*decide)(const struct view *view, const struct policy_knobs *knobs,
		       struct decision *decision);
};

extern const struct policy policies[];
extern const size_t policy_count;

/* The policy called `name`; NULL if there is none. */
const struct policy *policy_find(const char *name);

/* The floor in target terms, whole pages, never above max_kib. */
uint64_t policy_floor_kib(const struct view *view, const struct policy_knobs *knobs);

/*
 * Asks a policy and applies what none can override: never below the floor, never above max_kib,
 * never a step down by more than half of MemAvailable. Results are whole pages.
 */
void policy_decide(const struct policy *policy, const struct policy_knobs *knobs,
		   const struct view *view, struct decision *decision);

/*
 * The target to hold from now on, given the one held so far (0: none). Steps down are taken when
 * due only; need is followed at once, and a shrink under way is cut short when it grows too deep.
 */
uint64_t policy_pace(const struct decision *decision, const struct view *view, uint64_t held_kib,
		     bool due);

/* How far one step may go towards a lower size that dom0 asks for, by the rules above. */
uint64_t policy_lowered(const struct decision *decision, const struct view *view, uint64_t to_kib);

/* Policies, one per file. */
void policy_committed(const struct view *view, const struct policy_knobs *knobs,
		      struct decision *decision);

#endif
