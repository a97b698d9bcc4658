/* SPDX-License-Identifier: MIT */
/*
 * Finds what is worth a notification between two snapshots. A flapping guest is told of once in a
 * while, everything together at a bounded rate; what is left out is counted. Knows no net-snmp.
 * Called by notify.c.
 */
#include "mib_watch.h"

#include <stdlib.h>
#include <string.h>

#define MINUTE_MS 60000

/* A trouble's memory. */
struct trouble {
	bool told;	 /* since it began */
	bool held;	 /* it was counted as suppressed */
	int64_t told_ms; /* 0: never */
};

struct watched {
	uint32_t domid;
	struct trouble trouble[EVENT_TROUBLES];
};

struct mib_watch {
	const struct snapshot *seen; /* a reference; NULL before the first look */
	struct watched *guests;	     /* one for each domain of `seen`, in its order */
	bool host_low;
	bool store_up;
	uint64_t suppressed;
	int64_t empty_ms; /* when the bucket of notices was, or would have been, empty */
};

/* What one look works with. */
struct look {
	struct mib_watch *watch;
	const struct mib_watch_limits *limits;
	const struct snapshot *snapshot;
	int64_t now_ms;
	mib_tell *tell;
	void *context;
};

struct mib_watch *mib_watch_new(void)
{
	struct mib_watch *watch = calloc(1, sizeof(*watch));

	if (watch)
		watch->empty_ms = -MINUTE_MS;
	return watch;
}

void mib_watch_free(struct mib_watch *watch)
{
	if (!watch)
		return;
	if (watch->seen)
		snapshot_release(watch->seen);
	free(watch->guests);
	free(watch);
}

uint64_t mib_watch_suppressed(const struct mib_watch *watch)
{
	return watch->suppressed;
}

void mib_watch_suppress(struct mib_watch *watch, uint64_t more)
{
	watch->suppressed += more;
}

/* A bucket for a minute's notices that fills by one each MINUTE_MS / per_minute. */
static bool affordable(const struct look *look)
{
	struct mib_watch *watch = look->watch;
	int64_t cost = MINUTE_MS / (int64_t)look->limits->per_minute;

	if (watch->empty_ms < look->now_ms - MINUTE_MS)
		watch->empty_ms = look->now_ms - MINUTE_MS;
	if (watch->empty_ms + cost > look->now_ms)
		return false;
	watch->empty_ms += cost;
	return true;
}

/* False: it could not be told, and was counted. */
static bool tell(const struct look *look, const struct mib_notice *notice)
{
	if (!look->limits->per_minute)
		return false;
	if (affordable(look) && look->tell(look->context, notice))
		return true;
	look->watch->suppressed++;
	return false;
}

static bool in_trouble(const struct domain *domain, enum mib_event event)
{
	static const enum domain_state states[EVENT_TROUBLES] = {
		[EVENT_STUCK] = STATE_STUCK,
		[EVENT_CAPPED] = STATE_CAPPED,
		[EVENT_SILENT] = STATE_SILENT,
		[EVENT_REFUSED] = STATE_REFUSED,
	};

	return domain->state == states[event];
}

static void look_at_trouble(const struct look *look, const struct domain *domain,
			    struct trouble *trouble, enum mib_event event)
{
	const struct mib_notice notice = { .event = event,
					   .snapshot = look->snapshot,
					   .domid = domain->domid };
	uint64_t suppressed = look->watch->suppressed;

	if (!in_trouble(domain, event)) {
		trouble->told = trouble->held = false;
		return;
	}
	if (trouble->told)
		return;
	if (trouble->told_ms && look->now_ms - trouble->told_ms < look->limits->hold_ms)
		look->watch->suppressed += !trouble->held;
	else if (tell(look, &notice))
		*trouble = (struct trouble){ .told = true, .told_ms = look->now_ms };
	/* One that waits for its turn counts once. */
	if (trouble->held)
		look->watch->suppressed = suppressed;
	trouble->held = !trouble->told;
}

static enum mib_event event_of(enum domain_run run)
{
	static const enum mib_event events[] = {
		[RUN_RUNNING] = EVENT_VM_RUNNING,
		[RUN_PAUSED] = EVENT_VM_PAUSED,
		[RUN_SHUTTING_DOWN] = EVENT_VM_SHUTTING_DOWN,
		[RUN_SUSPENDED] = EVENT_VM_SUSPENDED,
		[RUN_CRASHED] = EVENT_VM_CRASHED,
		[RUN_DYING] = EVENT_VM_SHUTTING_DOWN,
	};

	return events[run];
}

static void tell_life(const struct look *look, enum mib_event event,
		      const struct snapshot *snapshot, uint32_t domid, enum mib_oper_state before)
{
	const struct mib_notice notice = {
		.event = event, .snapshot = snapshot, .domid = domid, .before = before
	};

	tell(look, &notice);
}

