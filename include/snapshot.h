/* SPDX-License-Identifier: MIT */
/*
 * One immutable picture of the host and its guests, shared by reference count. The collector
 * builds and publishes it; SNMP, HTTP and the checks before a change only read it.
 */
#ifndef XENBALLOON_SNAPSHOT_H
#define XENBALLOON_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "contract.h"

#define SNAPSHOT_NAME_MAX    255 /* bytes of a domain's name that are kept */
#define SNAPSHOT_UUID_SIZE   37	 /* canonical lower-case text and its terminator */
#define SNAPSHOT_REASON_MAX  191
#define SNAPSHOT_VCPUS_MAX   512   /* Xen's HVM_MAX_VCPUS is 128; PV domains may have more */
#define SNAPSHOT_DOMAINS_MAX 32752 /* Xen's DOMID_FIRST_RESERVED is 0x7ff0 */

enum domain_type { DOMAIN_PV, DOMAIN_PVH, DOMAIN_HVM };

/* What the hypervisor says of a domain's life. */
enum domain_run {
	RUN_RUNNING,
	RUN_PAUSED,
	RUN_SHUTTING_DOWN, /* ended by itself, not yet destroyed */
	RUN_SUSPENDED,
	RUN_CRASHED,
	RUN_DYING /* destroyed, its memory not yet all given back */
};

/* In the order and with the numbers of XenballoonDomainState in the MIB, less one. */
enum domain_state {
	STATE_CONVERGED,
	STATE_GROWING,
	STATE_SHRINKING,
	STATE_CAPPED,
	STATE_HOST_FULL,
	STATE_STUCK,
	STATE_SILENT,
	STATE_NO_AGENT,
	STATE_FOREIGN,
	STATE_REFUSED,
	STATE_PAUSED,
	STATE_SHUT_DOWN,
	STATE_SUSPENDED,
	STATE_CRASHED,
	STATE_DYING,
	STATE_UNKNOWN,	/* not yet seen to report since the agent or xenstored started */
	STATE_STARVING, /* at its target, lacks memory and its programs wait for it */
	STATE_COUNT
};

/* The measured values of a domain; metric_domain[] in metric.h has one row for each. */
enum domain_value {
	VALUE_STATIC_MAX,
	VALUE_TARGET,
	VALUE_ACTUAL,
	VALUE_MINIMUM,
	VALUE_SELFTARGET,
	VALUE_SELFBALLOON,
	VALUE_ALLOCATED,
	VALUE_CAP,
	VALUE_COMMITTED,
	VALUE_AVAILABLE,
	VALUE_SWAP_USED,
	VALUE_WANTED,
	VALUE_PRESSURE,
	VALUE_LAST_REPORT, /* CLOCK_MONOTONIC, ms; absent until the agent has seen a report come */
	VALUE_KEY_ERRORS,  /* how often a value of its keys was read and refused */
	VALUE_RECLAIMABLE, /* what it has and doesn't want; absent unless it runs and reports */
	VALUE_UNMET,	   /* what it wants and doesn't have; likewise */
	VALUE_COUNT
};

/* The measured values of the host; metric_host[] has one row for each. */
enum host_value {
	HOST_TOTAL,
	HOST_FREE,
	HOST_DOM0,
	HOST_DOMAINS,
	HOST_STATIC_MAX,  /* sum over guests */
	HOST_RECLAIMABLE, /* sum over the guests that run and report */
	HOST_UNMET,	  /* likewise */
	HOST_VALUE_COUNT
};

/* How a guest's reports are known. */
enum domain_heard {
	HEARD_UNREAD,  /* its keys have not been read yet */
	HEARD_NOTHING, /* there was no report when its keys were first read, nor has one come */
	HEARD_BEFORE,  /* there was one of unknown age, and none has come since */
	HEARD_REPORT   /* one came; VALUE_LAST_REPORT says when */
};

