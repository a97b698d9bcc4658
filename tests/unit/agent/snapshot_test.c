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
};

static struct snapshot *sample(void)
{
	struct snapshot *snapshot = snapshot_new(4);

	assert_non_null(snapshot);
	for (size_t i = 0; i < 4; i++) {
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
	uint32_t expected[] = { 3, 7, 12, 40 }, domid = 0;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		const struct domain *next = snapshot_after(snapshot, domid);

		assert_non_null(next);
		assert_int_equal(next->domid, expected[i]);
		assert_ptr_equal(snapshot_find(snapshot, next->domid), next);
		domid = next->domid;
	}
	assert_null(snapshot_after(snapshot, 40));
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
		{ "3", 3, false }, /* a domid wins over a name that reads like one */
		{ "web1", 3, false },
		{ "00000000-0000-0000-0000-00000000000B", 7, false },
		{ "twin", 0, true },
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
	assert_int_equal(held->count, 4);
	assert_int_equal(second->generation, held->generation + 1);
	snapshot_release(held);
	snapshot_release(none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find_and_after),
		cmocka_unit_test(test_lookup),
		cmocka_unit_test(test_publish),
	};

	return cmocka_run_group_tests_name("snapshot", tests, NULL, NULL);
}
