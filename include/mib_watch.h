/* SPDX-License-Identifier: MIT */
/*
 * What is worth a notification: compares each snapshot with the one before and holds back what
 * would be too much. Pure: no I/O and no net-snmp. One thread.
 */
#ifndef XENBALLOON_MIB_WATCH_H
#define XENBALLOON_MIB_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "feed.h"
#include "mib_vm.h"
#include "snapshot.h"

enum mib_event {
	/* A trouble that a guest is in; each is held back for itself. */
	EVENT_STUCK,
	EVENT_CAPPED,
	EVENT_SILENT,
	EVENT_REFUSED,
	EVENT_TROUBLES,
	/* The host's. */
	EVENT_HOST_LOW = EVENT_TROUBLES,
	EVENT_HOST_RECOVERED,
	EVENT_STORE_LOST,
	EVENT_STORE_BACK,
	EVENT_CHANGED, /* a control change was applied */
	/* A guest's life, VM-MIB. */
	EVENT_VM_RUNNING,
	EVENT_VM_SHUTTING_DOWN,
	EVENT_VM_PAUSED,
	EVENT_VM_SUSPENDED,
	EVENT_VM_CRASHED,
	EVENT_VM_DELETED,
	EVENT_COUNT
};

/* One thing to tell; pointers are valid during the call. */
struct mib_notice {
	enum mib_event event;
	const struct snapshot *snapshot; /* the values as they are, or were before it was deleted */
	uint32_t domid;			 /* 0: of the host */
	enum mib_oper_state before;	 /* of EVENT_VM_ */
	const struct feed_change *change; /* of EVENT_CHANGED */
};

/* False: it could not be told. */
typedef bool mib_tell(void *context, const struct mib_notice *notice);

struct mib_watch_limits {
	uint64_t host_free_kib;	   /* low with less */
	uint64_t host_recover_kib; /* recovered with this much */
	int64_t hold_ms;	   /* between two notices of a guest's same trouble */
	unsigned int per_minute;   /* notices of all kinds; 0: none at all */
};

struct mib_watch;

/* NULL if out of memory. */
struct mib_watch *mib_watch_new(void);
void mib_watch_free(struct mib_watch *watch); /* NULL is allowed */

/*
 * Tells what has changed since the last look; the first one tells of troubles, not of lives. A
 * trouble that was held back and lasts is told when its time has come.
 */
void mib_watch_look(struct mib_watch *watch, const struct snapshot *snapshot,
		    const struct mib_watch_limits *limits, int64_t now_ms, mib_tell *tell,
		    void *context);

/* Tells of a change, unless there is too much to tell. */
void mib_watch_change(struct mib_watch *watch, const struct snapshot *snapshot,
		      const struct feed_change *change, const struct mib_watch_limits *limits,
		      int64_t now_ms, mib_tell *tell, void *context);

/* Notices that were not told, or not at once, and `more` that somebody else had to leave out. */
uint64_t mib_watch_suppressed(const struct mib_watch *watch);
void mib_watch_suppress(struct mib_watch *watch, uint64_t more);

#endif
