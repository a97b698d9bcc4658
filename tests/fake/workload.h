/* SPDX-License-Identifier: MIT */
/*
 * What the processes of a guest want of its memory, as a function of time. Pure.
 */
#ifndef XENBED_WORKLOAD_H
#define XENBED_WORKLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum workload_kind {
	WORKLOAD_IDLE,
	WORKLOAD_STEADY,
	WORKLOAD_RAMP,
	WORKLOAD_BURST,
	WORKLOAD_HOG,
	WORKLOAD_KINDS
};

struct workload {
	enum workload_kind kind;
	double arg[3];
	int64_t start_ms;
	uint32_t jitter; /* from the bed's seed: bursts of guests don't fall together */
};

/* What an idle guest's services hold. */
#define WORKLOAD_IDLE_KIB (4 * 1024)

/* words: kind and its arguments. False: error says what would be right. */
bool workload_parse(struct workload *workload, char *const *words, size_t count, char *error,
		    size_t size);
/* Memory its processes have asked for, in KiB, at that time (CLOCK_MONOTONIC). */
uint64_t workload_demand_kib(const struct workload *workload, int64_t now_ms);
/* How fast they touch what they asked for, in KiB per millisecond. */
uint64_t workload_speed(const struct workload *workload);
/* A line for people: "ramp 40 300 10". */
void workload_describe(const struct workload *workload, char *text, size_t size);
/* The kinds with their arguments, a line each, for help. */
void workload_help(char *text, size_t size);

#endif
