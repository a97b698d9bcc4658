/* SPDX-License-Identifier: MIT */
/*
 * Linux's Xen balloon driver, played: drivers/xen/balloon.c of Linux 5.10 to 6.12. It walks from
 * what the guest has to its target, as fast as pages move, and tries again ever less often when the
 * hypervisor or the guest refuses. All of it is the driver's own account (current_kb), without what
 * a PVH or HVM guest's driver doesn't count.
 */
#ifndef XENBED_BALLOON_H
#define XENBED_BALLOON_H

#include <stdbool.h>
#include <stdint.h>

struct kernel;
struct state_map;

enum balloon_state {
	BALLOON_DONE,
	BALLOON_AGAIN,
	BALLOON_WAIT,	  /* for memory that it plugged to be put online */
	BALLOON_CANCELED, /* gave up, for an hour or until the distance changes */
};

struct balloon {
	int domid;
	uint64_t page_kib;
	uint64_t current_kib;
	uint64_t target_kib;
	uint64_t pages_kib; /* all that it can have: current and ballooned */
	uint64_t total_kib; /* the same with plugged sections, which stay offline */
	enum balloon_state state;
	uint32_t schedule_delay; /* seconds */
	uint32_t max_schedule_delay;
	uint32_t retry_count;
	uint32_t max_retry_count;
	int64_t waited_credit_kib; /* the distance when it last went to sleep */
	int64_t due_ms;
	uint64_t refusals;
	uint32_t hotplugs;
};

/* pages_kib: all pages of the guest that the driver counts. */
void balloon_boot(struct balloon *balloon, int domid, uint64_t current_kib, uint64_t pages_kib,
		  uint64_t page_kib);
/* dom0's key or a process named a target. That wakes the driver only if the distance is new. */
void balloon_set_target(struct balloon *balloon, uint64_t kib);
/* Lets dt_ms pass. True if the guest's size changed; the kernel knows of it then. */
bool balloon_step(struct balloon *balloon, struct state_map *state, struct kernel *kernel,
		  int64_t now_ms, int64_t dt_ms);

#endif
