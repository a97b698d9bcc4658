/* SPDX-License-Identifier: MIT */
/*
 * The played balloon driver. Delays and giving up follow drivers/xen/balloon.c's update_schedule():
 * 1, 2, 4 ... 32 s, and after max_retry_count it sleeps. Called by guest.c alone.
 */
#include "balloon.h"

#include "kernel.h"
#include "state.h"

#define SPEED_KIB_PER_MS 256

void balloon_boot(struct balloon *balloon, int domid, uint64_t allocated_kib,
		  uint64_t static_max_kib, bool pvh)
{
	*balloon = (struct balloon){
		.domid = domid,
		.static_max_kib = static_max_kib,
		/* Seen: current_kb 130684 in a PVH guest of 131072. */
		.uncounted_kib = pvh ? 388 : 0,
		.schedule_delay = 1,
		.max_schedule_delay = 32,
		.retry_count = 1,
		.max_retry_count = 4,
	};
	balloon->current_kib = allocated_kib - balloon->uncounted_kib;
	balloon->target_kib = balloon->current_kib;
}

void balloon_set_target(struct balloon *balloon, uint64_t kib)
{
	balloon->target_kib = kib & ~(uint64_t)(STATE_PAGE_KIB - 1);
	balloon->gave_up = false;
	balloon->next_try_ms = 0;
}

static void succeeded(struct balloon *balloon)
{
	balloon->schedule_delay = 1;
	balloon->retry_count = 1;
}

static void refused(struct balloon *balloon, int64_t now_ms)
{
	balloon->refusals++;
	balloon->retry_count++;
	if (balloon->max_retry_count != 0 && balloon->retry_count > balloon->max_retry_count) {
		succeeded(balloon);
		balloon->gave_up = true;
		return;
	}
	balloon->next_try_ms = now_ms + (int64_t)balloon->schedule_delay * 1000;
	balloon->schedule_delay *= 2;
	if (balloon->schedule_delay > balloon->max_schedule_delay)
		balloon->schedule_delay = balloon->max_schedule_delay;
}

/* Moves up to limit_kib towards the target; returns how many moved. */
static uint64_t move(struct balloon *balloon, struct state_map *state, const struct kernel *kernel,
		     uint64_t limit_kib)
{
	bool grow = balloon->target_kib > balloon->current_kib;
	uint64_t end = balloon->target_kib;
	uint64_t kib, possible = limit_kib;

	/* It can only give back what it took: there are no pages beyond the static maximum. */
	if (end > balloon->static_max_kib)
		end = balloon->static_max_kib;
	kib = grow ? (end > balloon->current_kib ? end - balloon->current_kib : 0)
		   : balloon->current_kib - end;
	if (!grow)
		possible = kernel_can_give_kib(kernel) < limit_kib ? kernel_can_give_kib(kernel)
								   : limit_kib;
	if (kib > possible)
		kib = possible;
	kib = STATE_PAGE_KIB * (grow ? state_populate(state, balloon->domid, kib / STATE_PAGE_KIB)
				     : state_release(state, balloon->domid, kib / STATE_PAGE_KIB));
	balloon->current_kib += grow ? kib : 0;
	balloon->current_kib -= grow ? 0 : kib;
	return kib;
}

bool balloon_step(struct balloon *balloon, struct state_map *state, const struct kernel *kernel,
		  int64_t now_ms, int64_t dt_ms)
{
	if (balloon->target_kib == balloon->current_kib || balloon->gave_up ||
	    now_ms < balloon->next_try_ms)
		return false;
	if (move(balloon, state, kernel, (uint64_t)dt_ms * SPEED_KIB_PER_MS) > 0) {
		succeeded(balloon);
		return true;
	}
	refused(balloon, now_ms);
	return false;
}
