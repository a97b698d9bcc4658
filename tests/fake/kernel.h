/* SPDX-License-Identifier: MIT */
/*
 * A guest's memory as its kernel sees it: what its processes want, what they have, what is swapped,
 * how long they wait, and what happens when nothing is left. Sizes in KiB. Loop thread only; pure
 * but for the time handed in.
 */
#ifndef XENBED_KERNEL_H
#define XENBED_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Kernel and pages that cannot be reclaimed, and what the kernel never hands out. With the gap
 * below they make a guest without work live at 92 MiB and run out at 88, as the real one does.
 */
#define KERNEL_FIXED_KIB   (24 * 1024)
#define KERNEL_RESERVE_KIB (7 * 1024)

/* Pressure of one kind, as /proc/pressure/memory shows it: percent, and microseconds. */
struct pressure {
	double avg10;
	double avg60;
	double avg300;
	double total_us;
};

/* What the kernel of a guest is from boot on. */
struct kernel_config {
	uint64_t static_max_kib;
	uint64_t swap_kib;
	uint64_t page_kib;
	unsigned int overcommit; /* vm.overcommit_memory: 0, 1, 2 */
	unsigned int ratio;	 /* vm.overcommit_ratio */
};

/* Since boot, in KiB where no name says otherwise. */
struct kernel_counters {
	uint64_t swapped_in;
	uint64_t swapped_out;
	uint64_t read;	   /* from disk into page cache */
	uint64_t refault;  /* page cache read that had been there before */
	uint64_t activate; /* of it, what came back so soon that it counts as used */
	uint64_t restore;  /* of it, what had been in use when it was taken */
	uint64_t kswapd;   /* reclaimed by it */
	uint64_t direct;   /* reclaimed by who needed it */
	uint64_t group;	   /* reclaimed within a container's limit */
	uint64_t stalls;   /* allocations that reclaimed, a number */
	uint64_t faults;   /* a number */
};

struct kernel {
	struct kernel_config config;
	uint64_t current_kib;	/* what the balloon driver counts */
	uint64_t plugged_kib;	/* offline, but it has page structs */
	uint64_t total_kib;	/* MemTotal */
	uint64_t demand_kib;	/* what its processes want to touch, as far as it was granted */
	uint64_t committed_kib; /* Committed_AS */
	uint64_t reserved_kib;	/* granted, never touched */
	uint64_t refused;	/* requests for memory, a number */
	uint64_t anon_kib;
	uint64_t swapped_kib;
	uint64_t hugetlb_kib;
	uint64_t arc_kib;
	uint64_t locked_kib;
	uint64_t hot_kib;    /* files that are read again and again */
	uint64_t group_kib;  /* page cache of a container at its limit */
	uint64_t cached_kib; /* what of the hot files is in memory; more: of those read before */
	uint64_t shadow_kib; /* what of them was in memory, and was taken */
	uint64_t base_kib;   /* page cache of everything else */
	uint64_t cache_kib;  /* all of it */
	uint64_t free_kib;
	uint64_t available_kib; /* MemAvailable */
	struct pressure some;
	struct pressure full;
	struct kernel_counters counters;
	uint64_t oom_kills;
	int64_t starving_ms;	 /* how long nothing was left */
	int64_t killed_until_ms; /* the workload comes back then */
	bool panicked;
};

enum kernel_event { KERNEL_GOES_ON, KERNEL_OOM_KILL, KERNEL_PANIC };

struct workload_wants;

/* Stays with the kernel of what the hypervisor gives: never part of MemTotal. */
uint64_t kernel_gap_kib(uint64_t static_max_kib);
/* Watermark and reserve of a zone pair this size, as /proc/zoneinfo shows them. */
uint64_t kernel_totalreserve_kib(uint64_t static_max_kib);

void kernel_boot(struct kernel *kernel, const struct kernel_config *config, uint64_t current_kib);
/* The balloon driver changed what the guest has. */
void kernel_resize(struct kernel *kernel, uint64_t current_kib);
/* It plugged memory, whose page structs it pays for. */
void kernel_plugged(struct kernel *kernel, uint64_t kib);
/* Lets dt_ms pass while processes want that. */
enum kernel_event kernel_step(struct kernel *kernel, const struct workload_wants *wants,
			      int64_t now_ms, int64_t dt_ms);
/* Things are moving: step it often. */
bool kernel_restless(const struct kernel *kernel);
/* CommitLimit. */
uint64_t kernel_commit_limit_kib(const struct kernel *kernel);

#endif
