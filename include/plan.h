/* SPDX-License-Identifier: MIT */
/*
 * What is to become of one domain: its cap and keys as they are and as they shall be. Read inside
 * the transaction that will change them. Used by the files of control/ alone; collector thread.
 */
#ifndef XENBALLOON_PLAN_H
#define XENBALLOON_PLAN_H

#include "control.h"
#include "decision.h"

struct plan {
	enum domain_type type;
	uint64_t allocated_kib;
	uint64_t overhead_kib; /* of it, what a target doesn't speak of; see snapshot.h */
	struct reading static_max;
	struct reading videoram;
	struct control_undo before;
	struct control_undo after; /* action, domid, uuid and cap as they shall be, and the nodes */
	bool write[NODE_COUNT]; /* perhaps the same bytes: a target written anew wakes the guest */
	struct decision kept;	/* as it was on disk */
	bool decides;		/* this is, or takes back, a decision of dom0's: after.decided */
	bool putting_back;	/* `after` is the good state, should the agent die meanwhile */

	/* The change's own: what has been done so far. */
	bool noted;
	bool limited;
};

/*
 * Reads the domain as it stands, and what is kept of it; `after` is the same as `before`, nothing
 * is to be written. -ESTALE: no domain with this domid, or not the one with this UUID, or it is
 * dying.
 */
int plan_read(struct plan *plan, struct store *store, struct hypervisor *hypervisor, uint32_t domid,
	      const char *uuid);

/* Adds what a request wants, or refuses it in *answer, or sets its before and after. */
enum control_result plan_add(struct plan *plan, const struct control_request *request,
			     struct control_answer *answer);

/* The cap that lets the guest grow to its static max; -ERANGE: that is not known. */
int plan_let_grow(struct plan *plan);

/* The cap that belongs to the target; -ERANGE: that is not known. */
int plan_confine(struct plan *plan);

/* Sets what the node of the target is to hold; the cap stays. */
void plan_target_alone(struct plan *plan, uint64_t target_kib);

/* Sets what the nodes of selfballoon and policy are to hold; no policy: none of that name. */
void plan_selfballoon(struct plan *plan, bool enabled);
void plan_policy(struct plan *plan, const char *text);

/* Makes `good` what is to be. */
void plan_put_back(struct plan *plan, const struct control_undo *good);

/*
 * Outside a transaction: takes the guest's right to write its selfballoon node away, so that one
 * who writes it without pause can't stand in the way of every commit; and gives it back.
 */
int plan_hold_still(const struct plan *plan, struct store *store);
int plan_let_go(const struct plan *plan, struct store *store);

/* The node that an action changes. */
enum control_node_name plan_node(enum control_action action);

/* The number that a node holds; absent for a policy. */
struct reading plan_number(const struct control_undo *state, enum control_node_name name);

/* Writes the nodes that are to be written, as they shall be or as they were. */
int plan_write_after(const struct plan *plan, struct store *store);
int plan_write_before(const struct plan *plan, struct store *store);

#endif
