/* SPDX-License-Identifier: MIT */
/*
 * Notices that a file is another one than before, without reading it.
 */
#ifndef XENBALLOON_STAMP_H
#define XENBALLOON_STAMP_H

#include <stdbool.h>
#include <stdint.h>

/* What tells one state of a file from the next; all zero for one that can't be looked at. */
struct stamp {
	uint64_t device, inode, size;
	int64_t modified_ns, changed_ns;
};

/* Looks at a file, through symbolic links; an empty path is a file that can't be looked at. */
struct stamp stamp_of(const char *path);
bool stamp_same(const struct stamp *one, const struct stamp *other);

#endif
