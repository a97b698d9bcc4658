/* SPDX-License-Identifier: MIT */
/*
 * Finds objects and instances by name, in the order GETNEXT asks for: column by column, within a
 * column by domid. Knows neither what the values mean nor net-snmp. Called by serve.c and set.c.
 */
#include "mib_object.h"

/* Where a name stands, seen from an object: before its instances, among them, or after them. */
enum place { BEFORE, INSIDE, AFTER };

static enum place place_of(const struct mib_object *object, const unsigned long *sub, size_t len)
{
	for (size_t i = 0; i < object->depth; i++) {
		if (i == len || sub[i] < object->path[i])
			return BEFORE;
		if (sub[i] > object->path[i])
			return AFTER;
	}
	return len == object->depth ? BEFORE : INSIDE;
}

enum mib_found mib_find(const struct mib_tree *tree, const struct snapshot *snapshot,
			const unsigned long *sub, size_t len, struct mib_instance *instance)
{
	for (size_t i = 0; i < tree->count; i++) {
		const struct mib_object *object = &tree->objects[i];

		if (place_of(object, sub, len) != INSIDE)
			continue;
		instance->object = object;
		instance->domain = NULL;
		sub += object->depth;
		if (len != object->depth + 1)
			return MIB_NO_INSTANCE;
		if (object->index == MIB_SCALAR)
			return sub[0] == 0 ? MIB_FOUND : MIB_NO_INSTANCE;
		if (sub[0] <= UINT32_MAX)
			instance->domain = snapshot_find(snapshot, (uint32_t)sub[0]);
		return instance->domain ? MIB_FOUND : MIB_NO_INSTANCE;
	}
	return MIB_NO_OBJECT;
}

/* The first row of a column after `from` with a value; domids start at 1. */
static bool next_row(const struct mib_source *source, uint32_t from, struct mib_instance *instance,
		     struct mib_value *value)
{
	const struct mib_object *object = instance->object;
	const struct domain *domain = snapshot_after(source->snapshot, from);
	const struct domain *end = source->snapshot->domain + source->snapshot->count;

	for (; domain && domain < end; domain++) {
		if (!object->value(object, source, domain, value))
			continue;
		instance->domain = domain;
		return true;
	}
	return false;
}

static bool next_in_object(const struct mib_source *source, enum place place, unsigned long first,
			   struct mib_instance *instance, struct mib_value *value)
{
	const struct mib_object *object = instance->object;

	instance->domain = NULL;
	if (object->index == MIB_SCALAR)
		return place == BEFORE && object->value(object, source, NULL, value);
	if (place == BEFORE)
		return next_row(source, 0, instance, value);
	return first < UINT32_MAX && next_row(source, (uint32_t)first, instance, value);
}

bool mib_next(const struct mib_tree *tree, const struct mib_source *source,
	      const unsigned long *sub, size_t len, struct mib_instance *instance,
	      struct mib_value *value)
{
	for (size_t i = 0; i < tree->count; i++) {
		enum place place = place_of(&tree->objects[i], sub, len);
		unsigned long first = place == INSIDE ? sub[tree->objects[i].depth] : 0;

		if (place == AFTER)
			continue;
		instance->object = &tree->objects[i];
		if (next_in_object(source, place, first, instance, value))
			return true;
	}
	return false;
}

size_t mib_name(const struct mib_instance *instance, unsigned long *sub)
{
	const struct mib_object *object = instance->object;

	for (size_t i = 0; i < object->depth; i++)
		sub[i] = object->path[i];
	sub[object->depth] = instance->domain ? instance->domain->domid : 0;
	return object->depth + 1;
}
