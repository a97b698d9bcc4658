/* SPDX-License-Identifier: MIT */
/*
 * What each guest's memory was in the last 15 minutes, by UUID, in the agent's memory alone. The
 * collector adds a sample every 10 s, HTTP reads. Bounded: 4.3 KiB for each UUID and at most
 * HISTORY_GUESTS_MAX of them, 18 MiB; a guest beyond has no history.
 */
#ifndef XENBALLOON_HISTORY_H
#define XENBALLOON_HISTORY_H

#include "snapshot.h"

#define HISTORY_INTERVAL_S 10
#define HISTORY_SAMPLES	   90
#define HISTORY_GUESTS_MAX 4096

/* Whether samples of this value are kept: sizes and pressure. */
bool history_keeps(enum domain_value value);

/*
 * Adds a sample of each guest if one is due at now_ms (CLOCK_MONOTONIC), and forgets guests that
 * were last seen 15 minutes ago. Where none was added in time, the values are unknown.
 */
void history_sample(const struct snapshot *snapshot, int64_t now_ms, int64_t now_unix);

/*
 * The samples of a value, oldest first, each READING_OK or absent; how many there are, the same for
 * every guest. *time is the Unix second of the newest; 0: there is none.
 */
size_t history_read(const char *uuid, enum domain_value value,
		    struct reading samples[HISTORY_SAMPLES], int64_t *time);

/* Forgets everything. */
void history_clear(void);

#endif
