/* SPDX-License-Identifier: MIT */
/*
 * What the sizer makes of a guest's files: the daemon's middle, on a synthetic /proc and balloon
 * driver.
 */
#include "sizer_world.h"

#include <errno.h>

static void off_reports_and_touches_nothing(void **state)
{
	(void)state;
	order(false, MIB(512));
	assert_int_equal(step(1), 0);
	assert_int_equal(target(), MIB(512));
	assert_int_equal(report.actual_kib, MIB(512));
	assert_int_equal(report.selftarget_kib.state, READING_ABSENT);
	assert_int_equal(report.stats.psi.value, 150);
	assert_int_equal(report.stats.total_kib.value, MIB(456));
	assert_int_equal(report.stats.swapfree_kib.state, READING_ABSENT);
	assert_string_equal(report.stats.policy, "committed");
	assert_int_equal(report.minimum_kib, MIB(8 + 40 + (504 - 40) / 8));
	/* Committed, reserve, the gap, and a tenth of what isn't gap; in whole pages. */
	assert_in_range(report.stats.wanted_kib.value, MIB(40 + 8 + 56) + MIB(456) / 10,
			MIB(40 + 8 + 56) + MIB(456) / 10 + 4);
}

static void on_steps_down_at_its_interval(void **state)
{
	uint64_t first;

	(void)state;
	order(true, MIB(512));
	assert_int_equal(step(1), 0);
	step(4999);
	assert_int_equal(target(), MIB(512));
	step(1);
	first = target();
	assert_in_range(first, MIB(466), MIB(467));
	assert_int_equal(report.selftarget_kib.value, first);
	guest_has(first, MIB(40), MIB(350));
	step(250);
	assert_int_equal(target(), first);
	step(5000);
	assert_true(target() < first);
}

/* Started again and again it takes no step: none comes without a measured interval. */
static void a_crash_loop_takes_no_step(void **state)
{
	const char *missing;

	(void)state;
	for (unsigned int life = 0; life < 20; life++) {
		order(true, MIB(512));
		for (unsigned int looks = 0; looks < 40; looks++)
			step(100);
		assert_int_equal(target(), MIB(512));
		kernel_close(&sizer.kernel);
		memset(&sizer, 0, sizeof(sizer));
		assert_int_equal(kernel_open(&sizer.kernel, &places, true, &missing), 0);
	}
}

static void need_is_followed_at_once(void **state)
{
	(void)state;
	guest_has(MIB(200), MIB(40), MIB(100));
	put_number("target_kb", MIB(200));
	order(true, MIB(512));
	step(1);
	guest_has(MIB(200), MIB(300), MIB(20));
	step(250);
	assert_true(target() > MIB(300));
	assert_int_equal(report.selftarget_kib.value, target());
}

/* While a program takes memory, and while the guest grows, the next look comes sooner. */
static void it_makes_haste_while_memory_is_taken(void **state)
{
	(void)state;
	guest_has(MIB(200), MIB(40), MIB(100));
	put_number("target_kb", MIB(200));
	order(true, MIB(512));
	step(1);
	step(5000);
	assert_true(target() < MIB(200));
	step(200);
	assert_int_equal(sizer_pause_ms(&sizer, now), SIZER_TICK_MS);
	guest_has(MIB(200), MIB(40), MIB(100) - POLICY_RISE_KIB);
	step(200);
	assert_int_equal(sizer_pause_ms(&sizer, now), SIZER_HASTE_MS);
	step(50);
	assert_int_equal(sizer_pause_ms(&sizer, now), SIZER_HASTE_MS); /* it may go on */
	step(SIZER_HASTE_LASTS_MS - 50);
	assert_int_equal(sizer_pause_ms(&sizer, now), SIZER_TICK_MS);
	guest_has(MIB(200), MIB(300), MIB(100));
	step(200);
	step(50);
	assert_int_equal(sizer_pause_ms(&sizer, now), SIZER_HASTE_MS);
	for (int i = 0; i < 20; i++)
		step(250);
	/* There is no more to be had. */
	assert_int_equal(sizer_pause_ms(&sizer, now), SIZER_TICK_MS);
}

