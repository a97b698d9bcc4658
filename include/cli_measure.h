/* SPDX-License-Identifier: MIT */
/*
 * What `check` measures of a host, and from where on it is bad.
 */
#ifndef XENBALLOON_CLI_MEASURE_H
#define XENBALLOON_CLI_MEASURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "cli_range.h"

#define MEASURE_COUNT 12

struct guest;
struct guests;
struct json_t;

/* In KiB, seconds, guests, percent. */
enum measure_unit { UNIT_SIZE, UNIT_SECONDS, UNIT_GUESTS, UNIT_PERCENT };

struct measure {
	const char *name;
	enum measure_unit unit;
	const char *field;     /* of /api/v1/host; NULL: guests in the state of this name, or
				  the highest pressure of any */
	const char *words;     /* what it is, after the value */
	const char *limits[2]; /* by default, to warn and critical: a range, NULL for none, or... */
	const char *says[2];   /* ...the field of /api/v1/host with what must be left at least */
};

extern const struct measure measures[MEASURE_COUNT];

/* Which of a measure's two thresholds. */
enum measure_limit { LIMIT_WARNING, LIMIT_CRITICAL, LIMIT_COUNT };

struct thresholds {
	struct range range[MEASURE_COUNT][LIMIT_COUNT];
	bool by_host[MEASURE_COUNT][LIMIT_COUNT]; /* `says`, as nobody said otherwise */
};

/*
 * The default ones, and over them NAME=RANGE,... as given or NULL. False, said on standard error:
 * what is wrong with a list.
 */
bool measure_thresholds(struct thresholds *thresholds, const char *const given[LIMIT_COUNT]);

/* This one for a host, whose answer to /api/v1/host may have a say. */
struct range measure_range(const struct thresholds *thresholds, size_t measure,
			   enum measure_limit limit, const struct json_t *host);

/* False: that host does not know it. */
bool measure_value(const struct measure *measure, const struct guests *guests, size_t host,
		   double *value);

/* Whether this guest is one that the measure counts, or why the range alerts. */
bool measure_names(const struct measure *measure, const struct range *range,
		   const struct guest *guest);

/* "18 MiB free", "2 guests stuck". */
void measure_say(const struct measure *measure, double value, FILE *to);

/* "below 32M": why the range, of percent of `whole` perhaps, alerts on the value. */
void measure_reason(const struct measure *measure, const struct range *range, double whole,
		    double value, FILE *to);

/* "32M:", or "off". */
void measure_range_say(const struct measure *measure, const struct range *range, FILE *to);

/* "'free'=18874368B;33554432:;;0", the ranges not in percent. */
void measure_data(const struct measure *measure, const char *label, double value,
		  const struct range range[LIMIT_COUNT], FILE *to);

#endif
