/* SPDX-License-Identifier: MIT */
/*
 * What is to become of one domain: reads it as it stands and reckons cap, target and selfballoon
 * as they shall be. Knows nothing of order and undoing. Called by apply.c and restore.c.
 */
#include "plan.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "answer.h"
#include "hypervisor.h"
#include "policy_text.h"
#include "size.h"
#include "store.h"
#include "tag.h"

#define PATH_SIZE 96

static void node_path(const struct control_undo *state, enum control_node_name name,
		      char path[PATH_SIZE])
{
	static const enum contract_key keys[NODE_COUNT] = {
		[NODE_TARGET] = KEY_TARGET,
		[NODE_SELFBALLOON] = KEY_SELFBALLOON,
		[NODE_POLICY] = KEY_POLICY,
	};

	if (name == NODE_VM_MEMORY)
		snprintf(path, PATH_SIZE, "/vm/%s/memory", state->uuid);
	else
		snprintf(path, PATH_SIZE, "/local/domain/%" PRIu32 "/memory/%s", state->domid,
			 contract_keys[keys[name]].name);
}

static int read_node(struct store *store, const char *path, struct control_node *node)
{
	int error = store_read(store, path, node->bytes, sizeof(node->bytes), &node->len);

	node->existed = error != -ENOENT;
	if (error)
		node->len = 0;
	return error == -ENOENT || error == -EMSGSIZE ? 0 : error;
}

static int read_size(struct store *store, uint32_t domid, enum contract_key key,
		     struct reading *reading)
{
	char path[PATH_SIZE];
	struct control_node node = { 0 };
	int error;

	snprintf(path, sizeof(path), "/local/domain/%" PRIu32 "/memory/%s", domid,
		 contract_keys[key].name);
	error = read_node(store, path, &node);
	*reading = contract_reading(node.bytes, node.len, contract_keys[key].max);
	return error;
}

/* Is it still the domain that was meant? Both the store and the hypervisor must say so. */
static int identify(struct plan *plan, struct store *store, struct hypervisor *hypervisor)
{
	struct hypervisor_domain domain;
	struct control_node vm = { 0 };
	char path[PATH_SIZE];
	int error = hypervisor_domain(hypervisor, plan->before.domid, &domain);

	if (error)
		return error == -ESRCH ? -ESTALE : error;
	if (domain.dying || strcasecmp(domain.uuid, plan->before.uuid))
		return -ESTALE;
	snprintf(path, sizeof(path), "/local/domain/%" PRIu32 "/vm", plan->before.domid);
	error = read_node(store, path, &vm);
	if (error)
		return error;
	snprintf(path, sizeof(path), "/vm/%s", plan->before.uuid);
	if (strcasecmp(path, vm.bytes))
		return -ESTALE;
	plan->type = domain.type;
	plan->allocated_kib = domain.allocated_kib;
	plan->before.cap_kib = domain.cap_kib;
	return 0;
}

/* It was measured over some time, which a look at the domain can't do. */
static uint64_t overhead_kib(const struct plan *plan)
{
	const struct snapshot *snapshot = snapshot_acquire();
	const struct domain *domain = snapshot_find(snapshot, plan->before.domid);
	bool same = domain && !strcasecmp(domain->uuid, plan->before.uuid);
	uint64_t kib = same ? domain->overhead_kib : 0;

	snapshot_release(snapshot);
	return kib;
}

static int read_kept(struct plan *plan)
{
	int error = decision_load(plan->before.uuid, &plan->kept);

	/* Damaged: it was put aside, so that what is written now takes nothing away. */
	if (error == -EINVAL)
		error = 0;
	/* A note about another domid is about a domain that is gone. */
	plan->kept.changing.valid &= plan->kept.changing.domid == plan->before.domid;
	plan->before.decided = plan->kept.decided;
	return error;
}

