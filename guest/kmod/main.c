// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * xen_selfballoon: sizes this guest as xenballoon-guest does with the policy `committed`, from
 * within the kernel. One work item looks, decides, tells the balloon driver and reports; everything
 * it keeps is its own but for the state that file.c shows.
 */
#include <linux/atomic.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/mmzone.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/timekeeping.h>
#include <linux/vmstat.h>
#include <linux/workqueue.h>
#include <xen/balloon.h>
#include <xen/xen.h>

#include "demand.h"
#include "selfballoon.h"

#define TICK_MS	 100
#define CALM_MS	 250 /* while nothing is being taken */
#define SLOW_MS	 5000
#define READ_MS	 60000 /* events tell of news; this is for the case that one doesn't */
#define RISE_MS	 2000  /* a look longer ago says nothing of what is being taken now */
#define NAME_TAG "xen_selfballoon: "

static struct tuning parameters = { 2011, 10, 5, 8, 1 };
module_param_named(floor, parameters.floor, uint, 0644);
MODULE_PARM_DESC(floor, "2011, 2008 or MiB: never below; for all, dom0's memory/policy wins");
module_param_named(reserve_percent, parameters.reserve_percent, uint, 0644);
MODULE_PARM_DESC(reserve_percent, "of full size, kept beyond what is committed");
module_param_named(interval_s, parameters.interval_s, uint, 0644);
MODULE_PARM_DESC(interval_s, "seconds between two steps down");
module_param_named(hysteresis_down, parameters.hysteresis_down, uint, 0644);
MODULE_PARM_DESC(hysteresis_down, "each step down goes one nth of the way");
module_param_named(hysteresis_up, parameters.hysteresis_up, uint, 0644);
MODULE_PARM_DESC(hysteresis_up, "each step up goes one nth of the way");

static struct {
	struct orders orders;
	struct pace pace;
	struct demand demand;
	struct report posted;
	s64 posted_ms, due_ms;
	u32 seq;
	u64 peak_kib;
	unsigned long swapins;
	s64 swapin_ms, leaving_ms, look_ms;
	u64 used_kib;
	bool refused;
} self;

/* Between the work and people who read or write the file. */
static DEFINE_MUTEX(lock);
static struct selfballoon_state shown;

/* Set when dom0 may have said something else than what was read. */
static atomic_t news = ATOMIC_INIT(1);

static void work(struct work_struct *unused);
static DECLARE_DELAYED_WORK(look, work);

/* Boot time goes on while a guest is saved, so what is overdue after restore is so at once. */
static s64 now_ms(void)
{
	return ktime_to_ms(ktime_get_boottime());
}

static unsigned int within(unsigned int value, unsigned int low, unsigned int high)
{
	return clamp(value, low, high);
}

static struct policy_knobs knobs(const struct tuning *tuning)
{
	struct policy_knobs knobs = {
		.reserve_percent = within(tuning->reserve_percent, 0, 100),
		.hysteresis_down = within(tuning->hysteresis_down, 1, 1000),
		.hysteresis_up = within(tuning->hysteresis_up, 1, 1000),
		.pressure_ms = 10,
		.refault_kib = 2048,
	};
	u64 mib = tuning->floor;

	knobs.floor_rule = mib == 2011 ? FLOOR_2011 : mib == 2008 ? FLOOR_2008 : FLOOR_FIXED;
	if (knobs.floor_rule == FLOOR_FIXED)
		knobs.floor_kib = mib * 1024;
	return knobs;
}

/* The kernel's totalreserve_pages, which isn't exported, as the kernel reckons it. */
static u64 reserve_kib(void)
{
	u64 pages = 0;
	int node, i, j;

	for_each_online_node(node)
	{
		for (i = 0; i < MAX_NR_ZONES; i++) {
			struct zone *zone = &NODE_DATA(node)->node_zones[i];
			long most = 0;

			for (j = i; j < MAX_NR_ZONES; j++)
				most = max(most, zone->lowmem_reserve[j]);
			pages +=
				min_t(u64, most + high_wmark_pages(zone), zone_managed_pages(zone));
		}
	}
	return pages * KIB_PER_PAGE;
}

static unsigned long swapins(void)
{
	unsigned long sum = 0;
#ifdef CONFIG_VM_EVENT_COUNTERS
	int cpu;

	for_each_online_cpu(cpu) sum += per_cpu(vm_event_states, cpu).event[PSWPIN];
#endif
	return sum;
}

