/* SPDX-License-Identifier: MIT */
/* Tells domids, UUIDs and names apart. Knows no guest. */
#include "naming.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "contract.h"
#include "snapshot.h"

bool naming_is_uuid(const char *text, size_t len)
{
	static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

	if (len != sizeof(form) - 1)
		return false;
	for (size_t i = 0; i < len; i++)
		if (form[i] == '-' ? text[i] != '-' : !isxdigit((unsigned char)text[i]))
			return false;
	return true;
}

/* Leading zeros are no way to write a domid, and 0 is dom0's. */
static uint32_t domid_of(const char *digits)
{
	uint64_t domid = 0;

	if (*digits == '0' ||
	    !contract_parse_number(digits, strlen(digits), SNAPSHOT_DOMAINS_MAX, &domid))
		return 0;
	return (uint32_t)domid;
}

struct naming naming_of(const char *word)
{
	const size_t prefix = sizeof(NAMING_PREFIX) - 1;

	if (strncmp(word, NAMING_PREFIX, prefix) == 0)
		return (struct naming){ NAMING_NAME, 0, word + prefix };
	if (*word && !word[strspn(word, "0123456789")])
		return (struct naming){ NAMING_DOMID, domid_of(word), word };
	if (naming_is_uuid(word, strlen(word)))
		return (struct naming){ NAMING_UUID, 0, word };
	return (struct naming){ NAMING_NAME, 0, word };
}

bool naming_means(const struct naming *naming, uint32_t domid, const char *uuid, const char *name)
{
	switch (naming->kind) {
	case NAMING_DOMID:
		return naming->domid && naming->domid == domid;
	case NAMING_UUID:
		return !strcasecmp(naming->text, uuid);
	case NAMING_NAME:
		return *naming->text && !strcmp(naming->text, name);
	}
	return false;
}
