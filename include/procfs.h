/* SPDX-License-Identifier: MIT */
/*
 * Parsers for what a kernel says in /proc, over text in memory. Pure and bounded: whatever the
 * text, they end, and what isn't there or isn't a number is absent. All sizes are KiB.
 */
#ifndef XENBALLOON_PROCFS_H
#define XENBALLOON_PROCFS_H

#include "contract.h"

struct meminfo {
	struct reading total_kib, available_kib, committed_kib, swapfree_kib, swaptotal_kib;
	struct reading free_kib, hugetlb_kib;
};

/* /proc/meminfo; the first line of a name counts. */
void procfs_meminfo(const char *text, size_t len, struct meminfo *meminfo);

/*
 * The kernel's totalreserve_pages, which it doesn't export, reckoned from /proc/zoneinfo as it
 * does: per zone the largest of lowmem_reserve ("protection") plus the high watermark, at most what
 * the zone manages. The file has 175 bytes per CPU and zone, so it is taken piece by piece.
 */
struct procfs_zone {
	uint64_t high, managed, protection;
};
struct procfs_reserve {		 /* zeroed at first */
	struct procfs_zone zone; /* the one at hand */
	uint64_t pages;		 /* of those before */
	bool watermarks, known;
};

/* Takes the whole lines of a piece; how many bytes that were. */
size_t procfs_reserve_feed(struct procfs_reserve *reserve, const char *text, size_t len);

/* page_kib is the page size. Absent if the text named no zone. */
struct reading procfs_reserve_kib(const struct procfs_reserve *reserve, unsigned int page_kib);

/* "some avg10" of /proc/pressure/memory in hundredths of a percent. */
struct reading procfs_psi(const char *text, size_t len);

/* "some ... total" of /proc/pressure/memory: microseconds since boot in which some task waited. */
struct reading procfs_stall_us(const char *text, size_t len);

/*
 * Of /proc/vmstat, since boot: pages, but for stalls. Steals and stalls are those of reclaim for
 * the whole guest: pgsteal_anon and _file would count a control group's own, too.
 */
enum vmstat_counter {
	VM_SWAPINS,	  /* pswpin */
	VM_STEALS,	  /* pgsteal_kswapd, pgsteal_direct */
	VM_STALLS,	  /* allocstall, of each zone or of all */
	VM_ACTIVATE_ANON, /* workingset_activate: read again while it would still have been in use
			   */
	VM_ACTIVATE_FILE, /* this and restore_file also for kernels before 5.9, which don't tell
			     them apart */
	VM_RESTORE_ANON,  /* workingset_restore: likewise, and it had been active before */
	VM_RESTORE_FILE,
	VM_COUNTERS
};
struct vmstat {
	struct reading counters[VM_COUNTERS];
};
void procfs_vmstat(const char *text, size_t len, struct vmstat *vmstat);

/* Milliseconds since boot, of /proc/uptime. */
struct reading procfs_uptime_ms(const char *text, size_t len);

/* A file whose first line is one number, as sysfs has them. */
struct reading procfs_number(const char *text, size_t len, uint64_t max);

#endif
