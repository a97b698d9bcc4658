/* SPDX-License-Identifier: MIT */
/*
 * The guest's own kernel as the daemon meets it: /proc read, the balloon driver's sysfs directory
 * read and written. Files stay open, so that looking costs no allocation and works without memory.
 */
#ifndef XENBALLOON_KERNEL_H
#define XENBALLOON_KERNEL_H

#include "policy.h"
#include "procfs.h"

#define KERNEL_PROCFS "/proc"
#define KERNEL_SYSFS  "/sys/devices/system/xen_memory/xen_memory0"

/* /proc/zoneinfo is the longest; what is beyond this is not looked at. */
#define KERNEL_TEXT_MAX 65536

struct kernel {
	int meminfo, zoneinfo, pressure, current, target; /* descriptors, -1: not open */
	unsigned int page_kib;
	uint64_t gap_kib; /* as last seen while the balloon stood still */
	bool gap_known;
	uint64_t reserve_kib; /* as last read */
	char text[KERNEL_TEXT_MAX];
};

/* What the kernel says at one moment. */
struct sample {
	struct meminfo meminfo;
	struct reading psi;
	uint64_t driver_kib; /* the balloon driver's target */
	struct view view;    /* max_kib is the caller's to fill in */
};

/*
 * Opens everything below the two directories; zoneinfo and pressure may be missing. write: the
 * target too, for writing. On failure -errno, and *missing names the file. Close it in either case.
 */
int kernel_open(struct kernel *kernel, const char *procfs, const char *sysfs, bool write,
		const char **missing);
void kernel_close(struct kernel *kernel);

/*
 * Looks at size and memory; with `all` also at reserve and pressure, which cost more and change
 * less. 0, or -errno, -EBADMSG for a file that doesn't say what it must.
 */
int kernel_sample(struct kernel *kernel, bool all, struct sample *sample);

/* Gives the balloon driver a target. 0 or a negative errno. */
int kernel_set_target(struct kernel *kernel, uint64_t kib);

#endif
