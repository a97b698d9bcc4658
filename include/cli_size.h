/* SPDX-License-Identifier: MIT */
/*
 * Sizes and lengths of time as people write them; size.h has them as people read them.
 */
#ifndef XENBALLOON_CLI_SIZE_H
#define XENBALLOON_CLI_SIZE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "size.h"

/* What the two parsers take, for messages. */
#define SIZE_HELP     "a number and K, M, G or T (KiB, MiB ... also whole), such as 512M or 1.5G"
#define DURATION_HELP "a number and s, m, h, d or w, such as 30s, 15m or 90d"

/*
 * A size: a number, with up to three decimals where a unit follows, and K, M, G or T or KiB, MiB,
 * GiB or TiB in any case; without a unit KiB. Decimal units (MB) are refused, as they are not what
 * Xen reckons in. False: it is none, or beyond 2^53 KiB, which JSON can't hold exactly.
 */
bool size_parse(const char *text, uint64_t *kib);

/* A length of time: a whole number and s, m, h, d or w; without a unit seconds. At most 100 years.
 */
bool duration_parse(const char *text, uint64_t *seconds);

#endif
