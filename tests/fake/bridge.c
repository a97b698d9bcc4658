/* SPDX-License-Identifier: MIT */
/*
 * The part of Linux's xenbus that carries xenstore messages for a guest: requests of its processes
 * and of its kernel into one ring, replies and watch events back to whom they belong. Knows no key
 * and no meaning of a message beyond watches and transactions. Processes come in by
 * bridge_client.c.
 */
#include "bridge.h"

#include <errno.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>
#include <unistd.h>
#include <xen/io/xs_wire.h>

#include "bridge_priv.h"
#include "ring.h"
#include "state.h"

/* More than this waiting for the ring, and clients are not read. */
#define BACKLOG_BYTES (32 * 1024)

struct request {
	struct request *next;
	uint32_t id;
	uint32_t type;
	struct client *client; /* NULL: the kernel's, or its process is gone */
	uint32_t client_id;    /* the number the client gave it */
	uint32_t watch_id;     /* the watch that it sets, or 0 */
	bridge_reply *reply;
	void *arg;
};

struct bridge *bridge_new(struct state_map *state, int domid)
{
	struct bridge *bridge = calloc(1, sizeof(*bridge));

	if (bridge == NULL)
		return NULL;
	bridge->state = state;
	bridge->port = STATE_PORT_FIRST + (uint32_t)domid;
	bridge->listener = (struct source){ .fd = -1, .ready = bridge_accept };
	bridge->requests_last = &bridge->requests;
	bridge->page = state_map_ring(state, domid);
	if (bridge->page == NULL) {
		free(bridge);
		return NULL;
	}
	ring_clear(bridge->page);
	return bridge;
}

