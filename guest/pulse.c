/* SPDX-License-Identifier: MIT */
/*
 * Differences between looks, and the holds. Must not know what a policy makes of them. Called by
 * the sizer.
 */
#include "pulse.h"

#include <stdio.h>

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

static uint64_t rise(uint64_t last, uint64_t now)
{
	return now > last ? now - last : 0;
}

static void feel_rise(struct pulse *pulse, struct view *view, int64_t now_ms)
{
	uint64_t used = rise(view->available_kib, view->current_kib);
	uint64_t taken = rise(pulse->used_kib, used);
	uint64_t reserved = rise(pulse->committed_kib, view->committed_kib);
	int64_t since_ms = pulse->look_ms ? now_ms - pulse->look_ms : 0;

	pulse->used_kib = used;
	pulse->committed_kib = view->committed_kib;
	pulse->look_ms = now_ms;
	if (since_ms <= 0)
		return;
	/* Who gets no CPU looks late: what was taken meanwhile was taken at some rate, too. */
	if (since_ms > PULSE_LOOK_MS) {
		taken = taken * PULSE_LOOK_MS / (uint64_t)since_ms;
		reserved = reserved * PULSE_LOOK_MS / (uint64_t)since_ms;
	}
	view->taken_kib = taken;
	view->rising_kib = taken > reserved ? taken : reserved;
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

void pulse_feel(struct pulse *pulse, struct sample *sample, unsigned int page_kib, int64_t now_ms)
{
	struct view *view = &sample->view;

	pulse->stalled_us += advance(&pulse->stall_us, sample->stall_us);
	pulse->refaulted += advance(&pulse->refaults, sample->vmstat.refaults);
	if (advance(&pulse->swapins, sample->vmstat.swapins) > 0)
		pulse->swapin_ms = now_ms;
	note_boot(pulse, sample, now_ms);
	view->stall_us = pulse->stalled_us;
	view->refault_kib = pulse->refaulted * page_kib;
	feel_rise(pulse, view, now_ms);
	view->holds = holds(pulse, now_ms);
}

void pulse_begin(struct pulse *pulse)
{
	pulse->stalled_us = 0;
	pulse->refaulted = 0;
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
