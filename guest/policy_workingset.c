/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The policy `workingset`: a guest gives back what a probe has shown to be unused. It remembers the
 * size that hurt, takes smaller steps after it and rests longer, and lets its probes cause only so
 * much reading an hour. What is available but not yet probed counts as a cache in use (`hot`).
 * Pure; all that it knows of the past is struct workingset.
 */
#include "policy.h"

#include "kib.h"

/* A probe's step, in 1/1000 % of size: at start, and the least that pressure makes of it. */
#define STEP_FIRST 1000
#define STEP_LEAST 125

/* The largest one in percent, where the configuration names none. */
#define PROBE_LARGEST_PERCENT 5

/* What probes may cause to be read again in an hour, at least. */
#define BUDGET_LEAST_KIB (256 * KIB_MIB)

#define HOUR_MS 3600000

/* A look and what follows from it alone. */
struct look {
	const struct view *view;
	const struct policy_knobs *knobs;
	uint64_t floor_kib, headroom_kib;
	uint64_t used_kib,
		excess_kib; /* free beyond reserve and headroom: taking it evicts nothing */
	bool pressed, calm;
};

/* In 1/1000 %. */
static uint64_t part_of(uint64_t size_kib, uint64_t thousandths)
{
	return kib_percent(size_kib / 1000 * thousandths + size_kib % 1000 * thousandths / 1000, 1);
}

static struct look look_at(const struct view *view, const struct policy_knobs *knobs,
			   uint64_t floor_kib)
{
	struct look look = {
		.view = view,
		.knobs = knobs,
		.floor_kib = floor_kib,
		.headroom_kib = policy_headroom_kib(&policy_workingset, view, knobs),
		.used_kib = policy_used_kib(view),
		.pressed = policy_pressed(view, knobs),
	};

	look.excess_kib = kib_less(view->free_kib, view->reserve_kib + look.headroom_kib);
	look.calm = (!view->steal_kib && !view->stalls) ||
		    (view->stall_us < (uint64_t)knobs->pressure_ms * 500 &&
		     view->hurt_kib < (knobs->refault_kib + 1) / 2);
	return look;
}

/* The size at which so much of what is available stays. */
static uint64_t size_with(const struct look *look, uint64_t hot_kib)
{
	return kib_smaller(kib_larger(look->floor_kib, look->used_kib + hot_kib),
			   look->view->max_kib);
}

static unsigned int largest_step(const struct policy_knobs *knobs)
{
	return 1000 * (knobs->probe_percent == POLICY_UNSET ? PROBE_LARGEST_PERCENT
							    : knobs->probe_percent);
}

static uint64_t budget_kib(const struct look *look)
{
	return kib_larger(kib_percent(look->view->max_kib, look->knobs->reread_percent),
			  BUDGET_LEAST_KIB);
}

/* What was read again, less what the time since allows. */
static void pay(struct workingset *ws, const struct look *look)
{
	int64_t ms = ws->look_ms ? look->view->now_ms - ws->look_ms : 0;
	uint64_t per_ms = budget_kib(look) * 1024 / HOUR_MS;

	if (ms > HOUR_MS)
		ms = HOUR_MS;
	ws->debt_bytes = kib_less(ws->debt_bytes, per_ms * (uint64_t)(ms > 0 ? ms : 0)) +
			 look->view->hurt_now_kib * 1024;
	ws->look_ms = look->view->now_ms;
}

static void start(struct workingset *ws, const struct look *look)
{
	unsigned int largest = largest_step(look->knobs);

	*ws = (struct workingset){ .step = largest < STEP_FIRST ? largest : STEP_FIRST,
				   .rest_ms = (int64_t)look->knobs->rest_s * 1000,
				   .look_ms = look->view->now_ms };
	ws->rest_until_ms = look->view->now_ms + ws->rest_ms;
}

/* The first pressed look of an episode: its guest has become too small. */
static void note_episode(struct workingset *ws, const struct look *look)
{
	int64_t now = look->view->now_ms;
	int64_t longest = (int64_t)look->knobs->rest_max_s * 1000;

	ws->step = ws->step / 2 > STEP_LEAST ? ws->step / 2 : STEP_LEAST;
	ws->rest_until_ms = now + ws->rest_ms;
	ws->rest_ms = 2 * ws->rest_ms < longest ? 2 * ws->rest_ms : longest;
	ws->used_hurt_kib = look->used_kib;
}

static void give_relief(struct pace *pace, const struct look *look)
{
	struct workingset *ws = &pace->workingset;
	int64_t now = look->view->now_ms;

	if (!ws->hurt || now - ws->episode_ms > (int64_t)look->knobs->interval_s * 1000)
		note_episode(ws, look);
	ws->hurt = true;
	ws->episode_ms = now;
	pace->held_kib =
		kib_larger(kib_larger(pace->held_kib, pace->before_kib),
			   kib_larger(size_with(look, ws->hot_kib), policy_relief_kib(look->view)));
	pace->held_kib = kib_smaller(pace->held_kib, look->view->max_kib);
	ws->hot_kib = kib_larger(ws->hot_kib, kib_less(pace->held_kib, look->used_kib));
	pace->before_kib = 0;
}

