/* SPDX-License-Identifier: MIT */
/*
 * A ring of samples for each guest, found by UUID, so that a reboot or a migration back goes on
 * where it was. Knows neither where values come from nor how they are shown. Filled by the
 * collector, read by route_history.c.
 */
#include "history.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "metric.h"

#define UNKNOWN UINT32_MAX

/* Cells stand value by value: HISTORY_SAMPLES of the first, of the second, and so on. */
struct ring {
	char uuid[SNAPSHOT_UUID_SIZE];
	int64_t seen; /* number of the newest sample of this guest */
	uint32_t cells[];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
	struct ring *ring[HISTORY_GUESTS_MAX]; /* by UUID, ascending */
	size_t count;
	int64_t newest, oldest; /* numbers of samples: time divided by the interval */
	int64_t time;		/* Unix seconds of the newest; 0: no sample yet */
} kept;

bool history_keeps(enum domain_value value)
{
	return metric_domain[value].unit == UNIT_KIB || metric_domain[value].unit == UNIT_CENTI;
}

/* Where a value's cells begin; for VALUE_COUNT, how many a ring has. */
static size_t first_cell(enum domain_value value)
{
	size_t first = 0;

	for (enum domain_value before = 0; before < value; before++)
		first += history_keeps(before) ? HISTORY_SAMPLES : 0;
	return first;
}

/* Index of the first ring whose UUID is not below this one. */
static size_t lower_bound(const char *uuid)
{
	size_t low = 0, high = kept.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(kept.ring[middle]->uuid, uuid) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct ring *find(const char *uuid, size_t *at)
{
	*at = lower_bound(uuid);
	if (*at < kept.count && !strcmp(kept.ring[*at]->uuid, uuid))
		return kept.ring[*at];
	return NULL;
}

/* NULL: there is no room, or no memory. */
static struct ring *find_or_add(const char *uuid)
{
	size_t cells = first_cell(VALUE_COUNT), at;
	struct ring *ring = find(uuid, &at);

	if (ring || kept.count == HISTORY_GUESTS_MAX)
		return ring;
	ring = malloc(sizeof(*ring) + cells * sizeof(*ring->cells));
	if (!ring)
		return NULL;
	memcpy(ring->uuid, uuid, sizeof(ring->uuid));
	memset(ring->cells, 0xff, cells * sizeof(*ring->cells));
	memmove(&kept.ring[at + 1], &kept.ring[at], (kept.count - at) * sizeof(*kept.ring));
	kept.ring[at] = ring;
	kept.count++;
	return ring;
}

static uint32_t pack(struct reading reading)
{
	if (reading.state != READING_OK)
		return UNKNOWN;
	return reading.value < UNKNOWN ? (uint32_t)reading.value : UNKNOWN - 1;
}

static void put(struct ring *ring, const struct domain *domain)
{
	uint32_t *cell = ring->cells + (size_t)(kept.newest % HISTORY_SAMPLES);

	ring->seen = kept.newest;
	for (enum domain_value value = 0; value < VALUE_COUNT; value++) {
		if (!history_keeps(value))
			continue;
		*cell = pack(domain->value[value]);
		cell += HISTORY_SAMPLES;
	}
}

/* The slots from the last sample to this one may hold what was 15 minutes before. */
static void blank(struct ring *ring, int64_t from)
{
	size_t cells = first_cell(VALUE_COUNT);

	for (int64_t number = from; number <= kept.newest; number++)
		for (size_t at = (size_t)(number % HISTORY_SAMPLES); at < cells;
		     at += HISTORY_SAMPLES)
			ring->cells[at] = UNKNOWN;
}

/* Blanks each ring's new slots and frees those with nothing left in them. */
static void advance(int64_t number)
{
	int64_t from = kept.newest + 1;
	size_t left = 0;

	if (number - from >= HISTORY_SAMPLES)
		from = number - HISTORY_SAMPLES + 1;
	kept.newest = number;
	if (number - kept.oldest >= HISTORY_SAMPLES)
		kept.oldest = number - HISTORY_SAMPLES + 1;
	for (size_t i = 0; i < kept.count; i++) {
		struct ring *ring = kept.ring[i];

		if (ring->seen < kept.oldest) {
			free(ring);
			continue;
		}
		blank(ring, from);
		kept.ring[left++] = ring;
	}
	kept.count = left;
}

void history_sample(const struct snapshot *snapshot, int64_t now_ms, int64_t now_unix)
{
	int64_t number = now_ms / (HISTORY_INTERVAL_S * 1000);

	pthread_mutex_lock(&lock);
	if (kept.time && number <= kept.newest)
		goto out;
	if (!kept.time) {
		kept.oldest = number;
		kept.newest = number - 1;
	}
	advance(number);
	kept.time = now_unix;
	for (size_t i = 0; i < snapshot->count; i++) {
		struct ring *ring = find_or_add(snapshot->domain[i].uuid);

		if (ring)
			put(ring, &snapshot->domain[i]);
	}
out:
	pthread_mutex_unlock(&lock);
}

static struct reading unpack(uint32_t cell)
{
	return cell == UNKNOWN ? (struct reading){ .state = READING_ABSENT }
			       : (struct reading){ READING_OK, cell };
}

size_t history_read(const char *uuid, enum domain_value value,
		    struct reading samples[HISTORY_SAMPLES], int64_t *time)
{
	size_t at, count = 0;
	struct ring *ring;

	pthread_mutex_lock(&lock);
	*time = kept.time;
	ring = find(uuid, &at);
	for (int64_t number = kept.oldest; kept.time && number <= kept.newest; number++)
		samples[count++] = unpack(ring && history_keeps(value)
						  ? ring->cells[first_cell(value) +
								(size_t)(number % HISTORY_SAMPLES)]
						  : UNKNOWN);
	pthread_mutex_unlock(&lock);
	return count;
}

void history_clear(void)
{
	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < kept.count; i++)
		free(kept.ring[i]);
	memset(&kept, 0, sizeof(kept));
	pthread_mutex_unlock(&lock);
}
