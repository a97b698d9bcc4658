/* SPDX-License-Identifier: MIT */
/*
 * The bus thread: the daemon's only one to touch xenstore. It waits for xenstore and for its keys,
 * hangs up orders, posts reports, and begins anew when the server dies. A stalled server stalls
 * this thread alone.
 */
#ifndef XENBALLOON_BUS_H
#define XENBALLOON_BUS_H

#include "board.h"

/* The thread's function; takes a struct board. Ends after board_stop(). */
void *bus_thread(void *board);

#endif