int plan_read(struct plan *plan, struct store *store, struct hypervisor *hypervisor, uint32_t domid,
	      const char *uuid)
{
	char path[PATH_SIZE];
	int error;

	memset(plan, 0, sizeof(*plan));
	plan->before.domid = domid;
	snprintf(plan->before.uuid, sizeof(plan->before.uuid), "%s", uuid);
	plan->overhead_kib = overhead_kib(plan);
	error = identify(plan, store, hypervisor);
	if (!error)
		error = read_size(store, domid, KEY_STATIC_MAX, &plan->static_max);
	if (!error)
		error = read_size(store, domid, KEY_VIDEORAM, &plan->videoram);
	for (unsigned int i = 0; i < NODE_COUNT && !error; i++) {
		node_path(&plan->before, i, path);
		error = read_node(store, path, &plan->before.node[i]);
	}
	if (!error)
		error = read_kept(plan);
	plan->before.valid = true;
	plan->after = plan->before;
	return error;
}

enum control_node_name plan_node(enum control_action action)
{
	static const enum control_node_name nodes[CONTROL_ACTION_COUNT] = {
		[CONTROL_SELFBALLOON] = NODE_SELFBALLOON,
		[CONTROL_TARGET] = NODE_TARGET,
		[CONTROL_POLICY] = NODE_POLICY,
	};

	return nodes[action];
}

struct reading plan_number(const struct control_undo *state, enum control_node_name name)
{
	const struct control_node *node = &state->node[name];

	if (name == NODE_POLICY)
		return (struct reading){ READING_ABSENT, 0 };
	if (name == NODE_SELFBALLOON)
		return contract_switch(contract_reading(node->bytes, node->len, 1));
	return contract_reading(node->bytes, node->len, CONTRACT_KIB_MAX);
}

static void set_number(struct plan *plan, enum control_node_name name, uint64_t value)
{
	struct control_node *node = &plan->after.node[name];

	node->len = (size_t)snprintf(node->bytes, sizeof(node->bytes), "%" PRIu64, value);
	node->existed = true;
	plan->write[name] = true;
}

void plan_policy(struct plan *plan, const char *text)
{
	struct control_node *node = &plan->after.node[NODE_POLICY];

	policy_text_tidy(text, node->bytes);
	node->len = strlen(node->bytes);
	node->existed = node->len > 0;
	plan->write[NODE_POLICY] = true;
}

static bool enabled(const struct control_undo *state)
{
	struct reading selfballoon = plan_number(state, NODE_SELFBALLOON);

	return selfballoon.state == READING_OK && selfballoon.value == 1;
}

/* The cap that belongs to a target, as libxl sets it. */
static uint64_t cap_of(const struct plan *plan, uint64_t target_kib)
{
	return target_kib + plan->videoram.value + CONTRACT_CAP_SLACK_KIB;
}

int plan_let_grow(struct plan *plan)
{
	if (plan->static_max.state != READING_OK)
		return -ERANGE;
	/* As libxl_domain_setmaxmem(): static-max has the video memory in it. */
	plan->after.cap_kib = plan->static_max.value + CONTRACT_CAP_SLACK_KIB;
	return 0;
}

int plan_confine(struct plan *plan)
{
	struct reading target = plan_number(&plan->after, NODE_TARGET);

	if (target.state != READING_OK)
		return -ERANGE;
	plan->after.cap_kib = cap_of(plan, target.value);
	return 0;
}

void plan_selfballoon(struct plan *plan, bool on)
{
	set_number(plan, NODE_SELFBALLOON, on);
}

void plan_target_alone(struct plan *plan, uint64_t target_kib)
{
	set_number(plan, NODE_TARGET, target_kib);
}

static void set_target(struct plan *plan, uint64_t target_kib)
{
	plan_target_alone(plan, target_kib);
	set_number(plan, NODE_VM_MEMORY, target_kib / 1024);
	plan->after.cap_kib = cap_of(plan, target_kib);
}

/*
 * What the guest holds, in terms of a target. The hypervisor's word: the guest's own could be
 * anything, and be as old as its last report.
 */
static uint64_t held_kib(const struct plan *plan)
{
	uint64_t held = plan->allocated_kib > plan->overhead_kib
				? plan->allocated_kib - plan->overhead_kib
				: 0;

	if (plan->static_max.state == READING_OK && held > plan->static_max.value)
		held = plan->static_max.value;
	return held < CONTROL_TARGET_MIN_KIB ? CONTROL_TARGET_MIN_KIB : held;
}

/* What off left is no order of dom0's: the target from before then is still the one to go back to.
 */
