/* SPDX-License-Identifier: MIT */
/*
 * A script: which guests there are, and what they do when. Its format stands in script_help().
 */
#ifndef XENBED_SCRIPT_H
#define XENBED_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "spec.h"
#include "workload.h"

struct script_event {
	int64_t at_ms; /* after all guests are up */
	char name[SPEC_NAME_MAX];
	struct workload workload;
};

struct script {
	struct guest_spec *guests;
	size_t guest_count;
	struct script_event *events; /* in the order of their times */
	size_t event_count;
	int64_t repeat_ms; /* the events start over; 0: once */
	size_t next;	   /* event to come */
	int64_t start_ms;  /* of this round; 0: not started */
};

/* Reads a file. defaults: what a guest is where it isn't said. False: error says where and what. */
bool script_load(struct script *script, const char *path, const struct guest_spec *defaults,
		 char *error, size_t size);
void script_free(struct script *script);
/* Starts the clock. */
void script_start(struct script *script, int64_t now_ms);
/* Gives each event that is due to apply(). */
void script_run(struct script *script, int64_t now_ms,
		void (*apply)(const struct script_event *event, int64_t now_ms));
/* The format, for help. */
const char *script_help(void);

#endif
