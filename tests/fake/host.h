/* SPDX-License-Identifier: MIT */
/*
 * What an administrator does on the host: guests made, ended, rebooted, sized; xenstored stopped
 * and started. These block on xenstored, so never on the loop's thread. They return 0 or a negative
 * errno, with a sentence in error.
 */
#ifndef XENBED_HOST_H
#define XENBED_HOST_H

#include <stddef.h>
#include <stdint.h>

#include "guest.h"
#include "spec.h"
#include "workload.h"

#define HOST_ERROR_MAX 256

/* Fills in what spec leaves open (UUID, memory), makes the guest and boots it. */
int host_create(struct guest_spec *spec, const struct workload *workload, char *error);
/*
 * The same for many, told by progress() how far it is. All are built before the first boots: a
 * store with few connections and watches is quick.
 */
int host_create_all(struct guest_spec *specs, unsigned int count,
		    void (*progress)(const char *what, unsigned int done), char *error);
int host_destroy(const char *name, char *error);
/* A new domain with the same name, UUID and size. domid: the new one. */
int host_reboot(const char *name, int *domid, char *error);
int host_mem_set(const char *name, uint64_t mib, char *error);
int host_mem_max(const char *name, uint64_t mib, char *error);

/* Starts xenstored and puts into it what dom0 and xl had written, for all guests there are. */
int host_store_start(char *error);
/* On the loop's thread: -ESRCH if it isn't running. */
int host_store_signal(int signal);
/* On the loop's thread: whether pid was xenstored. */
bool host_store_ended(pid_t pid);

/* What a guest gets if nothing is said, were there that many; 0: the host is too small. */
uint64_t host_even_share_kib(unsigned int guests);

#endif
