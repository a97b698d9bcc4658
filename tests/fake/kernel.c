/* SPDX-License-Identifier: MIT */
/*
 * The played guest kernel's memory. Knows neither Xen nor xenstore; guest.c steps it.
 */
#include "kernel.h"

#include <math.h>
#include <string.h>

#include "kernel_cache.h"
#include "workload.h"

#define SWAP_SPEED 128 /* KiB per millisecond */

#define ARC_SPEED     64 /* KiB per millisecond */
#define HUGE_PAGE_KIB 2048
#define TRANSIENT_KIB 512 /* asked for and given back, all the time */

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

void kernel_resize(struct kernel *kernel, uint64_t current_kib)
{
	uint64_t gap = kernel_gap_kib(kernel->config.static_max_kib) + kernel->plugged_kib / 64;

	kernel->current_kib = current_kib;
	kernel->total_kib = current_kib - min_u64(current_kib, gap);
	kernel_cache_settle(kernel);
}

void kernel_plugged(struct kernel *kernel, uint64_t kib)
{
	kernel->plugged_kib += kib;
	kernel_resize(kernel, kernel->current_kib);
}

uint64_t kernel_commit_limit_kib(const struct kernel *kernel)
{
	uint64_t huge = min_u64(kernel->hugetlb_kib, kernel->total_kib);

	return (kernel->total_kib - huge) * kernel->config.ratio / 100 + kernel->config.swap_kib;
}

/* Processes reserve a little more than they touch. */
static uint64_t committed_by_kib(uint64_t anon_kib)
{
	return 8 * 1024 + anon_kib + anon_kib / 10;
}

/* What may be committed now, beside what is. */
static uint64_t committable_kib(const struct kernel *kernel)
{
	uint64_t limit = kernel_commit_limit_kib(kernel);

	if (kernel->config.overcommit != 2)
		return UINT64_MAX;
	return limit > kernel->committed_kib ? limit - kernel->committed_kib : 0;
}

/* One request for all of it: in mode 0 Linux refuses what is more than memory and swap. */
static void reserve(struct kernel *kernel, uint64_t kib)
{
	bool heuristic = kernel->config.overcommit == 0;

	if (kib <= kernel->reserved_kib) {
		kernel->reserved_kib = kib;
		return;
	}
	if (kib - kernel->reserved_kib > committable_kib(kernel) ||
	    (heuristic && kib > kernel->total_kib + kernel->config.swap_kib))
		kernel->refused++;
	else
		kernel->reserved_kib = kib;
}

static void commit(struct kernel *kernel)
{
	kernel->committed_kib = committed_by_kib(kernel->demand_kib) + kernel->reserved_kib;
}

/*
 * Grants what processes ask for. Under vm.overcommit_memory=2 a part of it may be refused; and
 * there is always one that asks for a little more for a moment, as fork() does.
 */
static void grant(struct kernel *kernel, const struct workload_wants *wants)
{
	uint64_t more, can;

	if (wants->anon_kib < kernel->demand_kib)
		kernel->demand_kib = wants->anon_kib;
	commit(kernel);
	reserve(kernel, wants->reserved_kib);
	commit(kernel);
	more = wants->anon_kib - kernel->demand_kib;
	can = committable_kib(kernel);
	kernel->refused += more + more / 10 > can || can < TRANSIENT_KIB;
	kernel->demand_kib += can == UINT64_MAX ? more : min_u64(more, can - can / 10);
	commit(kernel);
}

/* What all but page cache and free memory holds. */
static uint64_t kept_kib(const struct kernel *kernel)
{
	return KERNEL_FIXED_KIB + KERNEL_RESERVE_KIB + kernel->hugetlb_kib + kernel->arc_kib +
	       kernel->locked_kib;
}

/* Memory that a new pool of huge pages or an ARC can have without anybody waiting. */
static uint64_t takeable_kib(const struct kernel *kernel)
{
	uint64_t held = kept_kib(kernel) + kernel->anon_kib;

	return kernel->total_kib > held ? kernel->total_kib - held : 0;
}

static void keep_pools(struct kernel *kernel, const struct workload_wants *wants, int64_t dt_ms)
{
	uint64_t more;

	kernel->hugetlb_kib = min_u64(kernel->hugetlb_kib, wants->hugetlb_kib);
	more = min_u64(wants->hugetlb_kib - kernel->hugetlb_kib, takeable_kib(kernel));
	kernel->hugetlb_kib += more - more % HUGE_PAGE_KIB;
	kernel->arc_kib = min_u64(kernel->arc_kib, wants->arc_kib);
	/* It doesn't take the last of it. */
	more = min_u64(wants->arc_kib - kernel->arc_kib, takeable_kib(kernel) / 2);
	kernel->arc_kib += min_u64(more, (uint64_t)dt_ms * ARC_SPEED);
}

/* An ARC gives when all else is gone. */
static void shrink_arc(struct kernel *kernel, int64_t dt_ms)
{
	uint64_t needed = kernel->anon_kib + kept_kib(kernel);
	uint64_t over = needed > kernel->total_kib ? needed - kernel->total_kib : 0;
	uint64_t give = min_u64(min_u64(over, kernel->arc_kib), (uint64_t)dt_ms * ARC_SPEED);

	kernel->arc_kib -= give;
	kernel->counters.direct += give;
	kernel->counters.stalls += give > 0;
}

