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

/* Guests look long up: what a guest doesn't do soon after boot needn't be waited for. */
#define LONG_UP_S 3600

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
		{ "Cached:", k->cache_kib - k->cache_kib / 16 },
		{ "SwapCached:", 0 },
		{ "Active:", k->anon_kib / 2 + k->cache_kib / 2 },
		{ "Inactive:", k->anon_kib / 2 + k->cache_kib / 2 },
		{ "Active(anon):", k->anon_kib / 2 },
		{ "Inactive(anon):", k->anon_kib / 2 },
		{ "Active(file):", k->cache_kib / 2 },
		{ "Inactive(file):", k->cache_kib / 2 },
		{ "Unevictable:", 0 },
		{ "Mlocked:", 0 },
		{ "SwapTotal:", k->swap_kib },
		{ "SwapFree:", k->swap_kib - k->swapped_kib },
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
		{ "CommitLimit:", k->total_kib / 2 + k->swap_kib },
		{ "Committed_AS:", k->committed_kib },
		{ "VmallocTotal:", 34359738367u },
		{ "VmallocUsed:", 4096 },
		{ "VmallocChunk:", 0 },
		{ "Percpu:", 512 },
	};
	struct out out = { text, size, 0 };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		say(&out, "%-15s %8" PRIu64 " kB\n", rows[i].name, rows[i].kib);
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
	uint64_t protection = k->static_max_kib / 256;
	uint64_t high = kernel_totalreserve_kib(k->static_max_kib) - protection;
	uint64_t dma_kib = k->total_kib < 15360 ? k->total_kib : 15360;
	struct out out = { text, size, 0 };

	zone(&out, "DMA", k->free_kib / 32 / 4, high / 32 / 4, dma_kib / 4, protection / 4);
	zone(&out, "DMA32", (k->free_kib - k->free_kib / 32) / 4, (high - high / 32) / 4,
	     (k->total_kib - dma_kib) / 4, 0);
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

static size_t vmstat(const struct guest *guest, char *text, size_t size)
{
	const struct kernel *k = &guest->kernel;
	const struct row {
		const char *name;
		uint64_t value;
	} rows[] = {
		{ "nr_free_pages", k->free_kib / 4 },
		{ "nr_anon_pages", k->anon_kib / 4 },
		{ "nr_file_pages", k->cache_kib / 4 },
		{ "nr_slab_unreclaimable", KERNEL_FIXED_KIB / 8 },
		{ "workingset_refault_anon", k->swapped_in_kib / 4 },
		{ "workingset_refault_file", k->reclaims },
		{ "pgpgin", k->swapped_in_kib },
		{ "pgpgout", k->swapped_out_kib },
		{ "pswpin", k->swapped_in_kib / 4 },
		{ "pswpout", k->swapped_out_kib / 4 },
		{ "allocstall_normal", k->reclaims / 8 },
		{ "pgfault", k->faults },
		{ "pgmajfault", k->swapped_in_kib / 4 },
		{ "pgsteal_kswapd", k->reclaims },
		{ "pgsteal_direct", k->reclaims / 8 },
		{ "pgscan_kswapd", k->reclaims * 2 },
		{ "pgscan_direct", k->reclaims / 4 },
		{ "oom_kill", k->oom_kills },
		{ "balloon_inflate", (guest->balloon.pages_kib - guest->balloon.current_kib) / 4 },
		{ "balloon_deflate", 0 },
	};
	struct out out = { text, size, 0 };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		say(&out, "%s %" PRIu64 "\n", rows[i].name, rows[i].value);
	return out.len;
}

static size_t swaps(const struct guest *guest, char *text, size_t size)
{
	struct out out = { text, size, 0 };

	say(&out, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
	if (guest->kernel.swap_kib > 0)
		say(&out,
		    "/dev/xvda2                              partition\t%-8" PRIu64 "\t%-8" PRIu64
		    "\t-2\n",
		    guest->kernel.swap_kib, guest->kernel.swapped_kib);
	return out.len;
}

static size_t loadavg(const struct guest *guest, char *text, size_t size)
{
	double stall = guest->kernel.some.avg60 / 100;

	return (size_t)snprintf(text, size, "%4.2f %4.2f %4.2f 1/64 512\n", stall, stall, stall);
}

static size_t uptime(const struct guest *guest, char *text, size_t size)
{
	double seconds = LONG_UP_S + (double)(loop_now_ms() - guest->boot_ms) / 1000;

	return (size_t)snprintf(text, size, "%010.2f %010.2f\n", seconds, seconds);
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
	{ "proc/meminfo", true, meminfo, NULL, false },
	{ "proc/zoneinfo", true, zoneinfo, NULL, false },
	{ "proc/pressure/memory", true, pressure, NULL, false },
	{ "proc/vmstat", false, vmstat, NULL, false },
	{ "proc/swaps", false, swaps, NULL, false },
	{ "proc/loadavg", false, loadavg, NULL, false },
	{ "proc/uptime", false, uptime, NULL, false },
	{ "hypervisor/type", false, hypervisor_type, NULL, false },
	{ "hypervisor/guest_type", false, guest_type, NULL, false },
	{ "hypervisor/uuid", false, uuid, NULL, false },
	{ NULL, false, NULL, NULL, false },
};
