/* SPDX-License-Identifier: MIT */
/*
 * What xl does for a domain, in the store and in the hypervisor, in xl's order. These calls block
 * on xenstored: never on the loop's thread. The caller holds the bed's toolstack lock.
 */
#ifndef XENBED_TOOLSTACK_H
#define XENBED_TOOLSTACK_H

#include <stddef.h>
#include <stdint.h>

#include "spec.h"

struct state_map;
struct xs_handle;

/* A connection as dom0's, or NULL: xenstored doesn't answer. */
struct xs_handle *toolstack_open(void);
void toolstack_close(struct xs_handle *xs);

/* What dom0 itself has in the store of a freshly started xenstored. */
int toolstack_init_dom0(struct xs_handle *xs, struct state_map *state);
/* Builds a paused domain: hypervisor, memory, cap. Sets spec->domid. */
int toolstack_build(struct state_map *state, struct guest_spec *spec);
/* Its nodes, with a balloon target. */
int toolstack_write_nodes(struct xs_handle *xs, const struct guest_spec *spec, uint64_t target_kib);
/* Makes it known to xenstored. */
int toolstack_introduce(struct xs_handle *xs, int domid);
/* Removes the nodes and the domain, and returns when xenstored has let go of it. */
int toolstack_destroy(struct xs_handle *xs, struct state_map *state, const struct guest_spec *spec);

/* xl mem-set and xl mem-max. error says why not. */
int toolstack_mem_set(struct xs_handle *xs, struct state_map *state, int domid, uint64_t mib,
		      char *error, size_t size);
int toolstack_mem_max(struct xs_handle *xs, struct state_map *state, int domid, uint64_t mib,
		      char *error, size_t size);

/* What memory/target says, 0 if it can't be read. */
uint64_t toolstack_target_kib(struct xs_handle *xs, int domid);

#endif
