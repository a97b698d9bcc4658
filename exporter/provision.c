/* SPDX-License-Identifier: MIT */
/*
 * Creates and grants the guest-owned keys of a domain. Knows nothing of their meaning; the roster
 * calls it for each domain that appears, and again when the store was lost.
 */
#include "provision.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract.h"
#include "store.h"

#define ATTEMPTS 8

static int provision_key(struct store *store, uint32_t domid, const char *name, bool is_there)
{
	char path[64];
	bool changed;
	int error = 0;

	snprintf(path, sizeof(path), "/local/domain/%u/memory/%s", domid, name);
	if (!is_there)
		error = store_write(store, path, "", 0);
	return error ? error : store_grant(store, path, domid, &changed);
}

static bool contains(char **names, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

static int provision_all(struct store *store, uint32_t domid)
{
	char path[64], **names;
	size_t count;
	int error;

	snprintf(path, sizeof(path), "/local/domain/%u/memory", domid);
	error = store_list(store, path, &names, &count);
	if (error)
		return error;
	/* A write would bring a domain's tree back that has just been removed. */
	if (!contains(names, count, contract_keys[KEY_TARGET].name))
		error = -ENOENT;
	for (enum contract_key key = 0; key < KEY_COUNT && !error; key++)
		if (contract_keys[key].guest_writes)
			error = provision_key(store, domid, contract_keys[key].name,
					      contains(names, count, contract_keys[key].name));
	free(names);
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
