/* SPDX-License-Identifier: MIT */
/*
 * Creates a domain's guest-owned keys below memory/ and grants them to it; the contract's only
 * writes in dom0 that no operator asked for. Collector thread only.
 */
#ifndef XENBALLOON_PROVISION_H
#define XENBALLOON_PROVISION_H

#include <stdint.h>

struct store;

/*
 * Makes sure that each guest-owned key is there (empty when new) with permissions n0,b<domid>. All
 * in one transaction. 0; -ENOENT: the domain has no memory/ (yet, or any more); or a negative
 * errno.
 */
int provision_keys(struct store *store, uint32_t domid);

#endif
