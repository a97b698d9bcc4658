/* SPDX-License-Identifier: MIT */
/*
 * Reads /proc through descriptors that stay open, and has the balloon driver beside it. Must not
 * know what is made of it. The daemon's main thread, and `status`.
 */
#include "kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

/* linux/magic.h, which a C library need not bring. */
#define PROC_SUPER_MAGIC 0x9fa0

void kernel_close(struct kernel *kernel)
{
	int *const fds[] = { &kernel->meminfo, &kernel->zoneinfo, &kernel->pressure,
			     &kernel->vmstat,  &kernel->uptime,	  &kernel->trigger };

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		if (*fds[i] >= 0)
			close(*fds[i]);
		*fds[i] = -1;
	}
	driver_close(&kernel->driver);
}

/*
 * Asks the kernel to tell when tasks wait. Only a real /proc is asked: in any other place the file
 * would just be overwritten. Who may not, or whose kernel knows no PSI, looks at intervals alone.
 */
static int set_trigger(const char *procfs)
{
	char path[PATH_MAX], text[48];
	int n = snprintf(path, sizeof(path), "%s/pressure/memory", procfs);
	int fd = n < (int)sizeof(path) ? open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC) : -1;
	struct statfs fs;

	/* With its terminator: the kernel overwrites the last byte by one. */
	n = snprintf(text, sizeof(text), "some %d %d", KERNEL_STALL_US, KERNEL_WINDOW_US) + 1;
	if (fd >= 0 && (fstatfs(fd, &fs) != 0 || fs.f_type != PROC_SUPER_MAGIC ||
			write(fd, text, (size_t)n) != n)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

#define NO_OVERCOMMIT "Linux's standard for what programs may reserve is taken for granted"

static const struct {
	size_t offset; /* of its descriptor */
	const char *name;
	const char *without; /* what it does without; NULL: nothing */
} files[] = {
	{ offsetof(struct kernel, meminfo), "meminfo", NULL },
	{ offsetof(struct kernel, zoneinfo), "zoneinfo",
	  "what the kernel keeps for itself counts as nothing" },
	{ offsetof(struct kernel, pressure), "pressure/memory",
	  "tasks that wait for memory are not seen, only what is read again and swap; Linux has it "
	  "since 4.20, some distributions after booting with psi=1" },
	{ offsetof(struct kernel, vmstat), "vmstat", "what is read again and swap are not seen" },
	{ offsetof(struct kernel, uptime), "uptime", "it may shrink right after boot" },
	{ offsetof(struct kernel, overcommit[0]), "sys/vm/overcommit_memory", NO_OVERCOMMIT },
	{ offsetof(struct kernel, overcommit[1]), "sys/vm/overcommit_ratio", NO_OVERCOMMIT },
	{ offsetof(struct kernel, overcommit[2]), "sys/vm/overcommit_kbytes", NO_OVERCOMMIT },
};

#define FILES (sizeof(files) / sizeof(files[0]))

static int *descriptor(struct kernel *kernel, size_t file)
{
	return (int *)(void *)((char *)kernel + files[file].offset);
}

/* Some files are there and can't be read: PSI that is built in and off. */
static int open_readable(const char *procfs, const char *name)
{
	char path[PATH_MAX], byte;
	int n = snprintf(path, sizeof(path), "%s/%s", procfs, name);
	int fd = n < (int)sizeof(path) ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	int err;

	if (n >= (int)sizeof(path))
		errno = ENAMETOOLONG;
	if (fd < 0)
		return -errno;
	if (pread(fd, &byte, 1, 0) >= 0)
		return fd;
	err = -errno;
	close(fd);
	return err;
}

int kernel_open(struct kernel *kernel, const struct places *places, bool write,
		const char **missing)
{
	int err = 0;

	kernel->meminfo = kernel->zoneinfo = kernel->pressure = kernel->vmstat = -1;
	kernel->uptime = kernel->trigger = -1;
	kernel->page_kib = (unsigned int)sysconf(_SC_PAGESIZE) / 1024;
	kernel->gap_known = false;
	kernel->reserve_kib = 0;
	kernel->real = strcmp(places->procfs, KERNEL_PROCFS) == 0;
	for (size_t i = 0; i < FILES && !err; i++) {
		int fd = open_readable(places->procfs, files[i].name);

		*missing = files[i].name;
		*descriptor(kernel, i) = fd < 0 ? -1 : fd;
		if (fd < 0 && !files[i].without)
			err = fd;
	}
	driver_open(&kernel->driver, places->sysfs, places->hypervisor, write);
	if (!err && write)
		kernel->trigger = set_trigger(places->procfs);
	return err;
}

bool kernel_without(struct kernel *kernel, size_t *row, const char **name, const char **without)
{
	while (*row < FILES && *descriptor(kernel, *row) >= 0)
		++*row;
	if (*row == FILES)
		return false;
	*name = files[*row].name;
	*without = files[*row].without;
	++*row;
	return true;
}

int kernel_forget_trigger(struct kernel *kernel)
{
	if (kernel->trigger >= 0)
		close(kernel->trigger);
	kernel->trigger = -1;
	return kernel->trigger;
}

/* Reads a file that the kernel gives in one piece into kernel->text; its length, or -errno. */
static ssize_t glance(struct kernel *kernel, int fd, off_t offset)
{
	ssize_t n;

	if (fd < 0)
		return -ENOENT;
	do
		n = pread(fd, kernel->text + offset, sizeof(kernel->text) - (size_t)offset, offset);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

/* However many CPUs and zones there are; what a piece ends within is read again with the next. */
static void read_reserve(struct kernel *kernel)
{
	struct procfs_reserve reserve = { 0 };
	struct reading reading;
	size_t taken = 1;
	off_t at = 0;

	while (taken > 0) {
		ssize_t n = kernel->zoneinfo < 0 ? 0
						 : pread(kernel->zoneinfo, kernel->text,
							 sizeof(kernel->text), at);

		if (n < 0 && errno == EINTR)
			continue;
		taken = n > 0 ? procfs_reserve_feed(&reserve, kernel->text, (size_t)n) : 0;
		at += (off_t)taken;
	}
	reading = procfs_reserve_kib(&reserve, kernel->page_kib);
	if (reading.state == READING_OK)
		kernel->reserve_kib = reading.value;
}

/* Reads a file of many pieces; its length, or -errno. */
static ssize_t slurp(struct kernel *kernel, int fd)
{
	off_t used = 0;
	ssize_t n = 1;

	while (n > 0 && (size_t)used < sizeof(kernel->text)) {
		n = glance(kernel, fd, used);
		used += n > 0 ? n : 0;
	}
	return n < 0 ? n : (ssize_t)used;
}

static int read_number(struct kernel *kernel, int fd, uint64_t *value)
{
	ssize_t len = glance(kernel, fd, 0);
	struct reading reading;

	if (len < 0)
		return (int)len;
	reading = procfs_number(kernel->text, (size_t)len, CONTRACT_KIB_MAX);
	if (reading.state != READING_OK)
		return -EBADMSG;
	*value = reading.value;
	return 0;
}

static int read_meminfo(struct kernel *kernel, struct meminfo *meminfo)
{
	ssize_t len = glance(kernel, kernel->meminfo, 0);

	if (len < 0)
		return (int)len;
	procfs_meminfo(kernel->text, (size_t)len, meminfo);
	kernel->lacks = meminfo->total_kib.state != READING_OK	     ? "MemTotal"
			: meminfo->committed_kib.state != READING_OK ? "Committed_AS"
			: meminfo->available_kib.state != READING_OK ? "MemAvailable"
								     : NULL;
	return kernel->lacks ? -EBADMSG : 0;
}

/* A kernel that knows no PSI costs precision, nothing else. */
static void read_pressure(struct kernel *kernel, struct sample *sample)
{
	ssize_t len = glance(kernel, kernel->pressure, 0);

	if (len < 0)
		return;
	sample->psi = procfs_psi(kernel->text, (size_t)len);
	sample->stall_us = procfs_stall_us(kernel->text, (size_t)len);
}

/* They may be changed at any time. Where one can't be read, Linux's own default stands. */
static struct overcommit read_overcommit(struct kernel *kernel)
{
	uint64_t values[3] = { 0, 50, 0 };

	for (size_t i = 0; i < 3; i++)
		read_number(kernel, kernel->overcommit[i], &values[i]);
	return (struct overcommit){ .memory = (unsigned int)values[0],
				    .ratio = (unsigned int)values[1],
				    .fixed = values[2] != 0 };
}

/* So do one without zoneinfo, vmstat or uptime. */
static void read_rest(struct kernel *kernel, struct sample *sample)
{
	ssize_t len = slurp(kernel, kernel->vmstat);

	if (len >= 0)
		procfs_vmstat(kernel->text, (size_t)len, &sample->vmstat);
	read_reserve(kernel);
	len = glance(kernel, kernel->uptime, 0);
	if (len >= 0)
		sample->uptime_ms = procfs_uptime_ms(kernel->text, (size_t)len);
	kernel->rules = read_overcommit(kernel);
}

/* current and MemTotal come from two files: only a balloon that stands still shows the gap. */
static void note_gap(struct kernel *kernel, uint64_t before, uint64_t after, uint64_t total)
{
	if (before != after && kernel->gap_known)
		return;
	kernel->gap_kib = after > total ? after - total : 0;
	kernel->gap_known = before == after;
}

/* With free swap: what is taken while as much is swapped out leaves free memory as it was. */
static uint64_t free_kib(void)
{
	struct sysinfo info;

	if (sysinfo(&info) != 0)
		return 0;
	return ((uint64_t)info.freeram + info.freeswap) * info.mem_unit / 1024;
}

bool kernel_quiet(const struct kernel *kernel)
{
	uint64_t now = kernel->real ? free_kib() : 0;
	uint64_t last = kernel->free_kib;

	return now > 0 && (now > last ? now - last : last - now) < KERNEL_QUIET_KIB;
}

int kernel_sample(struct kernel *kernel, bool all, struct sample *sample)
{
	const struct driver *driver = &kernel->driver;
	uint64_t before = 0, after = 0;
	int err = 0;

	memset(sample, 0, sizeof(*sample));
	sample->sized = driver_sized(driver);
	kernel->free_kib = kernel->real ? free_kib() : 0;
	if (sample->sized)
		err = driver_current_kib(driver, &before);
	if (!err)
		err = read_meminfo(kernel, &sample->meminfo);
	if (!err && sample->sized)
		err = driver_current_kib(driver, &after);
	if (!err && sample->sized)
		err = driver_target_kib(driver, &sample->driver_kib);
	if (err)
		return err;
	read_pressure(kernel, sample);
	if (all)
		read_rest(kernel, sample);
	note_gap(kernel, before, after, sample->meminfo.total_kib.value);
	sample->view = (struct view){
		.current_kib = after,
		.gap_kib = kernel->gap_kib,
		.committed_kib = sample->meminfo.committed_kib.value,
		.available_kib = sample->meminfo.available_kib.value,
		.reserve_kib = kernel->reserve_kib,
		.page_kib = kernel->page_kib,
		.free_kib = sample->meminfo.free_kib.value,
		.hugetlb_kib = sample->meminfo.hugetlb_kib.value,
		.swap_kib = sample->meminfo.swaptotal_kib.value,
		.overcommit = kernel->rules,
	};
	return 0;
}

void kernel_failure(const struct kernel *kernel, const struct places *places, int err, char *text,
		    size_t size)
{
	struct utsname name;

	if (err == -EBADMSG && kernel->lacks)
		snprintf(text, size,
			 "%s/meminfo has no number %s; Linux has had all that is needed since "
			 "3.14, and this is %s",
			 places->procfs, kernel->lacks,
			 uname(&name) == 0 ? name.release : "of unknown version");
	else if (err == -EBADMSG)
		snprintf(text, size, "%s: a size there is no number", places->sysfs);
	else
		snprintf(text, size, "%s or %s: %s", places->procfs, places->sysfs, strerror(-err));
}
