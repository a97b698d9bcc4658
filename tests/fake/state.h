/* SPDX-License-Identifier: MIT */
/*
 * The fake hypervisor's state: one file, mapped by the bed, by xenstored and by the agent. It holds
 * the domains and the host's pages and enforces what Xen enforces: caps and the end of memory.
 * Everything here takes the file's own lock (shared between processes, and robust: a process that
 * dies holding it harms nobody). Functions return 0 or a negative errno, as a hypercall would.
 */
#ifndef XENBED_STATE_H
#define XENBED_STATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define STATE_DOMAINS  32752 /* Xen's DOMID_FIRST_RESERVED */
#define STATE_PAGE_KIB 4
/* Xen's own record of a domain: 18 guests of 92 MiB were seen to take 92.2 MiB each. */
#define STATE_DOMAIN_PAGES 52

/* Ports as xenstored sees them: the virtual interrupt for "a domain went", then one per domain. */
enum { STATE_PORT_VIRQ = 1, STATE_PORT_FIRST = 2 };

enum state_call {
	STATE_CALL_GETINFO,
	STATE_CALL_PHYSINFO,
	STATE_CALL_SETMAXMEM,
	STATE_CALL_POD_TARGET,
	STATE_CALLS
};

struct state_domain {
	bool used;
	bool hvm;
	bool dying;
	bool shutdown;
	bool paused;
	uint8_t shutdown_reason; /* Xen's SHUTDOWN_* */
	uint8_t uuid[16];
	uint64_t tot_pages;
	uint64_t max_pages;
	uint64_t pod_pages; /* populate-on-demand target; 0: none was set */
	uint32_t vcpus;	    /* all online */
	uint64_t born_ns;   /* CLOCK_MONOTONIC */
};

struct state {
	uint32_t magic;
	uint32_t domid_end;  /* one past the highest domid in use */
	uint32_t domid_next; /* where the search for a free domid starts */
	pthread_mutex_t lock;
	uint64_t total_pages;
	uint64_t free_pages;
	uint64_t xen_pages;		/* kept by the hypervisor itself */
	uint64_t calls[STATE_CALLS];	/* answered so far, the bed's own not counted */
	uint32_t failures[STATE_CALLS]; /* so many next calls fail with ENOMEM */
	/* A pending bit for each event channel, so that a FIFO never holds one twice or fills. */
	atomic_uchar to_store[STATE_PORT_FIRST + STATE_DOMAINS];
	atomic_uchar to_guest[STATE_DOMAINS];
	struct state_domain domain[STATE_DOMAINS];
};

/* One process's view. */
struct state_map {
	struct state *shared;
	int log_fd;   /* hypervisor.log, one line per change of a limit; -1: none */
	int trace_fd; /* xenstored.trace, for its length; -1: none */
	int store_fd; /* FIFO of ports towards xenstored */
	int guest_fd; /* FIFO of domids towards the bed */
	int rings_fd; /* one page per domid */
};

/* They end up in libraries that are preloaded into other programs: keep the names inside. */
#pragma GCC visibility push(hidden)

/* Makes the files of a host of that size below dir, dom0 included. */
int state_create(const char *dir, uint64_t host_kib, uint64_t dom0_kib);
/* Maps what state_create made. */
int state_open(struct state_map *map, const char *dir);
void state_close(struct state_map *map);

void state_lock(struct state *state);
void state_unlock(struct state *state);

/* A new paused domain without memory. *domid < 0: the next free one; else that one. */
int state_domain_create(struct state_map *map, int *domid, const uint8_t uuid[16], bool hvm);
/* Gives up to so many pages, as far as cap and host allow; returns how many. */
uint64_t state_populate(struct state_map *map, int domid, uint64_t pages);
/* Takes pages back; returns how many the domain had to give. */
uint64_t state_release(struct state_map *map, int domid, uint64_t pages);
int state_unpause(struct state_map *map, int domid);
int state_pause(struct state_map *map, int domid);
/* It is given so many virtual CPUs. */
int state_set_vcpus(struct state_map *map, int domid, uint32_t vcpus);
/* The guest ended by itself; xenstored is told. */
int state_shutdown(struct state_map *map, int domid, uint8_t reason);
/* Frees its memory and tells xenstored; the domid stays taken until state_reap(). */
int state_kill(struct state_map *map, int domid);
int state_reap(struct state_map *map, int domid);
/* A copy of one domain; -ESRCH if there is none. */
int state_get(struct state_map *map, int domid, struct state_domain *copy);

/* The two limits, logged. bed: not counted and never made to fail. */
int state_setmaxmem(struct state_map *map, int domid, uint64_t kib, bool bed);
int state_set_pod_target(struct state_map *map, int domid, uint64_t pages, bool bed);
/* Counts a call; true if it is meant to fail. */
bool state_count_call(struct state *state, enum state_call call);

/* Raises an event towards xenstored, or from it towards a guest. Never blocks. */
void state_event_to_store(struct state_map *map, uint32_t port);
void state_event_to_guest(struct state_map *map, uint32_t domid);
/* The next pending port for xenstored, or domid for the bed; -EAGAIN if there is none. */
int state_next_for_store(struct state_map *map);
int state_next_for_guest(struct state_map *map);
/* Forgets every event, for a new xenstored. */
void state_forget_events(struct state_map *map);

/* The page shared between domid and xenstored, or NULL. */
void *state_map_ring(struct state_map *map, int domid);

#pragma GCC visibility pop

#endif
