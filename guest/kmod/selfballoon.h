/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What the parts of xen_selfballoon know of each other: main.c sizes, keys.c speaks with dom0,
 * file.c with people. All sizes are KiB.
 */
#ifndef XEN_SELFBALLOON_H
#define XEN_SELFBALLOON_H

#include "policy.h"
#include "report.h"

#define KIB_PER_PAGE (PAGE_SIZE / 1024)

/* How it sizes the guest; the names and meanings of guest.conf. */
struct tuning {
	unsigned int floor; /* 2011, 2008 or MiB */
	unsigned int reserve_percent, interval_s, hysteresis_down, hysteresis_up;
};

/* What dom0 says; garbage and absence are 0 for selfballoon. */
struct orders {
	bool selfballoon;
	bool known; /* xenstore has been read */
	struct reading target_kib;
	struct reading static_max_kib;
	struct tuning tuning;			/* the module's own, and memory/policy over it */
	char refuses[CONTRACT_REFUSES_MAX + 1]; /* the word of memory/policy that it doesn't take */
};

/* --- main.c --- */

/* dom0 may have said something else: read it, and look at once. Any context. */
void selfballoon_look(void);
/* dom0 tells the guest to go, or it has come back. */
void selfballoon_leaving(void);
/* Takes a size from a person while selfballoon is 0: 0, -EINVAL, -EBUSY, -EINTR. */
int selfballoon_set_target(uint64_t kib);

struct selfballoon_state {
	uint64_t current_kib, target_kib, floor_kib, max_kib;
	bool on;
};
/* 0, or -EINTR. */
int selfballoon_show(struct selfballoon_state *state);

/* --- keys.c --- */

int keys_start(void);
void keys_stop(void);
/* orders->tuning is what counts where dom0 says nothing, or nothing that makes sense. */
void keys_read(struct orders *orders);
/* In one transaction, as the daemon does. 0 or a negative errno. */
int keys_post(const struct report *report, uint32_t seq);
int keys_switch(bool on);

/* --- file.c --- */

int file_start(void);
void file_stop(void);

#endif