static unsigned int holds(s64 now)
{
	unsigned long reads = swapins();
	unsigned int holds = 0;

	if (reads != self.swapins)
		self.swapin_ms = now;
	self.swapins = reads;
	if (now < POLICY_BOOT_MS)
		holds |= HOLD_BOOT;
	if (self.leaving_ms && now - self.leaving_ms < POLICY_LEAVING_MS)
		holds |= HOLD_LEAVING;
	if (self.swapin_ms && now - self.swapin_ms < 2 * SLOW_MS)
		holds |= HOLD_SWAPIN;
	return holds;
}

/* What is being taken, as pulse.c has it for the daemon. */
static void feel_rise(struct view *view, s64 now)
{
	u64 used = view->current_kib - min(view->current_kib, view->available_kib);

	if (self.look_ms && now - self.look_ms <= RISE_MS && used > self.used_kib)
		view->taken_kib = used - self.used_kib;
	self.used_kib = used;
	self.look_ms = now;
}

static void see(const struct orders *orders, s64 now, struct view *view, struct stats *stats)
{
	struct sysinfo info = { 0 };

	si_meminfo(&info);
	*view = (struct view){
		.current_kib = balloon_stats.current_pages * KIB_PER_PAGE,
		.committed_kib = vm_memory_committed() * KIB_PER_PAGE,
		.available_kib = max(si_mem_available(), 0L) * KIB_PER_PAGE,
		.reserve_kib = reserve_kib(),
		.holds = holds(now),
	};
	view->gap_kib =
		view->current_kib - min_t(u64, view->current_kib, info.totalram * KIB_PER_PAGE);
	feel_rise(view, now);
	self.peak_kib = max(self.peak_kib, view->current_kib);
	view->max_kib = orders->static_max_kib.value ?: self.peak_kib;
	*stats = (struct stats){
		.committed_kib = { READING_OK, view->committed_kib },
		.available_kib = { READING_OK, view->available_kib },
		.total_kib = { READING_OK, info.totalram * KIB_PER_PAGE },
		.policy = "committed",
	};
	strscpy(stats->refuses, orders->refuses, sizeof(stats->refuses));
}

static void set_target(u64 kib)
{
	balloon_set_new_target(kib / KIB_PER_PAGE);
}

static void steer(const struct decision *decision, const struct view *view,
		  const struct policy_knobs *knobs, s64 now)
{
	bool due = self.pace.held_kib == 0 || now >= self.due_ms;
	u64 kib;

	policy_pace(&self.pace, decision, view, knobs, due);
	if (due)
		self.due_ms = now + within(self.orders.tuning.interval_s, 1, 3600) * 1000;
	kib = demand_step(&self.demand, self.pace.held_kib, view->current_kib,
			  balloon_stats.target_pages * KIB_PER_PAGE, now);
	if (kib)
		set_target(kib);
}

/* Selfballoon has just become 0: the guest stays where it is, unless dom0 also named a target. */
static void stay(const struct orders *was, const struct orders *orders, const struct view *view)
{
	u64 kib = view->current_kib;

	if (orders->target_kib.state == READING_OK &&
	    orders->target_kib.value != was->target_kib.value)
		kib = orders->target_kib.value;
	set_target(kib);
}

static bool same_orders(const struct orders *a, const struct orders *b)
{
	return a->selfballoon == b->selfballoon &&
	       !memcmp(&a->tuning, &b->tuning, sizeof(a->tuning)) &&
	       a->target_kib.value == b->target_kib.value &&
	       a->static_max_kib.value == b->static_max_kib.value;
}

static void report(struct report *latest, s64 now)
{
	int err;

	if (!report_due(&self.posted, latest, now - self.posted_ms))
		return;
	err = keys_post(latest, self.seq + 1);
	if (err) {
		if (!self.refused)
			pr_info(NAME_TAG
				"waiting for the agent in dom0 to grant this guest its keys "
				"below memory/ (%d)\n",
				err);
		self.refused = true;
		return;
	}
	self.refused = false;
	self.seq++;
	self.posted = *latest;
	self.posted_ms = now;
}

/*
 * Asks xenstore only when there may be news: a thousand guests that ask ten times a second are all
 * that it could serve. No lock is held, as a stalled xenstored keeps this waiting.
 */