/* On, with the size it wants. */
static void until_calm(void)
{
	guest_has(MIB(200), MIB(40), MIB(100));
	put_number("target_kb", MIB(200));
	order(true, MIB(512));
	for (int i = 0; i < 300 && sizer.calm_ms == 0; i++) {
		step(1000);
		guest_has(target(), MIB(40), MIB(100));
	}
	assert_int_not_equal(sizer.calm_ms, 0);
}

/* Where the kernel tells of need and swap lets tasks wait, a calm guest is looked at less. */
static void it_dozes_while_calm_and_cushioned(void **state)
{
	static const char meminfo[] = "MemTotal: 147456 kB\nMemAvailable: 102400 kB\n"
				      "Committed_AS: 40960 kB\nSwapFree: %d kB\n";
	char text[128];

	(void)state;
	until_calm();
	assert_int_equal(sizer_pause_ms(&sizer, now), SIZER_DOZE_MS);
	snprintf(text, sizeof(text), meminfo, SIZER_SWAP_KIB);
	put("meminfo", text);
	step(1000);
	assert_int_equal(sizer_pause_ms(&sizer, now), SIZER_DOZE_MS); /* no trigger */
	sizer.kernel.trigger = open("/dev/null", O_RDONLY);
	step(1000);
	assert_int_equal(sizer_pause_ms(&sizer, now), SIZER_CUSHIONED_MS);
	snprintf(text, sizeof(text), meminfo, SIZER_SWAP_KIB - 1);
	put("meminfo", text);
	step(1000);
	assert_int_equal(sizer_pause_ms(&sizer, now), SIZER_DOZE_MS);
}

/* Free memory is the machine's own, which seldom stands still: one look of many is enough. */
static bool rests_after_a_look(void)
{
	sizer.kernel.real = true;
	for (int i = 0; i < 1000; i++) {
		step(1);
		if (sizer_rests(&sizer, &orders, now + 1))
			return true;
	}
	return false;
}

static void it_spares_a_look_where_nothing_moves(void **state)
{
	(void)state;
	until_calm();
	assert_false(sizer_rests(&sizer, &orders, now + 1)); /* a /proc that isn't the kernel's */
	assert_true(rests_after_a_look());
	assert_false(sizer_rests(&sizer, &orders, now + SIZER_CALM_MS));
	sizer.kernel.free_kib += MIB(1024);
	assert_false(sizer_rests(&sizer, &orders, now + 1));
	assert_true(rests_after_a_look());
	sizer_wake(&sizer);
	assert_false(sizer_rests(&sizer, &orders, now + 1));
	assert_true(rests_after_a_look());
	order(true, MIB(512));
	assert_false(sizer_rests(&sizer, &orders, now + 1));
}

static void capped_it_still_says_what_it_wants(void **state)
{
	(void)state;
	guest_has(MIB(257), MIB(300), MIB(20));
	order(true, MIB(256));
	for (int i = 0; i < 20; i++)
		step(250);
	assert_int_equal(target(), MIB(257));
	assert_true(report.selftarget_kib.value > MIB(400));
}

/* xl mem-set while selfballoon is 1: down to it in safe steps, and no word about wanting less. */
static void another_tools_target_is_yielded_to(void **state)
{
	(void)state;
	guest_has(MIB(400), MIB(300), MIB(100));
	order(true, MIB(512));
	step(1);
	assert_true(target() > MIB(400));
	order(true, MIB(300));
	put_number("target_kb", MIB(300)); /* the driver's own watch */
	step(1);
	assert_int_equal(target(), MIB(350)); /* half of what is available */
	assert_true(report.selftarget_kib.value > MIB(400));
	guest_has(MIB(350), MIB(300), MIB(50));
	step(100);
	assert_in_range(target(), MIB(350) - 4, MIB(350)); /* the next step when it is due */
	step(5000);
	assert_in_range(target(), MIB(325), MIB(325) + 4);
	guest_has(MIB(300), MIB(300), MIB(10));
	step(100);
	assert_true(target() > MIB(400)); /* from here on, Xen's cap is the limit */
}

