/* SPDX-License-Identifier: MIT */
/*
 * Judges why a domain has the size it has. Pure: readings and memory in, state and sentence out.
 * Called by the roster for each domain before a snapshot is published.
 */
#include "state.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define SILENT_AFTER_S 90
#define STUCK_AFTER_MS 10000

/* What one judgement reckons with; sizes in KiB. */
struct view {
	struct domain *domain;
	struct state_memory *memory;
	struct reading host_free;
	int64_t now_ms;
	int64_t now_unix;
	bool selfballoon;
	uint64_t goal; /* what the domain should be */
	uint64_t have; /* what it is, on the scale of a target */
	uint64_t cap;  /* likewise */
};

/* "412 MiB", "3.5 MiB": enough for a sentence; `slot` keeps several in one call apart. */
static const char *size(uint64_t kib, unsigned int slot)
{
	static _Thread_local char text[4][24];
	int digits = kib % 1024 && kib < 10 * 1024 ? 1 : 0;

	snprintf(text[slot], sizeof(text[slot]), "%.*f MiB", digits, (double)kib / 1024);
	return text[slot];
}

__attribute__((format(printf, 3, 4))) static void
judge(const struct view *view, enum domain_state state, const char *format, ...)
{
	va_list arguments;

	view->domain->state = state;
	va_start(arguments, format);
	vsnprintf(view->domain->reason, sizeof(view->domain->reason), format, arguments);
	va_end(arguments);
}

