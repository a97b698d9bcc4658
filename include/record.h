/* SPDX-License-Identifier: MIT */
/*
 * What the collector knows of one guest: the domain as readers will see it, and what is left to be
 * read. Turns the bytes of keys into readings. Collector thread only.
 */
#ifndef XENBALLOON_RECORD_H
#define XENBALLOON_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "hypervisor.h"
#include "snapshot.h"
#include "state.h"

struct store;

/* What may be marked for reading: a bit per key of the contract, and three more. */
#define RECORD_KEY(key) (1u << (key))
#define RECORD_NAME	(1u << KEY_COUNT)
#define RECORD_MANAGER	(1u << (KEY_COUNT + 1)) /* look for another manager's keys */
#define RECORD_KEPT	(1u << (KEY_COUNT + 2)) /* what dom0 decided; not the record's to read */
#define RECORD_ALL	((1u << (KEY_COUNT + 3)) - 1)

struct record {
	struct domain domain;
	struct state_memory memory;
	struct reading seq;	/* of the last report */
	struct stats policy;	/* of it, what it says of the policy */
	unsigned int marked;	/* RECORD_ bits to be read */
	unsigned int events;	/* since the last tick */
	int64_t muted_until_ms; /* 0: its watch is set */
	bool flooding;		/* it writes without pause, and that has been logged */
	bool watched;
	bool granted;
	bool tried;	   /* to grant, since the last tick */
	bool shares_uuid;  /* with another domain, which keeps it from being restored */
	bool restored;	   /* what dom0 had decided for it has been put back */
	bool listed;	   /* by the hypervisor's list under way */
	uint64_t *vcpu_ns; /* domain.vcpus of them, the record's own; NULL: not known */
};

/* Takes the hypervisor's numbers; a UUID that differs means another domain under the same domid. */
void record_measure(struct record *record, const struct hypervisor_domain *measured);

/* Asks for the time of each virtual CPU. */
void record_measure_vcpus(struct record *record, struct hypervisor *hypervisor);

void record_free(struct record *record);

/* The marks for a path below /local/domain/<domid>/; 0 for one that isn't followed. */
unsigned int record_marks(const char *below);

/*
 * Reads what is marked and clears the marks. 0, or a negative errno that says the store itself
 * failed (a missing or malformed value is a reading, not a failure).
 */
int record_read(struct record *record, struct store *store);

/* The store was lost, and with it watches and grants; the readings stand until they are read anew.
 */
void record_detach(struct record *record);

/* Sets or ends the two watches of this guest. 0 or a negative errno. */
int record_watch(struct record *record, struct store *store);
void record_unwatch(struct record *record, struct store *store);

#endif
