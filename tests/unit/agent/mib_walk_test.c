/* SPDX-License-Identifier: MIT */
/*
 * Every object of every tree, with no guest, one and 4,096: GETNEXT's order, GETBULK's shortcut and
 * GET say the same of each instance. VM-MIB's values.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mib_object.h"
#include "mib_vm.h"

#define NAME_MAX_SUBS (MIB_PATH_MAX + 2)

/* All values known; each third guest has three virtual CPUs, the others one. */
static struct snapshot *full_snapshot(size_t count)
{
	struct snapshot *snapshot = snapshot_new(count);
	size_t cpus = 0;

	assert_non_null(snapshot);
	snapshot->vcpu_ns = calloc(count * 3 + 1, sizeof(*snapshot->vcpu_ns));
	assert_non_null(snapshot->vcpu_ns);
	for (size_t i = 0; i < HOST_VALUE_COUNT; i++)
		snapshot->host[i] = (struct reading){ READING_OK, i };
	for (size_t i = 0; i < count; i++) {
		struct domain *domain = &snapshot->domain[i];

		domain->domid = (uint32_t)(i * 7 + 1);
		snprintf(domain->name, sizeof(domain->name), "web%zu", i);
		snprintf(domain->uuid, sizeof(domain->uuid), "00112233-4455-6677-8899-aabbcc%06zx",
			 i);
		snprintf(domain->policy, sizeof(domain->policy), "committed");
		snprintf(domain->policy_note, sizeof(domain->policy_note), "is another");
		domain->vcpus = i % 3 ? 1 : 3;
		domain->vcpus_max = 4;
		domain->cpu_ns = i * 1000000;
		domain->first_vcpu = cpus;
		domain->started_ms = (struct reading){ READING_OK, 1000 };
		for (uint32_t cpu = 0; cpu < domain->vcpus; cpu++)
			snapshot->vcpu_ns[cpus++] = i * 1000 + cpu * 1000;
		for (size_t which = 0; which < VALUE_COUNT; which++)
			domain->value[which] = (struct reading){ READING_OK, i + which };
	}
	return snapshot;
}

static bool comes_after(const unsigned long *later, size_t later_len, const unsigned long *earlier,
			size_t earlier_len)
{
	size_t i = 0;

	while (i < later_len && i < earlier_len && later[i] == earlier[i])
		i++;
	if (i == later_len)
		return false;
	return i == earlier_len || later[i] > earlier[i];
}

static void same_value(const struct mib_value *one, const struct mib_value *other)
{
	assert_int_equal(one->syntax, other->syntax);
	if (one->syntax == MIB_STRING) {
		assert_int_equal(one->len, other->len);
		assert_memory_equal(one->text, other->text, one->len);
	} else if (one->syntax == MIB_COUNTER64) {
		assert_true(one->number64 == other->number64);
	} else if (one->syntax != MIB_OID) {
		assert_int_equal(one->number, other->number);
	}
}

/* Walks by GETNEXT, beside it as GETBULK does, and gets each instance by its name. */
static size_t walk(const struct mib_tree *tree, const struct mib_source *source, bool *served)
{
	unsigned long name[NAME_MAX_SUBS] = { 0 }, next[NAME_MAX_SUBS];
	struct mib_instance at, bulk = { 0 }, got;
	struct mib_value value, bulk_value, got_value;
	size_t len = 0, count = 0;

	while (mib_next(tree, source, name, len, &at, &value)) {
		size_t next_len = mib_name(&at, next);

		assert_true(comes_after(next, next_len, name, len));
		assert_int_equal(mib_find(tree, source->snapshot, next, next_len, &got), MIB_FOUND);
		assert_true(got.object->value(&got, source, &got_value));
		same_value(&value, &got_value);
		if (count == 0)
			assert_true(mib_next(tree, source, NULL, 0, &bulk, &bulk_value));
		else
			assert_true(mib_following(tree, source, &bulk, &bulk_value));
		assert_true(bulk.object == at.object && bulk.domain == at.domain &&
			    bulk.cpu == at.cpu);
		same_value(&value, &bulk_value);
		served[at.object - tree->objects] = true;
		memcpy(name, next, sizeof(name));
		len = next_len;
		count++;
	}
	if (count)
		assert_false(mib_following(tree, source, &bulk, &bulk_value));
	return count;
}

static void walk_all(size_t guests)
{
	const struct mib_tree *trees[] = { mib_tree_xenballoon(), mib_tree_vm(),
					   mib_tree_system() };
	struct snapshot *snapshot = full_snapshot(guests);
	const struct mib_source source = { .snapshot = snapshot, .now_ms = 5000000 };

	for (size_t i = 0; i < sizeof(trees) / sizeof(trees[0]); i++) {
		size_t expected = 0, cpus = 0;
		bool *served = calloc(trees[i]->count, sizeof(*served));

		assert_non_null(served);
		for (size_t g = 0; g < guests; g++)
			cpus += snapshot->domain[g].vcpus;
		for (size_t o = 0; o < trees[i]->count; o++) {
			enum mib_index index = trees[i]->objects[o].index;

			expected += index == MIB_SCALAR ? 1 : index == MIB_CPU ? cpus : guests;
		}
		assert_int_equal(walk(trees[i], &source, served), expected);
		for (size_t o = 0; o < trees[i]->count; o++)
			assert_true(served[o] || !guests);
		free(served);
	}
	snapshot_release(snapshot);
}

