/* SPDX-License-Identifier: MIT */
/*
 * Owns the sockets that systemd has handed down, for as long as the agent runs.
 */
#include "inherit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <systemd/sd-daemon.h>

#include "listener.h"
#include "log.h"

struct socket_name {
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
		struct sockaddr_un local;
	};
};

static struct {
	int fd;
	char address[sizeof(((struct sockaddr_un *)0)->sun_path) + 1];
} sockets[LISTENERS_MAX];

static int count;
static char listen_list[LISTENERS_MAX * LISTENER_TEXT];
static char local_path[sizeof(sockets[0].address)];

static void name_tcp(const struct socket_name *name, char *text, size_t size)
{
	char host[INET6_ADDRSTRLEN] = "";
	size_t used = strlen(listen_list);

	if (name->any.sa_family == AF_INET6) {
		inet_ntop(AF_INET6, &name->v6.sin6_addr, host, sizeof(host));
		snprintf(text, size, "[%s]:%u", host, ntohs(name->v6.sin6_port));
	} else {
		inet_ntop(AF_INET, &name->v4.sin_addr, host, sizeof(host));
		snprintf(text, size, "%s:%u", host, ntohs(name->v4.sin_port));
	}
	snprintf(listen_list + used, sizeof(listen_list) - used, "%s%s", used ? "," : "", text);
}

static int take(int fd)
{
	struct socket_name name = { .any = { 0 } };
	socklen_t len = sizeof(name);
	char *text = sockets[count].address;

	if (sd_is_socket(fd, AF_UNSPEC, SOCK_STREAM, 1) <= 0 || getsockname(fd, &name.any, &len) ||
	    fcntl(fd, F_SETFL, O_NONBLOCK))
		return -EINVAL;
	if (name.any.sa_family == AF_UNIX && *name.local.sun_path && !*local_path) {
		snprintf(text, sizeof(sockets[0].address), "%.*s",
			 (int)(len - offsetof(struct sockaddr_un, sun_path)), name.local.sun_path);
		snprintf(local_path, sizeof(local_path), "%s", text);
	} else if (name.any.sa_family == AF_INET || name.any.sa_family == AF_INET6) {
		name_tcp(&name, text, sizeof(sockets[0].address));
	} else {
		return -EAFNOSUPPORT;
	}
	sockets[count++].fd = fd;
	return 0;
}

int inherit_sockets(void)
{
	int given = sd_listen_fds(1);

	for (int fd = SD_LISTEN_FDS_START; fd < SD_LISTEN_FDS_START + given; fd++) {
		int error = count < LISTENERS_MAX ? take(fd) : -EMFILE;

		if (error) {
			log_error("the socket that systemd has passed as number %d is none to "
				  "serve HTTP on: ListenStream= must name TCP addresses and at "
				  "most one path",
				  fd);
			return error;
		}
	}
	return count;
}

const char *inherit_listen(void)
{
	return listen_list;
}

const char *inherit_path(void)
{
	return local_path;
}

int inherit_open(const char *address)
{
	for (int i = 0; i < count; i++)
		if (!strcmp(sockets[i].address, address))
			return fcntl(sockets[i].fd, F_DUPFD_CLOEXEC, 3);
	return -1;
}
