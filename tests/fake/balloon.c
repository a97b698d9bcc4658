/* SPDX-License-Identifier: MIT */
/*
 * The played balloon driver: one turn of balloon_thread() per batch of pages, with its states and
 * its update_schedule(). Called by guest.c and by what writes a target.
 */
#include "balloon.h"

#include "kernel.h"
#include "state.h"

#define SPEED_KIB_PER_MS 256
#define BATCH_KIB	 2048 /* one page of page numbers */
#define SECTION_KIB	 (128 * 1024)
#define SLEEP_MS	 3600000 /* done or canceled */
#define ONLINE_MS	 1000	 /* how often it looks for plugged memory */

void balloon_boot(struct balloon *balloon, int domid, uint64_t current_kib, uint64_t pages_kib,
		  uint64_t page_kib)
{
	*balloon = (struct balloon){
		.domid = domid,
		.page_kib = page_kib,
		.pages_kib = pages_kib,
		.total_kib = pages_kib,
		.schedule_delay = 1,
		.max_schedule_delay = 32,
		.retry_count = 1,
		.max_retry_count = 4,
	};
	balloon->current_kib = current_kib - current_kib % page_kib;
	balloon->target_kib = balloon->current_kib;
}

void balloon_set_target(struct balloon *balloon, uint64_t kib)
{
	balloon->target_kib = kib - kib % balloon->page_kib;
}

static int64_t credit_kib(const struct balloon *balloon)
{
	return (int64_t)balloon->target_kib - (int64_t)balloon->current_kib;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* balloon_thread_cond() and the time-out beside it. */
static bool awake(const struct balloon *balloon, int64_t now_ms)
{
	int64_t known = balloon->state == BALLOON_DONE ? 0 : balloon->waited_credit_kib;

	return credit_kib(balloon) != known || now_ms >= balloon->due_ms;
}

static void resize(struct balloon *balloon, struct kernel *kernel, uint64_t current_kib)
{
	balloon->current_kib = current_kib;
	kernel_resize(kernel, current_kib);
}

static enum balloon_state grow(struct balloon *balloon, struct state_map *state,
			       struct kernel *kernel, uint64_t kib)
{
	uint64_t odd;

	kib = least(kib, balloon->pages_kib - balloon->current_kib);
	kib = STATE_PAGE_KIB * state_populate(state, balloon->domid, kib / STATE_PAGE_KIB);
	/* The guest's pages may be larger than Xen's: it gets whole ones. */
	odd = kib % balloon->page_kib;
	kib -= STATE_PAGE_KIB * state_release(state, balloon->domid, odd / STATE_PAGE_KIB);
	resize(balloon, kernel, balloon->current_kib + kib);
	return kib > 0 ? BALLOON_DONE : BALLOON_AGAIN;
}

/*
 * Linux takes what si_mem_available() allows, and tries later for the rest once the whole of that
 * is below its reserve.
 */
static enum balloon_state shrink(struct balloon *balloon, struct state_map *state,
				 struct kernel *kernel, uint64_t kib)
{
	uint64_t wanted = balloon->current_kib - balloon->target_kib;
	uint64_t available = kernel->available_kib - kernel->available_kib % balloon->page_kib;
	uint64_t may = least(wanted, available);

	kib = STATE_PAGE_KIB *
	      state_release(state, balloon->domid, least(may, kib) / STATE_PAGE_KIB);
	resize(balloon, kernel, balloon->current_kib - kib);
	return may != wanted && may < kernel_totalreserve_kib(kernel->config.static_max_kib)
		       ? BALLOON_AGAIN
		       : BALLOON_DONE;
}

/* No page is left in the balloon: memory is plugged, whole sections, which cost their page structs.
 */
static enum balloon_state plug(struct balloon *balloon, struct kernel *kernel)
{
	uint64_t more;

	if (balloon->target_kib <= balloon->total_kib)
		return BALLOON_WAIT;
	more = balloon->target_kib - balloon->total_kib + SECTION_KIB - 1;
	more -= more % SECTION_KIB;
	balloon->total_kib += more;
	balloon->hotplugs++;
	kernel_plugged(kernel, more);
	return BALLOON_WAIT;
}

static enum balloon_state act(struct balloon *balloon, struct state_map *state,
			      struct kernel *kernel, uint64_t limit_kib)
{
	int64_t credit = credit_kib(balloon);

	if (credit == 0)
		return balloon->state;
	if (credit < 0)
		return shrink(balloon, state, kernel, limit_kib);
	if (balloon->current_kib == balloon->pages_kib)
		return plug(balloon, kernel);
	return grow(balloon, state, kernel, least((uint64_t)credit, limit_kib));
}

/* update_schedule(): 2, 4, 8 s with the usual four retries, then canceled. */
static void schedule(struct balloon *balloon)
{
	if (balloon->state == BALLOON_WAIT || balloon->state == BALLOON_CANCELED)
		return;
	if (balloon->state == BALLOON_DONE) {
		balloon->schedule_delay = 1;
		balloon->retry_count = 1;
		return;
	}
	balloon->retry_count++;
	if (balloon->max_retry_count != 0 && balloon->retry_count > balloon->max_retry_count) {
		balloon->schedule_delay = 1;
		balloon->retry_count = 1;
		balloon->state = BALLOON_CANCELED;
		return;
	}
	balloon->schedule_delay *= 2;
	if (balloon->schedule_delay > balloon->max_schedule_delay)
		balloon->schedule_delay = balloon->max_schedule_delay;
}

static void sleep_until(struct balloon *balloon, int64_t now_ms)
{
	static const int64_t fixed_ms[] = {
		[BALLOON_DONE] = SLEEP_MS,
		[BALLOON_WAIT] = ONLINE_MS,
		[BALLOON_CANCELED] = SLEEP_MS,
	};

	balloon->waited_credit_kib = credit_kib(balloon);
	balloon->due_ms =
		now_ms + (balloon->state == BALLOON_AGAIN ? (int64_t)balloon->schedule_delay * 1000
							  : fixed_ms[balloon->state]);
}

bool balloon_step(struct balloon *balloon, struct state_map *state, struct kernel *kernel,
		  int64_t now_ms, int64_t dt_ms)
{
	uint64_t before = balloon->current_kib;
	uint64_t left = (uint64_t)dt_ms * SPEED_KIB_PER_MS;

	while (left > 0 && awake(balloon, now_ms)) {
		uint64_t batch = least(left, BATCH_KIB);
		bool unmet = credit_kib(balloon) != 0;

		balloon->state = act(balloon, state, kernel, batch);
		balloon->refusals += unmet && balloon->state == BALLOON_AGAIN;
		schedule(balloon);
		sleep_until(balloon, now_ms);
		left -= batch;
	}
	return balloon->current_kib != before;
}
