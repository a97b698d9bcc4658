/* SPDX-License-Identifier: MIT */
/*
 * The snapshot as Prometheus text 0.0.4 or OpenMetrics 1.0.0.
 */
#ifndef XENBALLOON_PROMETHEUS_H
#define XENBALLOON_PROMETHEUS_H

#include <stdbool.h>
#include <stddef.h>

#include "snapshot.h"

enum prometheus_format { PROMETHEUS_TEXT, PROMETHEUS_OPENMETRICS };

/* The Content-Type of a format. */
const char *prometheus_content_type(enum prometheus_format format);

/* The format that an Accept header (may be NULL) asks for. */
enum prometheus_format prometheus_negotiate(const char *accept);

/* Renders everything; *text is to be given to free(). 0 or -ENOMEM. */
int prometheus_render(const struct snapshot *snapshot, enum prometheus_format format, char **text,
		      size_t *len);

#endif
