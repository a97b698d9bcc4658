/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Arithmetic on sizes in KiB that saturates instead of wrapping. Pure; daemon and module share it.
 */
#ifndef XENBALLOON_KIB_H
#define XENBALLOON_KIB_H

#include <stdint.h>

#define KIB_MIB UINT64_C(1024)

uint64_t kib_smaller(uint64_t a, uint64_t b);
uint64_t kib_larger(uint64_t a, uint64_t b);

/* a - b, or 0. */
uint64_t kib_less(uint64_t a, uint64_t b);

/* So many percent of a size, rounded down. */
uint64_t kib_percent(uint64_t kib, unsigned int percent);

/* The next multiple of page_kib; page_kib 0 stands for 4. */
uint64_t kib_whole_pages(uint64_t kib, unsigned int page_kib);

/* What is left of a value that halves every half_life_ms, after ms; linear in between. */
uint64_t kib_halved(uint64_t kib, int64_t ms, int64_t half_life_ms);

#endif
