/* SPDX-License-Identifier: MIT */
/*
 * Parsers for /proc, over texts as kernels write them and as none should.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "procfs.h"

static const char meminfo_text[] = "MemTotal:         452636 kB\n"
				   "MemFree:          301200 kB\n"
				   "MemAvailable:     350448 kB\n"
				   "SwapTotal:             0 kB\n"
				   "SwapFree:              0 kB\n"
				   "Committed_AS:      41232 kB\n"
				   "VmallocTotal:   34359738367 kB\n"
				   "HugePages_Total:       0\n";

static void meminfo(void **state)
{
	struct meminfo got;

	(void)state;
	procfs_meminfo(meminfo_text, strlen(meminfo_text), &got);
	assert_int_equal(got.total_kib.value, 452636);
	assert_int_equal(got.available_kib.value, 350448);
	assert_int_equal(got.committed_kib.value, 41232);
	assert_int_equal(got.swaptotal_kib.state, READING_OK);
	assert_int_equal(got.swaptotal_kib.value, 0);
}

static void meminfo_cut_anywhere(void **state)
{
	(void)state;
	for (size_t len = 0; len < strlen(meminfo_text); len++) {
		struct meminfo got;

		procfs_meminfo(meminfo_text, len, &got);
		/* A number that lost its end must not pass for a smaller one. */
		if (got.total_kib.state == READING_OK)
			assert_int_equal(got.total_kib.value, 452636);
		if (got.committed_kib.state == READING_OK)
			assert_int_equal(got.committed_kib.value, 41232);
	}
}

static void meminfo_rubbish(void **state)
{
	static const char *const totals[] = { "MemTotal: -5 kB\n",
					      "MemTotal: 5 MB\n",
					      "MemTotal: 99999999999999999999 kB\n",
					      "MemTotal:\n",
					      "MemTotal: 5 kB extra\n",
					      "MemTotal: x\nMemTotal: 5 kB\n" };
	struct meminfo got;

	(void)state;
	for (size_t i = 0; i < sizeof(totals) / sizeof(totals[0]); i++) {
		procfs_meminfo(totals[i], strlen(totals[i]), &got);
		assert_int_equal(got.total_kib.state, READING_BAD);
		assert_int_equal(got.total_kib.value, 0);
	}
	procfs_meminfo(" MemTotal: 5 kB\nXMemTotal: 5 kB\n", 32, &got);
	assert_int_equal(got.total_kib.state, READING_ABSENT);
}

/* As Linux 6.1 prints it, shortened. */
static const char zoneinfo_text[] = "Node 0, zone      DMA\n"
				    "  per-node stats\n"
				    "      nr_inactive_anon 573037\n"
				    "  pages free     3840\n"
				    "        boost    0\n"
				    "        min      39\n"
				    "        low      48\n"
				    "        high     57\n"
				    "        spanned  4095\n"
				    "        present  3998\n"
				    "        managed  3840\n"
				    "        cma      0\n"
				    "        protection: (0, 3019, 6475, 6475, 6475)\n"
				    "      nr_free_pages 3840\n"
				    "  pagesets\n"
				    "    cpu: 0\n"
				    "              count: 0\n"
				    "              high:  99999\n"
				    "Node 0, zone    DMA32\n"
				    "  pages free     100\n"
				    "        high     1000\n"
				    "        managed  770000\n"
				    "        protection: (0, 0, 3456, 3456, 3456)\n"
				    "  pagesets\n"
				    "              high:  99999\n"
				    "Node 0, zone   Normal\n"
				    "  pages free     0\n"
				    "        high     0\n"
				    "        managed  0\n"
				    "        protection: (0, 0, 0, 0, 0)\n";

static struct reading reserve_of(const char *text, size_t len)
{
	struct procfs_reserve sum = { 0 };

	procfs_reserve_feed(&sum, text, len);
	return procfs_reserve_kib(&sum, 4);
}

static void reserve(void **state)
{
	struct reading got = reserve_of(zoneinfo_text, strlen(zoneinfo_text));

	(void)state;
	assert_int_equal(got.state, READING_OK);
	/* DMA: 6475 + 57 is more than it manages; DMA32: 3456 + 1000. */
	assert_int_equal(got.value, (3840 + 4456) * 4);
}

static void reserve_rubbish(void **state)
{
	static const char *const texts[] = {
		"Node 0, zone DMA\n  pages free 1\n high 99999999999999999999\n managed 5\n",
		"Node 0, zone DMA\n  pages free 1\n high 5\n managed -1\n protection: (\n",
		"Node 0, zone DMA\n  pages free 1\n protection: (1, 2, x\n managed 0\n",
	};

	(void)state;
	assert_int_equal(reserve_of("", 0).state, READING_ABSENT);
	assert_int_equal(reserve_of("nothing\n", 8).state, READING_ABSENT);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct reading got = reserve_of(texts[i], strlen(texts[i]));

		assert_int_equal(got.state, READING_OK);
		assert_in_range(got.value, 0, 20);
	}
	for (size_t len = 0; len < strlen(zoneinfo_text); len++)
		assert_in_range(reserve_of(zoneinfo_text, len).value, 0, (3840 + 4456) * 4);
}

/* Cut anywhere, what is left of a line comes again with the next piece. */
static void reserve_in_pieces(void **state)
{
	size_t all = strlen(zoneinfo_text);

	(void)state;
	for (size_t size = 60; size <= all; size++) {
		struct procfs_reserve sum = { 0 };

		for (size_t at = 0, taken = 1; at < all && taken > 0; at += taken)
			taken = procfs_reserve_feed(&sum, zoneinfo_text + at,
						    size < all - at ? size : all - at);
		assert_int_equal(procfs_reserve_kib(&sum, 4).value, (3840 + 4456) * 4);
	}
}

