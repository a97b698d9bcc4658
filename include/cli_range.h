/* SPDX-License-Identifier: MIT */
/*
 * Thresholds as the Monitoring Plugins' guidelines write them: "10", "10:", "~:10", "10:20" and
 * "@10:20".
 */
#ifndef XENBALLOON_CLI_RANGE_H
#define XENBALLOON_CLI_RANGE_H

#include <stdbool.h>

#define RANGE_TEXT 64

/* What one alerts on; zeroed: on nothing. */
struct range {
	bool set;
	bool inside;	  /* on low to high, both included; else on what is beyond them */
	bool percent;	  /* low and high are percent of a whole */
	double low, high; /* -INFINITY, INFINITY: no end */
};

/* Reads one end, without its sign or a '%'. */
typedef bool range_number(const char *text, double *number);

/* A plain number of up to nine digits and three decimals. */
bool range_plain(const char *text, double *number);

/*
 * Reads "[@][LOW:][HIGH]", where LOW may be "~" and is 0 if it isn't there. An end with '%' is a
 * plain number; then both are percent. False: it is no range, or it ends below where it begins.
 */
bool range_parse(const char *text, range_number *read, struct range *range);

/* The same in numbers, where it is percent of this whole. */
struct range range_of(const struct range *range, double whole);

bool range_alerts(const struct range *range, double value);

/* Writes one end. */
typedef void range_writer(char text[RANGE_TEXT], double number);

/* A number without exponent, whatever the locale: "12", "0.25". */
void range_digits(char text[RANGE_TEXT], double number);

/* As range_parse() reads it; "" for one that is not set. */
void range_text(char text[3 * RANGE_TEXT], const struct range *range, range_writer *write);

/*
 * Which end a value that it alerts on is beyond, for people: "below 32M", "above 3", "within 10 to
 * 20". `whole` is what it may be percent of.
 */
void range_reason(char text[3 * RANGE_TEXT], const struct range *range, double whole, double value,
		  range_writer *write);

#endif
