/* SPDX-License-Identifier: MIT */
/*
 * guest.conf and memory/policy, in which dom0 says the same in one line; and that no such settings
 * lead a guest below its floor. The first byte says which of the two it is.
 */
#include <stdlib.h>
#include <string.h>

#include "contract.h"
#include "fuzz.h"
#include "settings.h"

static void in_range(const struct settings *settings)
{
	const struct policy_knobs *knobs = &settings->knobs;
	char floor[24];

	MUST(settings->policy == policy_find(settings->policy->name));
	MUST(knobs->interval_s >= 1 && knobs->interval_s <= 3600);
	MUST(knobs->reserve_percent <= 100);
	MUST(knobs->headroom_percent <= 50 || knobs->headroom_percent == POLICY_UNSET);
	MUST(knobs->hysteresis_down >= 1 && knobs->hysteresis_up >= 1 && knobs->pressure_ms >= 1);
	MUST((knobs->probe_percent >= 1 && knobs->probe_percent <= 50) ||
	     knobs->probe_percent == POLICY_UNSET);
	MUST(knobs->floor_kib <= CONTRACT_KIB_MAX);
	MUST((knobs->floor_rule == FLOOR_FIXED) == (knobs->floor_kib > 0));
	settings_floor_name(knobs, floor, sizeof(floor));
	fuzz_sentence(floor, sizeof(floor), true);
}

/* A size up to 1 TiB: what a kernel says of itself, not a guest's word. */
static uint64_t size_kib(struct fuzz_input *input)
{
	return fuzz_number(input) >> 34 & ~(uint64_t)(POLICY_PAGE_KIB - 1);
}

static void decides(const struct settings *settings, struct fuzz_input *input)
{
	struct view view = { .max_kib = size_kib(input) };
	struct decision decision;
	uint64_t lowered;

	view.current_kib = size_kib(input) % (view.max_kib + 1);
	view.gap_kib = size_kib(input) % (view.current_kib + 1);
	view.committed_kib = size_kib(input);
	view.available_kib = size_kib(input) % (view.current_kib + 1);
	view.reserve_kib = size_kib(input) % (view.current_kib + 1);
	view.free_kib = size_kib(input) % (view.current_kib + 1);
	view.hugetlb_kib = size_kib(input) % (view.current_kib + 1);
	view.swap_kib = size_kib(input);
	view.hot_kib = size_kib(input);
	view.burst_kib = size_kib(input) % (view.max_kib + 1);
	view.hurt_kib = size_kib(input);
	view.overcommit = (struct overcommit){ fuzz_byte(input) % 4, fuzz_byte(input),
					       fuzz_byte(input) % 8 == 0 };
	view.steal_kib = fuzz_byte(input) % 2;
	view.stall_us = fuzz_byte(input) * 1000u;
	view.holds = fuzz_byte(input) % 8;
	policy_decide(settings->policy, &settings->knobs, &view, &decision);
	MUST(decision.floor_kib <= view.max_kib);
	MUST(decision.target_kib >= decision.floor_kib && decision.target_kib <= view.max_kib);
	MUST(decision.goal_kib >= decision.floor_kib && decision.goal_kib <= view.max_kib);
	MUST(!view.holds || decision.target_kib >= view.current_kib);
	lowered = policy_lowered(settings->policy, &view, &settings->knobs, 0);
	MUST(lowered >= decision.minimum_kib && lowered <= view.max_kib);
}

static bool file(struct settings *settings, struct fuzz_input *input)
{
	char *text = malloc(input->left + !input->left), error[256] = "";
	bool good;

	MUST(text);
	if (input->left)
		memcpy(text, input->at, input->left);
	good = settings_parse(settings, "guest.conf", text, input->left, error, sizeof(error));
	if (!good) {
		fuzz_sentence(error, sizeof(error), true);
		MUST(strncmp(error, "guest.conf:", 11) == 0);
	}
	free(text);
	return good;
}

static bool word(struct settings *settings, struct fuzz_input *input)
{
	struct settings before = *settings;
	char *text = fuzz_string(input), error[256] = "";
	bool good = settings_obey(settings, text, error, sizeof(error));

	if (!good) {
		fuzz_sentence(error, sizeof(error), true);
		MUST(memcmp(settings, &before, sizeof(before)) == 0);
	}
	MUST(!good || strlen(text) <= CONTRACT_POLICY_MAX);
	free(text);
	return good;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = { data, size }, view = input;
	struct settings settings;

	settings_default(&settings);
	in_range(&settings);
	if (fuzz_byte(&input) % 2 ? word(&settings, &input) : file(&settings, &input)) {
		in_range(&settings);
		decides(&settings, &view);
	}
	return 0;
}
