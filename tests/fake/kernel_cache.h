/* SPDX-License-Identifier: MIT */
/*
 * Page cache of the played guest kernel: what stays of it, what is taken, what is read again.
 */
#ifndef XENBED_KERNEL_CACHE_H
#define XENBED_KERNEL_CACHE_H

#include <stdint.h>

struct kernel;
struct workload_wants;

/* After any change of what else there is: page cache gets the rest, or gives it. */
void kernel_cache_settle(struct kernel *kernel);
/* Lets files be read for dt_ms; returns the share of it that tasks waited for what was taken. */
double kernel_cache_read(struct kernel *kernel, const struct workload_wants *wants, int64_t dt_ms);

#endif
