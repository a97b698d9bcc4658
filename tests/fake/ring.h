/* SPDX-License-Identifier: MIT */
/*
 * The two byte rings in the page that a domain shares with xenstored (xen/io/xs_wire.h), seen from
 * the domain's side.
 */
#ifndef XENBED_RING_H
#define XENBED_RING_H

#include <stddef.h>

struct xenstore_domain_interface;

void ring_clear(struct xenstore_domain_interface *page);
/* Copy as much as there is room for, or as there is; return how much. */
size_t ring_put(struct xenstore_domain_interface *page, const char *data, size_t len);
size_t ring_get(struct xenstore_domain_interface *page, char *data, size_t len);

#endif
