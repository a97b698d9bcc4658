/* SPDX-License-Identifier: MIT */
/*
 * From what the kernel says to what the balloon driver is told. Must not know xenstore; dom0's
 * orders come in, a report goes out. Called by the daemon's main thread.
 */
#include "sizer.h"

#include <stdio.h>
#include <string.h>

#include "kib.h"

/* A target that dom0 set so shortly before turning selfballoon off is what it wants obeyed. */
#define OFF_TARGET_MS 5000

static bool same_reading(struct reading a, struct reading b)
{
	return a.state == b.state && a.value == b.value;
}

int64_t sizer_pause_ms(const struct sizer *sizer, int64_t now_ms)
{
	if (!sizer->orders.selfballoon || sizer->kernel.driver.err)
		return SIZER_SLOW_MS;
	if (now_ms < sizer->haste_ms)
		return SIZER_HASTE_MS;
	if (sizer->calm_ms == 0)
		return SIZER_TICK_MS;
	return sizer->cushioned ? SIZER_CUSHIONED_MS : SIZER_DOZE_MS;
}

void sizer_wake(struct sizer *sizer)
{
	sizer->slow_ms = 0;
}

/* A target lowered while selfballoon is 1: its tool has lowered the cap, too, and means it. */
static void begin_to_yield(struct sizer *sizer, const struct orders *orders, int64_t now_ms)
{
	if (sizer->target_moved_ms != now_ms || !sizer->orders.selfballoon ||
	    orders->target_kib.state != READING_OK)
		return;
	sizer->yield_kib = orders->target_kib.value;
	sizer->yield_due_ms = now_ms;
	sizer->yield_end_ms = now_ms + SIZER_YIELD_MS;
}

/* New orders may have moved the cap, so what was out of reach may be in reach again. */
static void take_orders(struct sizer *sizer, const struct orders *orders, int64_t now_ms)
{
	if (sizer->orders.serial == orders->serial)
		return;
	if (sizer->orders.serial && !same_reading(sizer->orders.target_kib, orders->target_kib))
		sizer->target_moved_ms = now_ms;
	if (!sizer->orders.selfballoon && orders->selfballoon)
		sizer->pace = (struct pace){ 0 };
	if (sizer->orders.leaving != orders->leaving)
		sizer->pulse.leaving_ms = now_ms;
	begin_to_yield(sizer, orders, now_ms);
	demand_reset(&sizer->demand, now_ms);
	sizer->slow_ms = now_ms;
}

/*
 * What may be asked for on the way down to dom0's target, within the rules that protect the guest.
 * Once there, Xen's cap alone is the limit, which may be raised without a word.
 */
static uint64_t yield(struct sizer *sizer, const struct settings *settings, const struct view *view,
		      int64_t now_ms)
{
	if (sizer->yield_kib >= view->current_kib || now_ms >= sizer->yield_end_ms)
		sizer->yield_kib = 0;
	if (sizer->yield_kib == 0)
		return sizer->pace.held_kib;
	if (now_ms >= sizer->yield_due_ms) {
		sizer->allowed_kib =
			policy_lowered(settings->policy, view, &settings->knobs, sizer->yield_kib);
		sizer->yield_due_ms = now_ms + (int64_t)settings->knobs.interval_s * 1000;
	}
	return sizer->pace.held_kib < sizer->allowed_kib ? sizer->pace.held_kib
							 : sizer->allowed_kib;
}

static uint64_t full_size(struct sizer *sizer, uint64_t current_kib)
{
	uint64_t full = driver_full_kib(&sizer->kernel.driver);

	if (current_kib > sizer->peak_kib)
		sizer->peak_kib = current_kib;
	return full ? full : sizer->peak_kib;
}

