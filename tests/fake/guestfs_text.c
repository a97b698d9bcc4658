/* SPDX-License-Identifier: MIT */
/*
 * The texts of /proc and of the balloon driver's folder, in the forms of Linux 6.1, from the
 * numbers of a played guest. Numbers that change are printed at a fixed width, so that files are
 * overwritten in place. Pure; called by guestfs.c.
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
		{ "balloon_inflate", (guest->balloon.static_max_kib - k->total_kib) / 4 },
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

static size_t number(char *text, size_t size, uint64_t value)
{
	return (size_t)snprintf(text, size, "%" PRIu64 "\n", value);
}

static size_t target_kb(const struct guest *guest, char *text, size_t size)
{
	return number(text, size, guest->balloon.target_kib);
}

static size_t target_bytes(const struct guest *guest, char *text, size_t size)
{
	return number(text, size, guest->balloon.target_kib * 1024);
}

static size_t current_kb(const struct guest *guest, char *text, size_t size)
{
	return number(text, size, guest->balloon.current_kib);
}

static size_t low_kb(const struct guest *guest, char *text, size_t size)
{
	uint64_t max = guest->balloon.static_max_kib, current = guest->balloon.current_kib;

	return number(text, size, max > current ? max - current : 0);
}

static size_t zero(const struct guest *guest, char *text, size_t size)
{
	(void)guest;
	return number(text, size, 0);
}

static size_t one(const struct guest *guest, char *text, size_t size)
{
	(void)guest;
	return number(text, size, 1);
}

static size_t schedule_delay(const struct guest *guest, char *text, size_t size)
{
	return number(text, size, guest->balloon.schedule_delay);
}

static size_t max_schedule_delay(const struct guest *guest, char *text, size_t size)
{
	return number(text, size, guest->balloon.max_schedule_delay);
}

static size_t retry_count(const struct guest *guest, char *text, size_t size)
{
	return number(text, size, guest->balloon.retry_count);
}

static size_t max_retry_count(const struct guest *guest, char *text, size_t size)
{
	return number(text, size, guest->balloon.max_retry_count);
}

static bool set_target_kb(struct guest *guest, uint64_t value)
{
	balloon_set_target(&guest->balloon, value);
	return true;
}

static bool set_target_bytes(struct guest *guest, uint64_t value)
{
	balloon_set_target(&guest->balloon, value / 1024);
	return true;
}

static bool set_max_schedule_delay(struct guest *guest, uint64_t value)
{
	guest->balloon.max_schedule_delay = (uint32_t)value;
	return false;
}

static bool set_max_retry_count(struct guest *guest, uint64_t value)
{
	guest->balloon.max_retry_count = (uint32_t)value;
	return false;
}

/* meminfo before current_kb: a reader takes their difference. */
const struct guestfs_file guestfs_files[GUESTFS_FILES] = {
	{ "proc/meminfo", true, meminfo, NULL },
	{ "sys/info/current_kb", true, current_kb, NULL },
	{ "sys/info/low_kb", true, low_kb, NULL },
	{ "sys/info/high_kb", false, zero, NULL },
	{ "sys/target_kb", true, target_kb, set_target_kb },
	{ "sys/target", true, target_bytes, set_target_bytes },
	{ "sys/schedule_delay", false, schedule_delay, NULL },
	{ "sys/max_schedule_delay", false, max_schedule_delay, set_max_schedule_delay },
	{ "sys/retry_count", false, retry_count, NULL },
	{ "sys/max_retry_count", false, max_retry_count, set_max_retry_count },
	{ "sys/scrub_pages", false, one, NULL },
	{ "proc/zoneinfo", true, zoneinfo, NULL },
	{ "proc/pressure/memory", true, pressure, NULL },
	{ "proc/vmstat", false, vmstat, NULL },
	{ "proc/swaps", false, swaps, NULL },
	{ "proc/loadavg", false, loadavg, NULL },
	{ "proc/uptime", false, uptime, NULL },
};
