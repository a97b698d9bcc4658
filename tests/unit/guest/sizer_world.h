/* SPDX-License-Identifier: MIT */
/*
 * A synthetic /proc and balloon driver, and a sizer that works on them.
 */
#ifndef XENBALLOON_SIZER_WORLD_H
#define XENBALLOON_SIZER_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sizer.h"

#define MIB(n) ((uint64_t)(n) * 1024)

static char place[] = "/tmp/sizer_test.XXXXXX";
static const struct places places = { .procfs = place, .sysfs = place, .hypervisor = place };
static struct sizer sizer;
static struct settings settings;
static struct orders orders;
static struct report report;
static int64_t now;
static uint64_t pages_kib; /* all that the balloon driver knows of */

static void put(const char *name, const char *text)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", place, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void put_number(const char *name, uint64_t value)
{
	char text[32];

	snprintf(text, sizeof(text), "%ju\n", (uintmax_t)value);
	put(name, text);
}

static uint64_t target(void)
{
	char path[128];
	uint64_t value = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/target_kb", place);
	file = fopen(path, "r");
	assert_non_null(file);
	assert_int_equal(fscanf(file, "%ju", (uintmax_t *)&value), 1);
	fclose(file);
	return value;
}

/* The guest has current_kib, of which 56 MiB stay with the kernel. */
static void guest_has(uint64_t current_kib, uint64_t committed_kib, uint64_t available_kib)
{
	char text[256];

	snprintf(text, sizeof(text),
		 "MemTotal: %ju kB\nMemAvailable: %ju kB\nCommitted_AS: %ju kB\nSwapTotal: 262144 "
		 "kB\n",
		 (uintmax_t)(current_kib - MIB(56)), (uintmax_t)available_kib,
		 (uintmax_t)committed_kib);
	put("meminfo", text);
	put_number("info/current_kb", current_kib);
	put_number("info/low_kb", pages_kib > current_kib ? pages_kib - current_kib : 0);
}

/* Since boot. */
static void waited(unsigned int us)
{
	char text[96];

	snprintf(text, sizeof(text), "some avg10=1.50 avg60=0.00 avg300=0.00 total=%u\n", us);
	put("pressure/memory", text);
}

static void order(bool selfballoon, uint64_t target_kib)
{
	orders.serial++;
	orders.selfballoon = selfballoon;
	orders.target_kib = (struct reading){ READING_OK, target_kib };
	orders.static_max_kib = (struct reading){ READING_OK, MIB(512) };
}

static int step(int64_t ms)
{
	now += ms;
	memset(&report, 0, sizeof(report));
	return sizer_step(&sizer, &settings, &orders, now, &report);
}

static int start(void **state)
{
	const char *missing;

	(void)state;
	memset(&sizer, 0, sizeof(sizer));
	memset(&orders, 0, sizeof(orders));
	settings_default(&settings);
	now = 1000000;
	pages_kib = MIB(512);
	guest_has(MIB(512), MIB(40), MIB(400));
	put_number("target_kb", MIB(512));
	put("zoneinfo", "Node 0, zone DMA\n  pages free 9\n  high 2048\n  managed 99999\n");
	waited(0);
	put("vmstat", "pswpin 0\npgsteal_kswapd 0\nworkingset_activate_file 0\n");
	put_number("sys/vm/overcommit_memory", 0);
	put_number("sys/vm/overcommit_ratio", 50);
	put_number("sys/vm/overcommit_kbytes", 0);
	put("uptime", "3600.00 3600.00\n");
	put("guest_type", "PV\n");
	put_number("info/high_kb", 0);
	return kernel_open(&sizer.kernel, &places, true, &missing);
}

static int stop(void **state)
{
	(void)state;
	kernel_close(&sizer.kernel);
	return 0;
}

/* Runs tests in a place of their own; as cmocka does, how many failed. */
static int run_in_place(const char *name, const struct CMUnitTest *tests, size_t count)
{
	static const char *const files[] = { "meminfo",
					     "zoneinfo",
					     "vmstat",
					     "uptime",
					     "pressure/memory",
					     "pressure",
					     "info/current_kb",
					     "info/low_kb",
					     "info/high_kb",
					     "guest_type",
					     "info",
					     "target_kb",
					     "sys/vm/overcommit_memory",
					     "sys/vm/overcommit_ratio",
					     "sys/vm/overcommit_kbytes",
					     "sys/vm",
					     "sys",
					     "" };
	static const char *const folders[] = { "pressure", "info", "sys", "sys/vm" };
	char path[128];
	int failed;

	if (!mkdtemp(place))
		return 1;
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", place, folders[i]);
		mkdir(path, 0700);
	}
	failed = _cmocka_run_group_tests(name, tests, count, NULL, NULL);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", place, files[i]);
		remove(path);
	}
	return failed;
}

#endif