static void keep_former(struct plan *plan)
{
	struct control_decided *decided = &plan->after.decided;
	struct reading target = plan_number(&plan->before, NODE_TARGET);

	if (enabled(&plan->before) ||
	    (decided->left_kib.state == READING_OK && decided->left_kib.value == target.value))
		return;
	decided->former_kib = target.state == READING_OK ? target : (struct reading){ 0 };
	decided->left_kib = (struct reading){ 0 };
}

static void forget_former(struct plan *plan)
{
	plan->after.decided.former_kib = plan->after.decided.left_kib = (struct reading){ 0 };
}

/* Whether it may be anywhere up to its maximum. */
static bool roams(const struct plan *plan)
{
	struct reading target = plan_number(&plan->before, NODE_TARGET);

	return target.state != READING_OK || enabled(&plan->before) ||
	       plan->before.cap_kib > cap_of(plan, target.value);
}

/* The target before selfballooning; while the guest roams, the node has it if nothing is kept. */
static struct reading former(const struct plan *plan)
{
	if (plan->before.decided.former_kib.state == READING_OK)
		return plan->before.decided.former_kib;
	return roams(plan) ? plan_number(&plan->before, NODE_TARGET) : (struct reading){ 0 };
}

static enum control_result turn_on(struct plan *plan, struct control_answer *answer)
{
	if (plan_let_grow(plan))
		return answer_refuse(answer, RESULT_HARD_LIMIT, "static_max",
				     "its maximum is not known: the toolstack has to write "
				     "memory/static-max");
	keep_former(plan);
	plan_selfballoon(plan, true);
	return RESULT_OK;
}