static uint64_t distance(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

uint64_t state_held_kib(const struct domain *domain)
{
	const struct reading *allocated = &domain->value[VALUE_ALLOCATED];

	if (allocated->state != READING_OK || allocated->value < domain->overhead_kib)
		return 0;
	return allocated->value - domain->overhead_kib;
}

/*
 * The guest's words are on its target's scale, the hypervisor's are not. In two reports between
 * which neither moved, the difference is what the guest's target doesn't speak of.
 */
static void measure_overhead(struct domain *domain, struct state_memory *memory)
{
	const struct reading *value = domain->value;
	const struct state_report seen = memory->report;
	const struct state_report now = { value[VALUE_LAST_REPORT].value, value[VALUE_ACTUAL].value,
					  value[VALUE_ALLOCATED].value };
	uint64_t most = STATE_OVERHEAD_MAX_KIB + domain->videoram_kib.value, over = 0;

	if (now.at == seen.at || value[VALUE_ACTUAL].state != READING_OK ||
	    value[VALUE_ALLOCATED].state != READING_OK)
		return;
	memory->report = now;
	if (now.actual_kib != seen.actual_kib || now.allocated_kib != seen.allocated_kib)
		return;
	if (now.allocated_kib > now.actual_kib + STATE_TOLERANCE_KIB)
		over = now.allocated_kib - now.actual_kib;
	domain->overhead_kib = over <= most ? over : 0;
}

/* How long it has come no nearer to its goal. A goal that moved starts the time anew. */
static int64_t without_progress_ms(const struct view *view)
{
	struct state_memory *memory = view->memory;
	uint64_t left = distance(view->goal, view->have);

	if (distance(view->goal, memory->goal_kib) > STATE_TOLERANCE_KIB ||
	    left + STATE_TOLERANCE_KIB <= memory->distance_kib || !memory->progress_ms) {
		memory->goal_kib = view->goal;
		memory->distance_kib = left;
		memory->progress_ms = view->now_ms;
	}
	return view->now_ms - memory->progress_ms;
}

static const char *wish(const struct view *view)
{
	return view->selfballoon ? "wants" : "was told to be";
}

/* The host can't give what is missing: it has next to nothing, or what little it has stays there.
 */
static bool host_full(const struct view *view, uint64_t missing, int64_t idle_ms)
{
	return view->host_free.state == READING_OK && view->host_free.value < missing &&
	       (view->host_free.value < 4 * STATE_TOLERANCE_KIB || idle_ms > STUCK_AFTER_MS);
}

static void judge_short(const struct view *view)
{
	uint64_t missing = view->goal - view->have;
	int64_t idle_ms = without_progress_ms(view);

	if (view->cap < view->goal) {
		judge(view, STATE_CAPPED, "%s %s, capped at %s by dom0's target", wish(view),
		      size(view->goal, 0), size(view->cap, 1));
	} else if (host_full(view, missing, idle_ms)) {
		judge(view, STATE_HOST_FULL, "%s %s, has %s, and the host has %s free", wish(view),
		      size(view->goal, 0), size(view->have, 1), size(view->host_free.value, 2));
	} else if (idle_ms > STUCK_AFTER_MS) {
		judge(view, STATE_STUCK,
		      "%s %s, stays at %s for %" PRId64 " s though there is room", wish(view),
		      size(view->goal, 0), size(view->have, 1), idle_ms / 1000);
	} else {
		judge(view, STATE_GROWING, "%s %s, has %s and is growing", wish(view),
		      size(view->goal, 0), size(view->have, 1));
	}
}

static void judge_long(const struct view *view)
{
	int64_t idle_ms = without_progress_ms(view);

	if (idle_ms > STUCK_AFTER_MS)
		judge(view, STATE_STUCK, "%s %s, stays at %s for %" PRId64 " s", wish(view),
		      size(view->goal, 0), size(view->have, 1), idle_ms / 1000);
	else
		judge(view, STATE_SHRINKING, "%s %s, has %s and is shrinking", wish(view),
		      size(view->goal, 0), size(view->have, 1));
}

static void judge_even(const struct view *view)
{
	const struct reading *wanted = &view->domain->value[VALUE_WANTED];

	*view->memory = (struct state_memory){ .report = view->memory->report };
	if (view->selfballoon)
		judge(view, STATE_CONVERGED, "sizes itself and is what it wants: %s",
		      size(view->have, 0));
	else if (wanted->state == READING_OK &&
		 distance(wanted->value, view->have) > STATE_TOLERANCE_KIB)
		judge(view, STATE_CONVERGED, "is at dom0's target of %s, would choose %s itself",
		      size(view->goal, 0), size(wanted->value, 1));
	else
		judge(view, STATE_CONVERGED, "is at dom0's target of %s", size(view->goal, 0));
}

/* Fills what the sentences are about; false while the hypervisor or the store have not said it. */
static bool weigh(struct view *view)
{
	const struct reading *value = view->domain->value;
	const struct reading *goal = &value[VALUE_TARGET];

	view->selfballoon =
		value[VALUE_SELFBALLOON].state == READING_OK && value[VALUE_SELFBALLOON].value == 1;
	/* Held back by a cap, a guest asks for less than it wants; `wanted` still says it. */
	if (view->selfballoon)
		goal = &value[value[VALUE_WANTED].state == READING_OK ? VALUE_WANTED
								      : VALUE_SELFTARGET];
	if (goal->state != READING_OK || value[VALUE_ALLOCATED].state != READING_OK ||
	    value[VALUE_CAP].state != READING_OK)
		return false;
	view->goal = goal->value;
	view->have = state_held_kib(view->domain);
	view->cap = value[VALUE_CAP].value;
	view->cap -=
		view->cap < view->domain->overhead_kib ? view->cap : view->domain->overhead_kib;
	return true;
}

static void judge_refused(const struct view *view)
{
	enum contract_driver driver = view->domain->driver;

	if (driver == DRIVER_ABSENT)
		judge(view, STATE_REFUSED,
		      "can't change its size, as its kernel has no balloon driver");
	else
		judge(view, STATE_REFUSED,
		      "can't size itself, as its balloon driver refuses: %s; see its journal",
		      contract_driver[driver].text);
}

/* States in which the guest's own words are missing or bring nothing; true if one was given. */
static bool judge_absent(const struct view *view, const struct reading *reported)
{
	const struct domain *domain = view->domain;
	int64_t age_s;

	if (domain->manager) {
		judge(view, STATE_FOREIGN, "%s owns this domain's target", domain->manager);
		return true;
	}
	if (reported->state != READING_OK) {
		judge(view, STATE_NO_AGENT,
		      "has never reported: xenballoon-guest does not run in it");
		return true;
	}
	age_s = view->now_unix - (int64_t)reported->value;
	if (age_s > SILENT_AFTER_S)
		judge(view, STATE_SILENT, "last reported %" PRId64 " s ago", age_s);
	else if (domain->driver != DRIVER_OBEYS)
		judge_refused(view);
	else
		return false;
	return true;
}

void state_judge(struct domain *domain, const struct snapshot *snapshot,
		 struct state_memory *memory, int64_t now_ms, int64_t now_unix)
{
	struct view view = { .domain = domain,
			     .memory = memory,
			     .host_free = snapshot->host[HOST_FREE],
			     .now_ms = now_ms,
			     .now_unix = now_unix };

	measure_overhead(domain, memory);
	if (judge_absent(&view, &domain->value[VALUE_LAST_REPORT]))
		return;
	if (!weigh(&view))
		judge(&view, STATE_STUCK, "has a target or size that can't be read");
	else if (distance(view.goal, view.have) <= STATE_TOLERANCE_KIB)
		judge_even(&view);
	else if (view.goal > view.have)
		judge_short(&view);
	else
		judge_long(&view);
}

/* What it wants counts only where it can come true. */
static bool can_move(const struct domain *domain)
{
	return domain->value[VALUE_WANTED].state == READING_OK && domain->state != STATE_REFUSED;
}

void state_sum(struct snapshot *snapshot)
{
	struct reading *host = snapshot->host;

	for (enum host_value i = HOST_DOMAINS; i <= HOST_UNMET; i++)
		host[i] = (struct reading){ READING_OK, 0 };
	host[HOST_DOMAINS].value = snapshot->count;
	for (size_t i = 0; i < snapshot->count; i++) {
		const struct reading *value = snapshot->domain[i].value;
		uint64_t have = state_held_kib(&snapshot->domain[i]),
			 want = value[VALUE_WANTED].value;
		uint64_t most = value[VALUE_STATIC_MAX].value;

		host[HOST_STATIC_MAX].value += most;
		if (!can_move(&snapshot->domain[i]))
			continue;
		/* No guest can be more than it was booted for, whatever it says. */
		if (want > most)
			want = most;
		if (want < have)
			host[HOST_RECLAIMABLE].value += have - want;
		else
			host[HOST_UNMET].value += want - have;
	}
}
