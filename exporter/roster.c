/* SPDX-License-Identifier: MIT */
/*
 * The guests now known: who came, who went, whose keys fired. What a key means is the record's,
 * what the numbers mean together is judged in state.c. The collector is the only caller.
 */
#include "roster.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "config.h"
#include "control.h"
#include "hypervisor.h"
#include "log.h"
#include "provision.h"
#include "record.h"
#include "store.h"

/* A guest with more events than this in a second is not watched but looked at each second. */
#define EVENTS_PER_S_MAX 200
#define MUTED_MS	 5000
#define VCPUS_EVERY_S	 10

struct roster {
	struct record *by_domid[SNAPSHOT_DOMAINS_MAX];
	size_t count;
	uint32_t end;  /* above the highest domid known */
	uint32_t next; /* where a refresh that ran out of time goes on */
	uint32_t ticks;
	bool due;	/* something is marked */
	bool unsettled; /* some guest has not been granted its keys */
	struct hypervisor_host host;
	struct reading dom0_kib;
	int64_t changed_ms;	/* when a guest last came or went */
	int64_t store_since_ms; /* since when the store answers; 0: it doesn't */
};

struct roster *roster_new(void)
{
	return calloc(1, sizeof(struct roster));
}

void roster_free(struct roster *roster)
{
	for (uint32_t domid = 0; roster && domid < roster->end; domid++)
		record_free(roster->by_domid[domid]);
	free(roster);
}

static void mark(struct roster *roster, struct record *record, unsigned int marks)
{
	record->marked |= marks;
	roster->due = roster->due || marks;
}

static void drop(struct roster *roster, struct store *store, uint32_t domid)
{
	struct record *record = roster->by_domid[domid];

	if (store)
		record_unwatch(record, store);
	log_debug("domain %u (%s) is gone", domid, record->domain.name);
	record_free(record);
	roster->by_domid[domid] = NULL;
	roster->count--;
	roster->changed_ms = clock_ms();
}

static struct record *add(struct roster *roster, const struct hypervisor_domain *listed)
{
	struct record *record = calloc(1, sizeof(*record));

	if (!record)
		return NULL;
	record->domain.domid = listed->domid;
	memcpy(record->domain.uuid, listed->uuid, sizeof(listed->uuid));
	record->domain.value[VALUE_KEY_ERRORS].state = READING_OK;
	record->domain.seen_ms = clock_ms();
	roster->by_domid[listed->domid] = record;
	roster->count++;
	roster->changed_ms = clock_ms();
	if (listed->domid >= roster->end)
		roster->end = listed->domid + 1;
	mark(roster, record, RECORD_ALL);
	roster->unsettled = true;
	return record;
}

/* Each virtual CPU of many is a call of its own: those guests take turns. */
static bool vcpus_due(const struct roster *roster, const struct record *record)
{
	return !record->vcpu_ns || record->domain.vcpus <= 1 ||
	       (record->domain.domid + roster->ticks) % VCPUS_EVERY_S == 0;
}

static int take_up(struct roster *roster, struct hypervisor *hypervisor, struct store *store,
		   const struct hypervisor_domain *listed)
{
	struct record *record;

	if (listed->domid == 0)
		roster->dom0_kib = (struct reading){ READING_OK, listed->allocated_kib };
	if (listed->domid == 0 || listed->domid >= SNAPSHOT_DOMAINS_MAX)
		return 0;
	record = roster->by_domid[listed->domid];
	/* Domids are reused: another UUID is another domain. */
	if (record && strcmp(record->domain.uuid, listed->uuid)) {
		drop(roster, store, listed->domid);
		record = NULL;
	}
	if (!record)
		record = add(roster, listed);
	if (!record)
		return -ENOMEM;
	record->listed = true;
	record_measure(record, listed);
	if (vcpus_due(roster, record))
		record_measure_vcpus(record, hypervisor);
	return 0;
}

int roster_list(struct roster *roster, struct hypervisor *hypervisor, struct store *store)
{
	const struct hypervisor_domain *listed;
	size_t count;
	int error = hypervisor_host(hypervisor, &roster->host);

	if (!error)
		error = hypervisor_domains(hypervisor, &listed, &count);
	if (error)
		return error;
	for (size_t i = 0; i < count && !error; i++)
		error = take_up(roster, hypervisor, store, &listed[i]);
	for (uint32_t domid = 0; domid < roster->end; domid++) {
		struct record *record = roster->by_domid[domid];

		if (record && !record->listed && !error)
			drop(roster, store, domid);
		else if (record)
			record->listed = false;
	}
	return error;
}

static struct record *find(struct roster *roster, uint32_t domid)
{
	return domid < roster->end ? roster->by_domid[domid] : NULL;
}

