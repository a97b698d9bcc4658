/* SPDX-License-Identifier: MIT */
/*
 * The texts of /proc and /sys/hypervisor in the forms of Linux 6.1, from the numbers of a played
 * guest. Numbers that change are printed at a fixed width, so that files are overwritten in place.
 * Pure.
 */
#include "guestfs_text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "guest.h"
#include "loop.h"

struct out {
	char *text;
	size_t size;
	size_t len;
};

static void say(struct out *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(struct out *out, const char *format, ...)
{
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(out->text + out->len, out->size - out->len, format, ap);
	va_end(ap);
	if (n > 0)
		out->len += (size_t)n;
	if (out->len >= out->size)
		out->len = out->size - 1;
}

static size_t meminfo(const struct guest *guest, char *text, size_t size)
{
	const struct kernel *k = &guest->kernel;
	const struct row {
		const char *name;
		uint64_t kib;
	} rows[] = {
		{ "MemTotal:", k->total_kib },
		{ "MemFree:", k->free_kib },
		{ "MemAvailable:", k->available_kib },
		{ "Buffers:", k->cache_kib / 16 },
		{ "Cached:", k->cache_kib - k->cache_kib / 16 + k->locked_kib },
		{ "SwapCached:", 0 },
		{ "Active:", k->anon_kib / 2 + k->cache_kib / 2 },
		{ "Inactive:", k->anon_kib / 2 + k->cache_kib / 2 },
		{ "Active(anon):", k->anon_kib / 2 },
		{ "Inactive(anon):", k->anon_kib / 2 },
		{ "Active(file):", k->cache_kib / 2 },
		{ "Inactive(file):", k->cache_kib / 2 },
		{ "Unevictable:", k->locked_kib },
		{ "Mlocked:", k->locked_kib },
		{ "SwapTotal:", k->config.swap_kib },
		{ "SwapFree:", k->config.swap_kib - k->swapped_kib },
		{ "Dirty:", 0 },
		{ "Writeback:", 0 },
		{ "AnonPages:", k->anon_kib },
		{ "Mapped:", k->anon_kib / 4 },
		{ "Shmem:", 0 },
		{ "KReclaimable:", 0 },
		{ "Slab:", KERNEL_FIXED_KIB / 2 },
		{ "SReclaimable:", 0 },
		{ "SUnreclaim:", KERNEL_FIXED_KIB / 2 },
		{ "KernelStack:", 1024 },
		{ "PageTables:", 1024 + k->anon_kib / 512 },
		{ "NFS_Unstable:", 0 },
		{ "Bounce:", 0 },
		{ "WritebackTmp:", 0 },
		{ "CommitLimit:", kernel_commit_limit_kib(k) },
		{ "Committed_AS:", k->committed_kib },
		{ "VmallocTotal:", 34359738367u },
		{ "VmallocUsed:", 4096 },
		{ "VmallocChunk:", 0 },
		{ "Percpu:", 512 },
	};
	struct out out = { text, size, 0 };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		say(&out, "%-15s %8" PRIu64 " kB\n", rows[i].name, rows[i].kib);
	say(&out, "HugePages_Total:   %8" PRIu64 "\nHugePages_Free:    %8" PRIu64 "\n",
	    k->hugetlb_kib / 2048, k->hugetlb_kib / 2048);
	say(&out, "Hugepagesize:       2048 kB\nHugetlb:         %8" PRIu64 " kB\n",
	    k->hugetlb_kib);
	return out.len;
}

static void zone(struct out *out, const char *name, uint64_t free, uint64_t high, uint64_t managed,
		 uint64_t protection)
{
	say(out, "Node 0, zone %8s\n", name);
	say(out, "  pages free     %-8" PRIu64 "\n        boost    0\n", free);
	say(out, "        min      %-8" PRIu64 "\n        low      %-8" PRIu64 "\n", high * 2 / 3,
	    high * 5 / 6);
	say(out, "        high     %-8" PRIu64 "\n        spanned  %-8" PRIu64 "\n", high, managed);
	say(out, "        present  %-8" PRIu64 "\n        managed  %-8" PRIu64 "\n", managed,
	    managed);
	say(out,
	    "        cma      0\n        protection: (0, %" PRIu64 ", %" PRIu64 ", %" PRIu64
	    ", %" PRIu64 ")\n",
	    protection, protection, protection, protection);
	say(out, "      nr_free_pages %-8" PRIu64 "\n", free);
	say(out, "  pagesets\n    cpu: 0\n              count: 0\n              high:  378\n"
		 "              batch: 63\n  vm stats threshold: 12\n");
}

static size_t zoneinfo(const struct guest *guest, char *text, size_t size)
{
	const struct kernel *k = &guest->kernel;
	uint64_t protection = k->config.static_max_kib / 256;
	uint64_t high = kernel_totalreserve_kib(k->config.static_max_kib) - protection;
	uint64_t dma_kib = k->total_kib < 15360 ? k->total_kib : 15360;
	uint64_t page = k->config.page_kib;
	struct out out = { text, size, 0 };

	zone(&out, "DMA", k->free_kib / 32 / page, high / 32 / page, dma_kib / page,
	     protection / page);
	zone(&out, "DMA32", (k->free_kib - k->free_kib / 32) / page, (high - high / 32) / page,
	     (k->total_kib - dma_kib) / page, 0);
	say(&out, "Node 0, zone   Normal\n  pages free     0\n        boost    0\n"
		  "        min      0\n        low      0\n        high     0\n"
		  "        spanned  0\n        present  0\n        managed  0\n        cma      0\n"
		  "        protection: (0, 0, 0, 0, 0)\n");
	return out.len;
}

static size_t pressure(const struct guest *guest, char *text, size_t size)
{
	const struct pressure *some = &guest->kernel.some, *full = &guest->kernel.full;
	struct out out = { text, size, 0 };

	say(&out, "some avg10=%05.2f avg60=%05.2f avg300=%05.2f total=%012.0f\n", some->avg10,
	    some->avg60, some->avg300, some->total_us);
	say(&out, "full avg10=%05.2f avg60=%05.2f avg300=%05.2f total=%012.0f\n", full->avg10,
	    full->avg60, full->avg300, full->total_us);
	return out.len;
}

/* Rows of all versions: a file has those that its kernel's has. */
static size_t vmstat(const struct guest *guest, char *text, size_t size)
{
	const struct kernel *k = &guest->kernel;
	const struct kernel_counters *c = &k->counters;
	const uint64_t page = k->config.page_kib, swapped = c->swapped_in / page;
	const uint64_t inflated = (guest->balloon.pages_kib - guest->balloon.current_kib) / page;
	const uint64_t stolen = (c->kswapd + c->direct + c->group) / page;
	const uint64_t refault = c->refault / page, activate = c->activate / page,
		       restore = c->restore / page;
	const struct row {
		const char *name;
		uint64_t value;
		unsigned int since, until; /* 0: always */
	} rows[] = {
		{ "nr_free_pages", k->free_kib / page, 0, 0 },
		{ "nr_anon_pages", k->anon_kib / page, 0, 0 },
		{ "nr_file_pages", (k->cache_kib + k->locked_kib) / page, 0, 0 },
		{ "nr_slab_unreclaimable", KERNEL_FIXED_KIB / 2 / page, 0, 0 },
		{ "workingset_refault", refault + swapped, 0, 509 },
		{ "workingset_activate", activate, 0, 509 },
		{ "workingset_restore", restore, 0, 509 },
		{ "workingset_refault_anon", swapped, 509, 0 },
		{ "workingset_refault_file", refault, 509, 0 },
		{ "workingset_activate_anon", swapped / 2, 509, 0 },
		{ "workingset_activate_file", activate, 509, 0 },
		{ "workingset_restore_anon", swapped / 2, 509, 0 },
		{ "workingset_restore_file", restore, 509, 0 },
		{ "pgpgin", c->read + c->swapped_in, 0, 0 },
		{ "pgpgout", c->swapped_out, 0, 0 },
		{ "pswpin", swapped, 0, 0 },
		{ "pswpout", c->swapped_out / page, 0, 0 },
		{ "allocstall_dma", 0, 0, 0 },
		{ "allocstall_dma32", c->stalls / 2, 0, 0 },
		{ "allocstall_normal", c->stalls - c->stalls / 2, 0, 0 },
		{ "allocstall_movable", 0, 0, 0 },
		{ "pgfault", c->faults, 0, 0 },
		{ "pgmajfault", (c->read + c->swapped_in) / page, 0, 0 },
		{ "pgsteal_kswapd", c->kswapd / page, 0, 0 },
		{ "pgsteal_direct", c->direct / page, 0, 0 },
		{ "pgscan_kswapd", c->kswapd * 2 / page, 0, 0 },
		{ "pgscan_direct", c->direct * 2 / page, 0, 0 },
		{ "pgscan_anon", c->swapped_out * 2 / page, 508, 0 },
		{ "pgscan_file", stolen * 2, 508, 0 },
		{ "pgsteal_anon", c->swapped_out / page, 508, 0 },
		{ "pgsteal_file", stolen, 508, 0 },
		{ "oom_kill", k->oom_kills, 0, 0 },
		{ "balloon_inflate", inflated, 0, 0 },
		{ "balloon_deflate", 0, 0, 0 },
	};
	struct out out = { text, size, 0 };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (guest->spec.kernel >= rows[i].since &&
		    (rows[i].until == 0 || guest->spec.kernel < rows[i].until))
			say(&out, "%s %" PRIu64 "\n", rows[i].name, rows[i].value);
	}
	return out.len;
}

