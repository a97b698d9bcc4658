/* SPDX-License-Identifier: MIT */
/*
 * Applying, undoing and restoring against a store and a hypervisor in memory: the order of cap and
 * target, what a failure at each single call leaves behind, and what a death at each leaves.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "control.h"
#include "decision.h"
#include "hypervisor.h"
#include "log.h"
#include "store.h"

#define GUESTS	 3
#define KEYS	 6
#define LOG_SIZE 4096
#define KILLED	 9

#define STATIC_MAX UINT64_C(524288)
#define HELD	   UINT64_C(250000) /* between target and cap, as after some growth */
#define SLACK	   CONTRACT_CAP_SLACK_KIB

struct node {
	char path[80];
	char bytes[128];
	size_t len;
	bool exists;
	bool granted; /* the guest may write it */
};

/* What outlives the agent, in memory that a child shares with us. */
struct world {
	struct node node[GUESTS * KEYS];
	struct hypervisor_domain domain[GUESTS];
	uint64_t pod_kib[GUESTS];
};

static struct {
	struct world world;
	struct node before[GUESTS * KEYS]; /* of the transaction that is open */
	bool open;
	char log[LOG_SIZE]; /* what was done, in order */
	int calls;	    /* changing ones so far */
	int fail_at;	    /* that one fails with fail_with; 0: none */
	int fail_with;
	bool fail_on;	  /* and all after it */
	int die_at;	  /* the agent dies instead of that one */
	bool flooding;	  /* guest 1 writes its selfballoon as fast as it may */
	int conflicts;	  /* so many commits find that another writer came between */
	int vanish_at;	  /* the first domain asked for is gone once so many commits conflicted */
	int calls_expire; /* nobody waits after so many calls; 0: never */
} * fake;

static char directory[] = "/tmp/apply_test.XXXXXX";