/* Much less is in use than when it hurt: what was learnt then was of another load. */
static void forget_hurt(struct workingset *ws, const struct look *look)
{
	int64_t soon = look->view->now_ms + (int64_t)look->knobs->rest_s * 1000;

	if (!ws->used_hurt_kib || look->used_kib + look->headroom_kib >= ws->used_hurt_kib)
		return;
	ws->used_hurt_kib = 0;
	ws->rest_ms = (int64_t)look->knobs->rest_s * 1000;
	if (ws->rest_until_ms > soon)
		ws->rest_until_ms = soon;
}

/* A probe that didn't hurt: the next one may be larger, and the rest after pressure shorter. */
static void trust(struct workingset *ws, const struct look *look)
{
	unsigned int largest = largest_step(look->knobs);
	int64_t shortest = (int64_t)look->knobs->rest_s * 1000;

	ws->step = ws->step + ws->step / 2 < largest ? ws->step + ws->step / 2 : largest;
	if (ws->hurt && look->view->now_ms - ws->episode_ms <= 4 * ws->rest_ms)
		return;
	ws->rest_ms = ws->rest_ms / 2 > shortest ? ws->rest_ms / 2 : shortest;
}

/* Should all that a probe takes be needed again, it has cost half of what the budget has left. */
static uint64_t probe_kib(const struct workingset *ws, const struct look *look)
{
	uint64_t left = kib_less(budget_kib(look), ws->debt_bytes / 1024);

	if (!look->calm || look->view->holds || look->view->now_ms < ws->rest_until_ms)
		return 0;
	return kib_smaller(part_of(look->view->current_kib, ws->step), left / 2);
}

/* A step that is due: free memory without rest, cache by a probe. */
static void take_probe(struct pace *pace, const struct look *look)
{
	struct workingset *ws = &pace->workingset;
	const struct view *view = look->view;
	uint64_t spare = look->calm && !view->holds ? look->excess_kib / 2 : 0;
	uint64_t probe = probe_kib(ws, look);
	uint64_t hot = ws->hot_kib, size;

	/* Free memory is no hot cache; this also undoes what a relief gave too much. */
	if (look->calm && view->hurt_kib < (look->knobs->refault_kib + 1) / 2)
		ws->hot_kib = hot =
			kib_smaller(hot, kib_less(view->available_kib, look->excess_kib));
	if (probe && hot)
		hot = kib_less(kib_smaller(hot, view->available_kib), probe);
	size = size_with(look, hot);
	if (size < view->current_kib && probe + spare > 0 &&
	    view->current_kib - size >= kib_percent(view->max_kib, look->knobs->gain_percent)) {
		pace->before_kib = view->current_kib;
		pace->held_kib = kib_larger(
			size, kib_less(view->current_kib, kib_smaller(kib_larger(probe, spare),
								      view->available_kib / 2)));
		if (probe) {
			ws->hot_kib = hot;
			trust(ws, look);
		}
	} else if (probe && ws->hot_kib > look->headroom_kib) {
		ws->hot_kib = kib_larger(look->headroom_kib, hot);
	}
}

static bool workingset_pace(struct pace *pace, const struct decision *decision,
			    const struct view *view, const struct policy_knobs *knobs, bool due)
{
	struct look look = look_at(view, knobs, decision->floor_kib);
	struct workingset *ws = &pace->workingset;

	if (ws->step == 0)
		start(ws, &look);
	pay(ws, &look);
	if (look.pressed)
		give_relief(pace, &look);
	else
		forget_hurt(ws, &look);
	if (!look.pressed && due && size_with(&look, ws->hot_kib) <= view->current_kib)
		take_probe(pace, &look);
	pace->held_kib = policy_kept_kib(decision, view,
					 kib_larger(pace->held_kib, size_with(&look, ws->hot_kib)));
	return look.pressed || due;
}

static void workingset_terms(const struct view *view, const struct policy_knobs *knobs,
			     struct term terms[POLICY_TERMS])
{
	(void)knobs;
	terms[0] = (struct term){ "in use: its size less MemAvailable", policy_used_kib(view) };
	terms[1] = (struct term){ "cache that is believed to be in use", view->hot_kib };
}

static void workingset_decide(const struct view *view, const struct policy_knobs *knobs,
			      struct decision *decision)
{
	decision->goal_kib = policy_sum_kib(&policy_workingset, view, knobs);
	decision->target_kib = kib_larger(
		decision->goal_kib,
		kib_less(view->current_kib, part_of(view->current_kib, largest_step(knobs))));
}

const struct policy policy_workingset = {
	.name = "workingset",
	.help = "what is in use, and the cache that probes have found to be needed",
	.terms = workingset_terms,
	.decide = workingset_decide,
	.pace = workingset_pace,
	.headroom_percent = 2,
	.headroom_mib = 32,
};