static size_t swaps(const struct guest *guest, char *text, size_t size)
{
	struct out out = { text, size, 0 };

	say(&out, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
	if (guest->kernel.config.swap_kib > 0)
		say(&out,
		    "/dev/xvda2                              partition\t%-8" PRIu64 "\t%-8" PRIu64
		    "\t-2\n",
		    guest->kernel.config.swap_kib, guest->kernel.swapped_kib);
	return out.len;
}

static size_t loadavg(const struct guest *guest, char *text, size_t size)
{
	double stall = guest->kernel.some.avg60 / 100;

	return (size_t)snprintf(text, size, "%4.2f %4.2f %4.2f 1/64 512\n", stall, stall, stall);
}

static size_t uptime(const struct guest *guest, char *text, size_t size)
{
	double seconds = guest->spec.uptime_s + (double)(loop_now_ms() - guest->boot_ms) / 1000;

	return (size_t)snprintf(text, size, "%010.2f %010.2f\n", seconds, seconds);
}

static size_t overcommit_memory(const struct guest *guest, char *text, size_t size)
{
	return (size_t)snprintf(text, size, "%u\n", guest->spec.overcommit);
}

static size_t overcommit_ratio(const struct guest *guest, char *text, size_t size)
{
	return (size_t)snprintf(text, size, "%u\n", guest->spec.ratio);
}

static size_t overcommit_kbytes(const struct guest *guest, char *text, size_t size)
{
	(void)guest;
	return (size_t)snprintf(text, size, "0\n");
}

static size_t hypervisor_type(const struct guest *guest, char *text, size_t size)
{
	(void)guest;
	return (size_t)snprintf(text, size, "xen\n");
}

static size_t guest_type(const struct guest *guest, char *text, size_t size)
{
	return (size_t)snprintf(text, size, "%s\n", spec_guest_type(guest->spec.type));
}

static size_t uuid(const struct guest *guest, char *text, size_t size)
{
	char uuid[SPEC_UUID_LEN];

	spec_uuid_text(guest->spec.uuid, uuid);
	return (size_t)snprintf(text, size, "%s\n", uuid);
}

const struct guestfs_file guestfs_files[] = {
	{ "proc/meminfo", true, meminfo, NULL, false, 0 },
	{ "proc/zoneinfo", true, zoneinfo, NULL, false, 0 },
	{ "proc/pressure/memory", true, pressure, NULL, false, 420 },
	{ "proc/vmstat", false, vmstat, NULL, false, 0 },
	{ "proc/swaps", false, swaps, NULL, false, 0 },
	{ "proc/loadavg", false, loadavg, NULL, false, 0 },
	{ "proc/sys/vm/overcommit_memory", false, overcommit_memory, NULL, false, 0 },
	{ "proc/sys/vm/overcommit_ratio", false, overcommit_ratio, NULL, false, 0 },
	{ "proc/sys/vm/overcommit_kbytes", false, overcommit_kbytes, NULL, false, 0 },
	{ "proc/uptime", false, uptime, NULL, false, 0 },
	{ "hypervisor/type", false, hypervisor_type, NULL, false, 0 },
	{ "hypervisor/guest_type", false, guest_type, NULL, false, 0 },
	{ "hypervisor/uuid", false, uuid, NULL, false, 0 },
	{ NULL, false, NULL, NULL, false, 0 },
};