struct domain {
	uint32_t domid; /* never 0 */
	char uuid[SNAPSHOT_UUID_SIZE];
	char name[SNAPSHOT_NAME_MAX + 1]; /* raw bytes: escape when shown */
	enum domain_type type;
	enum domain_run run;
	enum domain_run run_before; /* this one; the same at first sight */
	uint32_t vcpus;		    /* virtual CPUs that are online, at most SNAPSHOT_VCPUS_MAX */
	uint32_t vcpus_max;	    /* that it may bring online */
	uint64_t cpu_ns;	    /* all its virtual CPUs' time */
	size_t first_vcpu;	    /* of its virtual CPUs in the snapshot's vcpu_ns[] */
	int64_t run_since_ms;	    /* CLOCK_MONOTONIC: since when `run` is known to be so */
	bool run_seen;		    /* it was seen to begin then; else it was so already */
	enum domain_heard heard;
	int64_t seen_ms;	   /* CLOCK_MONOTONIC: first seen by the agent */
	struct reading started_ms; /* CLOCK_MONOTONIC, by what the toolstack noted at first sight */
	struct reading value[VALUE_COUNT]; /* sizes in KiB */
	struct reading videoram_kib;
	/*
	 * What it holds beyond what its target speaks of, as measured while it stood still: a
	 * device model's memory, a shim's. 0 for most, and where it isn't known.
	 */
	uint64_t overhead_kib;
	enum contract_driver driver; /* what keeps its daemon from moving its balloon */
	bool has_swap;		     /* it reported a swaptotal above 0 */
	struct reading former_kib;   /* dom0's target before selfballooning; absent: not known */
	const char
		*manager; /* another program that owns `target` ("squeezed", "qmemman"), or NULL */
	/* Policies in words, see policy_text.h; raw bytes where the guest or another tool wrote
	 * them. */
	char policy[CONTRACT_POLICY_MAX + 1]; /* in force, as the guest says; "": not known */
	char policy_ordered[CONTRACT_POLICY_MAX + 1]; /* memory/policy; "": none */
	char policy_note[SNAPSHOT_REASON_MAX + 1]; /* why they differ, a sentence; "": they don't */
	enum domain_state state;
	char reason[SNAPSHOT_REASON_MAX + 1]; /* one plain sentence with its numbers, ASCII */
};

struct snapshot {
	uint64_t generation; /* steps with each published snapshot */
	bool store_up;	     /* xenstored answers */
	bool hypervisor_up;
	int64_t store_since_ms; /* CLOCK_MONOTONIC: since when xenstored answers; 0: it does not */
	char xen_version[64];
	int64_t table_changed_ms; /* CLOCK_MONOTONIC: when a guest last came or went; 0: never */
	uint64_t *vcpu_ns;	  /* of all guests' virtual CPUs; released with the snapshot */
	struct reading host[HOST_VALUE_COUNT];
	size_t count;
	struct domain domain[]; /* guests only, ascending domid */
};

/* A new snapshot with room for count domains, zeroed, one reference; NULL if out of memory. */
struct snapshot *snapshot_new(size_t count);

/* Makes *snapshot the current one and takes over the caller's reference. */
void snapshot_publish(struct snapshot *snapshot);

/*
 * The current snapshot with a reference of the caller's own, to be given back by
 * snapshot_release(). Never NULL: before the first one is published it is empty and not up.
 */
const struct snapshot *snapshot_acquire(void);
void snapshot_release(const struct snapshot *snapshot);

/* One more reference to a snapshot that the caller holds. */
const struct snapshot *snapshot_again(const struct snapshot *snapshot);

/* Says that the current snapshot was still true at now_ms (CLOCK_MONOTONIC). */
void snapshot_confirm(int64_t now_ms);

/* Milliseconds since the snapshot was last known to be true. */
int64_t snapshot_age_ms(void);

/* The domain with this domid; the next above it (for GETNEXT); NULL if none. */
const struct domain *snapshot_find(const struct snapshot *snapshot, uint32_t domid);
const struct domain *snapshot_after(const struct snapshot *snapshot, uint32_t domid);

/*
 * The domain that `id` names, see naming.h; one that is being destroyed only where no other has
 * that UUID or name. NULL with *ambiguous set when two guests bear that name or UUID.
 */
const struct domain *snapshot_lookup(const struct snapshot *snapshot, const char *id,
				     bool *ambiguous);

/*
 * Whether another domain has its UUID, one that is being destroyed aside. Then what is kept by UUID
 * belongs to neither.
 */
bool snapshot_shares_uuid(const struct snapshot *snapshot, const struct domain *domain);

/* "pv", "pvh", "hvm"; "converged" ... "starving". */
const char *domain_type_name(enum domain_type type);
const char *domain_state_name(enum domain_state state);

#endif
