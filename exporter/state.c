/* SPDX-License-Identifier: MIT */
/*
 * Judges why a domain has the size it has. Pure: readings and memory in, state and sentence out.
 */
#include "state.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "size.h"

#define SILENT_AFTER_MS 90000
#define REPORT_MS	35000 /* within which a guest reports that can: each 30 s */
#define STUCK_AFTER_MS	10000

/* Pressure, in hundredths of a percent: a guest that lacks memory suffers; any guest suffers. */
#define PRESSURE_SOME 100
#define PRESSURE_HIGH 1000

/* What one judgement reckons with; sizes in KiB. */
struct view {
	struct domain *domain;
	struct state_memory *memory;
	struct reading host_free;
	int64_t store_since_ms;
	int64_t now_ms;
	bool selfballoon;
	uint64_t goal;	   /* what the domain should be */
	uint64_t have;	   /* what it is, on the scale of a target */
	uint64_t cap;	   /* likewise */
	uint64_t pressure; /* 0: none, or not known */
};

/* "412 MiB", "3.5 MiB": enough for a sentence; `slot` keeps several in one call apart. */
static const char *size(uint64_t kib, unsigned int slot)
{
	static _Thread_local char text[4][SIZE_TEXT];

	return size_text(text[slot], kib);
}

static const char *lasting(int64_t ms)
{
	static _Thread_local char text[SIZE_TEXT];

	return duration_text(text, ms > 0 ? (uint64_t)ms / 1000 : 0);
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

struct reading state_former_kib(const struct domain *domain)
{
	const struct reading *selfballoon = &domain->value[VALUE_SELFBALLOON];

	if (domain->former_kib.state != READING_OK && selfballoon->state == READING_OK &&
	    selfballoon->value == 1)
		return domain->value[VALUE_TARGET];
	return domain->former_kib;
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

/* How long it stays where it is is measured from first sight, also while it isn't said. */
static void watch_progress(const struct view *view)
{
	if (distance(view->goal, view->have) <= STATE_TOLERANCE_KIB)
		*view->memory = (struct state_memory){ .report = view->memory->report };
	else
		without_progress_ms(view);
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
		judge(view, STATE_CAPPED, "%s %s, and dom0's target limits it to %s", wish(view),
		      size(view->goal, 0), size(view->cap, 1));
	} else if (host_full(view, missing, idle_ms)) {
		judge(view, STATE_HOST_FULL, "%s %s, has %s, and the host has %s free", wish(view),
		      size(view->goal, 0), size(view->have, 1), size(view->host_free.value, 2));
	} else if (idle_ms > STUCK_AFTER_MS) {
		judge(view, STATE_STUCK, "%s %s, stays at %s for %s though there is room",
		      wish(view), size(view->goal, 0), size(view->have, 1), lasting(idle_ms));
	} else {
		judge(view, STATE_GROWING, "%s %s, has %s and is growing", wish(view),
		      size(view->goal, 0), size(view->have, 1));
	}
}

/* It has gone as far down as it asked for: what it rests for until its next step is its own affair.
 */
static bool at_its_step(const struct view *view)
{
	struct reading step = view->domain->value[VALUE_SELFTARGET];

	return view->selfballoon && step.state == READING_OK &&
	       view->have <= step.value + STATE_TOLERANCE_KIB;
}

static void judge_long(const struct view *view)
{
	int64_t idle_ms = without_progress_ms(view);

	if (at_its_step(view))
		judge(view, STATE_SHRINKING, "%s %s, has %s and goes there step by step",
		      wish(view), size(view->goal, 0), size(view->have, 1));
	else if (idle_ms > STUCK_AFTER_MS)
		judge(view, STATE_STUCK, "%s %s, stays at %s for %s", wish(view),
		      size(view->goal, 0), size(view->have, 1), lasting(idle_ms));
	else
		judge(view, STATE_SHRINKING, "%s %s, has %s and is shrinking", wish(view),
		      size(view->goal, 0), size(view->have, 1));
}

/* It is the size it was told to be, and that is too little for what its programs do. */
static bool starving(const struct view *view)
{
	const struct reading *wanted = &view->domain->value[VALUE_WANTED];
	bool lacks = wanted->state == READING_OK && wanted->value > view->have + view->have / 20;

	return view->pressure > (lacks ? PRESSURE_SOME : PRESSURE_HIGH);
}

static void judge_even(const struct view *view)
{
	const struct reading *wanted = &view->domain->value[VALUE_WANTED];
	enum domain_state state = starving(view) ? STATE_STARVING : STATE_CONVERGED;

	if (view->selfballoon)
		judge(view, state, "has what it wants: %s", size(view->have, 0));
	else if (wanted->state == READING_OK &&
		 distance(wanted->value, view->have) > STATE_TOLERANCE_KIB)
		judge(view, state, "is at dom0's target of %s, wants %s", size(view->goal, 0),
		      size(wanted->value, 1));
	else
		judge(view, state, "is at dom0's target of %s", size(view->goal, 0));
}

/* Who waits much is never shown without it, whatever else is the matter. */
static void add_pressure(const struct view *view)
{
	char *reason = view->domain->reason;
	size_t len = strlen(reason);

	if (view->domain->state != STATE_STARVING && view->pressure <= PRESSURE_HIGH)
		return;
	snprintf(reason + len, sizeof(view->domain->reason) - len,
		 ", and its programs wait %" PRIu64 " %% of the time for memory",
		 (view->pressure + 50) / 100);
}

/* Fills what the sentences are about; false while the hypervisor or the store have not said it. */
static bool weigh(struct view *view)
{
	const struct reading *value = view->domain->value;
	const struct reading *goal = &value[VALUE_TARGET];

	view->pressure =
		value[VALUE_PRESSURE].state == READING_OK ? value[VALUE_PRESSURE].value : 0;
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

/* What the hypervisor lets no programs run in; true if it is so. */
static bool judge_run(const struct view *view)
{
	static const struct {
		enum domain_state state;
		const char *before, *after; /* the time */
	} runs[] = {
		[RUN_PAUSED] = { STATE_PAUSED, "has been paused in dom0 for ", "" },
		[RUN_SHUTTING_DOWN] = { STATE_SHUT_DOWN, "shut down ",
					" ago and waits for dom0 to destroy it" },
		[RUN_SUSPENDED] = { STATE_SUSPENDED, "has been suspended for ",
				    ", to be saved or migrated" },
		[RUN_CRASHED] = { STATE_CRASHED, "crashed ", " ago and is kept by dom0" },
		[RUN_DYING] = { STATE_DYING, "has been dying for ",
				": dom0 destroyed it, and its memory is not all free yet" },
	};
	const struct domain *domain = view->domain;

	if (domain->run == RUN_RUNNING)
		return false;
	judge(view, runs[domain->run].state, "%s%s%s%s", runs[domain->run].before,
	      domain->run_seen ? "" : "at least ", lasting(view->now_ms - domain->run_since_ms),
	      runs[domain->run].after);
	return true;
}

/* Since when the agent could have seen it report, and why not earlier. */
static int64_t listening_since(const struct view *view, const char **why)
{
	bool agent = view->domain->seen_ms >= view->store_since_ms;

	*why = agent ? "the agent started" : "xenstored answers again";
	return agent ? view->domain->seen_ms : view->store_since_ms;
}

/* A report stands in the store, and nobody knows how old it is. */
static void judge_unheard(const struct view *view)
{
	const char *why;
	int64_t waited_ms = view->now_ms - listening_since(view, &why);

	if (!view->store_since_ms)
		judge(view, STATE_UNKNOWN,
		      "was not seen to report yet, and xenstored does not "
		      "answer");
	else
		judge(view, waited_ms > SILENT_AFTER_MS ? STATE_SILENT : STATE_UNKNOWN,
		      "was not seen to report since %s, %s ago", why, lasting(waited_ms));
}

/* While xenstored is away, and until each guest has had its turn after, no report can be missed. */
static void judge_overdue(const struct view *view, int64_t age_ms)
{
	bool silent = view->domain->state == STATE_SILENT;

	if (!silent && !view->store_since_ms)
		judge(view, STATE_UNKNOWN, "last reported %s ago, and xenstored does not answer",
		      lasting(age_ms));
	else if (!silent && view->now_ms - view->store_since_ms <= REPORT_MS)
		judge(view, STATE_UNKNOWN, "last reported %s ago, before xenstored was restarted",
		      lasting(age_ms));
	else
		judge(view, STATE_SILENT, "last reported %s ago", lasting(age_ms));
}

/* Whether its own words are missing, or too old to be held against it; judged if so. */
static bool judge_unreported(const struct view *view)
{
	const struct domain *domain = view->domain;
	const struct reading *reported = &domain->value[VALUE_LAST_REPORT];
	int64_t age_ms = view->now_ms - (int64_t)reported->value;

	if (reported->state == READING_OK && age_ms <= SILENT_AFTER_MS)
		return false;
	if (reported->state == READING_OK)
		judge_overdue(view, age_ms);
	else if (domain->heard == HEARD_BEFORE)
		judge_unheard(view);
	else if (domain->heard == HEARD_UNREAD)
		judge(view, STATE_UNKNOWN, "has keys in xenstore that have not been read yet");
	else
		judge(view, STATE_NO_AGENT,
		      "has never reported: xenballoon-guest does not run in it");
	return true;
}

static void judge_size(const struct view *view)
{
	if (distance(view->goal, view->have) <= STATE_TOLERANCE_KIB)
		judge_even(view);
	else if (view->goal > view->have)
		judge_short(view);
	else
		judge_long(view);
}

/*
 * What it could free and what it lacks: of a guest that runs, reports and can move, no others. No
 * guest can be more than it was booted for, whatever it says.
 */
static void set_differences(const struct view *view, bool reports)
{
	struct reading *value = view->domain->value;
	uint64_t have = state_held_kib(view->domain), want = value[VALUE_WANTED].value;

	value[VALUE_RECLAIMABLE] = value[VALUE_UNMET] = (struct reading){ READING_ABSENT, 0 };
	if (!reports || value[VALUE_WANTED].state != READING_OK ||
	    value[VALUE_ALLOCATED].state != READING_OK)
		return;
	if (value[VALUE_STATIC_MAX].state == READING_OK && want > value[VALUE_STATIC_MAX].value)
		want = value[VALUE_STATIC_MAX].value;
	value[VALUE_RECLAIMABLE] = (struct reading){ READING_OK, have > want ? have - want : 0 };
	value[VALUE_UNMET] = (struct reading){ READING_OK, want > have ? want - have : 0 };
}

void state_judge(struct domain *domain, const struct snapshot *snapshot,
		 struct state_memory *memory, int64_t now_ms)
{
	struct view view = { .domain = domain,
			     .memory = memory,
			     .host_free = snapshot->host[HOST_FREE],
			     .store_since_ms = snapshot->store_since_ms,
			     .now_ms = now_ms };
	bool known, reports;

	measure_overhead(domain, memory);
	known = weigh(&view);
	if (known && domain->run == RUN_RUNNING)
		watch_progress(&view);
	reports = !judge_run(&view) && !judge_unreported(&view);
	set_differences(&view, reports && domain->driver == DRIVER_OBEYS);
	if (domain->manager && domain->run == RUN_RUNNING)
		judge(&view, STATE_FOREIGN, "has a target that %s owns", domain->manager);
	else if (reports && domain->driver != DRIVER_OBEYS)
		judge_refused(&view);
	else if (reports && known)
		judge_size(&view);
	else if (reports)
		judge(&view, STATE_STUCK, "has a target or size that can't be read");
	if (reports)
		add_pressure(&view);
}

void state_sum(struct snapshot *snapshot)
{
	struct reading *host = snapshot->host;

	for (enum host_value i = HOST_DOMAINS; i <= HOST_UNMET; i++)
		host[i] = (struct reading){ READING_OK, 0 };
	host[HOST_DOMAINS].value = snapshot->count;
	for (size_t i = 0; i < snapshot->count; i++) {
		const struct reading *value = snapshot->domain[i].value;

		/* What is being destroyed was promised nothing any more. */
		if (snapshot->domain[i].run != RUN_DYING)
			host[HOST_STATIC_MAX].value += value[VALUE_STATIC_MAX].value;
		host[HOST_RECLAIMABLE].value += value[VALUE_RECLAIMABLE].value;
		host[HOST_UNMET].value += value[VALUE_UNMET].value;
	}
}