static void note(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void note(const char *format, ...)
{
	size_t used = strlen(fake->log);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(fake->log + used, LOG_SIZE - used, format, arguments);
	va_end(arguments);
}

/* Counts a call that changes something; says how it ends. */
static int call(void)
{
	fake->calls++;
	if (fake->calls == fake->die_at)
		_exit(KILLED);
	if (fake->fail_at &&
	    (fake->calls == fake->fail_at || (fake->fail_on && fake->calls > fake->fail_at)))
		return fake->fail_with;
	return 0;
}

static struct node *find(const char *path, bool create);

static bool guest_interferes(void)
{
	return fake->flooding && find("/local/domain/1/memory/selfballoon", true)->granted;
}

static struct node *find(const char *path, bool create)
{
	struct node *free_one = NULL;

	for (size_t i = 0; i < GUESTS * KEYS; i++) {
		struct node *node = &fake->world.node[i];

		if (!strcmp(node->path, path))
			return node;
		if (!node->path[0] && !free_one)
			free_one = node;
	}
	if (!create)
		return NULL;
	assert_non_null(free_one);
	snprintf(free_one->path, sizeof(free_one->path), "%s", path);
	return free_one;
}

int store_begin(struct store *store)
{
	int error = call();

	(void)store;
	assert_false(fake->open);
	if (error)
		return error;
	fake->open = true;
	memcpy(fake->before, fake->world.node, sizeof(fake->before));
	return 0;
}

static void roll_back(void)
{
	memcpy(fake->world.node, fake->before, sizeof(fake->before));
	fake->open = false;
}

int store_commit(struct store *store)
{
	int error = call();

	(void)store;
	assert_true(fake->open);
	if (!error && (fake->conflicts > 0 || guest_interferes())) {
		fake->conflicts -= fake->conflicts > 0;
		if (fake->vanish_at && --fake->vanish_at == 0)
			fake->world.domain[1].dying = true;
		error = -EAGAIN;
	}
	if (error) {
		roll_back();
		return error;
	}
	fake->open = false;
	note("commit ");
	return 0;
}

void store_abort(struct store *store)
{
	(void)store;
	if (fake->open)
		roll_back();
}

int store_read(struct store *store, const char *path, char *buffer, size_t size, size_t *len)
{
	const struct node *node = find(path, false);

	(void)store;
	assert_true(fake->open);
	if (!node || !node->exists)
		return -ENOENT;
	if (node->len >= size)
		return -EMSGSIZE;
	memcpy(buffer, node->bytes, node->len);
	buffer[node->len] = '\0';
	*len = node->len;
	return 0;
}

int store_write(struct store *store, const char *path, const char *bytes, size_t len)
{
	int error = call();
	struct node *node;

	(void)store;
	if (error)
		return error;
	node = find(path, true);
	memset(node->bytes, 0, sizeof(node->bytes));
	memcpy(node->bytes, bytes, len);
	node->len = len;
	node->exists = true;
	note("%s=%.*s ", strrchr(path, '/') + 1, (int)len, bytes);
	return 0;
}

int store_remove(struct store *store, const char *path)
{
	int error = call();
	struct node *node = find(path, false);

	(void)store;
	if (error)
		return error;
	if (!node || !node->exists)
		return -ENOENT;
	node->exists = node->granted = false;
	note("-%s ", strrchr(path, '/') + 1);
	return 0;
}

int store_grant(struct store *store, const char *path, uint32_t domid, bool *changed)
{
	struct node *node = find(path, false);

	(void)store;
	assert_int_equal(path[strlen("/local/domain/")] - '0', domid);
	assert_false(fake->open);
	if (!node || !node->exists)
		return -ENOENT;
	*changed = !node->granted;
	node->granted = true;
	return 0;
}

int hypervisor_domain(struct hypervisor *hypervisor, uint32_t domid,
		      struct hypervisor_domain *domain)
{
	(void)hypervisor;
	if (domid == 0 || domid > GUESTS || !fake->world.domain[domid - 1].domid)
		return -ESRCH;
	*domain = fake->world.domain[domid - 1];
	return 0;
}

int hypervisor_set_cap(struct hypervisor *hypervisor, uint32_t domid, uint64_t cap_kib)
{
	int error = call();

	(void)hypervisor;
	if (error)
		return error;
	fake->world.domain[domid - 1].cap_kib = cap_kib;
	note("cap%" PRIu32 "=%" PRIu64 " ", domid, cap_kib);
	return 0;
}

int hypervisor_set_pod_target(struct hypervisor *hypervisor, uint32_t domid, uint64_t target_kib)
{
	int error = call();

	(void)hypervisor;
	if (error)
		return error;
	fake->world.pod_kib[domid - 1] = target_kib;
	note("pod%" PRIu32 "=%" PRIu64 " ", domid, target_kib);
	return 0;
}

static struct store *const store = (struct store *)&fake;
static struct hypervisor *const hypervisor = (struct hypervisor *)&fake;

static const char *uuid_of(uint32_t domid)
{
	static char text[GUESTS + 1][SNAPSHOT_UUID_SIZE];

	snprintf(text[domid], sizeof(text[domid]), "00000000-0000-4000-8000-%012" PRIu32, domid);
	return text[domid];
}

static struct node *key(uint32_t domid, const char *name)
{
	char path[80];

	if (!strcmp(name, "vm"))
		snprintf(path, sizeof(path), "/local/domain/%" PRIu32 "/vm", domid);
	else if (!strcmp(name, "memory"))
		snprintf(path, sizeof(path), "/vm/%s/memory", uuid_of(domid));
	else
		snprintf(path, sizeof(path), "/local/domain/%" PRIu32 "/memory/%s", domid, name);
	return find(path, true);
}

static void put(uint32_t domid, const char *name, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void put(uint32_t domid, const char *name, const char *format, ...)
{
	struct node *node = key(domid, name);
	va_list arguments;

	va_start(arguments, format);
	node->len = (size_t)vsnprintf(node->bytes, sizeof(node->bytes), format, arguments);
	va_end(arguments);
	node->exists = true;
}

static const char *get(uint32_t domid, const char *name)
{
	static char text[128];
	const struct node *node = key(domid, name);

	snprintf(text, sizeof(text), "%.*s", (int)node->len, node->bytes);
	return node->exists ? text : "(none)";
}

static uint64_t cap(uint32_t domid)
{
	return fake->world.domain[domid - 1].cap_kib;
}

/* Guests 1 and 3 are PV, 2 is PVH; each at 200000 of 524288 KiB, with the keys granted. */
static int setup(void **state)
{
	struct decision nothing = { 0 };

	(void)state;
	memset(fake, 0, sizeof(*fake));
	for (uint32_t domid = 1; domid <= GUESTS; domid++) {
		struct hypervisor_domain *domain = &fake->world.domain[domid - 1];

		domain->domid = domid;
		snprintf(domain->uuid, sizeof(domain->uuid), "%s", uuid_of(domid));
		domain->type = domid == 2 ? DOMAIN_PVH : DOMAIN_PV;
		domain->allocated_kib = HELD;
		domain->cap_kib = 200000 + SLACK;
		put(domid, "vm", "/vm/%s", uuid_of(domid));
		put(domid, "static-max", "%" PRIu64, STATIC_MAX);
		put(domid, "videoram", "0");
		put(domid, "target", "200000");
		put(domid, "selfballoon", "%s", "");
		key(domid, "selfballoon")->granted = true;
		put(domid, "memory", "195");
		if (decision_save(uuid_of(domid), &nothing))
			return -1;
	}
	return 0;
}

static struct control_request ask(enum control_action action, uint64_t value)
{
	return (struct control_request){ .action = action, .value = value };
}

static bool expire(void *unused)
{
	(void)unused;
	return fake->calls_expire && fake->calls >= fake->calls_expire;
}

struct result {
	struct control_answer answer[4];
	struct control_undo undo[4];
};

/* Applies requests to those domids, as if they had passed the check. */
static struct result apply(const struct control_request *requests, const uint32_t *domids,
			   size_t count)
{
	struct result result = { 0 };

	for (size_t i = 0; i < count; i++) {
		result.answer[i].domid = domids[i];
		snprintf(result.answer[i].uuid, sizeof(result.answer[i].uuid), "%s",
			 uuid_of(domids[i]));
	}
	fake->log[0] = '\0';
	control_apply(store, hypervisor, requests, result.answer, result.undo, count, expire, NULL);
	assert_false(fake->open);
	return result;
}

static struct control_answer one(enum control_action action, uint32_t domid, uint64_t value)
{
	struct control_request request = ask(action, value);

	return apply(&request, &domid, 1).answer[0];
}

static bool noted(uint32_t domid)
{
	struct decision decision;

	assert_int_equal(decision_load(uuid_of(domid), &decision), 0);
	return decision.changing.valid;
}

static int decided(uint32_t domid)
{
	struct decision decision;

	assert_int_equal(decision_load(uuid_of(domid), &decision), 0);
	return decision.selfballoon.state == READING_OK ? (int)decision.selfballoon.value : -1;
}

/* Grows one, shrinks one, switches one on: every kind of step, 10 changing calls in all. */
static const struct control_request mixed[3] = { { .action = CONTROL_TARGET, .value = 300000 },
						 { .action = CONTROL_SELFBALLOON, .value = 1 },
						 { .action = CONTROL_TARGET, .value = 100000 } };
static const uint32_t mixed_domids[3] = { 1, 2, 3 };
#define MIXED_CALLS 10

static void growing_cap_first(void **state)
{
	struct control_answer answer = one(CONTROL_TARGET, 1, 300000);

	(void)state;
	assert_int_equal(answer.result, RESULT_OK);
	assert_int_equal(answer.before.value, 200000);
	assert_int_equal(answer.after.value, 300000);
	assert_string_equal(fake->log, "cap1=301024 target=300000 memory=292 commit ");
	assert_int_equal(decided(1), -1);
	assert_false(noted(1));
}

static void shrinking_target_first(void **state)
{
	(void)state;
	assert_int_equal(one(CONTROL_TARGET, 1, 100000).result, RESULT_OK);
	assert_string_equal(fake->log, "target=100000 memory=97 commit cap1=101024 ");
}

static void video_memory_counts(void **state)
{
	(void)state;
	put(1, "videoram", "16384");
	assert_int_equal(one(CONTROL_TARGET, 1, 300000).result, RESULT_OK);
	assert_int_equal(cap(1), 300000 + 16384 + SLACK);
}

static void pod_target_follows(void **state)
{
	(void)state;
	assert_int_equal(one(CONTROL_TARGET, 2, 300000).result, RESULT_OK);
	assert_string_equal(fake->log, "cap2=301024 pod2=301024 target=300000 memory=292 commit ");
	assert_int_equal(one(CONTROL_TARGET, 2, 100000).result, RESULT_OK);
	assert_string_equal(fake->log, "target=100000 memory=97 commit cap2=101024 pod2=101024 ");
}

/* The balloon driver sleeps until its target is written. */
static void same_target_is_written_anew(void **state)
{
	(void)state;
	assert_int_equal(one(CONTROL_TARGET, 1, 200000).result, RESULT_OK);
	assert_string_equal(fake->log, "target=200000 memory=195 commit ");
}

static void on_lets_it_grow(void **state)
{
	(void)state;
	assert_int_equal(one(CONTROL_SELFBALLOON, 1, 1).result, RESULT_OK);
	assert_string_equal(fake->log, "cap1=525312 selfballoon=1 commit ");
	assert_int_equal(decided(1), 1);
	assert_string_equal(get(1, "target"), "200000");
	assert_int_equal(one(CONTROL_SELFBALLOON, 1, 1).result, RESULT_OK);
	assert_string_equal(fake->log, "selfballoon=1 commit ");
	/* On again after xl mem-set had capped it. */
	fake->world.domain[0].cap_kib = 101024;
	assert_int_equal(one(CONTROL_SELFBALLOON, 1, 1).result, RESULT_OK);
	assert_int_equal(cap(1), STATIC_MAX + SLACK);
}

static void off_leaves_it_where_it_is(void **state)
{
	struct control_answer answer;

	(void)state;
	assert_int_equal(one(CONTROL_SELFBALLOON, 1, 1).result, RESULT_OK);
	answer = one(CONTROL_SELFBALLOON, 1, 0);
	assert_int_equal(answer.result, RESULT_OK);
	assert_int_equal(answer.before.value, 1);
	assert_int_equal(answer.after.value, 0);
	assert_string_equal(fake->log, "target=250000 selfballoon=0 memory=244 commit "
				       "cap1=251024 ");
	assert_int_equal(decided(1), 0);
	/* Off again changes nothing more. */
	assert_int_equal(one(CONTROL_SELFBALLOON, 1, 0).result, RESULT_OK);
	assert_string_equal(fake->log, "selfballoon=0 commit ");
}

/* It sized itself, then turned itself off: the old target could be its death. */
static void off_after_the_guests_own_off(void **state)
{
	(void)state;
	assert_int_equal(one(CONTROL_SELFBALLOON, 1, 1).result, RESULT_OK);
	put(1, "selfballoon", "0");
	assert_int_equal(one(CONTROL_SELFBALLOON, 1, 0).result, RESULT_OK);
	assert_string_equal(get(1, "target"), "250000");
	assert_int_equal(cap(1), 251024);
}

static void off_stays_within_bounds(void **state)
{
	(void)state;
	put(1, "selfballoon", "1");
	fake->world.domain[0].allocated_kib = STATIC_MAX + 4000;
	assert_int_equal(one(CONTROL_SELFBALLOON, 1, 0).result, RESULT_OK);
	assert_string_equal(get(1, "target"), "524288");
	put(1, "selfballoon", "1");
	fake->world.domain[0].allocated_kib = 0;
	assert_int_equal(one(CONTROL_SELFBALLOON, 1, 0).result, RESULT_OK);
	assert_string_equal(get(1, "target"), "4096");
}

static void off_and_target_in_either_order(void **state)
{
	struct control_request requests[2] = { ask(CONTROL_TARGET, 300000),
					       ask(CONTROL_SELFBALLOON, 0) };
	static const uint32_t domids[2] = { 1, 1 };
	struct result result;

	(void)state;
	put(1, "selfballoon", "1");
	fake->world.domain[0].cap_kib = STATIC_MAX + SLACK;
	result = apply(requests, domids, 2);
	assert_int_equal(result.answer[0].result, RESULT_OK);
	assert_int_equal(result.answer[1].result, RESULT_OK);
	assert_string_equal(fake->log, "target=300000 selfballoon=0 memory=292 commit "
				       "cap1=301024 ");
	assert_true(result.undo[0].valid);
	assert_false(result.undo[1].valid);
}

static void several_domains_at_once(void **state)
{
	struct control_request requests[3] = { ask(CONTROL_TARGET, 300000),
					       ask(CONTROL_SELFBALLOON, 1),
					       ask(CONTROL_TARGET, 100000) };
	static const uint32_t domids[3] = { 1, 2, 3 };

	(void)state;
	apply(requests, domids, 3);
	assert_string_equal(fake->log,
			    "cap2=525312 cap1=301024 selfballoon=1 target=300000 memory=292 "
			    "target=100000 memory=97 commit cap3=101024 ");
}

/* What went on since the check: nothing is changed then, and the answer says which one it was. */
static void changed_meanwhile(void **state)
{
	static const struct {
		const char *key;
		const char *value;
		enum control_result result;
	} rows[] = {
		{ "selfballoon", "1", RESULT_SELFBALLOONING },
		{ "static-max", "299999", RESULT_HARD_LIMIT },
		{ "static-max", "", RESULT_HARD_LIMIT },
		{ "vm", "/vm/00000000-0000-4000-8000-000000000009", RESULT_NOT_FOUND },
		{ "vm", "", RESULT_NOT_FOUND },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct control_request requests[2] = { ask(CONTROL_TARGET, 300000),
						       ask(CONTROL_TARGET, 300000) };
		static const uint32_t domids[2] = { 3, 1 };
		struct world before;
		struct result result;

		assert_int_equal(setup(state), 0);
		put(1, rows[i].key, "%s", rows[i].value);
		before = fake->world;
		result = apply(requests, domids, 2);
		assert_int_equal(result.answer[0].result, RESULT_DEPENDENCY);
		assert_int_equal(result.answer[1].result, rows[i].result);
		assert_memory_equal(&before, &fake->world, sizeof(before));
		assert_false(result.undo[0].valid);
	}
}

static void another_domain_by_now(void **state)
{
	(void)state;
	snprintf(fake->world.domain[0].uuid, SNAPSHOT_UUID_SIZE, "%s", uuid_of(3));
	assert_int_equal(one(CONTROL_TARGET, 1, 300000).result, RESULT_NOT_FOUND);
	setup(state);
	fake->world.domain[0].dying = true;
	assert_int_equal(one(CONTROL_TARGET, 1, 300000).result, RESULT_NOT_FOUND);
	fake->world.domain[0].domid = 0;
	assert_int_equal(one(CONTROL_TARGET, 1, 300000).result, RESULT_NOT_FOUND);
	assert_string_equal(fake->log, "");
}

static void rubbish_in_the_guests_key(void **state)
{
	struct node *node = key(1, "selfballoon");

	(void)state;
	memset(node->bytes, 0xff, sizeof(node->bytes));
	node->len = sizeof(node->bytes);
	assert_int_equal(one(CONTROL_TARGET, 1, 300000).result, RESULT_OK);
	assert_int_equal(one(CONTROL_SELFBALLOON, 1, 1).result, RESULT_OK);
	assert_string_equal(get(1, "selfballoon"), "1");
}

static void conflict_is_tried_again(void **state)
{
	(void)state;
	fake->conflicts = 3;
	assert_int_equal(one(CONTROL_TARGET, 1, 300000).result, RESULT_OK);
	assert_string_equal(get(1, "target"), "300000");
	assert_int_equal(cap(1), 301024);
	fake->conflicts = 1000;
	assert_int_equal(one(CONTROL_TARGET, 1, 100000).result, RESULT_UNAVAILABLE);
	assert_true(fake->conflicts > 0);
	assert_string_equal(get(1, "target"), "300000");
	assert_int_equal(cap(1), 301024);
	assert_false(noted(1));
}

/* It may not keep dom0 from switching it off by writing its own key faster than we commit. */
static void guest_that_never_stops_writing(void **state)
{
	(void)state;
	fake->flooding = true;
	put(1, "selfballoon", "1");
	assert_int_equal(one(CONTROL_SELFBALLOON, 1, 0).result, RESULT_OK);
	assert_string_equal(get(1, "selfballoon"), "0");
	assert_string_equal(get(1, "target"), "250000");
	assert_int_equal(cap(1), 251024);
	assert_true(key(1, "selfballoon")->granted);
}

/* They have their keys again, and what these held, also after a change that failed. */
static void held_guests_are_let_go(void **state)
{
	(void)state;
	fake->flooding = true;
	put(1, "selfballoon", "1");
	fake->conflicts = 1000;
	apply(mixed, mixed_domids, 3);
	for (uint32_t domid = 1; domid <= GUESTS; domid++)
		assert_true(key(domid, "selfballoon")->granted);
	assert_string_equal(get(1, "selfballoon"), "1");
	fake->conflicts = 8;
	fake->vanish_at = 4;
	apply(mixed, mixed_domids, 3);
	assert_true(key(1, "selfballoon")->granted && key(3, "selfballoon")->granted);
}

static void nobody_waits_any_more(void **state)
{
	static const struct control_request requests[] = {
		{ .action = CONTROL_TARGET, .value = 100000 },
		{ .action = CONTROL_TARGET, .value = 300000 }
	};
	static const uint32_t domids[] = { 1, 3 };
	struct world before = fake->world;

	(void)state;
	fake->calls_expire = 1;
	for (; fake->calls_expire < 7; fake->calls_expire++) {
		struct result result;

		fake->calls = 0;
		result = apply(requests, domids, 2);
		assert_int_equal(result.answer[0].result, RESULT_UNAVAILABLE);
		assert_int_equal(result.answer[1].result, RESULT_UNAVAILABLE);
		assert_memory_equal(&before, &fake->world, sizeof(before));
		assert_false(noted(1) || noted(3));
	}
}

static void down(void **state)
{
	struct control_request request = ask(CONTROL_TARGET, 300000);
	struct control_answer answer = { .domid = 1 };

	(void)state;
	control_apply(NULL, hypervisor, &request, &answer, NULL, 1, NULL, NULL);
	assert_int_equal(answer.result, RESULT_UNAVAILABLE);
	control_apply(store, NULL, &request, &answer, NULL, 1, NULL, NULL);
	assert_int_equal(answer.result, RESULT_UNAVAILABLE);
}

static void calls_are_all_seen(void **state)
{
	(void)state;
	apply(mixed, mixed_domids, 3);
	assert_int_equal(fake->calls, MIXED_CALLS);
}

/* Whichever call fails, everything is as it was. */
static void each_call_fails(void **state)
{
	for (int at = 1; at <= MIXED_CALLS; at++) {
		struct world before;
		struct result result;

		assert_int_equal(setup(state), 0);
		before = fake->world;
		fake->fail_at = at;
		fake->fail_with = -ENOMEM;
		result = apply(mixed, mixed_domids, 3);
		for (size_t i = 0; i < 3; i++) {
			assert_int_equal(result.answer[i].result, RESULT_FAILED);
			assert_non_null(strstr(result.answer[i].detail, "nothing has changed"));
			assert_false(result.undo[i].valid);
			assert_int_equal(decided((uint32_t)i + 1), -1);
		}
		assert_memory_equal(&before, &fake->world, sizeof(before));
	}
}

/* The state directory can't be written: no change without a note. */
static void no_note_no_change(void **state)
{
	struct world before = fake->world;

	(void)state;
	decision_close();
	assert_int_equal(one(CONTROL_TARGET, 1, 300000).result, RESULT_FAILED);
	assert_memory_equal(&before, &fake->world, sizeof(before));
	assert_int_equal(decision_open(directory), 0);
}

/* Cap, target and selfballoon of a domain are those before or those after, not a mixture. */
static bool is_after(uint32_t domid)
{
	static const struct {
		const char *target, *selfballoon, *memory;
		uint64_t cap;
	} after[GUESTS] = { { "300000", "", "292", 301024 },
			    { "200000", "1", "195", 525312 },
			    { "100000", "", "97", 101024 } };
	bool moved = cap(domid) != 201024;

	assert_string_equal(get(domid, "target"), moved ? after[domid - 1].target : "200000");
	assert_string_equal(get(domid, "selfballoon"), moved ? after[domid - 1].selfballoon : "");
	assert_string_equal(get(domid, "memory"), moved ? after[domid - 1].memory : "195");
	assert_int_equal(cap(domid), moved ? after[domid - 1].cap : 201024);
	return moved;
}

static void die(int at)
{
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		fake->die_at = at;
		apply(mixed, mixed_domids, 3);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(WEXITSTATUS(status), at > MIXED_CALLS ? 0 : KILLED);
	/* The server ends the transactions of a client that is gone. */
	if (fake->open)
		roll_back();
	fake->die_at = 0;
}

static void death_at_each_call(void **state)
{
	for (int at = 1; at <= MIXED_CALLS + 1; at++) {
		assert_int_equal(setup(state), 0);
		die(at);
		for (uint32_t domid = 1; domid <= GUESTS; domid++) {
			assert_int_equal(control_restore(store, hypervisor, domid, uuid_of(domid)),
					 0);
			assert_int_equal(is_after(domid), at > MIXED_CALLS);
			assert_false(noted(domid));
		}
		/* Nothing is left to do. */
		fake->log[0] = '\0';
		for (uint32_t domid = 1; domid <= GUESTS; domid++)
			control_restore(store, hypervisor, domid, uuid_of(domid));
		assert_string_equal(fake->log, "");
	}
}

/* It dies again while it puts things back. */
static void death_while_putting_back(void **state)
{
	for (int at = 1; at <= 6; at++) {
		int status;
		pid_t child;

		assert_int_equal(setup(state), 0);
		die(MIXED_CALLS); /* before the last cap is lowered */
		fake->calls = 0;
		child = fork();
		if (child == 0) {
			fake->die_at = at;
			control_restore(store, hypervisor, 1, uuid_of(1));
			_exit(0);
		}
		assert_int_equal(waitpid(child, &status, 0), child);
		if (fake->open)
			roll_back();
		fake->die_at = 0;
		assert_int_equal(control_restore(store, hypervisor, 1, uuid_of(1)), 0);
		assert_false(is_after(1));
		assert_false(noted(1));
	}
}

/* The server goes away at some call and comes back: the note ends what nobody could. */
static void store_lost_at_each_call(void **state)
{
	for (int at = 1; at <= MIXED_CALLS; at++) {
		struct result result;

		assert_int_equal(setup(state), 0);
		fake->fail_at = at;
		fake->fail_on = true;
		fake->fail_with = -ENOTCONN;
		result = apply(mixed, mixed_domids, 3);
		assert_int_equal(result.answer[0].result, RESULT_UNAVAILABLE);
		fake->fail_at = 0;
		for (uint32_t domid = 1; domid <= GUESTS; domid++) {
			assert_int_equal(control_restore(store, hypervisor, domid, uuid_of(domid)),
					 0);
			assert_false(is_after(domid));
			assert_false(noted(domid));
		}
	}
}

static void note_of_a_domain_that_is_gone(void **state)
{
	struct decision decision = { .changing = { .domid = 2, .cap_kib = 1, .valid = true } };

	(void)state;
	assert_int_equal(decision_save(uuid_of(1), &decision), 0);
	assert_int_equal(control_restore(store, hypervisor, 1, uuid_of(1)), 0);
	assert_string_equal(fake->log, "");
	assert_false(noted(1));
}

static void decision_comes_back(void **state)
{
	struct decision on = { .selfballoon = { READING_OK, 1 } };

	(void)state;
	assert_int_equal(decision_save(uuid_of(1), &on), 0);
	assert_int_equal(control_restore(store, hypervisor, 1, uuid_of(1)), 0);
	assert_string_equal(fake->log, "cap1=525312 selfballoon=1 commit ");
	assert_int_equal(decided(1), 1);
	on.selfballoon.value = 0;
	fake->log[0] = '\0';
	assert_int_equal(decision_save(uuid_of(3), &on), 0);
	assert_int_equal(control_restore(store, hypervisor, 3, uuid_of(3)), 0);
	assert_string_equal(fake->log, "selfballoon=0 commit ");
	assert_int_equal(cap(3), 200000 + SLACK);
	/* Never decided: left alone. */
	fake->log[0] = '\0';
	assert_int_equal(control_restore(store, hypervisor, 2, uuid_of(2)), 0);
	assert_string_equal(fake->log, "");
}

/* The agent starts anew; what the guest and other tools did since is theirs. */
static void decision_in_force_stays_as_it_is(void **state)
{
	(void)state;
	assert_int_equal(one(CONTROL_SELFBALLOON, 1, 1).result, RESULT_OK);
	put(1, "selfballoon", "0");
	fake->log[0] = '\0';
	assert_int_equal(control_restore(store, hypervisor, 1, uuid_of(1)), 0);
	put(1, "selfballoon", "1");
	fake->world.domain[0].cap_kib = 101024;
	assert_int_equal(control_restore(store, hypervisor, 1, uuid_of(1)), 0);
	assert_string_equal(fake->log, "");
	/* A store that came up empty is another matter. */
	put(1, "selfballoon", "%s", "");
	assert_int_equal(control_restore(store, hypervisor, 1, uuid_of(1)), 0);
	assert_string_equal(fake->log, "cap1=525312 selfballoon=1 commit ");
}

/* Under a new domid, a guest that wrote before we did has not decided for dom0. */
static void decision_beats_a_quick_guest(void **state)
{
	struct decision on = { .selfballoon = { READING_OK, 1 }, .domid = 3 };

	(void)state;
	put(1, "selfballoon", "0");
	assert_int_equal(decision_save(uuid_of(1), &on), 0);
	assert_int_equal(control_restore(store, hypervisor, 1, uuid_of(1)), 0);
	assert_string_equal(get(1, "selfballoon"), "1");
	assert_int_equal(cap(1), STATIC_MAX + SLACK);
}

static void guest_may_grow(void **state)
{
	(void)state;
	assert_int_equal(control_guest_enabled(store, hypervisor, 1, uuid_of(1)), 0);
	assert_int_equal(cap(1), 200000 + SLACK);
	put(1, "selfballoon", "1");
	assert_int_equal(control_guest_enabled(store, hypervisor, 1, uuid_of(1)), 0);
	assert_int_equal(cap(1), STATIC_MAX + SLACK);
	assert_int_equal(decided(1), -1);
	put(3, "selfballoon", "1");
	put(3, "static-max", "%s", "");
	assert_int_equal(control_guest_enabled(store, hypervisor, 3, uuid_of(3)), 0);
	assert_int_equal(cap(3), 200000 + SLACK);
}

#define EACH(f) cmocka_unit_test_setup(f, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(growing_cap_first),
		EACH(shrinking_target_first),
		EACH(video_memory_counts),
		EACH(pod_target_follows),
		EACH(same_target_is_written_anew),
		EACH(on_lets_it_grow),
		EACH(off_leaves_it_where_it_is),
		EACH(off_after_the_guests_own_off),
		EACH(off_stays_within_bounds),
		EACH(off_and_target_in_either_order),
		EACH(several_domains_at_once),
		EACH(changed_meanwhile),
		EACH(another_domain_by_now),
		EACH(rubbish_in_the_guests_key),
		EACH(conflict_is_tried_again),
		EACH(guest_that_never_stops_writing),
		EACH(held_guests_are_let_go),
		EACH(nobody_waits_any_more),
		EACH(down),
		EACH(calls_are_all_seen),
		EACH(each_call_fails),
		EACH(no_note_no_change),
		EACH(death_at_each_call),
		EACH(death_while_putting_back),
		EACH(store_lost_at_each_call),
		EACH(note_of_a_domain_that_is_gone),
		EACH(decision_comes_back),
		EACH(decision_in_force_stays_as_it_is),
		EACH(decision_beats_a_quick_guest),
		EACH(guest_may_grow),
	};
	int failed;

	fake = mmap(NULL, sizeof(*fake), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (fake == MAP_FAILED || !mkdtemp(directory) || decision_open(directory))
		return 1;
	log_set_level(LOG_LEVEL_ERROR);
	failed = cmocka_run_group_tests_name("control_apply", tests, NULL, NULL);
	setup(NULL);
	decision_close();
	rmdir(directory);
	munmap(fake, sizeof(*fake));
	return failed;
}
