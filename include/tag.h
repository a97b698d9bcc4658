/* SPDX-License-Identifier: MIT */
/*
 * The entity tag of a guest (RFC 9110, 8.8.3): another one whenever what a change touches has
 * changed, so that a change made on an old view can be refused. Pure.
 */
#ifndef XENBALLOON_TAG_H
#define XENBALLOON_TAG_H

#include <stdbool.h>

#include "snapshot.h"

/* A tag with its quotes and its terminator. */
#define TAG_SIZE 128

struct tag_view {
	uint32_t domid;
	const char *uuid;
	struct reading target, selfballoon, cap;
	const char *policy; /* as ordered, "": none */
};

void tag_write(const struct tag_view *view, char tag[TAG_SIZE]);
void tag_of_domain(const struct domain *domain, char tag[TAG_SIZE]);

/* Whether an If-Match header is well formed, and whether it lets a guest with this tag pass. */
bool tag_list_valid(const char *header);
bool tag_list_has(const char *header, const char *tag);

#endif
