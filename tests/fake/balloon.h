/* SPDX-License-Identifier: MIT */
/*
 * Linux's Xen balloon driver, played: it walks from what the guest has to its target, as fast as
 * pages move, and tries again ever less often when the hypervisor or the guest refuses.
 */
#ifndef XENBED_BALLOON_H
#define XENBED_BALLOON_H

#include <stdbool.h>
#include <stdint.h>

struct kernel;
struct state_map;

struct balloon {
	int domid;
	uint64_t current_kib;
	uint64_t target_kib;
	uint64_t static_max_kib;
	/* Pages of a PVH guest that its driver doesn't count (ROM holes and the like). */
	uint64_t uncounted_kib;
	uint32_t schedule_delay;
	uint32_t max_schedule_delay;
	uint32_t retry_count;
	uint32_t max_retry_count;
	int64_t next_try_ms;
	bool gave_up; /* until the target is written again */
	uint64_t refusals;
};

void balloon_boot(struct balloon *balloon, int domid, uint64_t allocated_kib,
		  uint64_t static_max_kib, bool pvh);
/* Somebody wrote the target, by dom0's key or by target_kb: even the same value wakes the driver.
 */
void balloon_set_target(struct balloon *balloon, uint64_t kib);
/* Lets dt_ms pass. True if the guest's size changed. */
bool balloon_step(struct balloon *balloon, struct state_map *state, const struct kernel *kernel,
		  int64_t now_ms, int64_t dt_ms);

#endif
