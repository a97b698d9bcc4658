/* SPDX-License-Identifier: MIT */
/* The header If-Match, by which a change made on an old view is refused. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "tag.h"

static void tag_of_guest(char tag[TAG_SIZE])
{
	struct domain guest = { .domid = 7 };

	snprintf(guest.uuid, sizeof(guest.uuid), "00000000-0000-4000-8000-000000000001");
	guest.value[VALUE_TARGET] = (struct reading){ READING_OK, 262144 };
	guest.value[VALUE_CAP] = (struct reading){ READING_BAD, 0 };
	tag_of_domain(&guest, tag);
	MUST(strlen(tag) > 2 && tag[0] == '"' && strchr(tag + 1, '"') == tag + strlen(tag) - 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = { data, size };
	char *header = fuzz_string(&input), tag[TAG_SIZE];
	struct text more = { 0 };

	tag_of_guest(tag);
	MUST(tag_list_has(tag, tag) && tag_list_valid(tag));
	if (tag_list_has(header, tag))
		MUST(!strcmp(header, "*") || strstr(header, tag));
	if (tag_list_valid(header) && strcmp(header, "*")) {
		text_format(&more, "%s, %s", header, tag);
		text_add(&more, "", 1);
		MUST(tag_list_valid(more.bytes) && tag_list_has(more.bytes, tag));
		text_free(&more);
	}
	free(header);
	return 0;
}
