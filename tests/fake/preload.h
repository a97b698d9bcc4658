/* SPDX-License-Identifier: MIT */
/*
 * What the files of the preloaded library share.
 */
#ifndef XENBED_PRELOAD_H
#define XENBED_PRELOAD_H

struct state_map;

#pragma GCC visibility push(hidden)

/* This process's view of the fake hypervisor, or NULL with errno. */
struct state_map *preload_state(void);

#pragma GCC visibility pop

#endif
