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

/* Targets are whole pages: of this size where a view doesn't say. */
#define POLICY_PAGE_KIB 4

/* What the guest sees at one moment. */
struct view {
	uint64_t current_kib;	/* what the balloon driver holds; target terms */
	uint64_t max_kib;	/* what the guest booted for; target terms */
	uint64_t gap_kib;	/* current_kib less MemTotal */
	uint64_t committed_kib; /* Committed_AS */
	uint64_t available_kib; /* MemAvailable */
	uint64_t reserve_kib;	/* what the kernel keeps for itself, its totalreserve_pages */
	/* Since measuring began anew, which is at each step; 0 where a kernel doesn't say. */
	uint64_t stall_us;    /* time in which some task waited for memory (PSI, "some") */
	uint64_t refault_kib; /* read again soon after it was dropped (workingset_refault) */
	/* Since the last look: */
	uint64_t rising_kib;   /* newly taken, or reserved to be taken */
	uint64_t taken_kib;    /* newly taken */
	unsigned int holds;    /* of enum hold */
	unsigned int page_kib; /* the kernel's; 0: POLICY_PAGE_KIB */
};

/* Why the guest must not shrink now, whatever its policy says. */
enum hold {
	HOLD_BOOT = 1,	  /* it has just booted */
	HOLD_LEAVING = 2, /* it shuts down, suspends, or has just been restored */
	HOLD_SWAPIN = 4,  /* swap is being read: what it has is too little already */
};

/* So long it doesn't shrink after boot, and after being told to leave. */
#define POLICY_BOOT_MS	  60000
#define POLICY_LEAVING_MS 60000

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

	/*
	 * The set point, and how `pressure` moves about it. Set point and curves are those of
	 * Meta's Senpai, which probes by 1 % of a control group every 6 s.
	 */
	unsigned int pressure_ms;      /* of waiting between two steps; at least 1 */
	unsigned int refault_kib;      /* of refaults between two steps */
	unsigned int probe_percent;    /* the largest step down, of current size */
	unsigned int backoff_percent;  /* the largest step up that pressure alone causes */
	unsigned int headroom_percent; /* of full size, kept available */
};

/* All three in target terms. */
struct decision {
	uint64_t goal_kib;   /* where it would end */
	uint64_t target_kib; /* the next step there */
	uint64_t floor_kib;  /* never below */
};

/* What is kept from step to step. Zeroed: nothing is held. */
struct pace {
	uint64_t held_kib;   /* the target held; 0: none */
	uint64_t before_kib; /* what was held before the last step down; 0: nothing to undo */
	unsigned int rest;   /* steps down that are left out, for pressure rose */
};

/*
 * What is being taken between two looks will go on while the balloon is still at work for this one:
 * so many times as much is wanted on top, whatever the policy, but no more than this part of full
 * size. Less than POLICY_RISE_KIB between two looks is the noise of a quiet guest.
 */
#define POLICY_RISE_KIB	  1024
#define POLICY_AHEAD	  4
#define POLICY_AHEAD_PART 8

/* After a rise in pressure so many steps down are left out. */
#define POLICY_REST 6

/* What a goal is the sum of, for people. */
struct term {
	const char *what;
	uint64_t kib;
};

#define POLICY_TERMS 4

struct policy {
	const char *name; /* as in the configuration and in the stats line */
	const char *help;
	/* The goal's terms; unused ones stay zero. Without pressure the goal is their sum. */
	void (*terms)(const struct view *view, const struct policy_knobs *knobs,
		      struct term terms[POLICY_TERMS]);
	/* Sets goal and target; floor_kib is set before, but need not be heeded. */
	void (*decide)(const struct view *view, const struct policy_knobs *knobs,
		       struct decision *decision);
};

extern const struct policy *const policies[];
extern const size_t policy_count;

/* The policy called `name`; NULL if there is none. */
const struct policy *policy_find(const char *name);

/* The floor in target terms, whole pages, never above max_kib. */
uint64_t policy_floor_kib(const struct view *view, const struct policy_knobs *knobs);

/* True if the guest waits for memory, or reads again what it dropped, beyond the set point. */
bool policy_pressed(const struct view *view, const struct policy_knobs *knobs);

/*
 * Asks a policy and applies what none can override: ahead of what is being taken, never below the
 * floor, never above max_kib, never a step down by more than half of MemAvailable, and none at all
 * while there is a reason to hold, or pressure. Results are whole pages.
 */
void policy_decide(const struct policy *policy, const struct policy_knobs *knobs,
		   const struct view *view, struct decision *decision);

/*
 * Moves the target that is held, which at first is the size that it has, or more if it needs more.
 * Steps down are taken when due only; need is followed at once, and
 * a shrink under way is cut short when it grows too deep. Pressure undoes the last step down before
 * anything else. True if a step was taken, so that measuring begins anew.
 */
bool policy_pace(struct pace *pace, const struct decision *decision, const struct view *view,
		 const struct policy_knobs *knobs, bool due);

/* How far one step may go towards a lower size that dom0 asks for, by the rules above. */
uint64_t policy_lowered(const struct decision *decision, const struct view *view, uint64_t to_kib);

/* The sum of a policy's terms. */
uint64_t policy_sum_kib(const struct policy *policy, const struct view *view,
			const struct policy_knobs *knobs);

/* Policies, one per file. */
extern const struct policy policy_committed, policy_pressure;

#endif
