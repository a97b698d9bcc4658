/* SPDX-License-Identifier: MIT */
/*
 * The agent's hand on xenstore: libxenstore's calls with errors as values, one open transaction at
 * most. Knows nothing of domains or keys. Called by the collector thread only.
 */
#include "store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <xenstore.h>

struct store {
	struct xs_handle *xs;
	xs_transaction_t transaction; /* XBT_NULL: none */
	char **event;		      /* the last one taken: path and token */
};

/* libxenstore tells a dead server by several names; its own answers never use them. */
static int failure(void)
{
	switch (errno) {
	case 0:
	case EIO:
	case EPIPE:
	case EBADF:
	case ECONNRESET:
		return -ENOTCONN;
	default:
		return -errno;
	}
}

int store_open(struct store **store)
{
	struct store *new = calloc(1, sizeof(*new));

	if (!new)
		return -ENOMEM;
	new->transaction = XBT_NULL;
	new->xs = xs_open(0);
	if (!new->xs) {
		int error = errno ? -errno : -ENOTCONN;

		free(new);
		return error;
	}
	*store = new;
	return 0;
}

void store_close(struct store *store)
{
	if (!store)
		return;
	free(store->event);
	xs_close(store->xs);
	free(store);
}

int store_fd(struct store *store)
{
	return xs_fileno(store->xs);
}

int store_begin(struct store *store)
{
	store->transaction = xs_transaction_start(store->xs);
	return store->transaction == XBT_NULL ? failure() : 0;
}

static int end(struct store *store, bool abort)
{
	xs_transaction_t transaction = store->transaction;

	store->transaction = XBT_NULL;
	return xs_transaction_end(store->xs, transaction, abort) ? 0 : failure();
}

int store_commit(struct store *store)
{
	return end(store, false);
}

void store_abort(struct store *store)
{
	if (store->transaction != XBT_NULL)
		end(store, true);
}

int store_read(struct store *store, const char *path, char *buffer, size_t size, size_t *len)
{
	unsigned int got;
	char *value = xs_read(store->xs, store->transaction, path, &got);
	int error = 0;

	if (!value)
		return failure();
	if (got >= size) {
		error = -EMSGSIZE;
	} else {
		memcpy(buffer, value, got);
		buffer[got] = '\0';
		*len = got;
	}
	free(value);
	return error;
}

int store_write(struct store *store, const char *path, const char *bytes, size_t len)
{
	return xs_write(store->xs, store->transaction, path, bytes, (unsigned int)len) ? 0
										       : failure();
}

int store_remove(struct store *store, const char *path)
{
	return xs_rm(store->xs, store->transaction, path) ? 0 : failure();
}

int store_grant(struct store *store, const char *path, uint32_t domid, bool *changed)
{
	struct xs_permissions wanted[2] = { { .id = 0, .perms = XS_PERM_NONE },
					    { .id = domid,
					      .perms = XS_PERM_READ | XS_PERM_WRITE } };
	unsigned int count;
	struct xs_permissions *now =
		xs_get_permissions(store->xs, store->transaction, path, &count);

	if (!now)
		return failure();
	*changed = count != 2;
	for (unsigned int i = 0; i < 2 && !*changed; i++)
		*changed = now[i].id != wanted[i].id || now[i].perms != wanted[i].perms;
	free(now);
	if (!*changed)
		return 0;
	return xs_set_permissions(store->xs, store->transaction, path, wanted, 2) ? 0 : failure();
}

int store_list(struct store *store, const char *path, char ***names, size_t *count)
{
	unsigned int found;

	*names = xs_directory(store->xs, store->transaction, path, &found);
	if (!*names)
		return failure();
	*count = found;
	return 0;
}

int store_watch(struct store *store, const char *path, const char *token)
{
	return xs_watch(store->xs, path, token) ? 0 : failure();
}

int store_unwatch(struct store *store, const char *path, const char *token)
{
	return xs_unwatch(store->xs, path, token) ? 0 : failure();
}

int store_next(struct store *store, const char **path)
{
	free(store->event);
	store->event = xs_check_watch(store->xs);
	if (store->event) {
		*path = store->event[XS_WATCH_PATH];
		return 1;
	}
	/* EINVAL is how libxenstore says here that its connection has ended. */
	if (errno == EINVAL)
		return -ENOTCONN;
	return errno == EAGAIN ? 0 : failure();
}
