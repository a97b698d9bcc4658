/* SPDX-License-Identifier: MIT */
/*
 * The current snapshot and its reference counts. Knows nothing of where the numbers come from. The
 * collector publishes; every other thread only acquires and releases.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "naming.h"
#include "snapshot.h"

/* A reference count in front of what readers see, so that they see nothing but const. */
struct counted {
	atomic_uint references;
	struct snapshot snapshot;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct counted empty = { .references = 1 }; /* its own reference never goes */
static struct counted *current = &empty;
static atomic_int_least64_t confirmed_ms;

static struct counted *counted_of(const struct snapshot *snapshot)
{
	return (struct counted *)((char *)(uintptr_t)snapshot - offsetof(struct counted, snapshot));
}

struct snapshot *snapshot_new(size_t count)
{
	struct counted *counted;

	if (count > SNAPSHOT_DOMAINS_MAX)
		return NULL;
	counted = calloc(1, sizeof(*counted) + count * sizeof(struct domain));
	if (!counted)
		return NULL;
	atomic_init(&counted->references, 1);
	counted->snapshot.count = count;
	return &counted->snapshot;
}

void snapshot_publish(struct snapshot *snapshot)
{
	struct counted *old;

	pthread_mutex_lock(&lock);
	old = current;
	snapshot->generation = old->snapshot.generation + 1;
	current = counted_of(snapshot);
	pthread_mutex_unlock(&lock);
	snapshot_release(&old->snapshot);
}

const struct snapshot *snapshot_acquire(void)
{
	struct counted *counted;

	pthread_mutex_lock(&lock);
	counted = current;
	atomic_fetch_add(&counted->references, 1);
	pthread_mutex_unlock(&lock);
	return &counted->snapshot;
}

void snapshot_release(const struct snapshot *snapshot)
{
	struct counted *counted = counted_of(snapshot);

	if (atomic_fetch_sub(&counted->references, 1) != 1 || counted == &empty)
		return;
	free(counted->snapshot.vcpu_ns);
	free(counted);
}

const struct snapshot *snapshot_again(const struct snapshot *snapshot)
{
	atomic_fetch_add(&counted_of(snapshot)->references, 1);
	return snapshot;
}

void snapshot_confirm(int64_t now_ms)
{
	atomic_store(&confirmed_ms, now_ms);
}

int64_t snapshot_age_ms(void)
{
	int64_t confirmed = atomic_load(&confirmed_ms), now = clock_ms();

	return now > confirmed ? now - confirmed : 0;
}

/* Index of the first domain whose domid is at least `domid`. */
static size_t lower_bound(const struct snapshot *snapshot, uint64_t domid)
{
	size_t low = 0, high = snapshot->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (snapshot->domain[middle].domid < domid)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct domain *snapshot_find(const struct snapshot *snapshot, uint32_t domid)
{
	size_t at = lower_bound(snapshot, domid);

	if (at == snapshot->count || snapshot->domain[at].domid != domid)
		return NULL;
	return &snapshot->domain[at];
}

const struct domain *snapshot_after(const struct snapshot *snapshot, uint32_t domid)
{
	size_t at = lower_bound(snapshot, (uint64_t)domid + 1);

	return at == snapshot->count ? NULL : &snapshot->domain[at];
}

/* Among those that are being destroyed or among the others. */
static const struct domain *find_meant(const struct snapshot *snapshot, const struct naming *naming,
				       bool dying, bool *ambiguous)
{
	const struct domain *meant = NULL;

	for (size_t i = 0; i < snapshot->count; i++) {
		const struct domain *domain = &snapshot->domain[i];

		if ((domain->run == RUN_DYING) != dying ||
		    !naming_means(naming, domain->domid, domain->uuid, domain->name))
			continue;
		*ambiguous = meant;
		if (meant)
			return NULL;
		meant = domain;
	}
	return meant;
}

const struct domain *snapshot_lookup(const struct snapshot *snapshot, const char *id,
				     bool *ambiguous)
{
	const struct naming naming = naming_of(id);
	const struct domain *meant;

	*ambiguous = false;
	if (naming.kind == NAMING_DOMID)
		return snapshot_find(snapshot, naming.domid);
	meant = find_meant(snapshot, &naming, false, ambiguous);
	return meant || *ambiguous ? meant : find_meant(snapshot, &naming, true, ambiguous);
}

bool snapshot_shares_uuid(const struct snapshot *snapshot, const struct domain *domain)
{
	for (size_t i = 0; i < snapshot->count; i++) {
		const struct domain *other = &snapshot->domain[i];

		if (other->domid != domain->domid && other->run != RUN_DYING &&
		    !strcmp(other->uuid, domain->uuid))
			return true;
	}
	return false;
}

const char *domain_type_name(enum domain_type type)
{
	static const char *const names[] = { "pv", "pvh", "hvm" };

	return names[type];
}

const char *domain_state_name(enum domain_state state)
{
	static const char *const names[STATE_COUNT] = {
		[STATE_CONVERGED] = "converged", [STATE_GROWING] = "growing",
		[STATE_SHRINKING] = "shrinking", [STATE_CAPPED] = "capped",
		[STATE_HOST_FULL] = "host_full", [STATE_STUCK] = "stuck",
		[STATE_SILENT] = "silent",	 [STATE_NO_AGENT] = "no_agent",
		[STATE_FOREIGN] = "foreign",	 [STATE_REFUSED] = "refused",
		[STATE_PAUSED] = "paused",	 [STATE_SHUT_DOWN] = "shut_down",
		[STATE_SUSPENDED] = "suspended", [STATE_CRASHED] = "crashed",
		[STATE_DYING] = "dying",	 [STATE_UNKNOWN] = "unknown",
		[STATE_STARVING] = "starving",
	};

	return names[state];
}
