/* SPDX-License-Identifier: MIT */
/*
 * The balloon driver's directory in sysfs: the one place that reads its sizes and writes its
 * target. Must not know why a target is wanted. The daemon's main thread, and `status`.
 */
#include "driver.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "procfs.h"

static const char *const remedies[DRIVER_COUNT] = {
	[DRIVER_OBEYS] = "nothing is to be done",
	[DRIVER_ABSENT] = "Linux has one in a Xen guest if it was built with CONFIG_XEN_BALLOON, "
			  "and shows it below " DRIVER_SYSFS,
	[DRIVER_EPERM] = "Linux obeys only a process with CAP_SYS_ADMIN outside of any container: "
			 "let the service have it (CapabilityBoundingSet= of its unit)",
	[DRIVER_EACCES] = "run the daemon as root",
	[DRIVER_EROFS] = "let the daemon write below /sys (ReadWritePaths= of its unit, not in a "
			 "container)",
	[DRIVER_EINVAL] = "the kernel's log may say more (dmesg)",
	[DRIVER_EIO] = "the kernel's log may say more (dmesg)",
	[DRIVER_OTHER] = "the kernel's log may say more (dmesg)",
};

static int open_below(const struct driver *driver, const char *name, int flags)
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof(path), "%s/%s", driver->sysfs, name);
	int fd = n < (int)sizeof(path) ? open(path, flags | O_CLOEXEC) : -1;

	if (n >= (int)sizeof(path))
		errno = ENAMETOOLONG;
	return fd < 0 ? -errno : fd;
}

static int read_number(int fd, uint64_t *value)
{
	struct reading reading;
	char text[32];
	ssize_t n;

	do
		n = pread(fd, text, sizeof(text), 0);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	reading = procfs_number(text, (size_t)n, CONTRACT_KIB_MAX);
	*value = reading.value;
	return reading.state == READING_OK ? 0 : -EBADMSG;
}

/*
 * Two that write targets would pull the guest about. The lock is on what they would fight over, so
 * that it is found in any container, and gone with its holder.
 */
static int take_lock(struct driver *driver)
{
	if (!driver->write || driver->lock >= 0)
		return 0;
	driver->lock = open_below(driver, ".", O_RDONLY | O_DIRECTORY);
	if (driver->lock < 0)
		return driver->lock;
	if (flock(driver->lock, LOCK_EX | LOCK_NB) == 0)
		return 0;
	close(driver->lock);
	driver->lock = -1;
	return -EALREADY;
}

/* One that can't be opened for writing is still read: dom0 is told the guest's size. */
static int open_files(struct driver *driver)
{
	int err = 0;

	driver->current = open_below(driver, "info/current_kb", O_RDONLY);
	driver->low = open_below(driver, "info/low_kb", O_RDONLY);
	driver->high = open_below(driver, "info/high_kb", O_RDONLY);
	driver->target = open_below(driver, "target_kb", driver->write ? O_RDWR : O_RDONLY);
	if (driver->target < 0) {
		err = driver->target;
		driver->target = open_below(driver, "target_kb", O_RDONLY);
	}
	return driver->current < 0 ? driver->current : err;
}

static void close_files(struct driver *driver)
{
	int *const fds[] = { &driver->current, &driver->target, &driver->low, &driver->high };

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		if (*fds[i] >= 0)
			close(*fds[i]);
		*fds[i] = -1;
	}
}

static void prove(struct driver *driver)
{
	uint64_t kib;

	close_files(driver);
	driver->err = take_lock(driver);
	if (!driver->err)
		driver->err = open_files(driver);
	if (!driver->err)
		driver->err = driver_target_kib(driver, &kib);
	if (!driver->err && driver->write)
		driver_set_target(driver, kib);
	driver_count(driver, (struct reading){ READING_OK, driver->static_max_kib });
}

