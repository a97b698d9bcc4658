/* SPDX-License-Identifier: MIT */
/* The MIB's objects: names, order over sparse tables, values, what may be written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "control.h"
#include "metric.h"
#include "mib_object.h"

#define SUB(...)                                                                                   \
	(const unsigned long[]){ __VA_ARGS__ },                                                    \
		sizeof((unsigned long[]){ __VA_ARGS__ }) / sizeof(long)

static struct snapshot *snapshot_of(size_t count, const uint32_t *domids)
{
	struct snapshot *snapshot = snapshot_new(count);

	assert_non_null(snapshot);
	for (size_t i = 0; i < count; i++) {
		snapshot->domain[i].domid = domids[i];
		snprintf(snapshot->domain[i].name, sizeof(snapshot->domain[i].name), "web%u",
			 domids[i]);
	}
	return snapshot;
}

static void set(struct snapshot *snapshot, uint32_t domid, enum domain_value which, uint64_t value)
{
	struct domain *domain = (struct domain *)(uintptr_t)snapshot_find(snapshot, domid);

	domain->value[which] = (struct reading){ READING_OK, value };
}

/* A walk from the root: each name must be above the one before; returns how many there were. */
static size_t walk(const struct mib_tree *tree, const struct mib_source *source)
{
	unsigned long name[MIB_PATH_MAX + 1] = { 0 }, next[MIB_PATH_MAX + 1];
	struct mib_instance instance, found;
	struct mib_value value;
	size_t len = 0, count = 0, next_len;

	while (mib_next(tree, source, name, len, &instance, &value)) {
		size_t i = 0;

		next_len = mib_name(&instance, next);
		while (i < len && i < next_len && name[i] == next[i])
			i++;
		assert_true(i < next_len && (i == len || name[i] < next[i]));
		assert_int_equal(mib_find(tree, source->snapshot, next, next_len, &found),
				 MIB_FOUND);
		assert_ptr_equal(found.object, instance.object);
		assert_ptr_equal(found.domain, instance.domain);
		memcpy(name, next, sizeof(name));
		len = next_len;
		count++;
	}
	return count;
}

static void test_each_metric_has_its_column(void **state)
{
	const struct mib_tree *tree = mib_tree_xenballoon();
	struct snapshot *snapshot = snapshot_of(1, (uint32_t[]){ 5 });
	struct mib_instance instance;

	(void)state;
	for (unsigned int i = 0; i < VALUE_COUNT; i++) {
		assert_int_equal(
			mib_find(tree, snapshot, SUB(1, 2, 1, metric_domain[i].mib, 5), &instance),
			MIB_FOUND);
		assert_int_equal(instance.object->which, i);
		assert_int_equal(instance.object->write != MIB_READ_ONLY,
				 metric_domain[i].writable);
	}
	for (unsigned int i = 0; i < HOST_VALUE_COUNT; i++)
		assert_int_equal(
			mib_find(tree, snapshot, SUB(1, 1, metric_host[i].mib, 0), &instance),
			MIB_FOUND);
	snapshot_release(snapshot);
}

static void test_find(void **state)
{
	const struct mib_tree *tree = mib_tree_xenballoon();
	struct snapshot *snapshot = snapshot_of(2, (uint32_t[]){ 3, 9 });
	struct mib_instance at;

	(void)state;
	assert_int_equal(mib_find(tree, snapshot, SUB(1, 2, 1, 2, 9), &at), MIB_FOUND);
	assert_int_equal(at.domain->domid, 9);
	assert_int_equal(mib_find(tree, snapshot, SUB(1, 2, 1, 2, 4), &at), MIB_NO_INSTANCE);
	assert_int_equal(mib_find(tree, snapshot, SUB(1, 2, 1, 2, 0), &at), MIB_NO_INSTANCE);
	assert_int_equal(mib_find(tree, snapshot, SUB(1, 2, 1, 2, 9, 0), &at), MIB_NO_INSTANCE);
	/* A sub-identifier has 32 bits; what is beyond must not come round again. */
	assert_int_equal(mib_find(tree, snapshot, SUB(1, 2, 1, 2, 0x100000003), &at),
			 MIB_NO_INSTANCE);
	assert_int_equal(mib_find(tree, snapshot, SUB(1, 2, 1, 1, 3), &at), MIB_NO_OBJECT);
	assert_int_equal(mib_find(tree, snapshot, SUB(1, 2, 1, 27, 3), &at), MIB_NO_OBJECT);
	assert_int_equal(mib_find(tree, snapshot, SUB(1, 1, 8), &at), MIB_NO_OBJECT);
	assert_int_equal(mib_find(tree, snapshot, SUB(1, 1, 8, 1), &at), MIB_NO_INSTANCE);
	snapshot_release(snapshot);
}

