/* SPDX-License-Identifier: MIT */
/*
 * The guest's own kernel as the daemon meets it: /proc, read, and the balloon driver. Files stay
 * open, so that looking costs no allocation and works without memory.
 */
#ifndef XENBALLOON_KERNEL_H
#define XENBALLOON_KERNEL_H

#include "daemon.h"
#include "driver.h"
#include "policy.h"
#include "procfs.h"

#define KERNEL_PROCFS "/proc"

/* /proc/zoneinfo is the longest; what is beyond this is not looked at. */
#define KERNEL_TEXT_MAX 65536

/* The trigger fires when tasks have waited for so long within a window, microseconds. */
#define KERNEL_STALL_US	 20000
#define KERNEL_WINDOW_US 1000000

struct kernel {
	/* Descriptors, -1: not open. */
	int meminfo, zoneinfo, pressure, vmstat, uptime;
	int overcommit[3]; /* overcommit_memory, _ratio, _kbytes */
	int trigger;	   /* polls POLLPRI when tasks wait; -1: this kernel doesn't tell */
	const char *lacks; /* the field of meminfo that made the last look fail; NULL: none did */
	struct driver driver;
	unsigned int page_kib;
	bool real;	   /* it is this machine's own /proc */
	uint64_t free_kib; /* memory and swap, at the last look; of a real /proc */
	uint64_t gap_kib;  /* as last seen while the balloon stood still */
	bool gap_known;
	uint64_t reserve_kib;	 /* as last read */
	struct overcommit rules; /* likewise */
	char text[KERNEL_TEXT_MAX];
};

/* What the kernel says at one moment. */
struct sample {
	struct meminfo meminfo;
	struct reading psi;
	struct reading stall_us;
	struct vmstat vmstat;	  /* absent unless all was asked for */
	struct reading uptime_ms; /* likewise */
	bool sized;		  /* the balloon driver says how large the guest is: else */
	uint64_t driver_kib;	  /* its target is 0 */
	struct view view; /* and so is current_kib here; the caller fills in max_kib and what needs
			     a history */
};

/*
 * Opens everything below these places; meminfo must be there, and kernel->driver.err says
 * what is wrong with the driver. write: the driver's target for writing, and a trigger. On failure
 * -errno, and *missing names the file. Close it in either case.
 */
int kernel_open(struct kernel *kernel, const struct places *places, bool write,
		const char **missing);
void kernel_close(struct kernel *kernel);

/*
 * Goes through the files that this kernel doesn't have: *row is 0 at first. True with the name of
 * one, and with what the daemon does without it.
 */
bool kernel_without(struct kernel *kernel, size_t *row, const char **name, const char **without);

/*
 * Looks at size, memory and pressure; with `all` also at reserve, refaults, swap and uptime, which
 * cost more and change less. 0, or -errno, -EBADMSG for a file that doesn't say what it must.
 */
int kernel_sample(struct kernel *kernel, bool all, struct sample *sample);

/* Why a look failed with err, in words for people. */
void kernel_failure(const struct kernel *kernel, const struct places *places, int err, char *text,
		    size_t size);

/* The trigger is gone for good; returns what stands for none. */
int kernel_forget_trigger(struct kernel *kernel);

/* Free memory and swap that moved less than this are no news. */
#define KERNEL_QUIET_KIB 256

/* True if a look would hardly show anything new, at the price of one system call. */
bool kernel_quiet(const struct kernel *kernel);

#endif