/* Linux says since 4.13. Of a guest of unknown kind nothing is taken off. */
static bool subtracts(const char *hypervisor)
{
	char path[PATH_MAX], type[16] = "";
	int n = snprintf(path, sizeof(path), "%s/guest_type", hypervisor);
	int fd = n < (int)sizeof(path) ? open(path, O_RDONLY | O_CLOEXEC) : -1;

	if (fd < 0)
		return false;
	if (read(fd, type, sizeof(type) - 1) < 0)
		type[0] = '\0';
	close(fd);
	return strcmp(type, "PVH\n") == 0 || strcmp(type, "HVM\n") == 0;
}

void driver_open(struct driver *driver, const char *sysfs, const char *hypervisor, bool write)
{
	*driver = (struct driver){ .sysfs = sysfs,
				   .write = write,
				   .current = -1,
				   .target = -1,
				   .low = -1,
				   .high = -1,
				   .lock = -1,
				   .subtracts = subtracts(hypervisor) };
	prove(driver);
}

void driver_close(struct driver *driver)
{
	close_files(driver);
	if (driver->lock >= 0)
		close(driver->lock);
	driver->lock = -1;
}

bool driver_sized(const struct driver *driver)
{
	return driver->current >= 0 && driver->target >= 0;
}

/* What dom0's scale has beyond the driver's. */
static uint64_t constant_kib(const struct driver *driver)
{
	if (!driver->subtracts || !driver->pages_kib || driver->static_max_kib < driver->pages_kib)
		return 0;
	return driver->static_max_kib - driver->pages_kib;
}

bool driver_count(struct driver *driver, struct reading static_max)
{
	uint64_t current, low, high, sum = 0, was = constant_kib(driver);

	driver->static_max_kib = static_max.value;
	if (driver->low >= 0 && driver->high >= 0 && read_number(driver->current, &current) == 0 &&
	    read_number(driver->low, &low) == 0 && read_number(driver->high, &high) == 0)
		sum = current + low + high;
	if (sum == driver->seen_kib && sum > driver->pages_kib)
		driver->pages_kib = sum;
	driver->seen_kib = sum;
	return constant_kib(driver) != was;
}

uint64_t driver_full_kib(const struct driver *driver)
{
	uint64_t full = driver->static_max_kib, pages = driver->pages_kib + constant_kib(driver);

	return driver->pages_kib && (!full || pages < full) ? pages : full;
}

static int read_size(const struct driver *driver, int fd, uint64_t *kib)
{
	int err = read_number(fd, kib);

	*kib += err ? 0 : constant_kib(driver);
	return err;
}

int driver_current_kib(const struct driver *driver, uint64_t *kib)
{
	return read_size(driver, driver->current, kib);
}

int driver_target_kib(const struct driver *driver, uint64_t *kib)
{
	return read_size(driver, driver->target, kib);
}

int driver_set_target(struct driver *driver, uint64_t kib)
{
	uint64_t constant = constant_kib(driver);
	char text[24];
	int len =
		snprintf(text, sizeof(text), "%" PRIu64 "\n", kib > constant ? kib - constant : 0);
	ssize_t n = pwrite(driver->target, text, (size_t)len, 0);

	driver->err = n < 0 ? -errno : n == len ? 0 : -EIO;
	return driver->err;
}

void driver_retry(struct driver *driver, int64_t now_ms)
{
	if (driver->err && driver->retry_ms && now_ms >= driver->retry_ms) {
		prove(driver);
		driver->retry_ms = 0;
	}
	if (!driver->err) {
		driver->retry_ms = driver->delay_ms = 0;
	} else if (!driver->retry_ms) {
		driver->delay_ms = driver->delay_ms ? driver->delay_ms * 2 : DRIVER_RETRY_FIRST_MS;
		if (driver->delay_ms > DRIVER_RETRY_MAX_MS)
			driver->delay_ms = DRIVER_RETRY_MAX_MS;
		driver->retry_ms = now_ms + driver->delay_ms;
	}
}

enum contract_driver driver_trouble(const struct driver *driver)
{
	return contract_driver_find(driver->err);
}

const char *driver_remedy(enum contract_driver trouble)
{
	return remedies[trouble];
}
