/* SPDX-License-Identifier: MIT */
/*
 * What the SNMP engine can't make again: its ID, the count of its starts, its users' keys. net-snmp
 * reads them and never writes them: it stores into a folder of its own, and what it stored takes
 * the place of the old only after it has been read back. Used by mib/ alone; the thread that
 * starts the SNMP side, later the SNMP thread.
 */
#ifndef XENBALLOON_MIB_KEEP_H
#define XENBALLOON_MIB_KEEP_H

#include <stdint.h>

#include "config.h"

/*
 * Makes the folder, keeps net-snmp's own writing out of it, and names the files that net-snmp is to
 * read, the administrator's last. 0 or a negative errno, logged; -EBADMSG: what is kept can't be
 * read, and is left as it is.
 */
int mib_keep_open(const struct config *config);

/*
 * Has net-snmp's state on disk, and then forgets the pass phrases that snmp-user had added. 0 or a
 * negative errno, logged when it changes: then nothing has been lost.
 */
int mib_keep_store(void);

/* Some times a second: takes over users that are added meanwhile, and stores again what failed. */
void mib_keep_turn(int64_t now_ms);

/* Why the last store failed, a negative errno; 0: it did not. Any thread. */
int mib_keep_failing(void);

void mib_keep_close(void);

#endif
