/* SPDX-License-Identifier: MIT */
/* The headers Accept and Accept-Encoding. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "http_accept.h"
#include "prometheus.h"

static void within(const char *header, const char *part, size_t len)
{
	MUST(part >= header && part + len <= header + strlen(header));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = { data, size };
	char *header = fuzz_string(&input);
	const char *cursor = header, *before = header;
	struct http_accept item;
	bool named = false, passes = http_accept_coding(header, "gzip");

	while (http_accept_next(&cursor, &item)) {
		MUST(cursor > before);
		before = cursor;
		within(header, item.name, item.name_len);
		if (item.version)
			within(header, item.version, item.version_len);
		MUST(item.q <= 1000);
		named |= item.q && (http_accept_is(&item, "gzip") || http_accept_is(&item, "*"));
	}
	MUST(*cursor == '\0' || strspn(cursor, " \t,") == strlen(cursor));
	MUST(!passes || named);
	MUST(prometheus_content_type(prometheus_negotiate(header)));
	free(header);
	return 0;
}
