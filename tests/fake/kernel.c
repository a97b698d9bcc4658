/* SPDX-License-Identifier: MIT */
/*
 * The played guest kernel's memory. Knows neither Xen nor xenstore; guest.c steps it.
 */
#include "kernel.h"

#include <math.h>
#include <string.h>

#include "workload.h"

#define SWAP_SPEED 128 /* KiB per millisecond */

#define STARVE_MS  300	 /* reclaim gives up after about that long */
#define RESTART_MS 10000 /* the service manager starts what was killed */

static uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t kernel_gap_kib(uint64_t static_max_kib)
{
	/* 57220 KiB were seen at 512 MiB; of it 64 bytes a page are struct page. */
	return 49028 + static_max_kib / 64;
}

uint64_t kernel_totalreserve_kib(uint64_t static_max_kib)
{
	/* Linux's init_per_zone_wmark_min(), high being 3/2 of min; DMA keeps 1/256 of the rest. */
	return (uint64_t)(sqrt((double)static_max_kib * 16) * 1.5) + static_max_kib / 256;
}

static void settle(struct kernel *kernel)
{
	uint64_t held = KERNEL_FIXED_KIB + kernel->anon_kib;
	uint64_t rest = kernel->total_kib > held ? kernel->total_kib - held : 0;
	uint64_t spare = rest > KERNEL_RESERVE_KIB ? rest - KERNEL_RESERVE_KIB : 0;
	uint64_t cache_goal = 16 * 1024 + kernel->demand_kib / 2;
	uint64_t reserve = kernel_totalreserve_kib(kernel->static_max_kib);
	uint64_t usable;

	kernel->cache_kib = min_u64(cache_goal, spare - spare / 8);
	kernel->free_kib = rest - min_u64(rest, kernel->cache_kib);
	usable = kernel->free_kib + kernel->cache_kib - min_u64(kernel->cache_kib / 2, reserve / 2);
	kernel->available_kib = usable - min_u64(usable, reserve);
}

void kernel_resize(struct kernel *kernel, uint64_t current_kib)
{
	uint64_t gap = kernel_gap_kib(kernel->static_max_kib) + kernel->plugged_kib / 64;

	kernel->current_kib = current_kib;
	kernel->total_kib = current_kib - min_u64(current_kib, gap);
	settle(kernel);
}

void kernel_plugged(struct kernel *kernel, uint64_t kib)
{
	kernel->plugged_kib += kib;
	kernel_resize(kernel, kernel->current_kib);
}

/* Lets processes take or return memory; returns what was newly touched. */
static uint64_t touch(struct kernel *kernel, uint64_t most)
{
	uint64_t has = kernel->anon_kib + kernel->swapped_kib;
	uint64_t change, from_swap;

	if (kernel->demand_kib >= has) {
		change = min_u64(kernel->demand_kib - has, most);
		kernel->anon_kib += change;
		kernel->faults += change / 4;
		return change;
	}
	change = has - kernel->demand_kib;
	from_swap = min_u64(change, kernel->swapped_kib);
	kernel->swapped_kib -= from_swap;
	kernel->anon_kib -= change - from_swap;
	return 0;
}

/*
 * Swaps out what does not fit, or back in what does. room may be below 0. Returns what still does
 * not fit; *moved is what went to or from the disk.
 */
static uint64_t swap(struct kernel *kernel, int64_t room, int64_t dt_ms, uint64_t *moved)
{
	uint64_t speed = (uint64_t)dt_ms * SWAP_SPEED;
	uint64_t over, n;

	*moved = 0;
	if ((int64_t)kernel->anon_kib > room) {
		over = (uint64_t)((int64_t)kernel->anon_kib - room);
		n = min_u64(min_u64(over, kernel->anon_kib),
			    min_u64(speed, kernel->swap_kib - kernel->swapped_kib));
		kernel->anon_kib -= n;
		kernel->swapped_kib += n;
		kernel->swapped_out_kib += n;
		*moved = n;
		/* Slow is not full: while the disk takes it, nobody starves. */
		return n == speed && n > 0 ? 0 : over - n;
	}
	n = min_u64(kernel->swapped_kib, min_u64(speed / 2, (uint64_t)room - kernel->anon_kib));
	kernel->anon_kib += n;
	kernel->swapped_kib -= n;
	kernel->swapped_in_kib += n;
	*moved = n;
	return 0;
}

