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

struct kernel {
	uint64_t static_max_kib;
	uint64_t swap_kib;
	uint64_t current_kib;	/* what the balloon driver counts */
	uint64_t plugged_kib;	/* offline, but it has page structs */
	uint64_t total_kib;	/* MemTotal */
	uint64_t demand_kib;	/* what its processes want to touch */
	uint64_t committed_kib; /* Committed_AS */
	uint64_t anon_kib;
	uint64_t swapped_kib;
	uint64_t cache_kib;
	uint64_t free_kib;
	uint64_t available_kib; /* MemAvailable */
	struct pressure some;
	struct pressure full;
	uint64_t swapped_in_kib; /* since boot */
	uint64_t swapped_out_kib;
	uint64_t faults;
	uint64_t reclaims;
	uint64_t oom_kills;
	int64_t starving_ms;	 /* how long nothing was left */
	int64_t killed_until_ms; /* the workload comes back then */
	bool panicked;
};

enum kernel_event { KERNEL_GOES_ON, KERNEL_OOM_KILL, KERNEL_PANIC };

/* Stays with the kernel of what the hypervisor gives: never part of MemTotal. */
uint64_t kernel_gap_kib(uint64_t static_max_kib);
/* Watermark and reserve of a zone pair this size, as /proc/zoneinfo shows them. */
uint64_t kernel_totalreserve_kib(uint64_t static_max_kib);

void kernel_boot(struct kernel *kernel, uint64_t static_max_kib, uint64_t swap_kib,
		 uint64_t current_kib);
/* The balloon driver changed what the guest has. */
void kernel_resize(struct kernel *kernel, uint64_t current_kib);
/* It plugged memory, whose page structs it pays for. */
void kernel_plugged(struct kernel *kernel, uint64_t kib);
/* Lets dt_ms pass while processes want demand_kib and touch it at that many KiB per ms. */
enum kernel_event kernel_step(struct kernel *kernel, uint64_t demand_kib, uint64_t speed,
			      int64_t now_ms, int64_t dt_ms);
/* Things are moving: step it often. */
bool kernel_restless(const struct kernel *kernel);

#endif
