/* SPDX-License-Identifier: MIT */
/*
 * The Unix socket: opens and removes it, and asks the kernel who is at its other end. Knows no
 * request. Called by http.c and, for each request, by http_prove.c.
 */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "http_call.h"
#include "inherit.h"
#include "log.h"

#define NAMES_MAX 4096 /* room for a line of passwd or group */

/* Whose members are operators, beside root. Set before the server's thread starts. */
static bool have_group;
static gid_t group;

static void find_group(const char *name)
{
	struct group entry, *found = NULL;
	char names[NAMES_MAX];

	have_group = *name && getgrnam_r(name, &entry, names, sizeof(names), &found) == 0 && found;
	if (have_group)
		group = found->gr_gid;
}

/* Whether somebody accepts connections there. */
static bool alive(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool answered;

	if (fd < 0)
		return true;
	answered = connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 ||
		   errno == EAGAIN;
	close(fd);
	return answered;
}

/* Makes room for the socket: removes what an agent left that was killed. */
static int clear(const struct sockaddr_un *address)
{
	struct stat status;

	if (lstat(address->sun_path, &status))
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(status.st_mode))
		return -EEXIST;
	if (alive(address))
		return -EADDRINUSE;
	return unlink(address->sun_path) && errno != ENOENT ? -errno : 0;
}

/* Nobody may connect before the group is set, so the socket starts as its owner's alone. */
static int listen_at(int fd, const struct sockaddr_un *address)
{
	if (fchmod(fd, 0600) || bind(fd, (const struct sockaddr *)address, sizeof(*address)))
		return -errno;
	if (listen(fd, SOMAXCONN))
		goto failed;
	if (have_group &&
	    (chown(address->sun_path, (uid_t)-1, group) || chmod(address->sun_path, 0660)))
		goto failed;
	return 0;
failed:;
	int error = -errno;

	unlink(address->sun_path);
	return error;
}

static void make_directory(const char *path)
{
	char folder[sizeof(((struct sockaddr_un *)0)->sun_path)];
	char *slash;

	snprintf(folder, sizeof(folder), "%s", path);
	slash = strrchr(folder, '/');
	if (slash && slash != folder) {
		*slash = '\0';
		mkdir(folder, 0755); /* bind() tells what went wrong */
	}
}

int http_socket_open(const char *path, const char *group_name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd, error;

	find_group(group_name);
	fd = inherit_open(path);
	if (fd >= 0)
		return fd;
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	make_directory(path);
	error = clear(&address);
	if (error)
		goto failed;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0) {
		error = -errno;
		goto failed;
	}
	error = listen_at(fd, &address);
	if (!error)
		return fd;
	close(fd);
failed:
	log_error("http.socket: can't listen on %s: %s%s", path, strerror(-error),
		  error == -EADDRINUSE ? "; another agent runs"
		  : error == -EEXIST   ? "; it is no socket, move it away"
				       : "");
	return error;
}

void http_socket_remove(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	/* systemd's own stays for the next agent. */
	if (!strcmp(path, inherit_path()))
		return;
	/* One that is alive is that of an agent which has come meanwhile. */
	if (clear(&address) == -EADDRINUSE)
		log_warn("http.socket: %s is another agent's by now", path);
}

static bool in_group(int fd, const struct ucred *peer)
{
	socklen_t size = 0;
	gid_t *groups;
	bool found = false;

	if (!have_group || peer->gid == group)
		return have_group;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &size) == 0 || errno != ERANGE)
		return false;
	groups = malloc(size);
	if (groups && getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) == 0)
		for (size_t i = 0; i < size / sizeof(*groups); i++)
			found |= groups[i] == group;
	free(groups);
	return found;
}

static void name_user(uid_t uid, char *name, size_t size)
{
	struct passwd entry, *found = NULL;
	char names[NAMES_MAX];

	if (getpwuid_r(uid, &entry, names, sizeof(names), &found) == 0 && found)
		snprintf(name, size, "%s", found->pw_name);
	else
		snprintf(name, size, "uid-%u", uid);
}

void http_socket_peer(int fd, struct principal *who)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size)) {
		snprintf(who->address, sizeof(who->address), "unknown");
		return;
	}
	name_user(peer.uid, who->name, sizeof(who->name));
	snprintf(who->address, sizeof(who->address), "uid %u, pid %d", peer.uid, peer.pid);
	who->role = peer.uid == 0 || in_group(fd, &peer) ? ROLE_OPERATOR : ROLE_VIEWER;
}
