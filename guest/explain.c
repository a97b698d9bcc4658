/* SPDX-License-Identifier: MIT */
/*
 * The sub-command explain: why the guest has this size, with the numbers that the policy and its
 * rules work with. Called by main.
 */
#include <inttypes.h>
#include <stdio.h>

#include "operate.h"
#include "picture.h"
#include "pulse.h"

static double mib(uint64_t kib)
{
	return (double)kib / 1024;
}

static void print_memory(const struct picture *picture)
{
	const struct view *view = &picture->sample.view;

	printf("It has %.1f MiB of the %.1f it booted for. %.1f of them are never part of "
	       "MemTotal;\nof the others %.1f are available.\n\n",
	       mib(view->current_kib), mib(view->max_kib), mib(view->gap_kib),
	       mib(view->available_kib));
}

static void print_source(const struct picture *picture)
{
	const char *why = "";

	if (picture->word[0])
		why = picture->word_obeyed ? ", as dom0 says in memory/policy"
					   : "; memory/policy of dom0 makes no sense";
	printf("Policy %s%s:\n", picture->settings.policy->name, why);
}

static void print_terms(const struct picture *picture)
{
	const struct settings *settings = &picture->settings;
	const struct view *view = &picture->sample.view;
	struct term terms[POLICY_TERMS] = { { NULL, 0 } };
	const char *sign = " ";

	settings->policy->terms(view, &settings->knobs, terms);
	for (size_t i = 0; i < POLICY_TERMS && terms[i].what; i++) {
		printf("  %s %8.1f MiB  %s\n", sign, mib(terms[i].kib), terms[i].what);
		sign = "+";
	}
	printf("  = %8.1f MiB  which makes %.1f between floor and full size\n\n",
	       mib(policy_sum_kib(settings->policy, view, &settings->knobs)),
	       mib(picture->decision.goal_kib));
}

static void print_floors(const struct picture *picture)
{
	const struct policy_knobs *knobs = &picture->settings.knobs;
	const struct view *view = &picture->sample.view;
	uint64_t headroom = policy_headroom_kib(picture->settings.policy, view, knobs);
	struct term floors[POLICY_FLOORS];
	char name[24];

	settings_floor_name(knobs, name, sizeof(name));
	printf("Never below %.1f MiB, the largest of\n", mib(picture->decision.floor_kib));
	printf("    %8.1f MiB  in use, with %.1f kept available\n",
	       mib(policy_used_kib(view) + headroom), mib(headroom));
	policy_floors(view, knobs, floors);
	for (size_t i = 0; i < POLICY_FLOORS; i++)
		if (floors[i].kib)
			printf("    %8.1f MiB  %s%s%s%s\n", mib(floors[i].kib), floors[i].what,
			       i ? "" : " (", i ? "" : name, i ? "" : ")");
}

static void print_rules(const struct picture *picture)
{
	const struct sample *sample = &picture->sample;
	const struct policy_knobs *knobs = &picture->settings.knobs;
	char holds[160];

	pulse_holds(sample->view.holds, holds, sizeof(holds));
	printf("A step down takes at most %.1f MiB now, half of what is available, and comes every "
	       "%u s.\n",
	       mib(sample->view.available_kib / 2), knobs->interval_s);
	if (sample->psi.state == READING_OK)
		printf("Tasks waited for memory %.2f %% of the last 10 s; more than %u ms between "
		       "two steps ends\nshrinking and takes the last step back.\n",
		       (double)sample->psi.value / 100, knobs->pressure_ms);
	else
		printf("This kernel says nothing of pressure (PSI).\n");
	if (holds[0])
		printf("It doesn't shrink now: %s.\n", holds);
	if (sample->meminfo.swaptotal_kib.state == READING_OK &&
	    sample->meminfo.swaptotal_kib.value == 0)
		printf("It has no swap: what it needs faster than it can grow gets a process "
		       "killed.\n");
}

static void print_step(const struct picture *picture)
{
	const struct decision *decision = &picture->decision;
	uint64_t current = picture->sample.view.current_kib;
	struct reading on = picture->keys[KEY_SELFBALLOON];
	const char *would = on.state == READING_OK && on.value == 1
				    ? "Its next step"
				    : "Selfballooning is off. On, its next step would be";

	if (decision->target_kib < current)
		printf("%s: down by %.1f MiB to %.1f.\n", would,
		       mib(current - decision->target_kib), mib(decision->target_kib));
	else if (decision->target_kib > current)
		printf("%s: up by %.1f MiB to %.1f.\n", would, mib(decision->target_kib - current),
		       mib(decision->target_kib));
	else
		printf("%s: none.\n", would);
}

int operate_explain(const struct places *places)
{
	static struct picture picture;

	if (picture_take(places, &picture) != 0)
		return 1;
	if (picture_driver(&picture, stdout) && !picture.sample.sized)
		return 0;
	print_memory(&picture);
	print_source(&picture);
	print_terms(&picture);
	print_floors(&picture);
	print_rules(&picture);
	print_step(&picture);
	return 0;
}
