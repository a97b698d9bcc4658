/* SPDX-License-Identifier: MIT */
/*
 * The workloads. Knows nothing of what a guest has.
 */
#include "workload.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MIB_MAX 1048576.0

/* How fast programs touch memory: a usual one, and one that does nothing else. */
#define SPEED	  64
#define SPEED_HOG 512

static double idle(const double *arg, double seconds, uint32_t jitter)
{
	(void)arg, (void)seconds, (void)jitter;
	return 0;
}

static double steady(const double *arg, double seconds, uint32_t jitter)
{
	(void)seconds, (void)jitter;
	return arg[0];
}

static double ramp(const double *arg, double seconds, uint32_t jitter)
{
	(void)jitter;
	if (seconds >= arg[2])
		return arg[1];
	return arg[0] + (arg[1] - arg[0]) * seconds / arg[2];
}

/* Base for a good half of the period, then up, hold, and down again. */
static double burst(const double *arg, double seconds, uint32_t jitter)
{
	double phase = fmod(seconds / arg[2] + (jitter % 1000) / 1000.0, 1.0);
	double height = 0;

	if (phase >= 0.55 && phase < 0.65)
		height = (phase - 0.55) / 0.10;
	else if (phase >= 0.65 && phase < 0.90)
		height = 1;
	else if (phase >= 0.90)
		height = (1.0 - phase) / 0.10;
	return arg[0] + (arg[1] - arg[0]) * height;
}

#define WANTS(field) offsetof(struct workload_wants, field)

static const struct kind {
	const char *name;
	const char *args;
	const char *help;
	size_t count;
	uint64_t speed;
	size_t wants; /* which of them it is, in MiB */
	double (*mib)(const double *arg, double seconds, uint32_t jitter);
} kinds[] = {
	{ "idle", "", "services that sleep", 0, SPEED, WANTS(anon_kib), idle },
	{ "steady", "MIB", "holds that much", 1, SPEED, WANTS(anon_kib), steady },
	{ "ramp", "FROM TO SECONDS", "goes from one size to the other", 3, SPEED, WANTS(anon_kib),
	  ramp },
	{ "burst", "BASE PEAK PERIOD", "up and down again and again", 3, SPEED, WANTS(anon_kib),
	  burst },
	{ "hog", "MIB", "takes all of it as fast as it can", 1, SPEED_HOG, WANTS(anon_kib),
	  steady },
	{ "reserve", "MIB", "reserves that by one request, and touches none", 1, SPEED,
	  WANTS(reserved_kib), steady },
	{ "hugetlb", "MIB", "keeps a pool of huge pages", 1, SPEED, WANTS(hugetlb_kib), steady },
	{ "arc", "MIB", "a cache like that of ZFS: counted as used, given back when all else fails",
	  1, SPEED, WANTS(arc_kib), steady },
	{ "locked", "MIB", "locks files in memory", 1, SPEED, WANTS(locked_kib), steady },
	{ "reader", "MIB MIB/S", "reads files again and again, from a disk so fast", 2, SPEED,
	  WANTS(hot_kib), steady },
	{ "container", "MIB", "has that limit, and reads files that don't fit", 1, SPEED,
	  WANTS(container_kib), steady },
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static bool parse_number(const char *word, double *value)
{
	char *end;

	*value = strtod(word, &end);
	return end != word && *end == '\0' && isfinite(*value) && *value >= 0 && *value <= MIB_MAX;
}

static bool no_kind(const char *word, char *error, size_t size)
{
	int n = snprintf(error, size, "no workload \"%s\": say", word);

	for (size_t i = 0; i < KINDS && n < (int)size; i++)
		n += snprintf(error + n, size - (size_t)n, "%s %s",
			      i == 0	       ? ""
			      : i + 1 == KINDS ? " or"
					       : ",",
			      kinds[i].name);
	return false;
}

static bool parse_part(struct workload_part *part, char *const *words, size_t count, char *error,
		       size_t size)
{
	const struct kind *kind = kinds;

	while (count > 0 && kind < kinds + KINDS && strcmp(kind->name, words[0]) != 0)
		kind++;
	if (count == 0 || kind == kinds + KINDS)
		return no_kind(count > 0 ? words[0] : "", error, size);
	*part = (struct workload_part){ .kind = (size_t)(kind - kinds) };
	for (size_t i = 0; i < kind->count; i++) {
		if (count != kind->count + 1 || !parse_number(words[i + 1], &part->arg[i])) {
			snprintf(error, size, "say: %s %s", kind->name, kind->args);
			return false;
		}
	}
	if (kind->count == 3 && part->arg[2] < 0.1) {
		snprintf(error, size, "%s lasts at least 0.1 seconds", kind->name);
		return false;
	}
	return true;
}

bool workload_parse(struct workload *workload, char *const *words, size_t count, char *error,
		    size_t size)
{
	*workload = (struct workload){ .count = 0 };
	do {
		size_t n = 0;

		while (n < count && strcmp(words[n], "+") != 0)
			n++;
		if (workload->count == WORKLOAD_PARTS) {
			snprintf(error, size, "%d workloads at a time are the most",
				 WORKLOAD_PARTS);
			return false;
		}
		if (!parse_part(&workload->parts[workload->count++], words, n, error, size))
			return false;
		words += n;
		count -= n;
		if (count == 0)
			return true;
		words++;
		count--;
	} while (true);
}

void workload_wants(const struct workload *workload, int64_t now_ms, struct workload_wants *wants)
{
	double seconds = (double)(now_ms - workload->start_ms) / 1000;

	*wants = (struct workload_wants){ .anon_kib = WORKLOAD_IDLE_KIB, .speed = SPEED };
	for (size_t i = 0; i < workload->count; i++) {
		const struct workload_part *part = &workload->parts[i];
		const struct kind *kind = &kinds[part->kind];
		double mib = kind->mib(part->arg, seconds < 0 ? 0 : seconds, workload->jitter);
		uint64_t *kib = (uint64_t *)((char *)wants + kind->wants);

		*kib += (uint64_t)(mib * 1024);
		if (kind->speed > wants->speed)
			wants->speed = kind->speed;
		if (kind->wants == WANTS(hot_kib))
			wants->read_speed += (uint64_t)(part->arg[1] * 1.024);
	}
}

void workload_describe(const struct workload *workload, char *text, size_t size)
{
	int n = snprintf(text, size, "%s", workload->count == 0 ? "idle" : "");

	for (size_t i = 0; i < workload->count && n < (int)size; i++) {
		const struct workload_part *part = &workload->parts[i];

		n += snprintf(text + n, size - (size_t)n, "%s%s", i > 0 ? " + " : "",
			      kinds[part->kind].name);
		for (size_t k = 0; k < kinds[part->kind].count && n < (int)size; k++)
			n += snprintf(text + n, size - (size_t)n, " %g", part->arg[k]);
	}
}

void workload_help(char *text, size_t size)
{
	int n = 0;

	for (size_t i = 0; i < KINDS && n < (int)size; i++)
		n += snprintf(text + n, size - (size_t)n, "  %-9s %-16s %s\n", kinds[i].name,
			      kinds[i].args, kinds[i].help);
}
