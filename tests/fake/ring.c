/* SPDX-License-Identifier: MIT */
/*
 * Bytes into the request ring and out of the reply ring. Events and messages are bridge.c's.
 */
#include "ring.h"

#include <stdint.h>
#include <string.h>
#include <sys/types.h>
#include <xen/io/xs_wire.h>

void ring_clear(struct xenstore_domain_interface *page)
{
	memset(page, 0, sizeof(*page));
}

size_t ring_put(struct xenstore_domain_interface *page, const char *data, size_t len)
{
	uint32_t prod = page->req_prod;
	uint32_t cons = __atomic_load_n(&page->req_cons, __ATOMIC_ACQUIRE);
	size_t room = XENSTORE_RING_SIZE - (size_t)(prod - cons);
	size_t n = len < room ? len : room;

	for (size_t i = 0; i < n; i++)
		page->req[MASK_XENSTORE_IDX(prod + i)] = data[i];
	__atomic_store_n(&page->req_prod, prod + (uint32_t)n, __ATOMIC_RELEASE);
	return n;
}

size_t ring_get(struct xenstore_domain_interface *page, char *data, size_t len)
{
	uint32_t cons = page->rsp_cons;
	uint32_t prod = __atomic_load_n(&page->rsp_prod, __ATOMIC_ACQUIRE);
	size_t there = (size_t)(prod - cons);
	size_t n = len < there ? len : there;

	for (size_t i = 0; i < n; i++)
		data[i] = page->rsp[MASK_XENSTORE_IDX(cons + i)];
	__atomic_store_n(&page->rsp_cons, cons + (uint32_t)n, __ATOMIC_RELEASE);
	return n;
}
