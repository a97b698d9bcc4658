/* SPDX-License-Identifier: MIT */
/*
 * The agent's hand on xenstore; the one user of libxenstore in dom0. Calls block without time-out
 * and belong to the collector thread. Return 0 or a negative errno; -ENOTCONN: the server is gone,
 * close and open anew (all watches must be set again).
 */
#ifndef XENBALLOON_STORE_H
#define XENBALLOON_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store;

/* Opens a connection to the local xenstored (its place by XENSTORED_PATH, as libxenstore has it).
 */
int store_open(struct store **store);
void store_close(struct store *store); /* NULL is allowed */

/* A descriptor that polls readable while watch events wait. */
int store_fd(struct store *store);

/* Transactions do not nest; between begin and commit all calls below are part of it. */
int store_begin(struct store *store);
int store_commit(struct store *store); /* -EAGAIN: another writer came between, begin again */
void store_abort(struct store *store); /* harmless when none is open */

/*
 * Reads a node of at most size - 1 bytes; *len is its length, buffer gets a terminator beyond it.
 * -ENOENT: no such node; -EMSGSIZE: longer than that.
 */
int store_read(struct store *store, const char *path, char *buffer, size_t size, size_t *len);

/* Writes len bytes; creates the node (with its parent's permissions) when it isn't there. */
int store_write(struct store *store, const char *path, const char *bytes, size_t len);
int store_remove(struct store *store, const char *path);

/* Sets permissions n0,b<domid>: dom0 owns, that guest reads and writes. *changed: they were others.
 */
int store_grant(struct store *store, const char *path, uint32_t domid, bool *changed);

/* The names below path; *names is one allocation, to be given to free(). */
int store_list(struct store *store, const char *path, char ***names, size_t *count);

int store_watch(struct store *store, const char *path, const char *token);
int store_unwatch(struct store *store, const char *path, const char *token);

/*
 * Takes one waiting watch event without blocking: 1 with *path set (valid until the next call of
 * store_next), 0 if none waits, or a negative errno.
 */
int store_next(struct store *store, const char **path);

#endif
