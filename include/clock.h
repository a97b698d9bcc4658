/* SPDX-License-Identifier: MIT */
/*
 * The two clocks: one for deadlines and ages, one for what people and Prometheus read. Nothing
 * measures elapsed time by the second: it may be set at any moment.
 */
#ifndef XENBALLOON_CLOCK_H
#define XENBALLOON_CLOCK_H

#include <stdint.h>

/* CLOCK_MONOTONIC in milliseconds, the clock of all deadlines. */
int64_t clock_ms(void);

/* CLOCK_REALTIME in whole seconds since 1970. */
int64_t clock_unix(void);

/* Seconds since 1970, by the clock as it is set now, of a moment of clock_ms(). */
int64_t clock_unix_at(int64_t ms);

#endif
