/* SPDX-License-Identifier: MIT */
/*
 * When a report is due.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "report.h"

static void due(void **state)
{
	struct report posted = { .orders = 1,
				 .actual_kib = 100000,
				 .minimum_kib = 50000,
				 .selftarget_kib = { READING_OK, 80000 } };
	struct report latest = posted;

	(void)state;
	assert_false(report_due(&posted, &latest, REPORT_LIFE_MS - 1));
	assert_true(report_due(&posted, &latest, REPORT_LIFE_MS));
	latest.actual_kib = 100999;
	assert_false(report_due(&posted, &latest, 5000));
	latest.actual_kib = 101000;
	assert_true(report_due(&posted, &latest, 5000));
	assert_false(report_due(&posted, &latest, REPORT_PAUSE_MS - 1));
	latest = posted;
	latest.minimum_kib = 49500;
	assert_true(report_due(&posted, &latest, 5000));
	latest = posted;
	latest.selftarget_kib = (struct reading){ READING_ABSENT, 0 };
	assert_true(report_due(&posted, &latest, 5000));
	latest = posted;
	latest.stats.driver = (struct reading){ READING_OK, DRIVER_EPERM };
	assert_true(report_due(&posted, &latest, 5000));
	latest = posted;
	strcpy(latest.stats.settings, "floor=96MiB");
	assert_true(report_due(&posted, &latest, 5000));
	latest = posted;
	strcpy(latest.stats.refuses, "floor");
	assert_true(report_due(&posted, &latest, 5000));
	latest = posted;
	latest.orders = 2;
	assert_true(report_due(&posted, &latest, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(due),
	};

	return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