/* The share of the time that processes waited for memory. */
static double stalled(const struct kernel *kernel, uint64_t moved, uint64_t lacking, int64_t dt_ms)
{
	double hot = WORKLOAD_IDLE_KIB / 2.0 + (double)kernel->demand_kib / 8;
	double stall = 0;

	if (lacking > 0)
		stall += 0.9;
	if ((double)kernel->cache_kib < hot)
		stall += 0.25 * (hot - (double)kernel->cache_kib) / hot;
	stall += 0.6 * (double)moved / ((double)dt_ms * SWAP_SPEED);
	if (kernel->swapped_kib > 0)
		stall += 0.5 * (double)kernel->swapped_kib /
			 (double)(kernel->swapped_kib + kernel->anon_kib + 1);
	return stall > 0.95 ? 0.95 : stall;
}

static void average(double *avg, double percent, double seconds, double window)
{
	*avg += (percent - *avg) * (1 - exp(-seconds / window));
}

static void press(struct pressure *pressure, double stall, int64_t dt_ms)
{
	double seconds = (double)dt_ms / 1000;

	average(&pressure->avg10, stall * 100, seconds, 10);
	average(&pressure->avg60, stall * 100, seconds, 60);
	average(&pressure->avg300, stall * 100, seconds, 300);
	pressure->total_us += stall * (double)dt_ms * 1000;
}

/* Nothing was left for a while: the biggest process goes; when none is left to go, the guest does.
 */
static enum kernel_event run_out(struct kernel *kernel, int64_t now_ms)
{
	kernel->starving_ms = 0;
	if (kernel->demand_kib > WORKLOAD_IDLE_KIB) {
		kernel->oom_kills++;
		kernel->killed_until_ms = now_ms + RESTART_MS;
		return KERNEL_OOM_KILL;
	}
	kernel->panicked = true;
	return KERNEL_PANIC;
}

enum kernel_event kernel_step(struct kernel *kernel, uint64_t demand_kib, uint64_t speed,
			      int64_t now_ms, int64_t dt_ms)
{
	uint64_t touched, lacking, moved;
	double stall;
	int64_t room;

	if (kernel->panicked)
		return KERNEL_GOES_ON;
	kernel->demand_kib = now_ms < kernel->killed_until_ms ? WORKLOAD_IDLE_KIB : demand_kib;
	/* Processes reserve a little more than they touch. */
	kernel->committed_kib = 8 * 1024 + kernel->demand_kib + kernel->demand_kib / 10;
	room = (int64_t)kernel->total_kib - KERNEL_FIXED_KIB - KERNEL_RESERVE_KIB;
	touched = touch(kernel, (uint64_t)dt_ms * speed);
	lacking = swap(kernel, room, dt_ms, &moved);
	/* Who can't be served waits: what was touched in vain is given back. */
	kernel->anon_kib -= min_u64(kernel->anon_kib, min_u64(lacking, touched));
	settle(kernel);
	stall = stalled(kernel, moved, lacking, dt_ms);
	if (stall > 0)
		kernel->reclaims += 1 + moved / 4;
	press(&kernel->some, stall, dt_ms);
	press(&kernel->full, stall * 0.6, dt_ms);
	kernel->starving_ms = lacking > 0 ? kernel->starving_ms + dt_ms : 0;
	return kernel->starving_ms >= STARVE_MS ? run_out(kernel, now_ms) : KERNEL_GOES_ON;
}

void kernel_boot(struct kernel *kernel, uint64_t static_max_kib, uint64_t swap_kib,
		 uint64_t current_kib)
{
	*kernel = (struct kernel){ .static_max_kib = static_max_kib, .swap_kib = swap_kib };
	kernel_resize(kernel, current_kib);
	/* Its services are up before anybody looks. */
	kernel_step(kernel, WORKLOAD_IDLE_KIB, WORKLOAD_IDLE_KIB, 0, 1);
}

bool kernel_restless(const struct kernel *kernel)
{
	return kernel->anon_kib + kernel->swapped_kib != kernel->demand_kib ||
	       kernel->swapped_kib > 0 || kernel->starving_ms > 0;
}