bool roster_event(struct roster *roster, const char *path)
{
	struct record *record;
	unsigned int domid;
	int below = 0;

	if (path[0] == '@')
		return true;
	if (sscanf(path, "/local/domain/%5u/%n", &domid, &below) != 1 || !below)
		return false;
	record = find(roster, domid);
	if (record) {
		record->events++;
		mark(roster, record, record_marks(path + below));
	}
	return false;
}

void roster_touch(struct roster *roster, uint32_t domid)
{
	struct record *record = find(roster, domid);

	if (record)
		mark(roster, record, RECORD_ALL);
}

bool roster_due(const struct roster *roster)
{
	return roster->due;
}

/* The keys of one that is being destroyed go before it does: what was read last stands. */
static bool dying(const struct record *record)
{
	return record->domain.run == RUN_DYING;
}

/*
 * What is kept by UUID belongs to neither of two that bear it: a copied configuration, or a guest
 * that migrates within the host.
 */
static bool shares_uuid(const struct roster *roster, const struct record *record)
{
	for (uint32_t domid = 0; domid < roster->end; domid++) {
		const struct record *other = roster->by_domid[domid];

		if (other && other != record && !dying(other) &&
		    !strcmp(other->domain.uuid, record->domain.uuid))
			return true;
	}
	return false;
}

/* Whether what dom0 decided for its UUID has to wait; said once. */
static bool ambiguous(const struct roster *roster, struct record *record)
{
	bool shares = shares_uuid(roster, record);

	if (shares && !record->shares_uuid)
		log_warn("domain %u (%s): another domain has its UUID %s, too; what dom0 decided "
			 "is put in force in neither",
			 record->domain.domid, record->domain.name, record->domain.uuid);
	record->shares_uuid = shares;
	return shares;
}

/*
 * Grants a guest its keys and puts dom0's decision back; later, when it has no memory/ yet or
 * another has its UUID, too.
 */
static int settle(struct roster *roster, struct record *record, struct store *store,
		  struct hypervisor *hypervisor)
{
	struct domain *domain = &record->domain;
	int error = provision_keys(store, domain->domid);

	if (error == -ENOENT)
		return 0;
	if (!error && !record->restored && ambiguous(roster, record))
		return 0;
	if (!error && !record->restored)
		error = control_restore(store, hypervisor, domain->domid, domain->uuid);
	if (error == -ENOTCONN)
		return error;
	if (error)
		log_warn("domain %u (%s): can't grant its keys: %s", domain->domid, domain->name,
			 strerror(-error));
	record->granted = !error;
	record->restored = record->restored || !error;
	return 0;
}

static bool enabled(const struct record *record)
{
	return record->domain.value[VALUE_SELFBALLOON].state == READING_OK &&
	       record->domain.value[VALUE_SELFBALLOON].value == 1;
}

/* The behaviour of 2008, when the configuration asks for it: a guest's own 1 raises its cap. */
static int let_grow(struct record *record, struct store *store, struct hypervisor *hypervisor)
{
	const struct config *config = config_acquire();
	bool allowed = config->control_guest_may_grow;

	config_release(config);
	if (!allowed || !hypervisor)
		return 0;
	return control_guest_enabled(store, hypervisor, record->domain.domid, record->domain.uuid);
}

static int refresh(struct record *record, struct store *store, struct hypervisor *hypervisor)
{
	struct hypervisor_domain measured;
	bool was_enabled = enabled(record);
	int error = 0;

	if (record->marked & RECORD_KEPT)
		record->domain.former_kib = record->shares_uuid
						    ? (struct reading){ 0 }
						    : control_former_target(record->domain.uuid);

	if (dying(record)) {
		record->marked = 0;
		return 0;
	}
	if (!record->watched && !record->muted_until_ms)
		error = record_watch(record, store);
	if (!error)
		error = record_read(record, store);
	if (!error && !was_enabled && enabled(record))
		error = let_grow(record, store, hypervisor);
	/* The domain may have gone since it was listed. */
	if (hypervisor && !hypervisor_domain(hypervisor, record->domain.domid, &measured) &&
	    !strcmp(measured.uuid, record->domain.uuid))
		record_measure(record, &measured);
	if (hypervisor && !record->vcpu_ns)
		record_measure_vcpus(record, hypervisor);
	return error;
}

int roster_refresh(struct roster *roster, struct store *store, struct hypervisor *hypervisor,
		   int64_t budget_ms)
{
	int64_t until_ms = clock_ms() + budget_ms;

	for (; roster->next < roster->end; roster->next++) {
		struct record *record = roster->by_domid[roster->next];
		int error;

		if (!record || !record->marked)
			continue;
		if (clock_ms() > until_ms)
			return 1;
		error = refresh(record, store, hypervisor);
		if (error == -ENOTCONN)
			return error;
		if (error)
			log_debug("domain %u: %s", roster->next, strerror(-error));
	}
	roster->next = 0;
	roster->due = false;
	for (uint32_t domid = 0; domid < roster->end && !roster->due; domid++)
		roster->due = roster->by_domid[domid] && roster->by_domid[domid]->marked;
	return 0;
}

