/* SPDX-License-Identifier: MIT */
/*
 * The guest's hand on xenstore, below its own memory/ by relative paths, so that a new domid after
 * restore or migration changes nothing. One thread per connection. Calls return 0 or a negative
 * errno; conn.h says which. Those that xenbus_lost() names are of the connection, all others of the
 * request.
 */
#ifndef XENBALLOON_XENBUS_H
#define XENBALLOON_XENBUS_H

#include "contract.h"

struct report;
struct conn;

struct xenbus {
	struct conn *conn; /* NULL: not open */
};

/* Opens; watch: and sets watches on memory and on control/shutdown. */
int xenbus_open(struct xenbus *bus, bool watch);
void xenbus_close(struct xenbus *bus);

/*
 * -ENOTCONN: the server is gone, close and open anew. -ETIMEDOUT: it has not answered in time;
 * every call says so from then on, until there is an answer, which is -ENOTCONN.
 */
bool xenbus_lost(int err);

/* Polls readable when watch events have come, but for those that xenbus_has_event() tells of. */
int xenbus_fd(const struct xenbus *bus);
bool xenbus_has_event(const struct xenbus *bus);

/*
 * Takes one waiting watch event without blocking: 1 with *key set, KEY_COUNT for memory itself or
 * a key of no interest, XENBUS_LEAVE for control/shutdown; 0 if none waits.
 */
#define XENBUS_LEAVE (KEY_COUNT + 1)

int xenbus_next(struct xenbus *bus, unsigned int *key);

/* Reads a numeric key; one that can't be read is absent. */
int xenbus_read(struct xenbus *bus, enum contract_key key, struct reading *reading);

/* True if the toolstack has asked this guest to shut down, reboot or suspend. */
bool xenbus_told_to_leave(struct xenbus *bus);

/*
 * Reads dom0's word on policy into text of CONTRACT_POLICY_MAX + 1 bytes; "" for none. One that is
 * too long or holds a NUL reads as words that settings_obey() refuses.
 */
int xenbus_read_policy(struct xenbus *bus, char *text);

/* Reads the stats line; -EBADMSG for none that makes sense. */
int xenbus_read_stats(struct xenbus *bus, struct stats *stats);

/*
 * Posts a report in one transaction, with this sequence number: the stats line, and of the sizes
 * those that differ from what stands there. -EACCES or -ENOENT: the keys are not granted (yet).
 */
int xenbus_post(struct xenbus *bus, const struct report *report, uint32_t seq);

/* Writes selfballoon. -EACCES or -ENOENT as above. */
int xenbus_switch(struct xenbus *bus, bool on);

#endif
