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

/* How Linux decides whether a process may reserve memory: /proc/sys/vm/overcommit_*. */
struct overcommit {
	unsigned int memory; /* 0: refuses what is beyond all memory; 1: nothing; 2: counts */
	unsigned int ratio;  /* percent of MemTotal less hugetlb that may be reserved in mode 2 */
	bool fixed;	     /* overcommit_kbytes says so instead, whatever MemTotal is */
};

/* What the guest sees at one moment. */
struct view {
	uint64_t current_kib;	/* what the balloon driver holds; target terms */
	uint64_t max_kib;	/* what the guest booted for; target terms */
	uint64_t gap_kib;	/* current_kib less MemTotal */
	uint64_t committed_kib; /* Committed_AS */
	uint64_t available_kib; /* MemAvailable */
	uint64_t reserve_kib;	/* what the kernel keeps for itself, its totalreserve_pages */
	unsigned int page_kib;	/* the kernel's page; 0: 4 */
	uint64_t free_kib;	/* MemFree */
	uint64_t hugetlb_kib;	/* in hugetlb pools of all sizes, used or not */
	uint64_t swap_kib;	/* SwapTotal */
	struct overcommit overcommit;
	/* Since measuring began anew, which is at each step; 0 where a kernel doesn't say. */
	uint64_t stall_us;  /* time in which some task waited for memory (PSI, "some") */
	uint64_t hurt_kib;  /* needed again after reclaim for the whole guest had evicted it */
	uint64_t steal_kib; /* evicted by such reclaim */
	uint64_t stalls;    /* allocations that had to reclaim before they went on */
	/* Since the last look: */
	uint64_t rising_kib;   /* newly taken, or reserved to be taken */
	uint64_t taken_kib;    /* newly taken */
	uint64_t hurt_now_kib; /* as hurt_kib */
	uint64_t burst_kib;    /* the fastest rise of the last hours, in half a second */
	uint64_t hot_kib;      /* available, but believed to be a cache in use: struct workingset */
	int64_t now_ms;
	unsigned int holds; /* of enum hold */
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

/* A knob that the configuration doesn't name: each policy has a value of its own. */
#define POLICY_UNSET UINT32_MAX

struct policy_knobs {
	enum floor_rule floor_rule;
	uint64_t floor_kib;	      /* for FLOOR_FIXED */
	unsigned int reserve_percent; /* of full size, kept beyond what is committed */
	unsigned int hysteresis_down; /* each step goes 1/n of the way; at least 1 */
	unsigned int hysteresis_up;

	/*
	 * The set point, and how `pressure` moves about it. The set point is that of Meta's Senpai,
	 * which probes by at most 1 % of a control group every 6 s.
	 */
	unsigned int pressure_ms;      /* of waiting between two steps; at least 1 */
	unsigned int refault_kib;      /* of hurt between two steps */
	unsigned int probe_percent;    /* the largest step down, of current size; or POLICY_UNSET */
	unsigned int backoff_percent;  /* the largest step up that pressure alone causes */
	unsigned int headroom_percent; /* of full size, kept available; or POLICY_UNSET */
	unsigned int headroom_mib;     /* kept available at least; or POLICY_UNSET */
	unsigned int interval_s;       /* between steps down */

	/* Room for reservations that Linux would refuse a smaller guest. */
	unsigned int single_allocation_percent; /* of full size, in one piece */
	unsigned int commit_headroom_percent;	/* of Committed_AS, on top of it, in mode 2 */

