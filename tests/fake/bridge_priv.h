/* SPDX-License-Identifier: MIT */
/*
 * What bridge.c (the ring's side) and bridge_client.c (the processes' side) share.
 */
#ifndef XENBED_BRIDGE_PRIV_H
#define XENBED_BRIDGE_PRIV_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <xen/io/xs_wire.h>

#include "bridge.h"
#include "buffer.h"
#include "loop.h"

#define BRIDGE_TOKEN_MAX   9 /* "%08x" and its NUL */
#define BRIDGE_MESSAGE_MAX (sizeof(struct xsd_sockmsg) + XENSTORE_PAYLOAD_MAX)

struct client;
struct request;

struct watch {
	struct watch *next;
	uint32_t id;	       /* stands in the token that xenstored sees */
	struct client *client; /* NULL: the kernel's */
	char *path;
	char *token; /* the client's own */
	void (*fired)(void *arg, const char *path);
	void *arg;
};

struct bridge {
	struct source listener;
	char *path;
	struct state_map *state;
	struct xenstore_domain_interface *page;
	uint32_t port;
	bool open; /* introduced */
	uint32_t last_id;
	uint32_t last_watch;
	struct client *clients;
	struct watch *watches;
	struct request *requests; /* sent or queued, in order */
	struct request **requests_last;
	struct buffer out; /* waits for room in the ring */
	size_t in_len;
	char in[BRIDGE_MESSAGE_MAX + 1];
};

/* bridge.c */
bool bridge_congested(const struct bridge *bridge);
void bridge_client_send(struct bridge *bridge, struct client *client,
			const struct xsd_sockmsg *header, const void *body, size_t len,
			uint32_t watch_id);
void bridge_orphan_requests(struct bridge *bridge, const struct client *client);
struct watch *bridge_add_watch(struct bridge *bridge, struct client *client, const char *path,
			       const char *token);
void bridge_remove_watch(struct bridge *bridge, uint32_t id);
/* path, NUL, our token, NUL; 0 if it doesn't fit. */
size_t bridge_watch_body(const struct watch *watch, char *body, size_t size);

/* bridge_client.c */
void bridge_accept(struct source *listener, uint32_t events);
void bridge_client_reply(struct client *client, const struct xsd_sockmsg *header, uint32_t id,
			 const char *body);
void bridge_client_event(struct client *client, const char *path, const char *token);
void bridge_resume_clients(struct bridge *bridge);
void bridge_close_clients(struct bridge *bridge);

#endif