static void psi(void **state)
{
	static const struct {
		const char *text;
		enum reading_state state;
		uint64_t value;
	} rows[] = {
		{ "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\nfull avg10=9.99 \n", READING_OK,
		  0 },
		{ "some avg10=12.34 avg60=1.00 avg300=0.00 total=5\n", READING_OK, 1234 },
		{ "some avg10=05.07 avg60=1.00\n", READING_OK, 507 },
		{ "some avg10=100.00 avg60=1.00\n", READING_OK, 10000 },
		{ "some avg10=100.01 avg60=1.00\n", READING_BAD, 0 },
		{ "some avg10=1 avg60=1.00\n", READING_BAD, 0 },
		{ "some avg10=1. 5 avg60=1.00\n", READING_BAD, 0 },
		{ "some avg10=-1.00\n", READING_BAD, 0 },
		{ "some avg10=1.", READING_BAD, 0 },
		{ "full avg10=1.00\n", READING_ABSENT, 0 },
		{ "", READING_ABSENT, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct reading got = procfs_psi(rows[i].text, strlen(rows[i].text));

		if (got.state != rows[i].state || got.value != rows[i].value)
			fail_msg("row %zu: %s", i, rows[i].text);
	}
}

static void number(void **state)
{
	struct reading got = procfs_number("131072\n", 7, CONTRACT_KIB_MAX);

	(void)state;
	assert_int_equal(got.state, READING_OK);
	assert_int_equal(got.value, 131072);
	assert_int_equal(procfs_number("131072", 6, CONTRACT_KIB_MAX).value, 131072);
	assert_int_equal(procfs_number("98304\n6\n", 8, CONTRACT_KIB_MAX).value, 98304);
	assert_int_equal(procfs_number("\n", 1, CONTRACT_KIB_MAX).state, READING_ABSENT);
	assert_int_equal(procfs_number("", 0, CONTRACT_KIB_MAX).state, READING_ABSENT);
	assert_int_equal(procfs_number("12 \n", 4, CONTRACT_KIB_MAX).state, READING_BAD);
}

static void stall(void **state)
{
	static const struct {
		const char *text;
		enum reading_state state;
		uint64_t us;
	} rows[] = {
		{ "some avg10=0.00 avg60=0.00 avg300=0.00 total=1234567\nfull total=9\n",
		  READING_OK, 1234567 },
		{ "full avg10=0.00 total=9\n", READING_ABSENT, 0 },
		{ "some avg10=0.00 total=\n", READING_ABSENT, 0 },
		{ "some avg10=0.00\n", READING_ABSENT, 0 },
		{ "some avg10=0.00 total=-1\n", READING_BAD, 0 },
		{ "some avg10=0.00 total=12x\n", READING_BAD, 0 },
		{ "", READING_ABSENT, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct reading reading = procfs_stall_us(rows[i].text, strlen(rows[i].text));

		if (reading.state != rows[i].state || reading.value != rows[i].us)
			fail_msg("row %zu: %d %ju", i, (int)reading.state,
				 (uintmax_t)reading.value);
	}
}

static uint64_t counted(const char *text, enum vmstat_counter counter)
{
	struct vmstat vmstat;

	procfs_vmstat(text, strlen(text), &vmstat);
	return vmstat.counters[counter].state == READING_OK ? vmstat.counters[counter].value
							    : UINT64_MAX;
}

static void counters(void **state)
{
	static const char text[] =
		"pswpin 7\nworkingset_refault_anon 20\nworkingset_activate_anon 5\n"
		"workingset_activate_file 6\nworkingset_restore_file 3\n"
		"allocstall_dma 1\nallocstall_normal 10\nallocstall_movable 100\n"
		"pgsteal_kswapd 1000\npgsteal_direct 2000\npgsteal_khugepaged 9\n"
		"pgsteal_anon 4000\npgsteal_file 5000\npswpinx 9\n";
	static const struct {
		enum vmstat_counter counter;
		uint64_t value;
	} rows[] = { { VM_SWAPINS, 7 },
		     { VM_STEALS, 3000 },
		     { VM_STALLS, 111 },
		     { VM_ACTIVATE_ANON, 5 },
		     { VM_ACTIVATE_FILE, 6 },
		     { VM_RESTORE_FILE, 3 },
		     { VM_RESTORE_ANON, UINT64_MAX } };
	struct vmstat vmstat;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(counted(text, rows[i].counter), rows[i].value);
	/* Before Linux 5.9; and what is no number. */
	assert_int_equal(counted("workingset_activate 4\npswpin x\n", VM_ACTIVATE_FILE), 4);
	assert_int_equal(counted("workingset_activate 4\npswpin x\n", VM_SWAPINS), UINT64_MAX);
	for (size_t len = 0; len < sizeof(text); len++)
		procfs_vmstat(text, len, &vmstat);
}

static void uptime(void **state)
{
	(void)state;
	assert_int_equal(procfs_uptime_ms("12.34 5.67\n", 11).value, 12340);
	assert_int_equal(procfs_uptime_ms("x", 1).state, READING_ABSENT);
	assert_int_equal(procfs_uptime_ms("", 0).state, READING_ABSENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stall),
		cmocka_unit_test(counters),
		cmocka_unit_test(uptime),
		cmocka_unit_test(meminfo),
		cmocka_unit_test(meminfo_cut_anywhere),
		cmocka_unit_test(meminfo_rubbish),
		cmocka_unit_test(reserve),
		cmocka_unit_test(reserve_rubbish),
		cmocka_unit_test(reserve_in_pieces),
		cmocka_unit_test(psi),
		cmocka_unit_test(number),
	};

	return cmocka_run_group_tests_name("procfs", tests, NULL, NULL);
}
