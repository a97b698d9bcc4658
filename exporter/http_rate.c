/* SPDX-License-Identifier: MIT */
/*
 * Owns the bucket of rate_limit in web.config.yml. Knows no request.
 */
#include "clock.h"
#include "http_call.h"

#define NS_PER_MS  1000000U
#define NS_PER_S   1000000000U
#define WAIT_MAX_S 3600U

/* Where time has brought the bucket: requests, and the part of the next one in nanoseconds. */
static struct {
	uint64_t interval_ns, burst; /* that it was filled for */
	uint64_t held, part_ns;
	int64_t at_ms;
} bucket;

static void refill(int64_t now_ms)
{
	uint64_t passed_ns = (uint64_t)(now_ms - bucket.at_ms) * NS_PER_MS + bucket.part_ns;
	uint64_t more = passed_ns / bucket.interval_ns;

	bucket.at_ms = now_ms;
	bucket.part_ns = passed_ns % bucket.interval_ns;
	bucket.held = more >= bucket.burst - bucket.held ? bucket.burst : bucket.held + more;
}

unsigned int http_rate_wait(uint64_t interval_ns, uint64_t burst)
{
	int64_t now_ms = clock_ms();
	uint64_t wait_s;

	if (!interval_ns)
		return 0;
	if (interval_ns != bucket.interval_ns || burst != bucket.burst) {
		bucket.interval_ns = interval_ns;
		bucket.burst = bucket.held = burst;
		bucket.at_ms = now_ms;
		bucket.part_ns = 0;
	}
	refill(now_ms);
	if (bucket.held) {
		bucket.held--;
		return 0;
	}
	wait_s = (interval_ns - bucket.part_ns + NS_PER_S - 1) / NS_PER_S;
	return wait_s < WAIT_MAX_S ? (unsigned int)wait_s : WAIT_MAX_S;
}
