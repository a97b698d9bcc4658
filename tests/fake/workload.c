/* SPDX-License-Identifier: MIT */
/*
 * The five workloads. Knows nothing of what a guest has; called by the played kernel, by the script
 * and by the `workload` command.
 */
#include "workload.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MIB_MAX 1048576.0

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

/* All of it at once. */
static double hog(const double *arg, double seconds, uint32_t jitter)
{
	(void)seconds, (void)jitter;
	return arg[0];
}

static const struct kind {
	const char *name;
	const char *args;
	const char *help;
	size_t count;
	uint64_t speed; /* KiB per millisecond */
	double (*mib)(const double *arg, double seconds, uint32_t jitter);
} kinds[WORKLOAD_KINDS] = {
	[WORKLOAD_IDLE] = { "idle", "", "services that sleep", 0, 64, idle },
	[WORKLOAD_STEADY] = { "steady", "MIB", "holds that much", 1, 64, steady },
	[WORKLOAD_RAMP] = { "ramp", "FROM TO SECONDS", "goes from one size to the other", 3, 64,
			    ramp },
	[WORKLOAD_BURST] = { "burst", "BASE PEAK PERIOD", "up and down again and again", 3, 64,
			     burst },
	[WORKLOAD_HOG] = { "hog", "MIB", "takes all of it as fast as it can", 1, 512, hog },
};

static bool parse_number(const char *word, double *value)
{
	char *end;

	*value = strtod(word, &end);
	return end != word && *end == '\0' && isfinite(*value) && *value >= 0 && *value <= MIB_MAX;
}

bool workload_parse(struct workload *workload, char *const *words, size_t count, char *error,
		    size_t size)
{
	const struct kind *kind = kinds;

	while (count > 0 && kind < kinds + WORKLOAD_KINDS && strcmp(kind->name, words[0]) != 0)
		kind++;
	if (count == 0 || kind == kinds + WORKLOAD_KINDS) {
		snprintf(error, size, "no workload \"%s\": say idle, steady, ramp, burst or hog",
			 count > 0 ? words[0] : "");
		return false;
	}
	*workload = (struct workload){ .kind = (enum workload_kind)(kind - kinds) };
	for (size_t i = 0; i < kind->count; i++) {
		if (count != kind->count + 1 || !parse_number(words[i + 1], &workload->arg[i])) {
			snprintf(error, size, "say: %s %s", kind->name, kind->args);
			return false;
		}
	}
	if (kind->count == 3 && workload->arg[2] < 0.1) {
		snprintf(error, size, "%s lasts at least 0.1 seconds", kind->name);
		return false;
	}
	return true;
}

uint64_t workload_demand_kib(const struct workload *workload, int64_t now_ms)
{
	double seconds = (double)(now_ms - workload->start_ms) / 1000;
	double mib = kinds[workload->kind].mib(workload->arg, seconds < 0 ? 0 : seconds,
					       workload->jitter);

	return WORKLOAD_IDLE_KIB + (uint64_t)(mib * 1024);
}

uint64_t workload_speed(const struct workload *workload)
{
	return kinds[workload->kind].speed;
}

void workload_describe(const struct workload *workload, char *text, size_t size)
{
	const struct kind *kind = &kinds[workload->kind];
	int n = snprintf(text, size, "%s", kind->name);

	for (size_t i = 0; i < kind->count && n < (int)size; i++)
		n += snprintf(text + n, size - (size_t)n, " %g", workload->arg[i]);
}

void workload_help(char *text, size_t size)
{
	int n = 0;

	for (size_t i = 0; i < WORKLOAD_KINDS && n < (int)size; i++)
		n += snprintf(text + n, size - (size_t)n, "  %-6s %-16s %s\n", kinds[i].name,
			      kinds[i].args, kinds[i].help);
}