static void read_orders(struct orders *orders, s64 now)
{
	static struct tuning read_with; /* only the work reads */
	static s64 read_ms;

	*orders = self.orders;
	if (!atomic_xchg(&news, 0) && now - read_ms < READ_MS &&
	    !memcmp(&read_with, &parameters, sizeof(read_with)))
		return;
	read_with = parameters;
	read_ms = now;
	*orders = (struct orders){ .tuning = read_with };
	keys_read(orders);
}

static unsigned int pause_ms(const struct orders *orders, const struct view *view)
{
	if (!orders->selfballoon)
		return SLOW_MS;
	return view->taken_kib ? TICK_MS : CALM_MS;
}

static void work(struct work_struct *unused)
{
	static struct report
		latest; /* too large for the stack; this work never runs twice at once */
	struct orders orders, was = self.orders;
	struct policy_knobs policy_knobs;
	struct decision decision;
	struct view view;
	s64 now = now_ms();

	read_orders(&orders, now);
	mutex_lock(&lock);
	memset(&latest, 0, sizeof(latest));
	latest.orders = self.posted.orders ?: 1;
	if (!same_orders(&orders, &was)) {
		demand_reset(&self.demand, now);
		latest.orders++;
	}
	self.orders = orders;
	policy_knobs = knobs(&orders.tuning);
	see(&orders, now, &view, &latest.stats);
	policy_decide(&policy_committed, &policy_knobs, &view, &decision);
	if (orders.selfballoon) {
		if (!was.selfballoon)
			self.pace = (struct pace){ 0 };
		steer(&decision, &view, &policy_knobs, now);
		latest.selftarget_kib = (struct reading){ READING_OK, self.pace.held_kib };
	} else if (was.known && was.selfballoon) {
		stay(&was, &orders, &view);
	}
	shown = (struct selfballoon_state){ view.current_kib,
					    balloon_stats.target_pages * KIB_PER_PAGE,
					    decision.floor_kib, view.max_kib, orders.selfballoon };
	mutex_unlock(&lock);
	latest.actual_kib = view.current_kib;
	latest.minimum_kib = decision.floor_kib;
	latest.stats.wanted_kib = (struct reading){ READING_OK, decision.goal_kib };
	report(&latest, now);
	queue_delayed_work(system_freezable_wq, &look, msecs_to_jiffies(pause_ms(&orders, &view)));
}

void selfballoon_look(void)
{
	atomic_set(&news, 1);
	mod_delayed_work(system_freezable_wq, &look, 0);
}

void selfballoon_leaving(void)
{
	self.leaving_ms = now_ms();
	selfballoon_look();
}

int selfballoon_set_target(u64 kib)
{
	int err = mutex_lock_interruptible(&lock);

	if (err)
		return err;
	if (kib < shown.floor_kib || kib > shown.max_kib)
		err = -EINVAL;
	else if (shown.on)
		err = -EBUSY; /* it sizes itself: switch that off first */
	else
		set_target(kib);
	mutex_unlock(&lock);
	return err;
}

int selfballoon_show(struct selfballoon_state *state)
{
	int err = mutex_lock_interruptible(&lock);

	if (err)
		return err;
	*state = shown;
	mutex_unlock(&lock);
	state->current_kib = balloon_stats.current_pages * KIB_PER_PAGE;
	state->target_kib = balloon_stats.target_pages * KIB_PER_PAGE;
	return 0;
}

static int __init start(void)
{
	int err;

	if (!xen_domain() || xen_initial_domain())
		return -ENODEV;
	self.swapins = swapins();
	err = keys_start();
	if (err)
		return err;
	/* The file shows what the first look has seen. */
	flush_delayed_work(&look);
	selfballoon_look();
	flush_delayed_work(&look);
	err = file_start();
	if (err) {
		keys_stop();
		cancel_delayed_work_sync(&look);
		pr_err(NAME_TAG "no link in xenfs: error %d; is xenfs loaded?\n", err);
		return err;
	}
	pr_info(NAME_TAG "sizes this guest by policy committed; xenballoon-guest, if it runs, "
			 "stands by\n");
	return 0;
}

static void __exit stop(void)
{
	file_stop();
	keys_stop();
	cancel_delayed_work_sync(&look);
	pr_info(NAME_TAG "gone; this guest keeps its size\n");
}

module_init(start);
module_exit(stop);
MODULE_LICENSE("Dual MIT/GPL");
MODULE_DESCRIPTION("Xen selfballooning with /proc/xen/balloon");
