/* SPDX-License-Identifier: MIT */
/*
 * Where audit lines go: a file, and the journal. Used by audit.c alone, under its lock.
 */
#ifndef XENBALLOON_AUDIT_SINK_H
#define XENBALLOON_AUDIT_SINK_H

#include <stddef.h>

/*
 * Opens the file for appending (0640), after which it is the one that is written; "-" is standard
 * error, "" none. On failure the one before stays. 0 or a negative errno.
 */
int audit_file_open(const char *path);
void audit_file_close(void);

/*
 * Makes sure that so many bytes can be appended, where the file system can promise that. 0 or a
 * negative errno.
 */
int audit_file_reserve(size_t bytes);

/*
 * Appends a whole line. A file that was moved away or removed is made anew first, as logrotate
 * wants it. 0 or a negative errno.
 */
int audit_file_write(const char *line, size_t len);

/*
 * A descriptor of the caller's own for fdatasync(); -1: there is nothing that could be synced. 0 or
 * a negative errno, also if lines of a file that was closed since could not be had on disk.
 */
int audit_file_descriptor(int *fd);

/* Hands a line to systemd's journal, its members as fields. 0 or a negative errno. */
int audit_journal_send(const char *line, size_t len);

#endif
