/* SPDX-License-Identifier: MIT */
/*
 * How the two Prometheus formats are written: the head of a metric family, and its samples. The
 * names are those of the text format, "xenballoon_x_total"; OpenMetrics' own rules are applied
 * here.
 */
#ifndef XENBALLOON_PROMETHEUS_TEXT_H
#define XENBALLOON_PROMETHEUS_TEXT_H

#include "prometheus.h"
#include "text.h"

#define PROMETHEUS_PREFIX "xenballoon_"

enum prometheus_type { PROMETHEUS_GAUGE, PROMETHEUS_COUNTER, PROMETHEUS_INFO };

struct prometheus_family {
	const char *name; /* whole, as its samples bear it */
	enum prometheus_type type;
	const char *help; /* one sentence */
};

/* HELP, TYPE and, where OpenMetrics has it, UNIT. */
void prometheus_head(struct text *text, enum prometheus_format format,
		     const struct prometheus_family *family);

/* A value with three decimals, from thousandths; and the newline that ends a sample. */
void prometheus_milli(struct text *text, uint64_t thousandths);

/* One sample without labels: a whole number; thousandths. Nothing unless the reading is good. */
void prometheus_whole(struct text *text, const char *name, struct reading reading);
void prometheus_thousandth(struct text *text, const char *name, struct reading reading);

/* The agent's own families: control, audit, health, build, process. */
void prometheus_agent(struct text *text, enum prometheus_format format,
		      const struct snapshot *snapshot);

#endif
