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

/* Instances of a domain's row: as many as it has virtual CPUs, or one. */
static uint32_t width(const struct mib_object *object, const struct domain *domain)
{
	return object->index == MIB_CPU ? domain->vcpus : 1;
}

static enum mib_found find_row(const struct snapshot *snapshot, const unsigned long *sub,
			       size_t len, struct mib_instance *instance)
{
	bool cpus = instance->object->index == MIB_CPU;

	if (len != (cpus ? 2u : 1u) || sub[0] > UINT32_MAX)
		return MIB_NO_INSTANCE;
	instance->domain = snapshot_find(snapshot, (uint32_t)sub[0]);
	if (!instance->domain)
		return MIB_NO_INSTANCE;
	if (!cpus)
		return MIB_FOUND;
	if (sub[1] == 0 || sub[1] > instance->domain->vcpus)
		return MIB_NO_INSTANCE;
	instance->cpu = (uint32_t)sub[1] - 1;
	return MIB_FOUND;
}

enum mib_found mib_find(const struct mib_tree *tree, const struct snapshot *snapshot,
			const unsigned long *sub, size_t len, struct mib_instance *instance)
{
	for (size_t i = 0; i < tree->count; i++) {
		const struct mib_object *object = &tree->objects[i];

		if (place_of(object, sub, len) != INSIDE)
			continue;
		*instance = (struct mib_instance){ .object = object };
		sub += object->depth;
		len -= object->depth;
		if (object->index != MIB_SCALAR)
			return find_row(snapshot, sub, len, instance);
		return len == 1 && sub[0] == 0 ? MIB_FOUND : MIB_NO_INSTANCE;
	}
	return MIB_NO_OBJECT;
}

/* The first instance from this domain and CPU on, in the same column, that has a value. */
static bool from_here(const struct mib_source *source, const struct domain *domain, uint32_t cpu,
		      struct mib_instance *instance, struct mib_value *value)
{
	const struct domain *end = source->snapshot->domain + source->snapshot->count;

	for (; domain && domain < end; domain++, cpu = 0) {
		instance->domain = domain;
		for (instance->cpu = cpu; instance->cpu < width(instance->object, domain);
		     instance->cpu++) {
			if (instance->object->value(instance, source, value))
				return true;
		}
	}
	return false;
}

/* The first instance after the index in sub[]; domids start at 1. */
static bool after(const struct mib_source *source, const unsigned long *sub, size_t len,
		  struct mib_instance *instance, struct mib_value *value)
{
	const struct domain *domain;

	if (len == 0)
		return from_here(source, snapshot_after(source->snapshot, 0), 0, instance, value);
	if (sub[0] > UINT32_MAX)
		return false;
	domain = snapshot_find(source->snapshot, (uint32_t)sub[0]);
	if (domain && instance->object->index == MIB_CPU && (len < 2 || sub[1] < domain->vcpus))
		return from_here(source, domain, len < 2 ? 0 : (uint32_t)sub[1], instance, value);
	return from_here(source, snapshot_after(source->snapshot, (uint32_t)sub[0]), 0, instance,
			 value);
}

/* The first instance of the objects from number i on. */
static bool first_from(const struct mib_tree *tree, const struct mib_source *source, size_t i,
		       struct mib_instance *instance, struct mib_value *value)
{
	for (; i < tree->count; i++) {
		*instance = (struct mib_instance){ .object = &tree->objects[i] };
		if (instance->object->index == MIB_SCALAR
			    ? instance->object->value(instance, source, value)
			    : after(source, NULL, 0, instance, value))
			return true;
	}
	return false;
}

bool mib_next(const struct mib_tree *tree, const struct mib_source *source,
	      const unsigned long *sub, size_t len, struct mib_instance *instance,
	      struct mib_value *value)
{
	for (size_t i = 0; i < tree->count; i++) {
		const struct mib_object *object = &tree->objects[i];
		enum place place = place_of(object, sub, len);

		if (place == AFTER)
			continue;
		if (place == BEFORE)
			return first_from(tree, source, i, instance, value);
		*instance = (struct mib_instance){ .object = object };
		if (object->index != MIB_SCALAR &&
		    after(source, sub + object->depth, len - object->depth, instance, value))
			return true;
		return first_from(tree, source, i + 1, instance, value);
	}
	return false;
}

bool mib_following(const struct mib_tree *tree, const struct mib_source *source,
		   struct mib_instance *instance, struct mib_value *value)
{
	size_t i = (size_t)(instance->object - tree->objects);

	if (instance->domain &&
	    from_here(source, instance->domain, instance->cpu + 1, instance, value))
		return true;
	return first_from(tree, source, i + 1, instance, value);
}

size_t mib_name(const struct mib_instance *instance, unsigned long *sub)
{
	const struct mib_object *object = instance->object;
	size_t len = object->depth;

	for (size_t i = 0; i < object->depth; i++)
		sub[i] = object->path[i];
	sub[len++] = instance->domain ? instance->domain->domid : 0;
	if (object->index == MIB_CPU)
		sub[len++] = instance->cpu + 1;
	return len;
}