/* A name that a shell takes as it is. */
static bool plain(const char *name)
{
	static const char harmless[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				       "0123456789._-";

	return *name && *name != '-' && !name[strspn(name, harmless)];
}

/* One that selfballooning left smaller than its target stays so: who ordered that should know. */
static void tell_of_target(const struct plan *plan, struct reading target,
			   struct control_answer *answer)
{
	char now[SIZE_TEXT], before[SIZE_TEXT], word[SIZE_TEXT], domid[16];
	uint64_t held = plan_number(&plan->after, NODE_TARGET).value;

	if (target.state != READING_OK || target.value < held + CONTRACT_CAP_SLACK_KIB)
		return;
	snprintf(domid, sizeof(domid), "%" PRIu32, plan->before.domid);
	answer_warn(answer,
		    "It stays at %s; its target before was %s (xenballoon target %.63s %s).",
		    size_text(now, held), size_text(before, target.value),
		    plain(answer->name) ? answer->name : domid, size_word(word, target.value));
}

/*
 * A guest that may be anywhere up to static max stays where it is: its old target could be far
 * below what it needs by now. One that was off and confined keeps the target that it has.
 */
static void stay(struct plan *plan, struct control_answer *answer)
{
	if (!roams(plan)) {
		plan_confine(plan);
		return;
	}
	set_target(plan, held_kib(plan));
	plan->after.decided.former_kib = former(plan);
	plan->after.decided.left_kib = plan_number(&plan->after, NODE_TARGET);
	tell_of_target(plan, former(plan), answer);
}

static enum control_result turn_off(struct plan *plan, bool restore, struct control_answer *answer)
{
	struct reading target = former(plan);

	if (restore && target.state == READING_OK && plan->static_max.state == READING_OK &&
	    target.value <= plan->static_max.value) {
		set_target(plan, target.value);
		forget_former(plan);
	} else {
		stay(plan, answer);
	}
	plan_selfballoon(plan, false);
	return RESULT_OK;
}

static enum control_result retarget(struct plan *plan, const struct control_request *request,
				    struct control_answer *answer)
{
	uint64_t target_kib = request->value;
	char most[SIZE_TEXT];

	if (enabled(&plan->after))
		return answer_refuse(answer, RESULT_SELFBALLOONING, "selfballoon",
				     "selfballooning is on since just now: turn it off first, then "
				     "set a target");
	if (plan->static_max.state != READING_OK || target_kib > plan->static_max.value) {
		return answer_refuse(answer, RESULT_HARD_LIMIT, "static_max",
				     "its maximum is %s by now, and a target may not be above it",
				     size_text(most, plan->static_max.value));
	}
	set_target(plan, target_kib);
	forget_former(plan);
	plan->decides = true;
	return RESULT_OK;
}

/* What the snapshot showed may be older than what was asked for. */
static bool as_seen(const struct plan *plan, const struct control_request *request)
{
	const struct control_undo *state = &plan->before;
	const struct tag_view view = { state->domid,
				       state->uuid,
				       plan_number(state, NODE_TARGET),
				       plan_number(state, NODE_SELFBALLOON),
				       { READING_OK, state->cap_kib },
				       state->node[NODE_POLICY].bytes };
	char tag[TAG_SIZE];

	tag_write(&view, tag);
	return !*request->match || tag_list_has(request->match, tag);
}

static enum control_result plan_switch(struct plan *plan, const struct control_request *request,
				       struct control_answer *answer)
{
	plan->decides = true;
	plan->after.decided.selfballoon = (struct reading){ READING_OK, request->value };
	return request->value ? turn_on(plan, answer) : turn_off(plan, request->restore, answer);
}

static enum control_result order_policy(struct plan *plan, const struct control_request *request,
					struct control_answer *answer)
{
	plan_policy(plan, request->policy);
	plan->decides = true;
	memcpy(plan->after.decided.policy, plan->after.node[NODE_POLICY].bytes,
	       sizeof(plan->after.decided.policy));
	memcpy(answer->policy_before, plan->before.node[NODE_POLICY].bytes,
	       sizeof(answer->policy_before));
	memcpy(answer->policy_after, plan->after.node[NODE_POLICY].bytes,
	       sizeof(answer->policy_after));
	return RESULT_OK;
}

enum control_result plan_add(struct plan *plan, const struct control_request *request,
			     struct control_answer *answer)
{
	static enum control_result (*const adds[CONTROL_ACTION_COUNT])(
		struct plan *, const struct control_request *, struct control_answer *) = {
		[CONTROL_SELFBALLOON] = plan_switch,
		[CONTROL_TARGET] = retarget,
		[CONTROL_POLICY] = order_policy,
	};
	enum control_node_name name = plan_node(request->action);
	enum control_result result;

	answer->before = plan_number(&plan->before, name);
	result = as_seen(plan, request) ? adds[request->action](plan, request, answer)
					: answer_stale(answer);
	answer->after = result == RESULT_OK ? plan_number(&plan->after, name) : answer->before;
	return result;
}

static bool same(const struct control_node *a, const struct control_node *b)
{
	return a->existed == b->existed && a->len == b->len && !memcmp(a->bytes, b->bytes, a->len);
}

void plan_put_back(struct plan *plan, const struct control_undo *good)
{
	plan->after = *good;
	plan->decides = true;
	plan->putting_back = true;
	for (unsigned int i = 0; i < NODE_COUNT; i++)
		plan->write[i] = !same(&plan->before.node[i], &plan->after.node[i]);
}

static int write_nodes(const struct plan *plan, struct store *store,
		       const struct control_undo *state)
{
	char path[PATH_SIZE];
	int error = 0;

	for (unsigned int i = 0; i < NODE_COUNT && !error; i++) {
		const struct control_node *node = &state->node[i];

		if (!plan->write[i])
			continue;
		node_path(state, i, path);
		error = node->existed ? store_write(store, path, node->bytes, node->len)
				      : store_remove(store, path);
		if (error == -ENOENT && !node->existed)
			error = 0;
	}
	return error;
}

int plan_write_after(const struct plan *plan, struct store *store)
{
	return write_nodes(plan, store, &plan->after);
}

int plan_write_before(const struct plan *plan, struct store *store)
{
	return write_nodes(plan, store, &plan->before);
}

/* A node made anew has its parent's permissions: the guest may read it and nothing more. */
int plan_hold_still(const struct plan *plan, struct store *store)
{
	const struct control_node *node = &plan->before.node[NODE_SELFBALLOON];
	char path[PATH_SIZE];
	int error;

	node_path(&plan->before, NODE_SELFBALLOON, path);
	error = store_remove(store, path);
	return error && error != -ENOENT ? error : store_write(store, path, node->bytes, node->len);
}

int plan_let_go(const struct plan *plan, struct store *store)
{
	char path[PATH_SIZE];
	bool changed;

	node_path(&plan->before, NODE_SELFBALLOON, path);
	return store_grant(store, path, plan->before.domid, &changed);
}
