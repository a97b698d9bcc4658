/* SPDX-License-Identifier: MIT */
/*
 * The processes of a guest that have its xenstore device open: one socket each. Their requests go
 * to bridge.c with watch tokens translated; what they leave behind when they close is undone.
 */
#include "bridge_priv.h"

#include <errno.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define TRANSACTIONS_MAX 16
/* A process that doesn't read its watch events loses its connection, not the bed its memory. */
#define UNREAD_MAX ((size_t)1024 * 1024)

struct client {
	struct source source;
	struct client *next;
	struct bridge *bridge;
	uint32_t events;
	uint32_t transactions[TRANSACTIONS_MAX]; /* 0: free place */
	struct buffer out;
	size_t in_len;
	char in[BRIDGE_MESSAGE_MAX + 1];
};

static void set_events(struct client *client)
{
	uint32_t events = bridge_congested(client->bridge) ? 0 : EPOLLIN;

	if (client->out.len > 0)
		events |= EPOLLOUT;
	if (client->source.fd >= 0 && events != client->events)
		loop_change(&client->source, events);
	client->events = events;
}

static void unwatch(struct client *client, struct watch *watch)
{
	struct xsd_sockmsg header = { .type = XS_UNWATCH };
	char body[XENSTORE_PAYLOAD_MAX];
	size_t len = bridge_watch_body(watch, body, sizeof(body));

	bridge_client_send(client->bridge, NULL, &header, body, len, 0);
	bridge_remove_watch(client->bridge, watch->id);
}

static void clean_up(struct client *client)
{
	struct bridge *bridge = client->bridge;
	struct watch *next;

	for (struct watch *watch = bridge->watches; watch != NULL; watch = next) {
		next = watch->next;
		if (watch->client == client)
			unwatch(client, watch);
	}
	for (size_t i = 0; i < TRANSACTIONS_MAX; i++) {
		struct xsd_sockmsg header = { .type = XS_TRANSACTION_END,
					      .tx_id = client->transactions[i] };

		if (header.tx_id != 0)
			bridge_client_send(bridge, NULL, &header, "F", 2, 0);
	}
}

static void client_close(struct client *client)
{
	struct client **link = &client->bridge->clients;

	if (client->source.fd < 0)
		return;
	loop_remove(&client->source);
	bridge_orphan_requests(client->bridge, client);
	clean_up(client);
	while (*link != client)
		link = &(*link)->next;
	*link = client->next;
	buffer_clear(&client->out);
	loop_free(client);
}

static void client_write(struct client *client)
{
	while (client->out.len > 0) {
		ssize_t n = send(client->source.fd, client->out.data + client->out.start,
				 client->out.len, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0)
			break; /* a broken connection shows when it is read */
		buffer_take(&client->out, (size_t)n);
	}
	set_events(client);
}

static void client_put(struct client *client, const struct xsd_sockmsg *header, const char *first,
		       size_t first_len, const char *second, size_t second_len)
{
	buffer_append(&client->out, header, sizeof(*header));
	buffer_append(&client->out, first, first_len);
	buffer_append(&client->out, second, second_len);
	if (client->out.len > UNREAD_MAX)
		shutdown(client->source.fd, SHUT_RDWR); /* closed when that shows */
	else
		client_write(client);
}

/* Remembers a transaction that began (was 0) or forgets one that ended. */
static void track(struct client *client, uint32_t was, uint32_t is)
{
	for (size_t i = 0; i < TRANSACTIONS_MAX; i++) {
		if (client->transactions[i] == was) {
			client->transactions[i] = is;
			return;
		}
	}
}

void bridge_client_reply(struct client *client, const struct xsd_sockmsg *header, uint32_t id,
			 const char *body)
{
	struct xsd_sockmsg copy = *header;

	if (header->type == XS_TRANSACTION_START)
		track(client, 0, (uint32_t)strtoul(body, NULL, 10));
	copy.req_id = id;
	client_put(client, &copy, body, header->len, "", 0);
}

void bridge_client_event(struct client *client, const char *path, const char *token)
{
	struct xsd_sockmsg header = { .type = XS_WATCH_EVENT };
	size_t path_len = strlen(path) + 1, token_len = strlen(token) + 1;

	header.len = (uint32_t)(path_len + token_len);
	client_put(client, &header, path, path_len, token, token_len);
}

static struct watch *find_watch(const struct client *client, const char *path, const char *token)
{
	struct watch *watch = client->bridge->watches;

