/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Sizes in KiB: saturating arithmetic for policies and measurements. Pure.
 */
#include "kib.h"

uint64_t kib_smaller(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t kib_larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

uint64_t kib_less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

uint64_t kib_percent(uint64_t kib, unsigned int percent)
{
	return kib / 100 * percent + kib % 100 * percent / 100;
}

uint64_t kib_whole_pages(uint64_t kib, unsigned int page_kib)
{
	unsigned int page = page_kib ? page_kib : 4;

	return (kib + page - 1) / page * page;
}

uint64_t kib_halved(uint64_t kib, int64_t ms, int64_t half_life_ms)
{
	if (ms <= 0)
		return kib;
	for (; ms >= half_life_ms && kib; ms -= half_life_ms)
		kib /= 2;
	/* 2^-x is 1 - x/2 at both ends of a half-life, and at most 6 % away between them. */
	return kib - kib / 1024 * ((uint64_t)ms * 512 / (uint64_t)half_life_ms) -
	       kib % 1024 * (uint64_t)ms / (uint64_t)(2 * half_life_ms);
}
