/* SPDX-License-Identifier: MIT */
/*
 * The balloon drivers' folders of all guests, as a file system (FUSE): a process that reads or
 * writes is answered by its guest's driver, which knows who asks. Loop thread only.
 */
#ifndef XENBED_DRIVERFS_H
#define XENBED_DRIVERFS_H

#include <stdbool.h>

/*
 * Mounts it on the folder at path, which it makes. 0 or a negative errno: here nobody can mount, as
 * without root or /dev/fuse.
 */
int driverfs_start(const char *path);
/* Whether there is one; else guests' folders hold plain files, which anyone may write. */
bool driverfs_runs(void);
void driverfs_stop(void);
/* Takes away what a killed bed left there. */
void driverfs_clean(const char *path);

#endif
