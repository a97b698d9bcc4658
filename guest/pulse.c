/* SPDX-License-Identifier: MIT */
/*
 * Differences between looks, and the holds. Must not know what a policy makes of them.
 */
#include "pulse.h"

#include <stdio.h>

#include "kib.h"

static const struct {
	enum hold hold;
	const char *why;
} reasons[] = {
	{ HOLD_BOOT, "it has just booted" },
	{ HOLD_LEAVING, "it was told to shut down or suspend" },
	{ HOLD_SWAPIN, "swap is being read" },
};

/* How far a counter went on; one that went back or wasn't known has not. */
static uint64_t advance(struct reading *last, struct reading now)
{
	uint64_t by = 0;

	if (now.state != READING_OK)
		return 0;
	if (last->state == READING_OK && now.value > last->value)
		by = now.value - last->value;
	*last = now;
	return by;
}

/* The fastest rise of the last hours: what a look comes too late for must have been kept available.
 */
static void remember_burst(struct pulse *pulse, const struct view *view, uint64_t taken_kib,
			   int64_t ms)
{
	uint64_t rise = ms > 0 ? taken_kib * PULSE_BURST_MS / (uint64_t)ms : 0;

	pulse->burst_kib = kib_halved(pulse->burst_kib, ms, PULSE_BURST_HALF_LIFE_MS);
	pulse->burst_kib =
		kib_larger(pulse->burst_kib, kib_smaller(rise, view->max_kib / PULSE_BURST_PART));
}

/* A late look, as where a guest has to wait for its CPU, counts what was taken by the time since.
 */
static void feel_rise(struct pulse *pulse, struct view *view, int64_t now_ms)
{
	uint64_t used = policy_used_kib(view);
	uint64_t taken = kib_less(used, pulse->used_kib);
	uint64_t reserved = kib_less(view->committed_kib, pulse->committed_kib);
	int64_t ms = pulse->look_ms ? now_ms - pulse->look_ms : 0;
	uint64_t late = ms > PULSE_LOOK_MS ? (uint64_t)ms / PULSE_LOOK_MS : 1;

	pulse->used_kib = used;
	pulse->committed_kib = view->committed_kib;
	if (pulse->look_ms) {
		view->taken_kib = taken / late;
		view->rising_kib = kib_larger(taken, reserved) / late;
		remember_burst(pulse, view, taken, ms);
	}
	pulse->look_ms = now_ms;
	view->burst_kib = pulse->burst_kib;
}

static void note_boot(struct pulse *pulse, const struct sample *sample, int64_t now_ms)
{
	if (sample->uptime_ms.state != READING_OK)
		return;
	pulse->boot_ms = now_ms - (int64_t)sample->uptime_ms.value;
	pulse->boot_known = true;
}

bool pulse_leaving(const struct pulse *pulse, int64_t now_ms)
{
	return pulse->leaving_ms && now_ms - pulse->leaving_ms < POLICY_LEAVING_MS;
}

static unsigned int holds(const struct pulse *pulse, int64_t now_ms)
{
	unsigned int holds = 0;

	if (pulse->boot_known && now_ms - pulse->boot_ms < POLICY_BOOT_MS)
		holds |= HOLD_BOOT;
	if (pulse_leaving(pulse, now_ms))
		holds |= HOLD_LEAVING;
	if (pulse->swapin_ms && now_ms - pulse->swapin_ms < PULSE_SWAPIN_MS)
		holds |= HOLD_SWAPIN;
	return holds;
}

/*
 * What the tasks waited. While the balloon takes, some of it is the balloon's own reclaim, which
 * says nothing of need: what is in use and its headroom stay out of its reach. A kernel without PSI
 * has its allocation stalls stand in, for as long as no set point is below.
 */
static void feel_stall(struct pulse *pulse, struct sample *sample)
{
	uint64_t waited = advance(&pulse->stall_us, sample->stall_us);
	bool taking = pulse->current_kib && sample->view.current_kib < pulse->current_kib;

	pulse->current_kib = sample->view.current_kib;
	if (!taking)
		pulse->stalled_us += waited;
	sample->view.stall_us = pulse->stalled_us;
	if (pulse->stall_us.state == READING_ABSENT && sample->view.stalls)
		sample->view.stall_us = PULSE_NO_PSI_US;
}

void pulse_feel(struct pulse *pulse, struct sample *sample, unsigned int page_kib,
		const struct policy_knobs *knobs, int64_t now_ms)
{
	struct view *view = &sample->view;

	reclaim_feel(&pulse->reclaim, &sample->vmstat, page_kib, now_ms, view);
	feel_stall(pulse, sample);
	if (pulse->reclaim.swapin_kib > knobs->refault_kib)
		pulse->swapin_ms = now_ms;
	note_boot(pulse, sample, now_ms);
	feel_rise(pulse, view, now_ms);
	view->now_ms = now_ms;
	view->holds = holds(pulse, now_ms);
}

void pulse_begin(struct pulse *pulse)
{
	pulse->stalled_us = 0;
	reclaim_begin(&pulse->reclaim);
}

void pulse_holds(unsigned int holds, char *text, size_t size)
{
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]) && used < size; i++) {
		if (!(holds & reasons[i].hold))
			continue;
		used += (size_t)snprintf(text + used, size - used, "%s%s", used ? ", " : "",
					 reasons[i].why);
	}
}
