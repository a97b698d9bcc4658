/* SPDX-License-Identifier: MIT */
/*
 * Three kinds of page cache. The base follows what processes do, and part of it is in use; the hot
 * files are read again and again at the speed of their disk, so what is taken of them comes back; a
 * container at its limit only takes from itself. The base goes first, then the hot files.
 */
#include "kernel_cache.h"

#include "kernel.h"
#include "workload.h"

/* KiB per millisecond: of base cache that is missed, and of a container's files (seen on Linux). */
#define MISS_SPEED  8
#define GROUP_SPEED 500
/* The share of time that such a container's tasks were seen to wait. */
#define GROUP_STALL 0.086
/* The share of its time that a reader waits for pages that were in use, not merely for its disk. */
#define THRASH_STALL 0.8

static uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

static uint64_t base_in_use_kib(const struct kernel *kernel)
{
	return WORKLOAD_IDLE_KIB / 2 + kernel->demand_kib / 8;
}

/* Page cache can have all but what the kernel keeps free. */
static uint64_t room_kib(const struct kernel *kernel)
{
	uint64_t held = KERNEL_FIXED_KIB + kernel->anon_kib + kernel->hugetlb_kib +
			kernel->arc_kib + kernel->locked_kib;
	uint64_t spare = less(less(kernel->total_kib, held), KERNEL_RESERVE_KIB);

	return spare - spare / 8;
}

static uint64_t hot_room_kib(const struct kernel *kernel)
{
	uint64_t room = room_kib(kernel);

	return room - min_u64(room, base_in_use_kib(kernel));
}

/* Files that are no longer read go first, and leave no shadow that matters. */
static void evict_hot(struct kernel *kernel, uint64_t allowed)
{
	uint64_t out = less(kernel->cached_kib, allowed);
	uint64_t cold = less(kernel->cached_kib, kernel->hot_kib);

	kernel->cached_kib -= out;
	kernel->shadow_kib += less(out, cold);
	kernel->counters.kswapd += out;
}

void kernel_cache_settle(struct kernel *kernel)
{
	uint64_t goal = 16 * 1024 + kernel->demand_kib / 2 + kernel->group_kib;
	uint64_t reserve = kernel_totalreserve_kib(kernel->config.static_max_kib);
	uint64_t held = KERNEL_FIXED_KIB + kernel->anon_kib + kernel->hugetlb_kib +
			kernel->arc_kib + kernel->locked_kib;
	uint64_t base = kernel->base_kib, usable;

	evict_hot(kernel, hot_room_kib(kernel));
	kernel->base_kib = min_u64(goal, less(room_kib(kernel), kernel->cached_kib));
	kernel->counters.kswapd += less(base, kernel->base_kib);
	kernel->cache_kib = kernel->base_kib + kernel->cached_kib;
	kernel->free_kib = less(less(kernel->total_kib, held), kernel->cache_kib);
	usable = kernel->free_kib + kernel->cache_kib - min_u64(kernel->cache_kib / 2, reserve / 2);
	kernel->available_kib = less(usable, reserve);
}

static void come_back(struct kernel *kernel, uint64_t kib)
{
	kernel->counters.refault += kib;
	kernel->counters.activate += kib;
	kernel->counters.restore += kib;
}

/* Once round the files: what is missing is read, into free memory or into the place of the rest. */
static double read_hot(struct kernel *kernel, uint64_t speed, int64_t dt_ms)
{
	uint64_t missing = less(kernel->hot_kib, kernel->cached_kib);
	uint64_t could = speed * (uint64_t)dt_ms;
	uint64_t filled =
		min_u64(min_u64(could, missing), less(hot_room_kib(kernel), kernel->cached_kib));
	uint64_t churned = missing > filled ? could - min_u64(could, filled) : 0;
	uint64_t back = min_u64(filled, kernel->shadow_kib);

	if (missing == 0 || could == 0)
		return 0;
	kernel->cached_kib += filled;
	kernel->shadow_kib -= back;
	back += min_u64(churned, kernel->shadow_kib);
	/* What is read in the place of other hot files has these missing. */
	kernel->shadow_kib = min_u64(kernel->shadow_kib + churned, missing - filled);
	kernel->counters.kswapd += churned;
	kernel->counters.read += filled + churned;
	come_back(kernel, back);
	return THRASH_STALL * (double)back / (double)could;
}

/* What is used of the base and isn't there. */
static double miss_base(struct kernel *kernel, int64_t dt_ms)
{
	uint64_t in_use = base_in_use_kib(kernel);
	double share = (double)less(in_use, kernel->base_kib) / (double)in_use;
	uint64_t kib = (uint64_t)(share * MISS_SPEED * (double)dt_ms);

	come_back(kernel, kib);
	kernel->counters.kswapd += kib;
	kernel->counters.read += kib;
	return 0.25 * share;
}

/* A container reads files that don't fit: it waits, and the rest of the guest has no part in it. */
static double read_group(struct kernel *kernel, int64_t dt_ms)
{
	uint64_t kib = GROUP_SPEED * (uint64_t)dt_ms;

	if (kernel->group_kib == 0)
		return 0;
	kernel->counters.refault += kib;
	kernel->counters.activate += kib / 2;
	kernel->counters.group += kib;
	kernel->counters.read += kib;
	return GROUP_STALL;
}

double kernel_cache_read(struct kernel *kernel, const struct workload_wants *wants, int64_t dt_ms)
{
	double stall;

	if (wants->hot_kib < kernel->hot_kib)
		kernel->shadow_kib = min_u64(kernel->shadow_kib, wants->hot_kib);
	kernel->hot_kib = wants->hot_kib;
	kernel->group_kib = wants->container_kib;
	stall = read_hot(kernel, wants->read_speed, dt_ms);
	kernel_cache_settle(kernel);
	return stall + miss_base(kernel, dt_ms) + read_group(kernel, dt_ms);
}
