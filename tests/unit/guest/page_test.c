/* SPDX-License-Identifier: MIT */
/*
 * Pages larger than 4 KiB, as arm64 kernels have them: whatever the policy, targets are whole ones.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "settings.h"

#define MIB(n) ((uint64_t)(n) * 1024)

/* Sizes of which none is a multiple of more than 4 KiB. */
static struct view odd(unsigned int page_kib)
{
	return (struct view){
		.current_kib = MIB(512),
		.max_kib = MIB(512),
		.gap_kib = MIB(56) + 4,
		.committed_kib = MIB(40) + 12,
		.available_kib = MIB(400) + 4,
		.reserve_kib = MIB(8) + 20,
		.page_kib = page_kib,
	};
}

static void results_are_whole_pages_of_the_kernel(void **state)
{
	struct settings settings;
	static const unsigned int pages[] = { 4, 16, 64 };

	(void)state;
	settings_default(&settings);
	for (size_t i = 0; i < policy_count * 3; i++) {
		struct view view = odd(pages[i % 3]);
		struct decision decision;
		unsigned int page = view.page_kib;

		for (unsigned int step = 0; step < 100; step++) {
			policy_decide(policies[i / 3], &settings.knobs, &view, &decision);
			assert_int_equal(decision.target_kib % page, 0);
			assert_int_equal(decision.goal_kib % page, 0);
			assert_int_equal(decision.floor_kib % page, 0);
			assert_int_equal(
				policy_lowered(policies[i / 3], &view, &settings.knobs, 100001) %
					page,
				0);
			view.available_kib -= view.current_kib - decision.target_kib;
			view.current_kib = decision.target_kib;
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(results_are_whole_pages_of_the_kernel),
	};

	return cmocka_run_group_tests_name("page", tests, NULL, NULL);
}
