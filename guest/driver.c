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

/* One that can't be opened for writing is still read: dom0 is told the guest's size. */
static int open_files(struct driver *driver)
{
	int err = 0;

	driver->current = open_below(driver, "info/current_kb", O_RDONLY);
	driver->target = open_below(driver, "target_kb", driver->write ? O_RDWR : O_RDONLY);
	if (driver->target < 0) {
		err = driver->target;
		driver->target = open_below(driver, "target_kb", O_RDONLY);
	}
	return driver->current < 0 ? driver->current : err;
}

static void prove(struct driver *driver)
{
	uint64_t kib;

	driver_close(driver);
	driver->err = open_files(driver);
	if (!driver->err)
		driver->err = driver_target_kib(driver, &kib);
	if (!driver->err && driver->write)
		driver_set_target(driver, kib);
}

void driver_open(struct driver *driver, const char *sysfs, bool write)
{
	*driver = (struct driver){ .sysfs = sysfs, .write = write, .current = -1, .target = -1 };
	prove(driver);
}

void driver_close(struct driver *driver)
{
	if (driver->current >= 0)
		close(driver->current);
	if (driver->target >= 0)
		close(driver->target);
	driver->current = driver->target = -1;
}

bool driver_sized(const struct driver *driver)
{
	return driver->current >= 0 && driver->target >= 0;
}

int driver_current_kib(const struct driver *driver, uint64_t *kib)
{
	return read_number(driver->current, kib);
}

int driver_target_kib(const struct driver *driver, uint64_t *kib)
{
	return read_number(driver->target, kib);
}

int driver_set_target(struct driver *driver, uint64_t kib)
{
	char text[24];
	int len = snprintf(text, sizeof(text), "%" PRIu64 "\n", kib);
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
