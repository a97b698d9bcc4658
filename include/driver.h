/* SPDX-License-Identifier: MIT */
/*
 * The guest's balloon driver as Linux shows it in sysfs: its sizes, its target, and whether it
 * obeys. Files stay open, so that looking costs no allocation and works without memory. One thread.
 */
#ifndef XENBALLOON_DRIVER_H
#define XENBALLOON_DRIVER_H

#include <stdbool.h>
#include <stdint.h>

#include "contract.h"

#define DRIVER_SYSFS "/sys/devices/system/xen_memory/xen_memory0"

/* A driver that refused is tried again after 5 s, then each time twice as late, at most this. */
#define DRIVER_RETRY_FIRST_MS 5000
#define DRIVER_RETRY_MAX_MS   60000

struct driver {
	const char *sysfs;
	bool write;
	int current, target; /* descriptors, -1: not open */
	int err;	  /* why it doesn't obey, or has no sizes: a negative errno; 0: it does */
	int64_t retry_ms; /* while err: when to try again; 0: not settled yet */
	int64_t delay_ms;
};

/*
 * Opens the driver's files below sysfs, which must outlive it. write: the target for writing, and
 * proves by writing the present target that the driver obeys, which changes nothing. driver->err
 * says what is wrong; close it in either case.
 */
void driver_open(struct driver *driver, const char *sysfs, bool write);
void driver_close(struct driver *driver);

/* False: there is none, or its sizes can't be read. */
bool driver_sized(const struct driver *driver);

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
