/* SPDX-License-Identifier: MIT */
/*
 * What stands in each file of a guest's kernel, and what writing to it does.
 */
#ifndef XENBED_GUESTFS_TEXT_H
#define XENBED_GUESTFS_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct guest;

#define GUESTFS_TEXT_MAX 4096

struct guestfs_file {
	const char *path;
	bool often; /* follows every change, not only once a second */
	size_t (*render)(const struct guest *guest, char *text, size_t size);
	/* A process wrote that text: 0 or a negative errno, as Linux answers. NULL: read-only. */
	int (*parse)(struct guest *guest, const char *text);
	bool admin;	    /* writing takes CAP_SYS_ADMIN */
	unsigned int since; /* version of Linux that has it; 0: all */
};

/* Below proc/ and hypervisor/; ends with a path of NULL. */
extern const struct guestfs_file guestfs_files[];
/* Below sys/, the balloon driver's folder; ends with a path of NULL. */
extern const struct guestfs_file driver_files[];

#endif
