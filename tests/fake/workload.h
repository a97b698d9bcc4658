/* SPDX-License-Identifier: MIT */
/*
 * What the processes of a guest want of its memory, as a function of time. Pure.
 */
#ifndef XENBED_WORKLOAD_H
#define XENBED_WORKLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WORKLOAD_PARTS 4 /* at the same time, at most */
#define WORKLOAD_ARGS  3

struct workload {
	size_t count; /* 0: idle */
	struct workload_part {
		size_t kind;
		double arg[WORKLOAD_ARGS];
	} parts[WORKLOAD_PARTS];
	int64_t start_ms;
	uint32_t jitter; /* from the bed's seed: bursts of guests don't fall together */
};

/* What all of it wants at one time. In KiB, speeds in KiB per millisecond. */
struct workload_wants {
	uint64_t anon_kib;	/* to touch; idle services included */
	uint64_t speed;		/* at which it is touched */
	uint64_t reserved_kib;	/* by one request, and never touched */
	uint64_t hugetlb_kib;	/* pool of huge pages */
	uint64_t arc_kib;	/* cache of a file system of its own, as ZFS has */
	uint64_t locked_kib;	/* file pages locked in memory */
	uint64_t hot_kib;	/* files read again and again */
	uint64_t read_speed;	/* of the disk they are on */
	uint64_t container_kib; /* limit of a container that reads files beyond it */
};

/* What an idle guest's services hold. */
#define WORKLOAD_IDLE_KIB (4 * 1024)

/* words: a kind and its arguments, more of them after a "+". False: error says what is right. */
bool workload_parse(struct workload *workload, char *const *words, size_t count, char *error,
		    size_t size);
/* At that time (CLOCK_MONOTONIC). */
void workload_wants(const struct workload *workload, int64_t now_ms, struct workload_wants *wants);
/* A line for people: "hugetlb 100 + ramp 40 300 10". */
void workload_describe(const struct workload *workload, char *text, size_t size);
/* The kinds with their arguments, a line each, for help. */
void workload_help(char *text, size_t size);

#endif
