/* SPDX-License-Identifier: MIT */
/*
 * The files of a guest's kernel as its processes see them: proc/, hypervisor/ (/sys/hypervisor) and
 * sys/ (its xen_memory0; a link to driverfs.h's where that runs). Loop thread only.
 */
#ifndef XENBED_GUESTFS_H
#define XENBED_GUESTFS_H

#include <stdbool.h>
#include <stdint.h>

struct guest;
struct guestfs;

/* Makes or takes over the folder at path. NULL with errno. */
struct guestfs *guestfs_new(const char *path, struct guest *guest);
void guestfs_free(struct guestfs *fs);
/* Writes what changed. all: the files that matter only to people, too. */
void guestfs_update(struct guestfs *fs, bool all);
/* If a process wrote one of the driver's parameters, takes it over. */
void guestfs_poll(struct guestfs *fs);

/* A file descriptor that gets readable when a parameter may have been written; one for all. */
int guestfs_notifier(void);

#endif
