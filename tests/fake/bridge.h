/* SPDX-License-Identifier: MIT */
/*
 * A guest's way to xenstored: the ring in the page that both share, and on the guest's side what
 * Linux offers of it: a device that many processes may open at once. Here the device is a Unix
 * socket that libxenstore finds by XENSTORED_PATH. As in Linux, request numbers and watch tokens
 * are translated, and what a process leaves behind (watches, transactions) is cleaned up.
 *
 * Loop thread only. The bed's played kernel uses the same ring by bridge_call().
 */
#ifndef XENBED_BRIDGE_H
#define XENBED_BRIDGE_H

#include <stddef.h>
#include <stdint.h>

struct bridge;
struct state_map;

/* A reply: type is XS_ERROR or the request's; body is data of len bytes and a NUL after it. */
typedef void bridge_reply(void *arg, uint32_t type, const char *body, size_t len);

/* Before the domain is introduced; requests wait until bridge_open(). NULL with errno. */
struct bridge *bridge_new(struct state_map *state, int domid);
void bridge_free(struct bridge *bridge);
/* Listens at that path, if it doesn't already. 0 or a negative errno. */
int bridge_listen(struct bridge *bridge, const char *path);
/* The domain is introduced: xenstored has emptied the ring and listens. */
void bridge_open(struct bridge *bridge);
/* A new xenstored: as after bridge_new(), and all processes must connect anew. */
void bridge_reset(struct bridge *bridge);
/* xenstored raised this domain's event. */
void bridge_event(struct bridge *bridge);

/* Sends a request from the kernel. reply may be NULL. */
void bridge_call(struct bridge *bridge, uint32_t type, uint32_t tx, const void *body, size_t len,
		 bridge_reply *reply, void *arg);
/* Watches path for the kernel; fired is called with the path that changed. */
void bridge_watch(struct bridge *bridge, const char *path,
		  void (*fired)(void *arg, const char *path), void *arg);

#endif
