/* SPDX-License-Identifier: MIT */
/*
 * One played guest: its kernel, its balloon driver, its xenstore, its work, and who reports for it.
 * Loop thread only.
 */
#ifndef XENBED_GUEST_H
#define XENBED_GUEST_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "balloon.h"
#include "kernel.h"
#include "spec.h"
#include "workload.h"

#define GUEST_DRIVER_FILES 16

struct bridge;
struct guestfs;
struct poster;

struct guest {
	struct guest_spec spec; /* with uuid and domid as they are */
	struct bridge *bridge;
	struct balloon balloon;
	struct kernel kernel;
	struct workload workload;
	struct guestfs *fs;    /* NULL for a poster: nobody looks */
	struct poster *poster; /* NULL: it has a daemon, or is silent */
	bool has_daemon;       /* counted against --daemons */
	pid_t daemon;	       /* 0: not running */
	unsigned int turn;     /* which tick is its */
	int64_t boot_ms;
	int64_t last_step_ms;
	uint64_t target_key_kib;		 /* what memory/target last said */
	uint64_t target_writes;			 /* of its processes, that the driver took */
	uint64_t refused_writes;		 /* and those that it refused */
	mode_t driver_modes[GUEST_DRIVER_FILES]; /* by chmod; 0: as the driver made it */
	bool crashed;
};

/* Boots a domain that the toolstack has built. 0 or a negative errno. */
int guest_start(const struct guest_spec *spec, const struct workload *workload);
/* Its domain is gone: frees it, ends its daemon. */
void guest_stop(struct guest *guest);
/* By name or domid; NULL if there is none. */
struct guest *guest_find(const char *name);

/* The real daemon: -EALREADY, -ENOENT without --daemon, -ESRCH if there is none to end. */
int guest_daemon_start(struct guest *guest);
int guest_daemon_signal(struct guest *guest, int signal);
/* Child pid ended: true if it was a guest's daemon. */
bool guest_daemon_ended(pid_t pid, int status);

/* Where its processes find xenstore; makes it if need be. 0 or a negative errno. */
int guest_socket(struct guest *guest, char *path, size_t size);

/* Lets time pass for all guests. */
void guest_tick(int64_t now_ms);

/* A line in its kernel.log. */
void guest_log(const struct guest *guest, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
