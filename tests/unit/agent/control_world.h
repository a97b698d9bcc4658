/* SPDX-License-Identifier: MIT */
/*
 * A store and a hypervisor in memory, with three guests, that stand in for the real ones in the
 * tests of control/. Calls can fail, conflict, or be the last one that the agent lives to make.
 * Included once by a test program, whose own it becomes.
 */
#ifndef XENBALLOON_CONTROL_WORLD_H
#define XENBALLOON_CONTROL_WORLD_H

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
#include <unistd.h>

#include "control.h"
#include "decision.h"
#include "hypervisor.h"
#include "log.h"
#include "store.h"

#define GUESTS	 3
#define KEYS	 7
#define LOG_SIZE 4096
#define KILLED	 9

#define STATIC_MAX UINT64_C(524288)
#define HELD	   UINT64_C(250000) /* between target and cap, as after some growth */
#define SLACK	   CONTRACT_CAP_SLACK_KIB

struct node {
	char path[80];
	char bytes[CONTRACT_POLICY_MAX + 1];
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
} *fake;

static char directory[] = "/tmp/control_test.XXXXXX";

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
	static char text[CONTRACT_POLICY_MAX + 1];
	const struct node *node = key(domid, name);

	snprintf(text, sizeof(text), "%.*s", (int)node->len, node->bytes);
	return node->exists ? text : "(none)";
}

static inline uint64_t cap(uint32_t domid)
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

static inline struct control_answer one(enum control_action action, uint32_t domid, uint64_t value)
{
	struct control_request request = ask(action, value);

	return apply(&request, &domid, 1).answer[0];
}

static inline bool noted(uint32_t domid)
{
	struct decision decision;

	assert_int_equal(decision_load(uuid_of(domid), &decision), 0);
	return decision.changing.valid;
}

static int decided(uint32_t domid)
{
	struct decision decision;

	assert_int_equal(decision_load(uuid_of(domid), &decision), 0);
	return decision.decided.selfballoon.state == READING_OK
		       ? (int)decision.decided.selfballoon.value
		       : -1;
}

#define EACH(f) cmocka_unit_test_setup(f, setup)

static int world_run(const char *name, const struct CMUnitTest *tests, size_t count)
{
	int failed;

	fake = mmap(NULL, sizeof(*fake), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (fake == MAP_FAILED || !mkdtemp(directory) || decision_open(directory))
		return 1;
	log_set_level(LOG_LEVEL_ERROR);
	failed = _cmocka_run_group_tests(name, tests, count, NULL, NULL);
	setup(NULL);
	decision_flush();
	decision_close();
	rmdir(directory);
	munmap(fake, sizeof(*fake));
	return failed;
}

#endif
