/* SPDX-License-Identifier: MIT */
/*
 * The files of the balloon driver's folder, /sys/devices/system/xen_memory/xen_memory0: Linux's
 * drivers/xen/xen-balloon.c. Numbers are taken as Linux takes them, nonsense included.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "guest.h"
#include "guestfs_text.h"

#define KIB_MAX (UINT64_MAX / 1024)

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
	return number(text, size, guest->balloon.pages_kib - guest->balloon.current_kib);
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

static int set_target(struct guest *guest, uint64_t kib)
{
	guest->target_writes++;
	balloon_set_target(&guest->balloon, kib < KIB_MAX ? kib : KIB_MAX);
	return 0;
}

/* simple_strtoull(): what is no number is 0. */
static int set_target_kb(struct guest *guest, const char *text)
{
	return set_target(guest, strtoull(text, NULL, 0));
}

/* memparse(): with K, M, G, T. */
static int set_target_bytes(struct guest *guest, const char *text)
{
	char *end;
	uint64_t bytes = strtoull(text, &end, 0);
	uint64_t kib = bytes / 1024;

	switch (*end) {
	case 'T':
	case 't':
		return set_target(guest, bytes << 30);
	case 'G':
	case 'g':
		return set_target(guest, bytes << 20);
	case 'M':
	case 'm':
		return set_target(guest, bytes << 10);
	case 'K':
	case 'k':
		return set_target(guest, bytes);
	default:
		return set_target(guest, kib);
	}
}

/* DEVICE_ULONG_ATTR: one number, and nothing else. */
static int set_number(const char *text, uint32_t *number)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 0);
	if (end == text || (*end != '\0' && *end != '\n'))
		return -EINVAL;
	if (errno != 0 || value > UINT32_MAX)
		return -ERANGE;
	*number = (uint32_t)value;
	return 0;
}

static int set_max_schedule_delay(struct guest *guest, const char *text)
{
	return set_number(text, &guest->balloon.max_schedule_delay);
}

static int set_max_retry_count(struct guest *guest, const char *text)
{
	return set_number(text, &guest->balloon.max_retry_count);
}

const struct guestfs_file driver_files[] = {
	{ "target_kb", true, target_kb, set_target_kb, true, 0 },
	{ "target", true, target_bytes, set_target_bytes, true, 0 },
	{ "info/current_kb", true, current_kb, NULL, false, 0 },
	{ "info/low_kb", true, low_kb, NULL, false, 0 },
	{ "info/high_kb", false, zero, NULL, false, 0 },
	{ "schedule_delay", false, schedule_delay, NULL, false, 0 },
	{ "max_schedule_delay", false, max_schedule_delay, set_max_schedule_delay, false, 0 },
	{ "retry_count", false, retry_count, NULL, false, 0 },
	{ "max_retry_count", false, max_retry_count, set_max_retry_count, false, 0 },
	{ "scrub_pages", false, one, NULL, false, 0 },
	{ NULL, false, NULL, NULL, false, 0 },
};

_Static_assert(sizeof(driver_files) / sizeof(driver_files[0]) <= GUEST_DRIVER_FILES,
	       "each file has a mode");
