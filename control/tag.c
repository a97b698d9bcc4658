/* SPDX-License-Identifier: MIT */
/*
 * Entity tags: readable, so that two that differ say why. Knows no HTTP beyond their syntax. Called
 * by the routes, check.c and plan.c.
 */
#include "tag.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void put_reading(char text[24], struct reading reading)
{
	if (reading.state == READING_OK)
		snprintf(text, 24, "%" PRIu64, reading.value);
	else
		snprintf(text, 24, "%s", reading.state == READING_BAD ? "bad" : "none");
}

/* FNV-1a: a policy is too long for a tag, and nobody gains by two that look the same. */
static uint32_t digest(const char *text)
{
	uint32_t sum = 2166136261;

	for (; *text; text++)
		sum = (sum ^ (unsigned char)*text) * 16777619;
	return sum;
}

void tag_write(const struct tag_view *view, char tag[TAG_SIZE])
{
	char target[24], selfballoon[24], cap[24], policy[16] = "";

	put_reading(target, view->target);
	put_reading(selfballoon, view->selfballoon);
	put_reading(cap, view->cap);
	if (*view->policy)
		snprintf(policy, sizeof(policy), ".%08" PRIx32, digest(view->policy));
	snprintf(tag, TAG_SIZE, "\"%s.%" PRIu32 ".%s.%s.%s%s\"", view->uuid, view->domid, target,
		 selfballoon, cap, policy);
}

void tag_of_domain(const struct domain *domain, char tag[TAG_SIZE])
{
	const struct tag_view view = { domain->domid,
				       domain->uuid,
				       domain->value[VALUE_TARGET],
				       domain->value[VALUE_SELFBALLOON],
				       domain->value[VALUE_CAP],
				       domain->policy_ordered };

	tag_write(&view, tag);
}

/* Takes the next tag of the list, its quotes included; false at the end or at what is none. */
static bool next(const char **at, const char **tag, size_t *len, bool *weak)
{
	const char *end;

	*at += strspn(*at, ", \t");
	*weak = !strncmp(*at, "W/", 2);
	if (*weak)
		*at += 2;
	end = **at == '"' ? strchr(*at + 1, '"') : NULL;
	if (!end)
		return false;
	*tag = *at;
	*len = (size_t)(end + 1 - *at);
	*at = end + 1;
	return !**at || strchr(", \t", **at);
}

bool tag_list_valid(const char *header)
{
	const char *at = header, *tag;
	bool weak, any = false;
	size_t len;

	if (!strcmp(header, "*"))
		return true;
	while (next(&at, &tag, &len, &weak))
		any = true;
	return any && !*at && !weak;
}

/* By the strong comparison (RFC 9110, 8.8.3.2): a weak tag is never the same. */
bool tag_list_has(const char *header, const char *wanted)
{
	const char *at = header, *tag;
	size_t len;
	bool weak;

	if (!strcmp(header, "*"))
		return true;
	while (next(&at, &tag, &len, &weak))
		if (!weak && len == strlen(wanted) && !strncmp(tag, wanted, len))
			return true;
	return false;
}
