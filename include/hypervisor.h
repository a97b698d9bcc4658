/* SPDX-License-Identifier: MIT */
/*
 * What the hypervisor says and may be told; the one user of libxenctrl, whose ABI changes with each
 * Xen version. Calls belong to the collector thread. Return 0 or a negative errno. Sizes are KiB.
 */
#ifndef XENBALLOON_HYPERVISOR_H
#define XENBALLOON_HYPERVISOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "snapshot.h"

struct hypervisor;

struct hypervisor_host {
	uint64_t total_kib;
	uint64_t free_kib; /* free, less what is claimed by domains being built */
};

struct hypervisor_domain {
	uint32_t domid;
	char uuid[SNAPSHOT_UUID_SIZE];
	enum domain_type type;
	bool dying;
	bool paused;
	enum domain_run run;
	uint32_t vcpus;		/* online */
	uint32_t vcpus_max;	/* that it may bring online */
	uint64_t cpu_ns;	/* of all of them */
	uint64_t allocated_kib; /* tot_pages */
	uint64_t cap_kib;	/* max_pages; CONTRACT_KIB_MAX if there is none */
};

int hypervisor_open(struct hypervisor **hypervisor);
void hypervisor_close(struct hypervisor *hypervisor); /* NULL is allowed */

/* "4.17.5" and the like, at most size - 1 bytes. */
int hypervisor_version(struct hypervisor *hypervisor, char *text, size_t size);

int hypervisor_host(struct hypervisor *hypervisor, struct hypervisor_host *host);

/*
 * All domains with domain 0 among them, by domid. *domains is the hypervisor's own, valid until
 * the next call; *count is how many.
 */
int hypervisor_domains(struct hypervisor *hypervisor, const struct hypervisor_domain **domains,
		       size_t *count);

/* One domain; -ESRCH if there is none with this domid. */
int hypervisor_domain(struct hypervisor *hypervisor, uint32_t domid,
		      struct hypervisor_domain *domain);

/* The time that one virtual CPU, from 0, has run; -ESRCH if there is none such. */
int hypervisor_vcpu_ns(struct hypervisor *hypervisor, uint32_t domid, uint32_t vcpu, uint64_t *ns);

/* XEN_DOMCTL_max_mem. */
int hypervisor_set_cap(struct hypervisor *hypervisor, uint32_t domid, uint64_t cap_kib);

/* Populate-on-demand target of a PVH or HVM domain (xc_domain_set_pod_target). */
int hypervisor_set_pod_target(struct hypervisor *hypervisor, uint32_t domid, uint64_t target_kib);

#endif