static int steer(struct sizer *sizer, const struct settings *settings,
		 const struct decision *decision, const struct sample *sample, int64_t now_ms)
{
	bool due = sizer->pace.held_kib == 0 || now_ms >= sizer->due_ms;
	uint64_t want, kib, page = sizer->kernel.page_kib;

	sizer->demand.page_kib = sizer->kernel.page_kib;
	if (policy_pace(&sizer->pace, decision, &sample->view, &settings->knobs, due)) {
		pulse_begin(&sizer->pulse);
		sizer->due_ms = now_ms + (int64_t)settings->knobs.interval_s * 1000;
		sizer->watch_ms = now_ms + SIZER_WATCH_MS;
	}
	want = yield(sizer, settings, &sample->view, now_ms);
	kib = demand_step(&sizer->demand, want, sample->view.current_kib, sample->driver_kib,
			  now_ms);
	if (sample->view.rising_kib >= POLICY_RISE_KIB ||
	    (want > sample->view.current_kib + page && sizer->demand.delay_ms == 0))
		sizer->haste_ms = now_ms + SIZER_HASTE_LASTS_MS;
	sizer->cushioned =
		sizer->kernel.trigger >= 0 && sample->meminfo.swapfree_kib.value >= SIZER_SWAP_KIB;
	sizer->calm_ms = 0;
	if (!kib && want - sample->view.current_kib + page <= 2 * page)
		sizer->calm_ms = now_ms + SIZER_CALM_MS;
	return kib ? driver_set_target(&sizer->kernel.driver, kib) : 0;
}

/* Selfballoon has just become 0: the guest stays where it is, unless dom0 also named a target. */
static int stay(struct sizer *sizer, const struct orders *orders, const struct sample *sample,
		int64_t now_ms)
{
	uint64_t kib = sample->view.current_kib;

	sizer->pace = (struct pace){ 0 };
	sizer->yield_kib = 0;
	if (sizer->target_moved_ms && now_ms - sizer->target_moved_ms <= OFF_TARGET_MS &&
	    orders->target_kib.state == READING_OK)
		kib = orders->target_kib.value;
	return kib == sample->driver_kib ? 0 : driver_set_target(&sizer->kernel.driver, kib);
}

/* Nothing that was seen before may be compared with what comes. */
static void begin_anew(struct sizer *sizer)
{
	sizer->pace = (struct pace){ 0 };
	sizer->pulse.look_ms = 0;
	sizer->kernel.gap_known = false;
	sizer->yield_kib = 0;
}

/* A driver that doesn't obey is left alone; when it does again, all begins anew. */
static int act(struct sizer *sizer, const struct settings *settings, bool was_on,
	       const struct decision *decision, const struct sample *sample, int64_t now_ms)
{
	const struct orders *orders = &sizer->orders;

	if (sizer->kernel.driver.err) {
		sizer->pace = (struct pace){ 0 };
		sizer->yield_kib = 0;
		sizer->calm_ms = 0;
		return sizer->kernel.driver.err;
	}
	if (orders->selfballoon)
		return steer(sizer, settings, decision, sample, now_ms);
	return was_on ? stay(sizer, orders, sample, now_ms) : 0;
}

static void fill(struct report *report, const struct sizer *sizer, const struct settings *settings,
		 const struct decision *decision, const struct sample *sample)
{
	const struct driver *driver = &sizer->kernel.driver;

	*report = (struct report){
		.orders = sizer->orders.serial,
		.sizeless = !sample->sized,
		.actual_kib = sample->view.current_kib,
		.minimum_kib = decision->minimum_kib,
		.stats = {
			.committed_kib = sample->meminfo.committed_kib,
			.available_kib = sample->meminfo.available_kib,
			.total_kib = sample->meminfo.total_kib,
			.swapfree_kib = sample->meminfo.swapfree_kib,
			.swaptotal_kib = sample->meminfo.swaptotal_kib,
			.psi = sample->psi,
			.driver = { READING_OK, driver_trouble(driver) },
		},
	};
	if (sample->sized)
		report->stats.wanted_kib = (struct reading){ READING_OK, decision->goal_kib };
	if (sizer->orders.selfballoon && !driver->err)
		report->selftarget_kib = (struct reading){ READING_OK, sizer->pace.held_kib };
	snprintf(report->stats.policy, sizeof(report->stats.policy), "%s", settings->policy->name);
}