static void test_next_skips_what_is_absent(void **state)
{
	const struct mib_tree *tree = mib_tree_xenballoon();
	struct snapshot *snapshot = snapshot_of(4, (uint32_t[]){ 3, 9, 10, 4000 });
	const struct mib_source source = { .snapshot = snapshot, .now_ms = 1000000 };
	struct mib_instance at;
	struct mib_value value;

	(void)state;
	set(snapshot, 9, VALUE_TARGET, 100);
	set(snapshot, 4000, VALUE_TARGET, 200);
	assert_true(mib_next(tree, &source, SUB(1, 2, 1, 8), &at, &value));
	assert_int_equal(at.domain->domid, 9);
	assert_int_equal(value.number, 100);
	assert_true(mib_next(tree, &source, SUB(1, 2, 1, 8, 9, 77), &at, &value));
	assert_int_equal(at.domain->domid, 4000);
	/* Columns 9 to 23 have no value at all; 24 is what dom0 ordered, which may be nothing. */
	assert_true(mib_next(tree, &source, SUB(1, 2, 1, 8, 4000), &at, &value));
	assert_int_equal(at.domain->domid, 3);
	assert_string_equal(value.text, "");
	snprintf(snapshot->domain[1].policy, sizeof(snapshot->domain[1].policy), "committed");
	assert_true(mib_next(tree, &source, SUB(1, 2, 1, 24, 4000), &at, &value));
	assert_int_equal(at.domain->domid, 9);
	assert_string_equal(value.text, "committed");
	/* Nor is there a note. */
	assert_true(mib_next(tree, &source, SUB(1, 2, 1, 25, 9), &at, &value));
	assert_int_equal(at.object->index, MIB_SCALAR);
	assert_false(mib_next(tree, &source, SUB(1, 4, 99), &at, &value));
	assert_false(mib_next(tree, &source, SUB(2), &at, &value));
	snapshot_release(snapshot);
}

static void test_walk_is_in_order(void **state)
{
	uint32_t domids[300];
	struct snapshot *snapshot;
	size_t given = 0, without;

	(void)state;
	for (uint32_t i = 0; i < 300; i++)
		domids[i] = 1 + i * 7;
	snapshot = snapshot_of(0, NULL);
	without = walk(mib_tree_xenballoon(), &(struct mib_source){ .snapshot = snapshot });
	assert_int_equal(without,
			 5 + 6 + 2); /* xbHost without measured values, xbControl, xbNotify */
	snapshot_release(snapshot);
	snapshot = snapshot_of(300, domids);
	for (uint32_t i = 0; i < 300; i++) {
		for (unsigned int which = 0; which < VALUE_COUNT; which++) {
			if (which == VALUE_SELFBALLOON || (i * VALUE_COUNT + which) % 3)
				continue;
			set(snapshot, domids[i], which, i);
			given++;
		}
	}
	/* Six columns have a value in each row. */
	assert_int_equal(walk(mib_tree_xenballoon(), &(struct mib_source){ .snapshot = snapshot }),
			 without + 300 * 6 + given);
	assert_int_equal(walk(mib_tree_system(), &(struct mib_source){ .snapshot = snapshot }), 7);
	snapshot_release(snapshot);
}

static struct mib_value value_at(struct snapshot *snapshot, enum domain_value which, int64_t now)
{
	const struct mib_source source = { .snapshot = snapshot, .now_ms = now };
	struct mib_instance at;
	struct mib_value value = { .number = 0xdead };

	assert_int_equal(mib_find(mib_tree_xenballoon(), snapshot,
				  SUB(1, 2, 1, metric_domain[which].mib, 5), &at),
			 MIB_FOUND);
	if (!at.object->value(&at, &source, &value))
		value.syntax = MIB_OTHER;
	return value;
}

static void test_values(void **state)
{
	struct snapshot *snapshot = snapshot_of(1, (uint32_t[]){ 5 });
	static const struct {
		enum domain_value which;
		uint64_t measured;
		enum mib_syntax syntax;
		uint32_t shown;
	} cases[] = {
		{ VALUE_TARGET, 0, MIB_UNSIGNED, 0 },
		{ VALUE_TARGET, UINT32_MAX, MIB_UNSIGNED, UINT32_MAX },
		{ VALUE_CAP, UINT64_C(1) << 32, MIB_UNSIGNED, UINT32_MAX },
		{ VALUE_CAP, UINT64_MAX, MIB_UNSIGNED, UINT32_MAX },
		{ VALUE_PRESSURE, 1234, MIB_UNSIGNED, 1234 },
		{ VALUE_SELFBALLOON, 1, MIB_INTEGER, 1 },
		{ VALUE_SELFBALLOON, 0, MIB_INTEGER, 2 },
		{ VALUE_KEY_ERRORS, UINT64_C(0x100000007), MIB_COUNTER, 7 },
		{ VALUE_LAST_REPORT, 939001, MIB_UNSIGNED, 60 },
		{ VALUE_LAST_REPORT, 1000001, MIB_UNSIGNED, 0 }, /* it came while this was asked */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mib_value value;

		set(snapshot, 5, cases[i].which, cases[i].measured);
		value = value_at(snapshot, cases[i].which, 1000000);
		assert_int_equal(value.syntax, cases[i].syntax);
		assert_int_equal(value.number, cases[i].shown);
	}
	snapshot->domain[0].value[VALUE_TARGET] = (struct reading){ READING_BAD, 0 };
	assert_int_equal(value_at(snapshot, VALUE_TARGET, 1000000).syntax, MIB_OTHER);
	snapshot->domain[0].value[VALUE_SELFBALLOON] = (struct reading){ READING_BAD, 0 };
	assert_int_equal(value_at(snapshot, VALUE_SELFBALLOON, 1000000).syntax, MIB_OTHER);
	snapshot_release(snapshot);
}

