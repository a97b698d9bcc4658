/* SPDX-License-Identifier: MIT */
/*
 * All guests now known, with what was last read of each, and which of their keys must be read
 * again. Collector thread only.
 */
#ifndef XENBALLOON_ROSTER_H
#define XENBALLOON_ROSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "snapshot.h"

struct store;
struct hypervisor;
struct roster;

/* NULL if out of memory. */
struct roster *roster_new(void);
void roster_free(struct roster *roster);

/*
 * Takes up the hypervisor's list: guests that came are added, gone ones dropped, sizes renewed.
 * store may be NULL. 0 or a negative errno of the hypervisor.
 */
int roster_list(struct roster *roster, struct hypervisor *hypervisor, struct store *store);

/* A watch fired on this path. True if domains may have come or gone: call roster_list(). */
bool roster_event(struct roster *roster, const char *path);

/* Marks every key of a domain for reading. */
void roster_touch(struct roster *roster, uint32_t domid);

/* True while something is marked. */
bool roster_due(const struct roster *roster);

/*
 * Reads what is marked: watches and grants guests that are new, reads keys, takes the hypervisor's
 * numbers. Stops, to be called again, after about budget_ms. 0, or -ENOTCONN when the store is
 * gone.
 */
int roster_refresh(struct roster *roster, struct store *store, struct hypervisor *hypervisor,
		   int64_t budget_ms);

/* True while some guest waits for its keys, and the grants themselves: 0 or -ENOTCONN. */
bool roster_unsettled(const struct roster *roster);
int roster_settle(struct roster *roster, struct store *store, struct hypervisor *hypervisor,
		  int64_t budget_ms);

/*
 * Once a second: marks the next few guests for a full look (all are seen in ROSTER_SWEEP_S), hears
 * guests again that wrote without pause.
 */
void roster_tick(struct roster *roster, struct store *store);

/* The store answers from now on; until it was lost: all keys must be watched, granted and read
 * anew. */
void roster_store_reached(struct roster *roster);
void roster_store_lost(struct roster *roster);

/* A new snapshot of all guests, judged, with the host's sums; NULL if out of memory. */
struct snapshot *roster_snapshot(struct roster *roster);

#define ROSTER_SWEEP_S 300

#endif