static void test_without_guests(void **state)
{
	(void)state;
	walk_all(0);
}

static void test_one_guest(void **state)
{
	(void)state;
	walk_all(1);
}

static void test_4096_guests(void **state)
{
	(void)state;
	walk_all(4096);
}

/* A name between two instances, or longer than any, leads to the one after it. */
static void test_from_anywhere(void **state)
{
	static const struct {
		unsigned long from[8];
		size_t len;
		unsigned long to[6];
		size_t to_len;
	} cases[] = {
		{ { 1, 5, 1, 2 }, 4, { 1, 5, 1, 2, 1, 1 }, 6 },
		{ { 1, 5, 1, 2, 1 }, 5, { 1, 5, 1, 2, 1, 1 }, 6 },
		{ { 1, 5, 1, 2, 1, 2 }, 6, { 1, 5, 1, 2, 1, 3 }, 6 },
		{ { 1, 5, 1, 2, 1, 2, 9 }, 7, { 1, 5, 1, 2, 1, 3 }, 6 },
		{ { 1, 5, 1, 2, 1, 3 }, 6, { 1, 5, 1, 2, 8, 1 }, 6 },
		{ { 1, 5, 1, 2, 2, 1 }, 6, { 1, 5, 1, 2, 8, 1 }, 6 },
		{ { 1, 5, 1, 2, 1, 0xffffffffffUL }, 6, { 1, 5, 1, 2, 8, 1 }, 6 },
		{ { 1, 5, 1, 2, 0xffffffffffUL }, 5, { 1, 9, 0 }, 3 },
		{ { 1, 4, 1, 17, 8 }, 5, { 1, 5, 1, 2, 1, 1 }, 6 },
		{ { 1, 9 }, 2, { 1, 9, 0 }, 3 },
		{ { 1, 9, 0 }, 3, { 1, 10, 0 }, 3 },
	};
	struct snapshot *snapshot = full_snapshot(2);
	const struct mib_source source = { .snapshot = snapshot };
	struct mib_instance at;
	struct mib_value value;
	unsigned long name[NAME_MAX_SUBS];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_true(
			mib_next(mib_tree_vm(), &source, cases[i].from, cases[i].len, &at, &value));
		assert_int_equal(mib_name(&at, name), cases[i].to_len);
		assert_memory_equal(name, cases[i].to, cases[i].to_len * sizeof(name[0]));
	}
	assert_false(
		mib_next(mib_tree_vm(), &source, (unsigned long[]){ 1, 10, 0 }, 3, &at, &value));
	snapshot_release(snapshot);
}

static struct mib_value vm_value(const struct mib_source *source, unsigned long column)
{
	struct mib_instance at;
	struct mib_value value = { .syntax = MIB_OTHER };

	assert_int_equal(mib_find(mib_tree_vm(), source->snapshot,
				  (unsigned long[]){ 1, 4, 1, column, 1 }, 5, &at),
			 MIB_FOUND);
	if (!at.object->value(&at, source, &value))
		value.syntax = MIB_OTHER;
	return value;
}

static void test_vm_values(void **state)
{
	static const unsigned char uuid[] = { 0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
					      0x88, 0x99, 0xaa, 0xbb, 0xcc, 0x00, 0x00, 0x00 };
	struct snapshot *snapshot = full_snapshot(1);
	const struct mib_source source = { .snapshot = snapshot, .now_ms = 5000 };
	struct domain *domain = &snapshot->domain[0];

	(void)state;
	assert_int_equal(vm_value(&source, MIB_VM_UUID).len, sizeof(uuid));
	assert_memory_equal(vm_value(&source, MIB_VM_UUID).text, uuid, sizeof(uuid));
	domain->uuid[0] = '\0';
	assert_int_equal(vm_value(&source, MIB_VM_UUID).len, 0);
	domain->run = RUN_CRASHED;
	assert_int_equal(vm_value(&source, MIB_VM_OPER_STATE).number, OPER_CRASHED);
	domain->value[VALUE_ALLOCATED].value = 0x100000000;
	assert_int_equal(vm_value(&source, 13).number, 0x7fffffff);
	domain->value[VALUE_MINIMUM].state = READING_ABSENT;
	assert_int_equal((int32_t)vm_value(&source, 14).number, -1);
	assert_int_equal(vm_value(&source, 16).number, 400); /* started at second 1 */
	domain->started_ms.state = READING_ABSENT;
	assert_int_equal(vm_value(&source, 16).syntax, MIB_OTHER);
	domain->cpu_ns = 0x1000000000000;
	assert_true(vm_value(&source, 17).number64 == 0x1000000000000 / 1000);
	snapshot_release(snapshot);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_without_guests), cmocka_unit_test(test_one_guest),
		cmocka_unit_test(test_4096_guests),    cmocka_unit_test(test_from_anywhere),
		cmocka_unit_test(test_vm_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
