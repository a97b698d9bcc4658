/* SPDX-License-Identifier: MIT */
/*
 * The files of the live page as they were when the agent was built. exporter/embed makes the table
 * from exporter/page/.
 */
#ifndef XENBALLOON_PAGE_H
#define XENBALLOON_PAGE_H

#include <stddef.h>

struct page_asset {
	const char *name; /* of the file, e.g. "app.js" */
	const char *start, *end;
};

extern const struct page_asset page_assets[];
extern const size_t page_asset_count;

#endif
