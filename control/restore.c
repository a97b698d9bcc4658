/* SPDX-License-Identifier: MIT */
/*
 * Puts back: what a crash left half done, what dom0 had decided for a domain that comes back, what
 * a caller takes back. Called by the collector and by the pipeline, on the collector thread.
 */
#include "restore.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "change.h"
#include "log.h"
#include "snapshot.h"

/* One domain that somebody wants otherwise. */
struct wish {
	uint32_t domid;
	const char *uuid;
	struct decision decision;
};

/* What there is to put back. */
struct undos {
	const struct control_undo *undo;
	size_t count;
};

static int run(struct store *store, struct hypervisor *hypervisor,
	       int (*plan)(struct change *, void *), void *context, struct plan *plans, bool unkept)
{
	struct change change = { .store = store,
				 .hypervisor = hypervisor,
				 .plan = plan,
				 .context = context,
				 .plans = plans,
				 .unkept = unkept };

	if (!store || !hypervisor)
		return -ENOTCONN;
	return change_run(&change);
}

static int plan_undos(struct change *change, void *context)
{
	const struct undos *undos = context;
	int error = 0;

	for (size_t i = 0; i < undos->count && !error; i++) {
		const struct control_undo *good = &undos->undo[i];
		struct plan *plan = &change->plans[change->count];

		if (!good->valid)
			continue;
		error = plan_read(plan, change->store, change->hypervisor, good->domid, good->uuid);
		if (error)
			break;
		plan_put_back(plan, good);
		change->count++;
	}
	return error;
}

static int put_back(struct store *store, struct hypervisor *hypervisor,
		    const struct control_undo *undo, size_t count, bool unkept)
{
	struct undos undos = { undo, count };
	struct plan *plans = calloc(count, sizeof(*plans));
	int error = plans ? run(store, hypervisor, plan_undos, &undos, plans, unkept) : -ENOMEM;

	free(plans);
	return error;
}

int restore_undone(struct store *store, struct hypervisor *hypervisor,
		   const struct control_undo *undo, size_t count)
{
	return put_back(store, hypervisor, undo, count, false);
}

int restore_unkept(struct store *store, struct hypervisor *hypervisor,
		   const struct control_undo *undo, size_t count)
{
	int error = put_back(store, hypervisor, undo, count, true);

	for (size_t i = 0; i < count && !error; i++)
		if (undo[i].valid)
			error = decision_drop(undo[i].uuid);
	return error;
}

/* Nothing to do ends the change without a trace; no error number of others says that. */
#define NOTHING (-ENODATA)

/* It was in force under another domid, which that domain no longer has. */
static bool elsewhere(const struct wish *wish)
{
	return wish->decision.domid != wish->domid;
}

/*
 * A guest may empty its key at any time. What it gets back then is the switch: its cap, which
 * another tool may have lowered since, changes for a domain alone that is new to the decision.
 */
static int plan_switch(struct plan *plan, const struct wish *wish)
{
	const struct reading *decided = &wish->decision.decided.selfballoon;
	bool emptied = plan->before.node[NODE_SELFBALLOON].len == 0;
	int error = 0;

	if (decided->state != READING_OK || (!emptied && !elsewhere(wish)))
		return NOTHING;
	if (elsewhere(wish))
		error = decided->value ? plan_let_grow(plan) : plan_confine(plan);
	if (!error)
		plan_selfballoon(plan, decided->value);
	return error;
}

/* Where it is in force a missing one was taken back by another tool, as an operator may. */
static int plan_order(struct plan *plan, const struct wish *wish)
{
	if (!*wish->decision.decided.policy || !elsewhere(wish))
		return NOTHING;
	plan_policy(plan, wish->decision.decided.policy);
	return 0;
}

/* A policy needs no size to be known: it is put back even where the switch can't be. */
static int plan_decision(struct change *change, void *context)
{
	const struct wish *wish = context;
	struct plan *plan = &change->plans[0];
	int error = plan_read(plan, change->store, change->hypervisor, wish->domid, wish->uuid);
	int ordered;

	if (error)
		return error;
	error = plan_switch(plan, wish);
	ordered = plan_order(plan, wish);
	if (error && ordered)
		return error;
	plan->decides = true;
	change->count = 1;
	return 0;
}

