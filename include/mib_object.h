/* SPDX-License-Identifier: MIT */
/*
 * The objects that the agent serves by SNMP, as tables: where each hangs below its root, how its
 * value is made from a snapshot, what may be written to it. Pure: no I/O and no net-snmp.
 */
#ifndef XENBALLOON_MIB_OBJECT_H
#define XENBALLOON_MIB_OBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "snapshot.h"

#define MIB_PATH_MAX 4	 /* sub-identifiers from a tree's root to an object */
#define MIB_TEXT_MAX 255 /* bytes; SnmpAdminString's own limit */

/* error-status of RFC 3416, section 3 */
enum mib_error {
	MIB_OK = 0,
	MIB_NO_ACCESS = 6,
	MIB_WRONG_TYPE = 7,
	MIB_WRONG_LENGTH = 8,
	MIB_WRONG_VALUE = 10,
	MIB_NO_CREATION = 11,
	MIB_INCONSISTENT_VALUE = 12,
	MIB_RESOURCE_UNAVAILABLE = 13,
	MIB_AUTHORIZATION_ERROR = 16,
	MIB_NOT_WRITABLE = 17
};

enum mib_syntax {
	MIB_INTEGER,
	MIB_UNSIGNED, /* Gauge32 and Unsigned32: the same on the wire */
	MIB_COUNTER,
	MIB_TICKS,
	MIB_COUNTER64,
	MIB_STRING,
	MIB_OID,
	MIB_OTHER /* in requests only */
};

struct mib_value {
	enum mib_syntax syntax;
	uint32_t number;
	uint64_t number64;	     /* MIB_COUNTER64 */
	const unsigned long *oid;    /* MIB_OID: the object's own, lives as long as the agent */
	size_t len;		     /* bytes of text, or sub-identifiers of oid */
	char text[MIB_TEXT_MAX + 1]; /* MIB_STRING: UTF-8 without control characters, or a UUID */
};

/* What values are made of: one snapshot and what stands beside it. */
struct mib_source {
	const struct snapshot *snapshot;
	int64_t age_ms;	    /* of the snapshot */
	int64_t now_ms;	    /* CLOCK_MONOTONIC */
	int64_t uptime_ms;  /* of the SNMP agent: sysUpTime */
	int64_t host_up_ms; /* of the host */
	bool notifies;	    /* notifications are sent */
};

enum mib_index {
	MIB_SCALAR, /* one instance, .0 */
	MIB_DOMAIN, /* one for each domid */
	MIB_CPU	    /* one for each domid and each of its virtual CPUs, from 1 */
};

struct mib_object;

/* One object instance. */
struct mib_instance {
	const struct mib_object *object;
	const struct domain *domain; /* NULL for a scalar */
	uint32_t cpu;		     /* MIB_CPU: from 0 */
};

enum mib_write {
	MIB_READ_ONLY,
	MIB_WRITE_TARGET,
	MIB_WRITE_SELFBALLOON,
	MIB_WRITE_POLICY,
	MIB_WRITE_LOCK
};

struct mib_object {
	unsigned long path[MIB_PATH_MAX];
	size_t depth;
	enum mib_index index;
	enum mib_write write;
	unsigned int which; /* value()'s own: an enum, as the function wants it */
	/* Fills *value; false: there is no such instance. */
	bool (*value)(const struct mib_instance *at, const struct mib_source *source,
		      struct mib_value *value);
};

/* Objects in the order of their paths. */
struct mib_tree {
	const struct mib_object *objects;
	size_t count;
};

enum mib_found { MIB_FOUND, MIB_NO_OBJECT, MIB_NO_INSTANCE };

/* XENBALLOON-MIB below its root; VM-MIB (RFC 7666) below 1.3.6.1.2.1.236; the system group below
 * 1.3.6.1.2.1.1.
 */
const struct mib_tree *mib_tree_xenballoon(void);
const struct mib_tree *mib_tree_vm(void);
const struct mib_tree *mib_tree_system(void);

/*
 * The instance that the sub-identifiers after the tree's root name. A row that exists is found even
 * if the value in this column is absent: value() says that.
 */
enum mib_found mib_find(const struct mib_tree *tree, const struct snapshot *snapshot,
			const unsigned long *sub, size_t len, struct mib_instance *instance);

/* The first instance after that name which has a value, and the value; false at the end. */
bool mib_next(const struct mib_tree *tree, const struct mib_source *source,
	      const unsigned long *sub, size_t len, struct mib_instance *instance,
	      struct mib_value *value);

/* The same, from an instance of this source that mib_next() or mib_following() has found. */
bool mib_following(const struct mib_tree *tree, const struct mib_source *source,
		   struct mib_instance *instance, struct mib_value *value);

/* Writes the instance's sub-identifiers after the tree's root (MIB_PATH_MAX + 2 fit). */
size_t mib_name(const struct mib_instance *instance, unsigned long *sub);

/*
 * Whether this type and value, of a string its length, can ever be written there: MIB_OK or the
 * error that says why not.
 */
enum mib_error mib_check_write(enum mib_write write, enum mib_syntax syntax, int64_t value);

/* Sets a string value; bytes that are no printable UTF-8 become \xNN, a backslash is doubled. */
void mib_set_text(struct mib_value *value, const char *bytes, size_t len);

/* Sets a string of bytes as they are. */
void mib_set_bytes(struct mib_value *value, const void *bytes, size_t len);

/* A size or count as Gauge32, saturating at 2^32-1. */
void mib_set_gauge(struct mib_value *value, uint64_t number);

/* xbControlLock: steps by one with each SET that names it. SNMP thread only. */
uint32_t mib_lock(void);
void mib_set_lock(uint32_t value);

#endif