int bridge_listen(struct bridge *bridge, const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int rc;

	if (bridge->listener.fd >= 0)
		return 0;
	if (snprintf(address.sun_path, sizeof(address.sun_path), "%s", path) >=
	    (int)sizeof(address.sun_path))
		return -ENAMETOOLONG;
	bridge->listener.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (bridge->listener.fd < 0)
		return -errno;
	unlink(path);
	if (bind(bridge->listener.fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(bridge->listener.fd, 16) < 0)
		rc = -errno;
	else
		rc = loop_add(&bridge->listener, EPOLLIN);
	if (rc < 0) {
		close(bridge->listener.fd);
		bridge->listener.fd = -1;
		return rc;
	}
	bridge->path = strdup(path);
	return 0;
}

/* Bytes from the queue into the ring, as far as there is room. */
static void pump(struct bridge *bridge)
{
	size_t n;

	if (!bridge->open || bridge->out.len == 0)
		return;
	n = ring_put(bridge->page, bridge->out.data + bridge->out.start, bridge->out.len);
	if (n == 0)
		return;
	buffer_take(&bridge->out, n);
	state_event_to_store(bridge->state, bridge->port);
}

bool bridge_congested(const struct bridge *bridge)
{
	return bridge->out.len >= BACKLOG_BYTES;
}

/* Queues a request; what else the caller knows of it, it puts into the answer's record. */
static struct request *send_request(struct bridge *bridge, uint32_t type, uint32_t tx,
				    const void *body, size_t len)
{
	struct request *request = calloc(1, sizeof(*request));
	struct xsd_sockmsg header = {
		.type = type, .req_id = ++bridge->last_id, .tx_id = tx, .len = (uint32_t)len
	};

	if (request == NULL)
		abort();
	request->id = header.req_id;
	request->type = type;
	*bridge->requests_last = request;
	bridge->requests_last = &request->next;
	buffer_append(&bridge->out, &header, sizeof(header));
	buffer_append(&bridge->out, body, len);
	return request;
}

void bridge_call(struct bridge *bridge, uint32_t type, uint32_t tx, const void *body, size_t len,
		 bridge_reply *reply, void *arg)
{
	struct request *request = send_request(bridge, type, tx, body, len);

	request->reply = reply;
	request->arg = arg;
	pump(bridge);
}

void bridge_client_send(struct bridge *bridge, struct client *client,
			const struct xsd_sockmsg *header, const void *body, size_t len,
			uint32_t watch_id)
{
	struct request *request = send_request(bridge, header->type, header->tx_id, body, len);

	request->client = client;
	request->client_id = header->req_id;
	request->watch_id = watch_id;
	pump(bridge);
}

void bridge_orphan_requests(struct bridge *bridge, const struct client *client)
{
	for (struct request *r = bridge->requests; r != NULL; r = r->next) {
		if (r->client == client)
			r->client = NULL;
	}
}

struct watch *bridge_add_watch(struct bridge *bridge, struct client *client, const char *path,
			       const char *token)
{
	struct watch *watch = calloc(1, sizeof(*watch));

	if (watch == NULL)
		abort();
	watch->id = ++bridge->last_watch;
	watch->client = client;
	watch->path = strdup(path);
	watch->token = strdup(token);
	watch->next = bridge->watches;
	bridge->watches = watch;
	return watch;
}

size_t bridge_watch_body(const struct watch *watch, char *body, size_t size)
{
	size_t len = strlen(watch->path) + 1;

	if (len + BRIDGE_TOKEN_MAX > size)
		return 0;
	memcpy(body, watch->path, len);
	return len + (size_t)snprintf(body + len, size - len, "%08x", watch->id) + 1;
}

void bridge_remove_watch(struct bridge *bridge, uint32_t id)
{
	for (struct watch **link = &bridge->watches; *link != NULL; link = &(*link)->next) {
		struct watch *watch = *link;

		if (watch->id != id)
			continue;
		*link = watch->next;
		free(watch->path);
		free(watch->token);
		free(watch);
		return;
	}
}

static void send_kernel_watch(struct bridge *bridge, const struct watch *watch)
{
	char body[XENSTORE_PAYLOAD_MAX];
	size_t len = bridge_watch_body(watch, body, sizeof(body));

	bridge_call(bridge, XS_WATCH, 0, body, len, NULL, NULL);
}

void bridge_watch(struct bridge *bridge, const char *path,
		  void (*fired)(void *arg, const char *path), void *arg)
{
	struct watch *watch = bridge_add_watch(bridge, NULL, path, "");

	watch->fired = fired;
	watch->arg = arg;
	send_kernel_watch(bridge, watch);
}

/* body: the path, then the token that we gave. */
static void watch_event(struct bridge *bridge, const char *body, size_t len)
{
	const char *token = memchr(body, '\0', len);
	struct watch *watch;
	uint32_t id;

	if (token == NULL || token + 1 >= body + len)
		return;
	id = (uint32_t)strtoul(token + 1, NULL, 16);
	for (watch = bridge->watches; watch != NULL && watch->id != id; watch = watch->next)
		;
	if (watch == NULL)
		return; /* its process closed while the event was on its way */
	if (watch->client != NULL)
		bridge_client_event(watch->client, body, watch->token);
	else
		watch->fired(watch->arg, body);
}

/* A process that died between TRANSACTION_START and its reply left a transaction open. */
static void end_orphan(struct bridge *bridge, const struct request *request, uint32_t type,
		       const char *body)
{
	if (request->reply == NULL && request->type == XS_TRANSACTION_START &&
	    type == XS_TRANSACTION_START)
		bridge_call(bridge, XS_TRANSACTION_END, (uint32_t)strtoul(body, NULL, 10), "F", 2,
			    NULL, NULL);
}

static void reply(struct bridge *bridge, const struct xsd_sockmsg *header, const char *body)
{
	struct request **link = &bridge->requests;
	struct request *request;

	while (*link != NULL && (*link)->id != header->req_id)
		link = &(*link)->next;
	request = *link;
	if (request == NULL)
		return;
	*link = request->next;
	if (request->next == NULL)
		bridge->requests_last = link;
	if (request->watch_id != 0 && header->type == XS_ERROR)
		bridge_remove_watch(bridge, request->watch_id);
	if (request->client != NULL)
		bridge_client_reply(request->client, header, request->client_id, body);
	else if (request->reply != NULL)
		request->reply(request->arg, header->type, body, header->len);
	else
		end_orphan(bridge, request, header->type, body);
	free(request);
}

static void message(struct bridge *bridge)
{
	struct xsd_sockmsg header;

	memcpy(&header, bridge->in, sizeof(header));
	bridge->in_len = 0;
	if (header.len > XENSTORE_PAYLOAD_MAX)
		return;
	bridge->in[sizeof(header) + header.len] = '\0';
	if (header.type == XS_WATCH_EVENT)
		watch_event(bridge, bridge->in + sizeof(header), header.len);
	else
		reply(bridge, &header, bridge->in + sizeof(header));
}

/* How many bytes the message that is coming in still lacks; 0: it is whole. */
static size_t missing(const struct bridge *bridge)
{
	const struct xsd_sockmsg *header = (const struct xsd_sockmsg *)bridge->in;

	if (bridge->in_len < sizeof(*header))
		return sizeof(*header) - bridge->in_len;
	/* xenstored never sends more; if it did, losing a message is all the bed can do. */
	if (header->len > XENSTORE_PAYLOAD_MAX)
		return 0;
	return sizeof(*header) + header->len - bridge->in_len;
}

void bridge_event(struct bridge *bridge)
{
	size_t n, total = 0;

	while ((n = ring_get(bridge->page, bridge->in + bridge->in_len, missing(bridge))) > 0) {
		bridge->in_len += n;
		total += n;
		if (bridge->in_len >= sizeof(struct xsd_sockmsg) && missing(bridge) == 0)
			message(bridge);
	}
	if (total > 0)
		state_event_to_store(bridge->state, bridge->port);
	pump(bridge);
	/* Only here: clients that send may not be called back while they do. */
	if (!bridge_congested(bridge))
		bridge_resume_clients(bridge);
}

static void drop_requests(struct bridge *bridge)
{
	struct request *request;

	while ((request = bridge->requests) != NULL) {
		bridge->requests = request->next;
		free(request);
	}
	bridge->requests_last = &bridge->requests;
}

void bridge_open(struct bridge *bridge)
{
	bridge->open = true;
	pump(bridge);
}

void bridge_reset(struct bridge *bridge)
{
	bridge->open = false;
	bridge_close_clients(bridge);
	drop_requests(bridge);
	buffer_clear(&bridge->out);
	bridge->in_len = 0;
	ring_clear(bridge->page);
	for (struct watch *watch = bridge->watches; watch != NULL; watch = watch->next)
		send_kernel_watch(bridge, watch);
}

void bridge_free(struct bridge *bridge)
{
	if (bridge == NULL)
		return;
	bridge_close_clients(bridge);
	drop_requests(bridge);
	while (bridge->watches != NULL)
		bridge_remove_watch(bridge, bridge->watches->id);
	loop_remove(&bridge->listener);
	if (bridge->path != NULL)
		unlink(bridge->path);
	free(bridge->path);
	buffer_clear(&bridge->out);
	munmap(bridge->page, 4096);
	loop_free(bridge);
}