static int plan_growth(struct change *change, void *context)
{
	const struct wish *wish = context;
	struct plan *plan = &change->plans[0];
	struct reading selfballoon;
	int error = plan_read(plan, change->store, change->hypervisor, wish->domid, wish->uuid);

	if (error)
		return error;
	selfballoon = plan_number(&plan->before, NODE_SELFBALLOON);
	error = plan_let_grow(plan);
	if (error)
		return error;
	if (selfballoon.state != READING_OK || selfballoon.value != 1 ||
	    plan->after.cap_kib <= plan->before.cap_kib)
		return NOTHING;
	change->count = 1;
	return 0;
}

static int grant(struct store *store, struct hypervisor *hypervisor, struct wish *wish,
		 int (*plan)(struct change *, void *), const char *what)
{
	struct plan room;
	int error = run(store, hypervisor, plan, wish, &room, false);

	if (error == NOTHING)
		return 0;
	if (error == -ERANGE) {
		log_warn("domain %" PRIu32 " (%s): its maximum or target is not known, so its "
			 "limit stays",
			 wish->domid, wish->uuid);
		return 0;
	}
	if (!error)
		log_info("domain %" PRIu32 " (%s): %s", wish->domid, wish->uuid, what);
	return error;
}

/* Ends a change that the agent did not live to end; in a domain since gone there is nothing left.
 */
static int end_half_done(struct store *store, struct hypervisor *hypervisor, struct wish *wish)
{
	bool here = wish->decision.changing.domid == wish->domid;
	int error = 0;

	if (here)
		error = restore_undone(store, hypervisor, &wish->decision.changing, 1);
	if (error)
		return error;
	if (here)
		log_warn("domain %" PRIu32 " (%s): a change that was under way when the agent "
			 "ended has been taken back",
			 wish->domid, wish->uuid);
	wish->decision.changing.valid = false;
	return here ? 0 : decision_save(wish->uuid, &wish->decision);
}

/* Another manager owns the domain: nothing of ours belongs there any more. */
static bool foreign(uint32_t domid)
{
	const struct snapshot *snapshot = snapshot_acquire();
	const struct domain *domain = snapshot_find(snapshot, domid);
	bool is = domain && domain->manager;

	snapshot_release(snapshot);
	return is;
}

static bool decides_nothing(const struct control_decided *decided)
{
	return decided->selfballoon.state != READING_OK && !*decided->policy;
}

static const char *again(const struct control_decided *decided)
{
	if (decided->selfballoon.state != READING_OK)
		return "its policy is ordered again, as decided";
	return decided->selfballoon.value ? "selfballoon is on again, as decided"
					  : "selfballoon is off again, as decided";
}

int control_restore(struct store *store, struct hypervisor *hypervisor, uint32_t domid,
		    const char *uuid)
{
	struct wish wish = { .domid = domid, .uuid = uuid };
	int error = decision_load(uuid, &wish.decision);

	/* A damaged one has been put aside, and nobody knows what it said. */
	if (error == -EINVAL)
		return 0;
	if (error || foreign(domid))
		return error;
	if (wish.decision.changing.valid)
		error = end_half_done(store, hypervisor, &wish);
	if (error || decides_nothing(&wish.decision.decided))
		return error;
	return grant(store, hypervisor, &wish, plan_decision, again(&wish.decision.decided));
}

struct reading control_former_target(const char *uuid)
{
	struct decision decision;

	decision_load(uuid, &decision);
	return decision.decided.former_kib;
}

int control_keep(void)
{
	static int failing;
	int error = decision_flush();

	if (error && !failing)
		log_error("state.directory: decisions can't be kept: %s", strerror(-error));
	if (!error && failing)
		log_info("state.directory: decisions are kept again");
	failing = error;
	return error;
}

int control_guest_enabled(struct store *store, struct hypervisor *hypervisor, uint32_t domid,
			  const char *uuid)
{
	struct wish wish = { .domid = domid, .uuid = uuid };

	return foreign(domid) ? 0
			      : grant(store, hypervisor, &wish, plan_growth,
				      "the guest turned selfballoon on and may grow");
}