static void but_never_below_the_floor(void **state)
{
	(void)state;
	guest_has(MIB(120), MIB(40), MIB(100));
	order(true, MIB(512));
	step(1);
	order(true, MIB(64));
	step(1);
	assert_int_equal(target(), report.minimum_kib);
	step(SIZER_YIELD_MS);
	assert_true(target() >= report.minimum_kib);
}

static void off_stays(void **state)
{
	(void)state;
	order(true, MIB(512));
	step(1);
	guest_has(MIB(490), MIB(40), MIB(350)); /* on its way */
	order(false, MIB(512));
	step(250);
	assert_int_equal(target(), MIB(490));
	assert_int_equal(report.selftarget_kib.state, READING_ABSENT);
	put_number("target_kb", MIB(300)); /* dom0 sets a target later: the driver's business */
	order(false, MIB(300));
	step(250);
	assert_int_equal(target(), MIB(300));
}

static void off_with_a_target_follows_it(void **state)
{
	(void)state;
	order(true, MIB(512));
	step(1);
	order(false, MIB(300));
	step(250);
	assert_int_equal(target(), MIB(300));
}

static void rubbish_decides_nothing(void **state)
{
	static const char *const texts[] = { "", "MemTotal: 5 kB\n", "MemTotal: x kB\n" };

	(void)state;
	order(true, MIB(512));
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		put("meminfo", texts[i]);
		assert_int_equal(step(250), -EBADMSG);
		assert_int_equal(report.orders, 0);
		assert_int_equal(target(), MIB(512));
	}
}

static void waiting_undoes_the_last_step_at_once(void **state)
{
	uint64_t stepped;

	(void)state;
	order(true, MIB(512));
	step(1);
	stepped = target();
	guest_has(stepped, MIB(40), MIB(350));
	waited(9000);
	step(200);
	assert_int_equal(target(), stepped);
	waited(11000);
	put("vmstat", "pswpin 0\npgsteal_kswapd 5\nworkingset_activate_file 0\n");
	step(200);
	step(50); /* a look at whose reclaim it is */
	assert_int_equal(target(), MIB(512));
	guest_has(MIB(512), MIB(40), MIB(400));
	for (int i = 0; i < POLICY_REST; i++)
		step(5000);
	assert_int_equal(target(), MIB(512));
	step(5000);
	assert_true(target() < MIB(512));
}

static void no_shrink_before_60_s(void **state)
{
	(void)state;
	put("uptime", "12.34 1.00\n");
	order(true, MIB(512));
	step(1);
	assert_int_equal(target(), MIB(512));
	put("uptime", "59.00 1.00\n");
	step(46660);
	assert_int_equal(target(), MIB(512));
	assert_true(report.stats.wanted_kib.value < MIB(512));
	put("uptime", "64.00 1.00\n");
	step(5000);
	assert_true(target() < MIB(512));
}

static void no_shrink_while_leaving(void **state)
{
	(void)state;
	order(true, MIB(512));
	orders.leaving = 1;
	step(1);
	assert_int_equal(target(), MIB(512));
	step(55000);
	assert_int_equal(target(), MIB(512));
	step(5000);
	assert_true(target() < MIB(512));
}

static void no_shrink_while_swap_is_read(void **state)
{
	uint64_t stepped;

	(void)state;
	order(true, MIB(512));
	step(1);
	stepped = target();
	guest_has(stepped, MIB(40), MIB(350));
	put("vmstat", "pswpin 600\npgsteal_kswapd 0\nworkingset_activate_file 0\n");
	step(5000);
	assert_int_equal(target(), stepped);
	step(5000);
	assert_int_equal(target(), stepped);
	step(5000);
	assert_true(target() < stepped);
}

