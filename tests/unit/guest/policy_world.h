/* SPDX-License-Identifier: MIT */
/*
 * A guest and settings that the tests of policies and floors start from.
 */
#ifndef XENBALLOON_POLICY_WORLD_H
#define XENBALLOON_POLICY_WORLD_H

#include "policy.h"

#define MIB(n) ((uint64_t)(n) * 1024)

static const struct policy_knobs standard = {
	.floor_rule = FLOOR_2011,
	.reserve_percent = 10,
	.hysteresis_down = 8,
	.hysteresis_up = 1,
	.pressure_ms = 10,
	.refault_kib = 2048,
	.probe_percent = 5,
	.backoff_percent = 100,
	.headroom_percent = 5,
	.interval_s = 5,
};

/* A 512 MiB guest, large and idle. */
static struct view idle(void)
{
	return (struct view){
		.current_kib = MIB(512),
		.max_kib = MIB(512),
		.gap_kib = MIB(56),
		.committed_kib = MIB(40),
		.available_kib = MIB(400),
		.reserve_kib = MIB(8),
	};
}

static struct policy_knobs with_floor(enum floor_rule rule, uint64_t floor_kib)
{
	struct policy_knobs knobs = standard;

	knobs.floor_rule = rule;
	knobs.floor_kib = floor_kib;
	return knobs;
}

#endif
