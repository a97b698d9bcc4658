/* SPDX-License-Identifier: MIT */
/*
 * How people name a guest. The shape of the word alone says what it means: digits are a domid, the
 * 36 characters of a UUID are a UUID, anything else is a name; `name:14` is the name "14". So a
 * guest that is called like another's domid or UUID never stands in for it. Pure.
 */
#ifndef XENBALLOON_NAMING_H
#define XENBALLOON_NAMING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NAMING_PREFIX "name:"

enum naming_kind { NAMING_DOMID, NAMING_UUID, NAMING_NAME };

struct naming {
	enum naming_kind kind;
	uint32_t domid;	  /* NAMING_DOMID; 0: digits that are no guest's domid */
	const char *text; /* of the UUID or name, within the word */
};

struct naming naming_of(const char *word);

/* Whether the word means a guest with this domid, UUID (any case) and name. */
bool naming_means(const struct naming *naming, uint32_t domid, const char *uuid, const char *name);

/* Whether text is a whole UUID in its usual form, in any case. */
bool naming_is_uuid(const char *text, size_t len);

#endif
