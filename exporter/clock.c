/* SPDX-License-Identifier: MIT */
/* The two clocks; see clock.h. */
#include "clock.h"

#include <time.h>

static int64_t read_ms(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_ms(void)
{
	return read_ms(CLOCK_MONOTONIC);
}

int64_t clock_unix(void)
{
	return read_ms(CLOCK_REALTIME) / 1000;
}

int64_t clock_unix_at(int64_t ms)
{
	return (read_ms(CLOCK_REALTIME) - clock_ms() + ms) / 1000;
}