	while (watch != NULL && (watch->client != client || strcmp(watch->path, path) != 0 ||
				 strcmp(watch->token, token) != 0))
		watch = watch->next;
	return watch;
}

/* WATCH or UNWATCH: with the bridge's own token. False: not well-formed or not ours, send as is. */
static bool send_watch(struct client *client, const struct xsd_sockmsg *header, const char *path)
{
	const char *end = path + header->len;
	const char *token = memchr(path, '\0', header->len);
	char body[XENSTORE_PAYLOAD_MAX];
	struct watch *watch;
	size_t len;

	if (token == NULL || ++token >= end || memchr(token, '\0', (size_t)(end - token)) == NULL)
		return false;
	watch = find_watch(client, path, token);
	if (header->type == XS_UNWATCH ? watch == NULL : watch != NULL)
		return false;
	if (watch == NULL)
		watch = bridge_add_watch(client->bridge, client, path, token);
	len = bridge_watch_body(watch, body, sizeof(body));
	if (header->type == XS_WATCH) {
		bridge_client_send(client->bridge, client, header, body, len, watch->id);
	} else {
		bridge_client_send(client->bridge, client, header, body, len, 0);
		bridge_remove_watch(client->bridge, watch->id);
	}
	return true;
}

static void send_error(struct client *client, const struct xsd_sockmsg *request, const char *error)
{
	struct xsd_sockmsg header = *request;

	header.type = XS_ERROR;
	header.len = (uint32_t)strlen(error) + 1;
	client_put(client, &header, error, header.len, "", 0);
}

static void request(struct client *client, const struct xsd_sockmsg *header, const char *body)
{
	switch (header->type) {
	case XS_WATCH:
	case XS_UNWATCH:
		if (send_watch(client, header, body))
			return;
		if (header->type == XS_WATCH) {
			send_error(client, header, "EEXIST");
			return;
		}
		break;
	case XS_RESET_WATCHES: /* would take the kernel's own */
		send_error(client, header, "EINVAL");
		return;
	case XS_TRANSACTION_END:
		track(client, header->tx_id, 0);
		break;
	default:
		break;
	}
	bridge_client_send(client->bridge, client, header, body, header->len, 0);
}

/* Takes whole messages from the front of what was read. False: it is not xenstore's protocol. */
static bool take_requests(struct client *client)
{
	struct xsd_sockmsg header;
	size_t used = 0;

	while (client->in_len - used >= sizeof(header) && !bridge_congested(client->bridge)) {
		memcpy(&header, client->in + used, sizeof(header));
		if (header.len > XENSTORE_PAYLOAD_MAX)
			return false;
		if (client->in_len - used < sizeof(header) + header.len)
			break;
		request(client, &header, client->in + used + sizeof(header));
		used += sizeof(header) + header.len;
	}
	client->in_len -= used;
	memmove(client->in, client->in + used, client->in_len);
	return true;
}

static void client_ready(struct source *source, uint32_t events)
{
	struct client *client = (struct client *)source;
	ssize_t n;

	if (events & EPOLLOUT)
		client_write(client);
	if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
		return;
	n = recv(source->fd, client->in + client->in_len, BRIDGE_MESSAGE_MAX - client->in_len,
		 MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0)
		client->in_len += (size_t)n;
	if (n <= 0 || !take_requests(client))
		client_close(client);
	else
		set_events(client);
}

void bridge_resume_clients(struct bridge *bridge)
{
	for (struct client *client = bridge->clients; client != NULL; client = client->next) {
		/* What was read before the queue filled up comes first. */
		if (client->in_len >= sizeof(struct xsd_sockmsg) && !take_requests(client))
			shutdown(client->source.fd, SHUT_RDWR);
		set_events(client);
	}
}

void bridge_accept(struct source *listener, uint32_t events)
{
	struct bridge *bridge =
		(struct bridge *)((char *)listener - offsetof(struct bridge, listener));
	struct client *client;
	int fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	(void)events;
	if (fd < 0)
		return;
	client = calloc(1, sizeof(*client));
	if (client == NULL)
		abort();
	client->source = (struct source){ .fd = fd, .ready = client_ready };
	client->bridge = bridge;
	client->events = EPOLLIN;
	client->next = bridge->clients;
	bridge->clients = client;
	loop_add(&client->source, EPOLLIN);
}

void bridge_close_clients(struct bridge *bridge)
{
	while (bridge->clients != NULL)
		client_close(bridge->clients);
}
