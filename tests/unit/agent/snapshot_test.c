/* SPDX-License-Identifier: MIT */
/* Snapshots: look-up, order and reference counts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "snapshot.h"

static const struct {
	uint32_t domid;
	const char *uuid;
	const char *name;
} guests[] = {
	{ 3, "00000000-0000-0000-0000-00000000000a", "web1" },
	{ 7, "00000000-0000-0000-0000-00000000000b", "3" },
	{ 12, "00000000-0000-0000-0000-00000000000c", "twin" },
	{ 40, "00000000-0000-0000-0000-00000000000d", "twin" },
	{ 41, "00000000-0000-0000-0000-00000000000a", "copy" },
	{ 42, "00000000-0000-0000-0000-00000000000e", "00000000-0000-0000-0000-00000000000b" },
	{ 43, "00000000-0000-0000-0000-00000000000f", "14" },
};
#define GUESTS (sizeof(guests) / sizeof(guests[0]))

static struct snapshot *sample(void)
{
	struct snapshot *snapshot = snapshot_new(GUESTS);

	assert_non_null(snapshot);
	for (size_t i = 0; i < GUESTS; i++) {
		struct domain *domain = &snapshot->domain[i];

		domain->domid = guests[i].domid;
		snprintf(domain->uuid, sizeof(domain->uuid), "%s", guests[i].uuid);
		snprintf(domain->name, sizeof(domain->name), "%s", guests[i].name);
	}
	return snapshot;
}

static void test_find_and_after(void **state)
{
	struct snapshot *snapshot = sample();
	uint32_t domid = 0;

	(void)state;
	for (size_t i = 0; i < GUESTS; i++) {
		const struct domain *next = snapshot_after(snapshot, domid);

		assert_non_null(next);
		assert_int_equal(next->domid, guests[i].domid);
		assert_ptr_equal(snapshot_find(snapshot, next->domid), next);
		domid = next->domid;
	}
	assert_null(snapshot_after(snapshot, 43));
	assert_null(snapshot_after(snapshot, UINT32_MAX));
	assert_null(snapshot_find(snapshot, 0));
	assert_null(snapshot_find(snapshot, 8));
	snapshot_release(snapshot);
}

static void test_lookup(void **state)
{
	static const struct {
		const char *id;
		uint32_t domid; /* 0: none */
		bool ambiguous;
	} rows[] = {
		{ "3", 3, false },
		{ "14", 0, false }, /* digits are a domid, whoever is called so */
		{ "name:14", 43, false },
		{ "name:3", 7, false },
		{ "name:", 0, false },
		{ "name:name:14", 0, false },
		{ "web1", 3, false },
		{ "name:web1", 3, false },
		{ "00000000-0000-0000-0000-00000000000B", 7, false },
		{ "name:00000000-0000-0000-0000-00000000000b", 42, false },
		{ "00000000-0000-0000-0000-00000000000a", 0, true },
		{ "41", 41, false },
		{ "twin", 0, true },
		{ "name:twin", 0, true },
		{ "", 0, false },
		{ "web", 0, false },
		{ "03x", 0, false },
		{ "03", 0, false }, /* no way to write a domid */
		{ "99999999999999999999", 0, false },
	};
	struct snapshot *snapshot = sample();

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool ambiguous;
		const struct domain *found = snapshot_lookup(snapshot, rows[i].id, &ambiguous);

		assert_int_equal(found ? found->domid : 0, rows[i].domid);
		assert_int_equal(ambiguous, rows[i].ambiguous);
	}
	snapshot_release(snapshot);
}

/* One that is being destroyed is the one meant only where no other is, and shares nothing. */
static void test_shared_uuid(void **state)
{
	struct snapshot *snapshot = sample();
	const char *uuid = guests[0].uuid;
	bool ambiguous;

	(void)state;
	assert_true(snapshot_shares_uuid(snapshot, snapshot_find(snapshot, 3)));
	assert_true(snapshot_shares_uuid(snapshot, snapshot_find(snapshot, 41)));
	assert_false(snapshot_shares_uuid(snapshot, snapshot_find(snapshot, 7)));
	snapshot->domain[0].run = RUN_DYING;
	assert_false(snapshot_shares_uuid(snapshot, snapshot_find(snapshot, 41)));
	assert_int_equal(snapshot_lookup(snapshot, uuid, &ambiguous)->domid, 41);
	snapshot->domain[4].run = RUN_DYING;
	assert_null(snapshot_lookup(snapshot, uuid, &ambiguous));
	assert_true(ambiguous);
	snapshot_release(snapshot);
}

static void test_publish(void **state)
{
	const struct snapshot *none = snapshot_acquire(), *held;
	struct snapshot *first = sample(), *second = sample();

	(void)state;
	assert_int_equal(none->count, 0);
	assert_false(none->store_up);
	snapshot_publish(first);
	held = snapshot_acquire();
	assert_ptr_equal(held, first);
	snapshot_publish(second);
	/* A reader's picture stays as it was. */
	assert_int_equal(held->count, GUESTS);
	assert_int_equal(second->generation, held->generation + 1);
	snapshot_release(held);
	snapshot_release(none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find_and_after),
		cmocka_unit_test(test_lookup),
		cmocka_unit_test(test_shared_uuid),
		cmocka_unit_test(test_publish),
	};

	return cmocka_run_group_tests_name("snapshot", tests, NULL, NULL);
}
