/* SPDX-License-Identifier: MIT */
/*
 * What the agent itself uses, for the process_* metrics that every exporter has.
 */
#ifndef XENBALLOON_PROCESS_H
#define XENBALLOON_PROCESS_H

#include <stdint.h>

#include "contract.h"

/* Each absent where /proc or the kernel doesn't tell. */
struct process_usage {
	struct reading cpu_ms; /* user and system */
	struct reading resident_bytes;
	struct reading virtual_bytes;
	struct reading start_ms; /* since the epoch; the same at every call */
	struct reading open_fds;
	struct reading max_fds; /* absent: unlimited */
};

/* Reads it now. Any thread. */
void process_read(struct process_usage *usage);

#endif
