/* SPDX-License-Identifier: MIT */
/*
 * Creates and grants the guest-owned keys of a domain. Knows nothing of their meaning; the roster
 * calls it for each domain that appears, and again when the store was lost.
 */
#include "provision.h"

#include <errno.h>
#include <stdio.h>

#include "contract.h"
#include "store.h"

#define ATTEMPTS 8

static int provision_key(struct store *store, uint32_t domid, const char *name)
{
	char path[64];
	bool changed;
	int error;

	snprintf(path, sizeof(path), "/local/domain/%u/memory/%s", domid, name);
	error = store_grant(store, path, domid, &changed);
	if (error != -ENOENT)
		return error;
	error = store_write(store, path, "", 0);
	return error ? error : store_grant(store, path, domid, &changed);
}

static int provision_all(struct store *store, uint32_t domid)
{
	char path[64], value[32];
	size_t len;
	int error;

	/* A write would bring a domain's tree back that has just been removed. */
	snprintf(path, sizeof(path), "/local/domain/%u/memory/target", domid);
	error = store_read(store, path, value, sizeof(value), &len);
	for (enum contract_key key = 0; key < KEY_COUNT && !error; key++)
		if (contract_keys[key].guest_writes)
			error = provision_key(store, domid, contract_keys[key].name);
	return error;
}

int provision_keys(struct store *store, uint32_t domid)
{
	int error;

	for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
		error = store_begin(store);
		if (error)
			return error;
		error = provision_all(store, domid);
		if (error) {
			store_abort(store);
			return error;
		}
		error = store_commit(store);
		if (error != -EAGAIN)
			return error;
	}
	return error;
}