	/* How `workingset` rests and what its probes may cost. */
	unsigned int rest_s, rest_max_s; /* after an episode of pressure, doubled with each */
	unsigned int gain_percent;	 /* of full size: a smaller step isn't worth it */
	unsigned int reread_percent;	 /* of full size an hour, read again because of probes */
};

/* All in target terms. */
struct decision {
	const struct policy *policy;
	uint64_t goal_kib;    /* where it would end */
	uint64_t target_kib;  /* the next step there */
	uint64_t floor_kib;   /* never below: minimum, and what is in use with its headroom */
	uint64_t minimum_kib; /* the part of it that doesn't move with what is in use */
};

/* What `workingset` has learnt of the guest. Zeroed: nothing yet. */
struct workingset {
	uint64_t hot_kib;	/* available memory that is believed to be a cache in use */
	uint64_t used_hurt_kib; /* in use when pressure last came; 0: the load has changed since */
	uint64_t debt_bytes;	/* read again because of probes, less the budget since */
	unsigned int step;	/* of a probe, in 1/1000 % of size; 0: none yet */
	bool hurt;		/* there has been pressure: episode_ms is when it last was */
	int64_t episode_ms;
	int64_t rest_ms;       /* how long the next rest is */
	int64_t rest_until_ms; /* no probe before */
	int64_t look_ms;       /* the last look */
};

/* What is kept from step to step. Zeroed: nothing is held. */
struct pace {
	uint64_t held_kib;   /* the target held; 0: none */
	uint64_t before_kib; /* what was held before the last step down; 0: nothing to undo */
	unsigned int rest;   /* steps down that are left out, for pressure rose */
	struct workingset workingset;
};

/*
 * What is being taken between two looks will go on while the balloon is still at work for this one:
 * so many times as much is wanted on top, whatever the policy, but no more than this part of full
 * size. Less than POLICY_RISE_KIB between two looks is the noise of a quiet guest.
 */
#define POLICY_RISE_KIB	  1024
#define POLICY_AHEAD	  4
#define POLICY_AHEAD_PART 8

/* Under pressure a guest grows by this at least, of its size. */
#define POLICY_RELIEF_PERCENT 3

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
	/* Sets goal and target; the floors are set before, but need not be heeded. */
	void (*decide)(const struct view *view, const struct policy_knobs *knobs,
		       struct decision *decision);
	/* Stands in for the steps of policy_pace(), whose contract it keeps; NULL: none. */
	bool (*pace)(struct pace *pace, const struct decision *decision, const struct view *view,
		     const struct policy_knobs *knobs, bool due);
	unsigned int headroom_percent; /* where the configuration names none */
	unsigned int headroom_mib;     /* likewise */
};

extern const struct policy *const policies[];
extern const size_t policy_count;

/* The policy called `name`; NULL if there is none. */
const struct policy *policy_find(const char *name);

#define POLICY_FLOORS 4

/* The floors that don't move with what is in use, one by one, in target terms; 0: none. */
void policy_floors(const struct view *view, const struct policy_knobs *knobs,
		   struct term floors[POLICY_FLOORS]);

/* The highest of them: whole pages, never above max_kib. */
uint64_t policy_minimum_kib(const struct view *view, const struct policy_knobs *knobs);

/* What the guest uses, in target terms: its size less MemAvailable. */
uint64_t policy_used_kib(const struct view *view);

/*
 * What is kept available beside what is in use: a share, a least, and where there is a least, the
 * fastest rise of late.
 */
uint64_t policy_least_headroom_kib(const struct policy *policy, const struct policy_knobs *knobs);
uint64_t policy_headroom_kib(const struct policy *policy, const struct view *view,
			     const struct policy_knobs *knobs);

/* The floor in target terms: the minimum, and what is in use with so much headroom. */
uint64_t policy_floor_kib(const struct view *view, const struct policy_knobs *knobs,
			  uint64_t headroom_kib);

/*
 * True if the whole guest is short of memory beyond the set point: its tasks waited, or needed
 * again what was evicted, while reclaim went on that is no control group's own.
 */
bool policy_pressed(const struct view *view, const struct policy_knobs *knobs);

/*
 * Asks a policy and applies what none can override: ahead of what is being taken, never below what
 * is in use and its headroom, nor below the minimum; never above max_kib; never a step down by more
 * than half of MemAvailable, none while there is a reason to hold, and growth under pressure,
 * wherever the policy's goal is. Results are whole pages.
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

/* A target that is held, between steps: what the guest turns out to need, and what it can spare
 * now. */
uint64_t policy_kept_kib(const struct decision *decision, const struct view *view,
			 uint64_t held_kib);

/*
 * How far one step may go towards a lower size that dom0 asks for, by the rules above; the least
 * headroom must do.
 */
uint64_t policy_lowered(const struct policy *policy, const struct view *view,
			const struct policy_knobs *knobs, uint64_t to_kib);

/* Where pressure takes a guest at least: 3 % more, or as much as it lacked, up to half as much
 * again. */
uint64_t policy_relief_kib(const struct view *view);

/* The sum of a policy's terms. */
uint64_t policy_sum_kib(const struct policy *policy, const struct view *view,
			const struct policy_knobs *knobs);

/* Policies, one per file. */
extern const struct policy policy_committed, policy_pressure, policy_workingset;

#endif