static void test_text(void **state)
{
	static const struct {
		const char *bytes, *shown;
	} cases[] = {
		{ "", "" },
		{ "web-1", "web-1" },
		{ "caf\xc3\xa9", "caf\xc3\xa9" },
		{ "\xe2\x82\xac \xf0\x9f\x8e\x88", "\xe2\x82\xac \xf0\x9f\x8e\x88" },
		{ "a\\b", "a\\\\b" },
		{ "a\nb\x7f\x01", "a\\x0ab\\x7f\\x01" },
		{ "\xff\xfe", "\\xff\\xfe" },
		{ "\xc3", "\\xc3" },				/* cut short */
		{ "\xe2\x82", "\\xe2\\x82" },			/* cut short */
		{ "\xc0\xaf", "\\xc0\\xaf" },			/* overlong */
		{ "\xc2\x80", "\\xc2\\x80" },			/* a control character */
		{ "\xed\xa0\x80", "\\xed\\xa0\\x80" },		/* half a surrogate pair */
		{ "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80" }, /* beyond Unicode */
	};
	struct mib_value value;
	char longest[256];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		mib_set_text(&value, cases[i].bytes, strlen(cases[i].bytes));
		assert_string_equal(value.text, cases[i].shown);
		assert_int_equal(value.len, strlen(cases[i].shown));
	}
	mib_set_text(&value, "a\0b", 3);
	assert_string_equal(value.text, "a\\x00b");
	/* What doesn't fit is left out whole: 63 escapes and no more. */
	memset(longest, 0xff, sizeof(longest));
	mib_set_text(&value, longest, 255);
	assert_int_equal(value.len, 252);
	memset(longest, 'x', sizeof(longest));
	mib_set_text(&value, longest, 255);
	assert_int_equal(value.len, 255);
}

static void test_check_write(void **state)
{
	static const struct {
		enum mib_write write;
		enum mib_syntax syntax;
		int64_t value;
		enum mib_error error;
	} cases[] = {
		{ MIB_READ_ONLY, MIB_UNSIGNED, 1, MIB_NOT_WRITABLE },
		{ MIB_WRITE_TARGET, MIB_UNSIGNED, 4096, MIB_OK },
		{ MIB_WRITE_TARGET, MIB_UNSIGNED, UINT32_MAX, MIB_OK },
		{ MIB_WRITE_TARGET, MIB_INTEGER, 4096, MIB_WRONG_TYPE },
		{ MIB_WRITE_TARGET, MIB_OTHER, 0, MIB_WRONG_TYPE },
		{ MIB_WRITE_SELFBALLOON, MIB_INTEGER, 1, MIB_OK },
		{ MIB_WRITE_SELFBALLOON, MIB_INTEGER, 2, MIB_OK },
		{ MIB_WRITE_SELFBALLOON, MIB_INTEGER, 0, MIB_WRONG_VALUE },
		{ MIB_WRITE_SELFBALLOON, MIB_INTEGER, 3, MIB_WRONG_VALUE },
		{ MIB_WRITE_SELFBALLOON, MIB_UNSIGNED, 1, MIB_WRONG_TYPE },
		{ MIB_WRITE_POLICY, MIB_STRING, 0, MIB_OK },
		{ MIB_WRITE_POLICY, MIB_STRING, 255, MIB_OK },
		{ MIB_WRITE_POLICY, MIB_STRING, 256, MIB_WRONG_LENGTH },
		{ MIB_WRITE_POLICY, MIB_STRING, -1, MIB_WRONG_VALUE },
		{ MIB_WRITE_POLICY, MIB_INTEGER, 1, MIB_WRONG_TYPE },
		{ MIB_WRITE_LOCK, MIB_INTEGER, 0, MIB_OK },
		{ MIB_WRITE_LOCK, MIB_INTEGER, INT32_MAX, MIB_OK },
		{ MIB_WRITE_LOCK, MIB_INTEGER, -1, MIB_WRONG_VALUE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(mib_check_write(cases[i].write, cases[i].syntax, cases[i].value),
				 cases[i].error);
}

static void test_results_have_snmp_errors(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < RESULT_COUNT; i++)
		assert_int_equal(control_results[i].snmp_error == MIB_OK,
				 i == RESULT_OK || i == RESULT_CHECKED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_metric_has_its_column),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_next_skips_what_is_absent),
		cmocka_unit_test(test_walk_is_in_order),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_check_write),
		cmocka_unit_test(test_results_have_snmp_errors),
	};

	return cmocka_run_group_tests_name("mib", tests, NULL, NULL);
}
