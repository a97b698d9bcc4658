/* SPDX-License-Identifier: MIT */
/*
 * The guest's balloon driver as Linux shows it in sysfs: its sizes, its target, and whether it
 * obeys. Files stay open, so that looking costs no allocation and works without memory. One thread.
 *
 * Sizes are on dom0's scale, that of memory/target and memory/static-max. The driver's own is lower
 * by a constant in guests that are not PV: what static-max has beyond the pages that the driver
 * knows (holes, firmware, video memory). Linux takes it off each target of dom0's, and here it is
 * taken off and added wherever the driver's files are written and read, and nowhere else.
 */
#ifndef XENBALLOON_DRIVER_H
#define XENBALLOON_DRIVER_H

#include <stdbool.h>
#include <stdint.h>

#include "contract.h"

#define DRIVER_SYSFS	  "/sys/devices/system/xen_memory/xen_memory0"
#define DRIVER_HYPERVISOR "/sys/hypervisor"

/* A driver that refused is tried again after 5 s, then each time twice as late, at most this. */
#define DRIVER_RETRY_FIRST_MS 5000
#define DRIVER_RETRY_MAX_MS   60000

struct driver {
	const char *sysfs;
	bool write;
	int current, target; /* descriptors, -1: not open */
	int low, high;
	int lock;	  /* held while open for writing */
	int err;	  /* why it doesn't obey, or has no sizes: a negative errno; 0: it does */
	int64_t retry_ms; /* while err: when to try again; 0: not settled yet */
	int64_t delay_ms;
	bool subtracts;	    /* the guest is known not to be PV */
	uint64_t pages_kib; /* all that the driver knows of, ballooned or not; 0: it doesn't say */
	uint64_t seen_kib;  /* the same at the last look */
	uint64_t static_max_kib; /* 0: not known */
};

/*
 * Opens the driver's files below sysfs, which must outlive it; what kind of guest this is stands in
 * guest_type below hypervisor. write: the target for writing, and
 * proves by writing the present target that the driver obeys, which changes nothing; and keeps
 * others from opening it so: for them driver->err is -EALREADY. driver->err says what is wrong;
 * close it in either case.
 */
void driver_open(struct driver *driver, const char *sysfs, const char *hypervisor, bool write);
void driver_close(struct driver *driver);

/* False: there is none, or its sizes can't be read. */
bool driver_sized(const struct driver *driver);

/*
 * Counts the driver's pages; to be called now and then, with what dom0 says. Pages that are lent to
 * other guests are missing for a while, so the most counts, and what two looks saw: the parts of
 * one sum are read one after the other. True: sizes of before are on another scale now.
 */
bool driver_count(struct driver *driver, struct reading static_max);

/* The most that the driver can have; 0: not known. More would make Linux add memory. */
uint64_t driver_full_kib(const struct driver *driver);

/* Where the balloon is and where it goes. 0 or a negative errno; -EBADMSG: no number. */
int driver_current_kib(const struct driver *driver, uint64_t *kib);
int driver_target_kib(const struct driver *driver, uint64_t *kib);

/* Gives it a target. 0 or a negative errno, which driver->err keeps until it obeys. */
int driver_set_target(struct driver *driver, uint64_t kib);

/* For one that doesn't obey, often: proves again when it is time. */
void driver_retry(struct driver *driver, int64_t now_ms);

/* What is wrong, and what mends it. */
enum contract_driver driver_trouble(const struct driver *driver);
const char *driver_remedy(enum contract_driver trouble);

#endif
