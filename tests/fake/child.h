/* SPDX-License-Identifier: MIT */
/*
 * Child processes that never outlive the bed.
 */
#ifndef XENBED_CHILD_H
#define XENBED_CHILD_H

#include <stddef.h>
#include <sys/types.h>

struct child_spec {
	const char *const *argv; /* ends with NULL; argv[0] is the path */
	/* NAME=VALUE to set, NAME alone to unset; ends with NULL. */
	const char *const *env;
	const char *log; /* takes standard output and error; appended to */
};

/*
 * Starts it on the calling thread, whose end is the child's end too: the loop's thread only.
 * Returns the pid or a negative errno; that argv[0] can't be run shows as exit status 127.
 */
pid_t child_start(const struct child_spec *spec);

/*
 * Leaves a process behind that removes dir's sockets and marks as soon as the bed is gone, however
 * it went. 0 or a negative errno.
 */
int child_start_janitor(const char *dir, const char *sockets);

/* It does so now, and has done so: another bed may start in dir. */
void child_end_janitor(void);

#endif
