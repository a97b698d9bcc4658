/* SPDX-License-Identifier: MIT */
/*
 * What stands in each file of a guest's kernel.
 */
#ifndef XENBED_GUESTFS_TEXT_H
#define XENBED_GUESTFS_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct guest;

#define GUESTFS_FILES 17

struct guestfs_file {
	const char *path;
	bool often; /* follows every change, not only once a second */
	size_t (*render)(const struct guest *guest, char *text, size_t size);
	/* A process wrote that number. True if it is the target. NULL: read-only. */
	bool (*parse)(struct guest *guest, uint64_t value);
};

extern const struct guestfs_file guestfs_files[GUESTFS_FILES];

#endif