bool roster_unsettled(const struct roster *roster)
{
	return roster->unsettled;
}

int roster_settle(struct roster *roster, struct store *store, struct hypervisor *hypervisor,
		  int64_t budget_ms)
{
	int64_t until_ms = clock_ms() + budget_ms;

	roster->unsettled = false;
	for (uint32_t domid = 0; domid < roster->end; domid++) {
		struct record *record = roster->by_domid[domid];
		int error;

		if (!record || record->granted || record->tried || dying(record))
			continue;
		if (clock_ms() > until_ms) {
			roster->unsettled = true;
			return 0;
		}
		record->tried = true;
		error = settle(roster, record, store, hypervisor);
		if (error)
			return error;
	}
	return 0;
}

/* A guest that writes without pause may not cost the others their share of the collector. */
static void quieten(struct roster *roster, struct record *record, struct store *store,
		    int64_t now_ms)
{
	if (record->events > EVENTS_PER_S_MAX && record->watched) {
		/* Once: how long the log gets is not a guest's to choose. */
		if (!record->flooding)
			log_info("domain %u (%s) writes its keys %u times a second; looking once a "
				 "second",
				 record->domain.domid, record->domain.name, record->events);
		record->flooding = true;
		record_unwatch(record, store);
		record->muted_until_ms = now_ms + MUTED_MS;
	} else if (record->muted_until_ms) {
		if (now_ms >= record->muted_until_ms)
			record->muted_until_ms = 0;
		mark(roster, record, RECORD_ALL);
	} else if (record->watched) {
		record->flooding = false;
	}
	record->events = 0;
}

static void look_again(struct roster *roster, struct record *record)
{
	record->granted = false;
	mark(roster, record, RECORD_ALL);
}

void roster_tick(struct roster *roster, struct store *store)
{
	int64_t now_ms = clock_ms();

	roster->ticks++;
	for (uint32_t domid = 0; domid < roster->end; domid++) {
		struct record *record = roster->by_domid[domid];

		if (!record)
			continue;
		quieten(roster, record, store, now_ms);
		/* Each in its turn, so that a full look at thousands is never one long one. */
		if ((domid + roster->ticks) % ROSTER_SWEEP_S == 0)
			look_again(roster, record);
		record->tried = false;
		roster->unsettled = roster->unsettled || (!record->granted && !dying(record));
	}
}

void roster_store_reached(struct roster *roster)
{
	roster->store_since_ms = clock_ms();
}

void roster_store_lost(struct roster *roster)
{
	roster->next = 0;
	roster->store_since_ms = 0;
	for (uint32_t domid = 0; domid < roster->end; domid++) {
		if (!roster->by_domid[domid])
			continue;
		record_detach(roster->by_domid[domid]);
		roster->due = true;
		roster->unsettled = true;
	}
}

/* Gathers the virtual CPUs' times; a guest whose times are not known shows no virtual CPU. */
static void add_vcpus(struct roster *roster, struct snapshot *snapshot)
{
	size_t count = 0;

	for (size_t i = 0; i < snapshot->count; i++)
		count += snapshot->domain[i].vcpus;
	snapshot->vcpu_ns = calloc(count + 1, sizeof(*snapshot->vcpu_ns));
	count = 0;
	for (size_t i = 0; i < snapshot->count; i++) {
		struct domain *domain = &snapshot->domain[i];
		const struct record *record = roster->by_domid[domain->domid];

		if (!snapshot->vcpu_ns || !record->vcpu_ns)
			domain->vcpus = 0;
		domain->first_vcpu = count;
		for (uint32_t cpu = 0; cpu < domain->vcpus; cpu++)
			snapshot->vcpu_ns[count++] = record->vcpu_ns[cpu];
	}
}

struct snapshot *roster_snapshot(struct roster *roster)
{
	struct snapshot *snapshot = snapshot_new(roster->count);
	int64_t now_ms = clock_ms();
	size_t at = 0;

	if (!snapshot)
		return NULL;
	snapshot->host[HOST_TOTAL] = (struct reading){ READING_OK, roster->host.total_kib };
	snapshot->host[HOST_FREE] = (struct reading){ READING_OK, roster->host.free_kib };
	snapshot->host[HOST_DOM0] = roster->dom0_kib;
	snapshot->store_since_ms = roster->store_since_ms;
	for (uint32_t domid = 0; domid < roster->end; domid++) {
		struct record *record = roster->by_domid[domid];

		if (!record)
			continue;
		state_judge(&record->domain, snapshot, &record->memory, now_ms);
		snapshot->domain[at++] = record->domain;
	}
	state_sum(snapshot);
	add_vcpus(roster, snapshot);
	snapshot->table_changed_ms = roster->changed_ms;
	return snapshot;
}