/* Waiting alone is no pressure: the counters of reclaim, which a slow look reads, tell whose it is.
 */
static void note_stall(struct sizer *sizer, const struct settings *settings,
		       const struct sample *sample, bool slow)
{
	uint64_t since = kib_less(sample->view.stall_us, sizer->slow_stall_us);

	if (slow)
		sizer->slow_stall_us = sample->view.stall_us;
	else if (since > (uint64_t)settings->knobs.pressure_ms * 1000)
		sizer_wake(sizer);
}

bool sizer_rests(const struct sizer *sizer, const struct orders *orders, int64_t now_ms)
{
	return sizer->orders.serial == orders->serial && orders->selfballoon &&
	       now_ms < sizer->calm_ms && now_ms < sizer->slow_ms && now_ms < sizer->due_ms &&
	       kernel_quiet(&sizer->kernel);
}

int sizer_step(struct sizer *sizer, const struct settings *settings, const struct orders *orders,
	       int64_t now_ms, struct report *report)
{
	struct sample sample;
	struct decision decision = { 0 };
	bool was_on = sizer->orders.selfballoon;
	bool slow;
	int err;

	driver_retry(&sizer->kernel.driver, now_ms);
	take_orders(sizer, orders, now_ms);
	slow = now_ms >= sizer->slow_ms || (orders->selfballoon && now_ms >= sizer->due_ms);
	if (slow && driver_count(&sizer->kernel.driver, orders->static_max_kib))
		begin_anew(sizer);
	err = kernel_sample(&sizer->kernel, slow, &sample);
	if (err)
		return err;
	if (slow)
		sizer->slow_ms =
			now_ms + (now_ms < sizer->watch_ms ? SIZER_WATCH_EVERY_MS : SIZER_SLOW_MS);
	sizer->orders = *orders;
	sample.view.max_kib = full_size(sizer, sample.view.current_kib);
	pulse_feel(&sizer->pulse, &sample, sizer->kernel.page_kib, &settings->knobs, now_ms);
	/* Looks are far apart, and nothing is being asked for. */
	if (!orders->selfballoon)
		sample.view.taken_kib = sample.view.rising_kib = 0;
	sample.view.hot_kib = sizer->pace.workingset.hot_kib;
	note_stall(sizer, settings, &sample, slow);
	if (sample.sized)
		policy_decide(settings->policy, &settings->knobs, &sample.view, &decision);
	err = act(sizer, settings, was_on, &decision, &sample, now_ms);
	if (!orders->selfballoon)
		pulse_begin(&sizer->pulse);
	fill(report, sizer, settings, &decision, &sample);
	return err;
}

void sizer_end(struct sizer *sizer, const struct settings *settings, bool grow, int64_t now_ms)
{
	struct driver *driver = &sizer->kernel.driver;
	const struct view *view;
	struct decision decision;
	struct sample sample;
	uint64_t least;

	if (!sizer->orders.selfballoon || driver->err || !driver_sized(driver) ||
	    kernel_sample(&sizer->kernel, false, &sample) != 0)
		return;
	sample.view.max_kib = full_size(sizer, sample.view.current_kib);
	view = &sample.view;
	policy_decide(settings->policy, &settings->knobs, view, &decision);
	least = view->current_kib > decision.floor_kib ? view->current_kib : decision.floor_kib;
	/* What can't be had has been asked for already; a guest that leaves needs no more. */
	if (grow && !sizer->demand.limited && !pulse_leaving(&sizer->pulse, now_ms))
		least = view->max_kib;
	if (least > sample.driver_kib)
		driver_set_target(driver, least);
}
