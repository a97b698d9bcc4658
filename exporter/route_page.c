/* SPDX-License-Identifier: MIT */
/*
 * Serves the live page's files. They hold no data, so they are for everybody; what they show they
 * ask of the API. Knows not what is in them. Its functions are rows of routes[].
 */
#include <string.h>

#include "page.h"
#include "problem.h"
#include "route.h"

/* Nothing but our own files may be loaded, run or asked, and no text may become a script. */
static const char policy[] =
	"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
	"img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
	"require-trusted-types-for 'script'; trusted-types 'none'";

static const struct {
	const char *end, *type;
} types[] = {
	{ ".html", "text/html; charset=utf-8" },
	{ ".css", "text/css; charset=utf-8" },
	{ ".js", "text/javascript; charset=utf-8" },
	{ ".svg", "image/svg+xml" },
};

static const char *type_of(const char *name)
{
	const char *end = strrchr(name, '.');

	for (size_t i = 0; end && i < sizeof(types) / sizeof(*types); i++)
		if (!strcmp(types[i].end, end))
			return types[i].type;
	return "application/octet-stream";
}

static void serve(struct reply *reply, const char *name)
{
	for (size_t i = 0; i < page_asset_count; i++) {
		const struct page_asset *asset = &page_assets[i];

		if (strcmp(asset->name, name))
			continue;
		reply->status = 200;
		reply->type = type_of(name);
		reply->policy = policy;
		text_add(&reply->text, asset->start, (size_t)(asset->end - asset->start));
		return;
	}
	problem_reply(reply, 404, "The page has no file \"%s\".", name);
}

bool get_index(struct exchange *exchange, struct reply *reply)
{
	(void)exchange;
	serve(reply, "index.html");
	return true;
}

bool get_page(struct exchange *exchange, struct reply *reply)
{
	serve(reply, exchange->id);
	return true;
}
