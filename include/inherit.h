/* SPDX-License-Identifier: MIT */
/*
 * Sockets that systemd has opened for the agent (socket activation). Main thread,
 * before others start.
 */
#ifndef XENBALLOON_INHERIT_H
#define XENBALLOON_INHERIT_H

/* Takes them over. How many; a negative errno, logged: one of them is none to serve HTTP on. */
int inherit_sockets(void);

/* The TCP addresses with commas between, and the path of a Unix socket; "": none. */
const char *inherit_listen(void);
const char *inherit_path(void);

/* A descriptor of the listening socket with this address or path, the caller's; -1: there is none.
 */
int inherit_open(const char *address);

#endif
