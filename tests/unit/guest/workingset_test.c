/* SPDX-License-Identifier: MIT */
/*
 * The policy `workingset` on a model of a guest, hours of it in a second: page cache above the
 * working set costs nothing to take, below it is read again at the disk's speed. What each look
 * sees goes through the daemon's own reclaim.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "kib.h"
#include "policy.h"
#include "reclaim.h"
#include "settings.h"

#define MIB(n)	((uint64_t)(n) * 1024)
#define GIB(n)	(MIB(n) * 1024)
#define LOOK_MS 100
#define HOUR_MS INT64_C(3600000)

/* What the guest's programs do. */
struct load {
	uint64_t max_kib, used_kib;
	uint64_t hot_kib;    /* cache that is read again and again */
	uint64_t disk_kib_s; /* so fast */
	bool container;	     /* one at its own limit reads all the time, and waits */
	bool reads_all;	     /* everything was read once: no memory is free */
};

struct guest {
	const struct load *load;
	struct settings settings;
	struct reclaim reclaim;
	struct pace pace;
	struct vmstat vmstat;
	uint64_t size_kib, cache_kib, reread_kib;
	uint64_t stalled_us;
	int64_t now_ms, due_ms;
};

static void count(struct guest *guest, enum vmstat_counter counter, uint64_t kib)
{
	guest->vmstat.counters[counter].state = READING_OK;
	guest->vmstat.counters[counter].value += kib / 4;
}

/* One look's time passes: the balloon takes at once, free memory first, then the coldest cache. */
static void live(struct guest *guest)
{
	const struct load *load = guest->load;
	uint64_t room = kib_less(guest->size_kib, load->used_kib);
	uint64_t missing = kib_less(load->hot_kib, guest->cache_kib);
	uint64_t reads = kib_smaller(missing, load->disk_kib_s * LOOK_MS / 1000);

	count(guest, VM_STEALS, kib_less(guest->cache_kib, room));
	guest->cache_kib = kib_smaller(guest->cache_kib, room);
	if (missing) {
		/* What is read in makes room by evicting, as the cache is full of what is hot. */
		count(guest, VM_ACTIVATE_FILE, reads);
		count(guest, VM_STEALS, kib_less(guest->cache_kib + reads, room));
		guest->cache_kib = kib_smaller(guest->cache_kib + reads, room);
		guest->reread_kib += reads;
		guest->stalled_us += LOOK_MS * 1000;
	}
	if (load->container) {
		count(guest, VM_ACTIVATE_FILE, load->disk_kib_s * LOOK_MS / 1000);
		guest->stalled_us += LOOK_MS * 900;
	}
}

static struct view seen(struct guest *guest)
{
	const struct load *load = guest->load;
	struct view view = { .current_kib = guest->size_kib,
			     .max_kib = load->max_kib,
			     .available_kib = kib_less(guest->size_kib, load->used_kib),
			     .free_kib =
				     kib_less(guest->size_kib, load->used_kib + guest->cache_kib),
			     .committed_kib = load->used_kib,
			     .swap_kib = GIB(1024),
			     .stall_us = guest->stalled_us,
			     .hot_kib = guest->pace.workingset.hot_kib,
			     .now_ms = guest->now_ms };

	reclaim_feel(&guest->reclaim, &guest->vmstat, 4, guest->now_ms, &view);
	return view;
}

static void look(struct guest *guest)
{
	struct policy_knobs *knobs = &guest->settings.knobs;
	struct decision decision;
	struct view view;

	guest->now_ms += LOOK_MS;
	live(guest);
	view = seen(guest);
	policy_decide(guest->settings.policy, knobs, &view, &decision);
	if (policy_pace(&guest->pace, &decision, &view, knobs, guest->now_ms >= guest->due_ms)) {
		reclaim_begin(&guest->reclaim);
		guest->stalled_us = 0;
		guest->due_ms = guest->now_ms + 1000 * (int64_t)knobs->interval_s;
	}
	guest->size_kib = guest->pace.held_kib;
}

static struct guest run(const struct load *load, const char *policy, int64_t ms)
{
	struct guest guest = { .load = load, .size_kib = load->max_kib, .now_ms = 1000 };

	settings_default(&guest.settings);
	guest.settings.policy = policy_find(policy);
	guest.cache_kib = load->reads_all ? load->max_kib - load->used_kib : load->hot_kib;
	for (int64_t end = guest.now_ms + ms; guest.now_ms < end;)
		look(&guest);
	return guest;
}

/* Rows of the classes that guests fall into, with the most that may be read again and kept. */
static const struct {
	const char *what;
	struct load load;
	uint64_t most_reread_kib, most_size_kib;
} classes[] = {
	{ "idle, 512 MiB", { MIB(512), MIB(100), 0, MIB(200), false, true }, MIB(256), MIB(200) },
	{ "file server, hot 10 GiB",
	  { GIB(16), GIB(1), GIB(10), MIB(200), false, true },
	  MIB(1000),
	  GIB(13) },
	{ "file server, fast disk",
	  { GIB(16), GIB(1), GIB(10), MIB(2000), false, true },
	  MIB(2600),
	  GIB(13) },
	{ "database, hugetlb, hot 5 GiB",
	  { GIB(64), GIB(49), GIB(5), MIB(200), false, true },
	  MIB(4096),
	  GIB(60) },
	{ "JVM of 8 GiB", { GIB(8), GIB(2), MIB(300), MIB(200), false, true }, MIB(1024), GIB(4) },
	{ "512 GiB, idle", { GIB(512), GIB(4), 0, MIB(200), false, true }, MIB(256), GIB(64) },
	{ "container at its own limit",
	  { GIB(4), MIB(600), 0, MIB(100), true, false },
	  MIB(256),
	  GIB(2) },
};

static void an_hour_of_each_class(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		struct guest guest = run(&classes[i].load, "workingset", HOUR_MS);

		print_message("# %-30s ends at %6ju MiB, %6ju MiB read again\n", classes[i].what,
			      (uintmax_t)guest.size_kib / 1024, (uintmax_t)guest.reread_kib / 1024);
		if (guest.reread_kib > classes[i].most_reread_kib ||
		    guest.size_kib > classes[i].most_size_kib)
			fail_msg("%s", classes[i].what);
	}
}

/* However long it goes on: what probes may cost an hour, and one episode. */
static void the_working_set_is_not_taken_again_and_again(void **state)
{
	const struct load *load = &classes[1].load;
	uint64_t one = run(load, "workingset", HOUR_MS).reread_kib;
	uint64_t four = run(load, "workingset", 4 * HOUR_MS).reread_kib;

	(void)state;
	print_message("# 4 h: %ju MiB read again\n", (uintmax_t)four / 1024);
	assert_true(four <= one + 3 * kib_percent(load->max_kib, 5));
}

static void what_it_learnt_makes_it_gentle(void **state)
{
	struct guest guest = run(&classes[1].load, "workingset", HOUR_MS);
	struct workingset *ws = &guest.pace.workingset;

	(void)state;
	assert_true(ws->hurt && ws->hot_kib > GIB(9) && ws->rest_ms > 30000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_hour_of_each_class),
		cmocka_unit_test(the_working_set_is_not_taken_again_and_again),
		cmocka_unit_test(what_it_learnt_makes_it_gentle),
	};

	return cmocka_run_group_tests_name("workingset", tests, NULL, NULL);
}