/* A rise of what is in use is met on the spot, and room for more of it is asked for. */
static void pressure_follows_need(void **state)
{
	uint64_t used = MIB(200 - 60), grown;

	(void)state;
	assert_true(settings_obey(&settings, "pressure floor=92", (char[256]){ 0 }, 256));
	guest_has(MIB(200), MIB(40), MIB(60));
	put_number("target_kb", MIB(200));
	order(true, MIB(512));
	step(1);
	step(5000);
	grown = MIB(200);
	assert_true(target() < grown);
	used += MIB(50);
	guest_has(MIB(200), MIB(40), MIB(200) - used);
	step(200);
	assert_in_range(target(), used + MIB(50 + 25 + 64), used + MIB(50 + 26 + 64));
}

/* 512 CPUs and 8 nodes: the last zone counts as the first does. */
static void a_large_zoneinfo_is_read_whole(void **state)
{
	static char text[8 * (512 * 90 + 200)];
	size_t len = 0;

	(void)state;
	for (unsigned int node = 0; node < 8; node++) {
		len += (size_t)snprintf(text + len, sizeof(text) - len,
					"Node %u, zone Normal\n  pages free 9\n  high 1000\n"
					"  managed 99999\n  pagesets\n",
					node);
		for (unsigned int cpu = 0; cpu < 512; cpu++)
			len += (size_t)snprintf(
				text + len, sizeof(text) - len,
				"    cpu: %u\n              count: 0\n"
				"              high:  378\n              batch: 63\n",
				cpu);
	}
	put("zoneinfo", text);
	order(false, MIB(512));
	step(1);
	assert_int_equal(sizer.kernel.reserve_kib, 8 * 1000 * 4);
}

static void gap(void **state)
{
	struct sample sample;

	(void)state;
	assert_int_equal(kernel_sample(&sizer.kernel, true, &sample), 0);
	assert_int_equal(sample.view.gap_kib, MIB(56));
	assert_true(sizer.kernel.gap_known);
	/* No trigger is written to what isn't the kernel's own. */
	assert_int_equal(sizer.kernel.trigger, -1);
	assert_int_equal(sample.stall_us.state, READING_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(off_reports_and_touches_nothing, start, stop),
		cmocka_unit_test_setup_teardown(on_steps_down_at_its_interval, start, stop),
		cmocka_unit_test_setup_teardown(a_crash_loop_takes_no_step, start, stop),
		cmocka_unit_test_setup_teardown(need_is_followed_at_once, start, stop),
		cmocka_unit_test_setup_teardown(it_makes_haste_while_memory_is_taken, start, stop),
		cmocka_unit_test_setup_teardown(it_dozes_while_calm_and_cushioned, start, stop),
		cmocka_unit_test_setup_teardown(it_spares_a_look_where_nothing_moves, start, stop),
		cmocka_unit_test_setup_teardown(capped_it_still_says_what_it_wants, start, stop),
		cmocka_unit_test_setup_teardown(another_tools_target_is_yielded_to, start, stop),
		cmocka_unit_test_setup_teardown(but_never_below_the_floor, start, stop),
		cmocka_unit_test_setup_teardown(off_stays, start, stop),
		cmocka_unit_test_setup_teardown(off_with_a_target_follows_it, start, stop),
		cmocka_unit_test_setup_teardown(rubbish_decides_nothing, start, stop),
		cmocka_unit_test_setup_teardown(waiting_undoes_the_last_step_at_once, start, stop),
		cmocka_unit_test_setup_teardown(no_shrink_before_60_s, start, stop),
		cmocka_unit_test_setup_teardown(no_shrink_while_leaving, start, stop),
		cmocka_unit_test_setup_teardown(no_shrink_while_swap_is_read, start, stop),
		cmocka_unit_test_setup_teardown(pressure_follows_need, start, stop),
		cmocka_unit_test_setup_teardown(a_large_zoneinfo_is_read_whole, start, stop),
		cmocka_unit_test_setup_teardown(gap, start, stop),
	};

	return run_in_place("sizer", tests, sizeof(tests) / sizeof(tests[0]));
}
