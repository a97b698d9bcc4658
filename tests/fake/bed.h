/* SPDX-License-Identifier: MIT */
/*
 * The host that the bed plays: its options, its files and its guests. Guests are touched on the
 * loop's thread alone; other threads reach them by loop_call().
 */
#ifndef XENBED_BED_H
#define XENBED_BED_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "spec.h"
#include "state.h"
#include "unit.h"

#define BED_GUESTS_MAX	  4096
#define BED_DAEMONS_MAX	  64
#define BED_TICK_MS	  50
#define BED_PATH_MAX	  4096
#define BED_SOCKET_MAX	  108 /* sun_path */
#define BED_SLACK_KIB	  (16 * 1024)
#define BED_GUEST_MIN_KIB (32 * 1024)

struct guest;

struct bed_options {
	const char *dir;
	const char *xenstored;
	const char *daemon; /* NULL: none */
	const char *unit;   /* NULL: daemons have the bed's own privileges */
	const char *script; /* NULL: none */
	unsigned int guests;
	bool guests_given;
	unsigned int daemons;
	uint64_t host_kib;
	uint64_t dom0_kib;
	struct guest_spec guest; /* what a guest is when nothing else is said */
	uint32_t seed;
	bool trace;
	bool die_with_parent;
};

struct bed {
	struct bed_options options;
	char dir[BED_PATH_MAX];	      /* absolute */
	char sockets[BED_SOCKET_MAX]; /* short: dir/run, or what dir/run links to */
	char library[BED_PATH_MAX];   /* libfakexen.so */
	struct unit unit;	      /* what daemons are left of root's privileges */
	struct state_map state;
	pid_t xenstored;	   /* 0: not running */
	unsigned int store_starts; /* how often it was started */
	pthread_mutex_t toolstack; /* one xl at a time */
	struct guest *guests[BED_GUESTS_MAX];
	unsigned int guest_count;
	unsigned int daemon_count; /* guests given a real daemon so far, and still there */
	struct guest *by_domid[STATE_DOMAINS];
	int64_t start_ms;
};

/* main.c: what everybody works on. */
extern struct bed bed;

#endif