/*
 * before NULL: it was not there. One that is still being built is paused, and not yet told of; one
 * that is being destroyed is told of when it is gone.
 */
static void look_at_life(const struct look *look, const struct domain *before,
			 const struct domain *domain)
{
	if (!look->watch->seen || domain->run == RUN_DYING)
		return;
	if (before && mib_oper_state(before->run) != mib_oper_state(domain->run))
		tell_life(look, event_of(domain->run), look->snapshot, domain->domid,
			  mib_oper_state(before->run));
	else if (!before && domain->run != RUN_PAUSED)
		tell_life(look, event_of(domain->run), look->snapshot, domain->domid,
			  OPER_SHUTDOWN);
}

static void look_at_deleted(const struct look *look, const struct domain *before)
{
	tell_life(look, EVENT_VM_DELETED, look->watch->seen, before->domid,
		  mib_oper_state(before->run == RUN_DYING ? before->run_before : before->run));
}

static bool same_domain(const struct domain *one, const struct domain *other)
{
	return one->domid == other->domid && strcmp(one->uuid, other->uuid) == 0;
}

/* Both snapshots are in the order of domids: one pass finds who came, stayed and went. */
static void look_at_guests(const struct look *look, struct watched *guests)
{
	const struct mib_watch *watch = look->watch;
	size_t old = 0, old_count = watch->seen ? watch->seen->count : 0;

	for (size_t i = 0; i < look->snapshot->count; i++) {
		const struct domain *domain = &look->snapshot->domain[i], *before = NULL;

		while (old < old_count && watch->seen->domain[old].domid < domain->domid)
			look_at_deleted(look, &watch->seen->domain[old++]);
		guests[i].domid = domain->domid;
		if (old < old_count && same_domain(&watch->seen->domain[old], domain)) {
			before = &watch->seen->domain[old];
			guests[i] = watch->guests[old++];
		}
		look_at_life(look, before, domain);
		for (enum mib_event event = 0; event < EVENT_TROUBLES; event++)
			if (look->snapshot->store_up)
				look_at_trouble(look, domain, &guests[i].trouble[event], event);
	}
	while (old < old_count)
		look_at_deleted(look, &watch->seen->domain[old++]);
}

static bool tell_of_host(const struct look *look, enum mib_event event)
{
	const struct mib_notice notice = { .event = event, .snapshot = look->snapshot };

	return tell(look, &notice);
}

/* A notice that can't be told now is told at a later look: the flag stays as it was. */
static void look_at_host(const struct look *look)
{
	const struct reading *free_kib = &look->snapshot->host[HOST_FREE];
	struct mib_watch *watch = look->watch;

	if (look->snapshot->hypervisor_up && free_kib->state == READING_OK) {
		if (!watch->host_low && free_kib->value < look->limits->host_free_kib)
			watch->host_low = tell_of_host(look, EVENT_HOST_LOW);
		else if (watch->host_low && free_kib->value >= look->limits->host_recover_kib &&
			 free_kib->value >= look->limits->host_free_kib)
			watch->host_low = !tell_of_host(look, EVENT_HOST_RECOVERED);
	}
	if (!watch->seen)
		watch->store_up = look->snapshot->store_up;
	else if (watch->store_up && !look->snapshot->store_up)
		watch->store_up = !tell_of_host(look, EVENT_STORE_LOST);
	else if (!watch->store_up && look->snapshot->store_up)
		watch->store_up = tell_of_host(look, EVENT_STORE_BACK);
}

void mib_watch_look(struct mib_watch *watch, const struct snapshot *snapshot,
		    const struct mib_watch_limits *limits, int64_t now_ms, mib_tell *teller,
		    void *context)
{
	const struct look look = { watch, limits, snapshot, now_ms, teller, context };
	struct watched *guests = calloc(snapshot->count + 1, sizeof(*guests));

	if (!guests)
		return;
	look_at_host(&look);
	look_at_guests(&look, guests);
	free(watch->guests);
	watch->guests = guests;
	if (watch->seen)
		snapshot_release(watch->seen);
	watch->seen = snapshot_again(snapshot);
}

void mib_watch_change(struct mib_watch *watch, const struct snapshot *snapshot,
		      const struct feed_change *change, const struct mib_watch_limits *limits,
		      int64_t now_ms, mib_tell *teller, void *context)
{
	const struct look look = { watch, limits, snapshot, now_ms, teller, context };
	const struct mib_notice notice = { .event = EVENT_CHANGED,
					   .snapshot = snapshot,
					   .domid = change->domid,
					   .change = change };

	tell(&look, &notice);
}
