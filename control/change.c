/* SPDX-License-Identifier: MIT */
/*
 * The order of a change, and undoing it in reverse. Knows neither requests nor limits: plan() of
 * its caller says what is to be. Called by apply.c and restore.c on the collector thread.
 */
#include "change.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "hypervisor.h"
#include "log.h"
#include "size.h"
#include "store.h"

/* Conflicts with other writers before we give up, and before guests are made to wait. */
#define TRIES	  16
#define HOLD_FROM 3

/*
 * After some conflicts: a guest that writes its own key without pause would keep dom0 from it for
 * ever. An agent that dies meanwhile grants the key again when it starts.
 */
static void hold_still(struct change *change, int conflicts)
{
	if (conflicts < HOLD_FROM || change->held)
		return;
	for (size_t i = 0; i < change->count; i++)
		plan_hold_still(&change->plans[i], change->store);
	change->held = change->count;
}

/* Planning anew may have ended early; the plans behind that point still name their domains. */
static void let_go(struct change *change)
{
	for (size_t i = 0; i < change->held; i++)
		if (plan_let_go(&change->plans[i], change->store))
			log_warn("domain %" PRIu32 " could not be given its selfballoon key back",
				 change->plans[i].before.domid);
	change->held = 0;
}

static int begin(struct change *change)
{
	return store_begin(change->store);
}

static void abandon(struct change *change)
{
	store_abort(change->store);
}

static int read_and_plan(struct change *change)
{
	change->count = 0;
	return change->plan(change, change->context);
}

/*
 * From here on a crash leaves a note of the last state in which cap, target and selfballoon
 * agreed: that of a note still there, else the one before us, or the one we go back to.
 */
static int note(struct change *change)
{
	int error = 0;

	for (size_t i = 0; i < change->count && !change->unkept && !error; i++) {
		struct plan *plan = &change->plans[i];
		struct decision decision = plan->kept;

		if (!decision.changing.valid)
			decision.changing = plan->putting_back ? plan->after : plan->before;
		plan->noted = true;
		error = decision_save(plan->before.uuid, &decision);
	}
	return error;
}

static void forget(struct change *change)
{
	for (size_t i = 0; i < change->count && !change->stuck; i++) {
		struct plan *plan = &change->plans[i];

		if (plan->noted && decision_save(plan->before.uuid, &plan->kept))
			log_warn("the note of a change of %s that did not happen stays",
				 plan->before.uuid);
		plan->noted = false;
	}
}

/* Cap and populate-on-demand target as one side of the plan has them. */
static int limit(const struct change *change, const struct plan *plan,
		 const struct control_undo *state)
{
	uint32_t domid = plan->before.domid;
	struct reading target = plan_number(state, NODE_TARGET);
	int error = 0;

	if (plan->before.cap_kib != plan->after.cap_kib)
		error = hypervisor_set_cap(change->hypervisor, domid, state->cap_kib);
	/* As libxl does, which leaves the same slack here as in the cap. */
	if (!error && plan->type != DOMAIN_PV && plan->write[NODE_TARGET] &&
	    target.state == READING_OK)
		error = hypervisor_set_pod_target(change->hypervisor, domid,
						  target.value + CONTRACT_CAP_SLACK_KIB);
	return error;
}

static int limit_where(struct change *change, bool growing)
{
	int error = 0;

	for (size_t i = 0; i < change->count && !error; i++) {
		struct plan *plan = &change->plans[i];

		if ((plan->after.cap_kib >= plan->before.cap_kib) != growing)
			continue;
		plan->limited = true;
		error = limit(change, plan, &plan->after);
	}
	return error;
}

static int raise_caps(struct change *change)
{
	return limit_where(change, true);
}

static int lower_caps(struct change *change)
{
	if (change->expired && change->expired(change->context))
		return -ETIMEDOUT;
	return limit_where(change, false);
}

static void unlimit(struct change *change)
{
	for (size_t i = change->count; i-- > 0;) {
		struct plan *plan = &change->plans[i];
		char size[SIZE_TEXT];

		if (!plan->limited)
			continue;
		plan->limited = false;
		if (limit(change, plan, &plan->before)) {
			log_error("the limit of domain %" PRIu32 " can't be put back to %s",
				  plan->before.domid, size_text(size, plan->before.cap_kib));
			change->stuck = true;
		}
	}
}

static int write_keys(struct change *change)
{
	int error = 0;

	for (size_t i = 0; i < change->count && !error; i++)
		error = plan_write_after(&change->plans[i], change->store);
	return error;
}

static int commit(struct change *change)
{
	int error;

	if (change->expired && change->expired(change->context))
		return -ETIMEDOUT;
	error = store_commit(change->store);
	change->committed = !error;
	/* Whether a server that went away took it, nobody can say. */
	change->stuck |= error == -ENOTCONN;
	return error;
}

static int write_back(struct change *change)
{
	int error = store_begin(change->store);

	for (size_t i = 0; i < change->count && !error; i++)
		error = plan_write_before(&change->plans[i], change->store);
	if (!error)
		return store_commit(change->store);
	store_abort(change->store);
	return error;
}

static void take_back(struct change *change)
{
	int error = -EAGAIN;

	if (!change->committed)
		return;
	/* Those that shrank may already be below what their old target lets them take. */
	for (size_t i = 0; i < change->count; i++)
		if (change->plans[i].before.cap_kib > change->plans[i].after.cap_kib &&
		    change->plans[i].limited) {
			change->plans[i].limited = false;
			change->stuck |=
				limit(change, &change->plans[i], &change->plans[i].before) != 0;
		}
	for (int i = 0; i < TRIES && error == -EAGAIN; i++) {
		hold_still(change, i);
		error = write_back(change);
	}
	if (error) {
		log_error("a change of domain %" PRIu32 " can't be undone: %s",
			  change->plans[0].before.domid, strerror(-error));
		change->stuck = true;
	}
	change->committed = false;
}

static int settle(struct change *change)
{
	int error = 0;

	for (size_t i = 0; i < change->count && !change->unkept && !error; i++) {
		struct plan *plan = &change->plans[i];
		struct decision decision = plan->kept;

		decision.changing.valid = false;
		if (plan->decides)
			decision.decided = plan->after.decided;
		/* What is put back is in force where it was. */
		if (plan->decides && !plan->putting_back)
			decision.domid = plan->before.domid;
		error = decision_save(plan->before.uuid, &decision);
	}
	return error;
}

static const struct step {
	int (*go)(struct change *change);
	void (*undo)(struct change *change); /* also of a step that got half way */
} steps[] = {
	{ begin, abandon },	 { read_and_plan, NULL }, { note, forget },
	{ raise_caps, unlimit }, { write_keys, NULL },	  { commit, take_back },
	{ lower_caps, NULL },	 { settle, NULL },
};

#define STEPS (sizeof(steps) / sizeof(steps[0]))

static int attempt(struct change *change)
{
	size_t at = 0;
	int error = 0;

	change->committed = false;
	while (at < STEPS && !(error = steps[at].go(change)))
		at++;
	if (!error)
		return 0;
	for (size_t i = at + 1; i-- > 0;)
		if (steps[i].undo)
			steps[i].undo(change);
	return error;
}

int change_run(struct change *change)
{
	int error = -EAGAIN;

	change->stuck = false;
	change->held = 0;
	for (int i = 0; i < TRIES && error == -EAGAIN; i++) {
		hold_still(change, i);
		error = attempt(change);
	}
	let_go(change);
	return error;
}