/* Lets processes take or return memory; returns what was newly touched, locked pages included. */
static uint64_t touch(struct kernel *kernel, uint64_t locked, uint64_t most)
{
	uint64_t has = kernel->anon_kib + kernel->swapped_kib;
	uint64_t change, from_swap, new_locked;

	kernel->locked_kib = min_u64(kernel->locked_kib, locked);
	new_locked = min_u64(locked - kernel->locked_kib, most);
	kernel->locked_kib += new_locked;
	if (kernel->demand_kib >= has) {
		change = min_u64(kernel->demand_kib - has, most - new_locked);
		kernel->anon_kib += change;
		kernel->counters.faults += (change + new_locked) / kernel->config.page_kib;
		return change + new_locked;
	}
	change = has - kernel->demand_kib;
	from_swap = min_u64(change, kernel->swapped_kib);
	kernel->swapped_kib -= from_swap;
	kernel->anon_kib -= change - from_swap;
	return new_locked;
}

/* Who can't be served waits: what was touched in vain is given back. */
static void give_back(struct kernel *kernel, uint64_t kib)
{
	uint64_t locked = min_u64(kernel->locked_kib, kib);
	uint64_t anon = min_u64(kernel->anon_kib, kib);

	if (anon < kib)
		kernel->locked_kib -= locked;
	else
		kernel->anon_kib -= anon;
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
			    min_u64(speed, kernel->config.swap_kib - kernel->swapped_kib));
		kernel->anon_kib -= n;
		kernel->swapped_kib += n;
		kernel->counters.swapped_out += n;
		*moved = n;
		/* Slow is not full: while the disk takes it, nobody starves. */
		return n == speed && n > 0 ? 0 : over - n;
	}
	n = min_u64(kernel->swapped_kib, min_u64(speed / 2, (uint64_t)room - kernel->anon_kib));
	kernel->anon_kib += n;
	kernel->swapped_kib -= n;
	kernel->counters.swapped_in += n;
	*moved = n;
	return 0;
}

/* The share of the time that processes waited for memory. */
static double stalled(const struct kernel *kernel, uint64_t moved, uint64_t lacking, int64_t dt_ms)
{
	double stall = 0;

	if (lacking > 0)
		stall += 0.9;
	stall += 0.6 * (double)moved / ((double)dt_ms * SWAP_SPEED);
	if (kernel->swapped_kib > 0)
		stall += 0.5 * (double)kernel->swapped_kib /
			 (double)(kernel->swapped_kib + kernel->anon_kib + 1);
	return stall;
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
	if (kernel->demand_kib > WORKLOAD_IDLE_KIB || kernel->locked_kib > 0) {
		kernel->oom_kills++;
		kernel->killed_until_ms = now_ms + RESTART_MS;
		return KERNEL_OOM_KILL;
	}
	kernel->panicked = true;
	return KERNEL_PANIC;
}

/* What was killed is gone; the service manager starts it again. */
static struct workload_wants still_wanted(const struct kernel *kernel,
					  const struct workload_wants *wants, int64_t now_ms)
{
	struct workload_wants still = *wants;

	if (now_ms >= kernel->killed_until_ms)
		return still;
	still.anon_kib = WORKLOAD_IDLE_KIB;
	still.locked_kib = still.reserved_kib = 0;
	return still;
}

static void reclaimed(struct kernel *kernel, uint64_t moved, uint64_t lacking)
{
	kernel->counters.kswapd += moved;
	kernel->counters.direct += lacking > 0 ? moved / 8 + kernel->config.page_kib : 0;
	kernel->counters.stalls += lacking > 0 || moved > 0;
}

enum kernel_event kernel_step(struct kernel *kernel, const struct workload_wants *wants,
			      int64_t now_ms, int64_t dt_ms)
{
	struct workload_wants still = still_wanted(kernel, wants, now_ms);
	uint64_t touched, lacking, moved;
	double stall;

	if (kernel->panicked)
		return KERNEL_GOES_ON;
	grant(kernel, &still);
	keep_pools(kernel, &still, dt_ms);
	touched = touch(kernel, still.locked_kib, (uint64_t)dt_ms * still.speed);
	shrink_arc(kernel, dt_ms);
	lacking =
		swap(kernel, (int64_t)kernel->total_kib - (int64_t)kept_kib(kernel), dt_ms, &moved);
	give_back(kernel, min_u64(lacking, touched));
	kernel_cache_settle(kernel);
	stall = stalled(kernel, moved, lacking, dt_ms) + kernel_cache_read(kernel, &still, dt_ms);
	stall = stall > 0.95 ? 0.95 : stall;
	reclaimed(kernel, moved, lacking);
	press(&kernel->some, stall, dt_ms);
	press(&kernel->full, stall * 0.6, dt_ms);
	kernel->starving_ms = lacking > 0 ? kernel->starving_ms + dt_ms : 0;
	return kernel->starving_ms >= STARVE_MS ? run_out(kernel, now_ms) : KERNEL_GOES_ON;
}

void kernel_boot(struct kernel *kernel, const struct kernel_config *config, uint64_t current_kib)
{
	const struct workload_wants services = { .anon_kib = WORKLOAD_IDLE_KIB,
						 .speed = WORKLOAD_IDLE_KIB };

	*kernel = (struct kernel){ .config = *config };
	kernel_resize(kernel, current_kib);
	/* Its services are up before anybody looks. */
	kernel_step(kernel, &services, 0, 1);
	kernel->counters = (struct kernel_counters){ 0 };
}

bool kernel_restless(const struct kernel *kernel)
{
	return kernel->anon_kib + kernel->swapped_kib != kernel->demand_kib ||
	       kernel->swapped_kib > 0 || kernel->starving_ms > 0 || kernel->hot_kib > 0 ||
	       kernel->group_kib > 0;
}
