/* SPDX-License-Identifier: MIT */
/*
 * Answers GET, GETNEXT and GETBULK below a root from the current snapshot, and hands SET on to
 * mib_set.h. SNMP thread only.
 */
#ifndef XENBALLOON_MIB_SERVE_H
#define XENBALLOON_MIB_SERVE_H

#include <stdbool.h>
#include <stddef.h>

#include "mib_object.h"

/* Registers a tree below root with net-snmp. 0 or a negative errno. The tree must stay. */
int mib_serve(const struct mib_tree *tree, const char *name, const unsigned long *root, size_t len);

struct variable_list;

/* Sets a varbind's type and value. */
void mib_put_value(struct variable_list *varbind, const struct mib_value *value);

/*
 * Finds the instance that a full name means, in any served tree; *instance as mib_find() says,
 * valid while the snapshot is.
 */
enum mib_found mib_locate(const struct snapshot *snapshot, const unsigned long *name, size_t len,
			  struct mib_instance *instance);

#endif
