/* SPDX-License-Identifier: MIT */
/*
 * Both ends of the command socket. A request is its words, each with a NUL, and the end of writing;
 * an answer is a digit (0: done, 1: refused) and text. What the words mean is verbs.c's.
 */
#include "ctl.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "bed.h"
#include "loop.h"
#include "verbs.h"

#define REQUEST_MAX 4096

static struct source listener;

static bool socket_path(const char *folder, struct sockaddr_un *address)
{
	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	return snprintf(address->sun_path, sizeof(address->sun_path), "%s/ctl", folder) <
	       (int)sizeof(address->sun_path);
}

static void send_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, data, len, MSG_NOSIGNAL);

		if (n <= 0)
			return;
		data += n;
		len -= (size_t)n;
	}
}

/* Reads until the other side ends; the words in it, at most VERBS_WORDS_MAX. */
static int read_words(int fd, char *request, char **words)
{
	size_t len = 0;
	ssize_t n;
	int count = 0;

	while (len < REQUEST_MAX - 1 && (n = read(fd, request + len, REQUEST_MAX - 1 - len)) > 0)
		len += (size_t)n;
	request[len] = '\0';
	for (size_t at = 0; at < len && count < VERBS_WORDS_MAX; at += strlen(request + at) + 1)
		words[count++] = request + at;
	return count;
}

static void *serve(void *arg)
{
	int fd = (int)(intptr_t)arg;
	char request[REQUEST_MAX];
	char *words[VERBS_WORDS_MAX], *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	int count = read_words(fd, request, words);
	int rc;

	if (out != NULL) {
		rc = verbs_run(words, count, out);
		fclose(out);
		send_all(fd, rc == 0 ? "0" : "1", 1);
		send_all(fd, text, size);
	}
	free(text);
	close(fd);
	return NULL;
}

static void accept_one(struct source *source, uint32_t events)
{
	int fd = accept4(source->fd, NULL, NULL, SOCK_CLOEXEC);
	pthread_t thread;

	(void)events;
	if (fd < 0)
		return;
	if (pthread_create(&thread, NULL, serve, (void *)(intptr_t)fd) == 0)
		pthread_detach(thread);
	else
		close(fd);
}

int ctl_listen(const char *sockets)
{
	struct sockaddr_un address;

	if (!socket_path(sockets, &address))
		return -ENAMETOOLONG;
	listener.ready = accept_one;
	listener.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (listener.fd < 0 ||
	    bind(listener.fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(listener.fd, 64) < 0)
		return -errno;
	return loop_add(&listener, EPOLLIN);
}

static int connect_to(const char *dir)
{
	char link[BED_PATH_MAX], folder[BED_PATH_MAX];
	struct sockaddr_un address;
	int fd;

	if (snprintf(link, sizeof(link), "%s/run", dir) >= (int)sizeof(link))
		return -ENAMETOOLONG;
	/* dir/run may be a link to a folder with a shorter name. */
	if (realpath(link, folder) == NULL)
		return -errno;
	if (!socket_path(folder, &address))
		return -ENAMETOOLONG;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	close(fd);
	return -errno;
}

/* The answer's first byte says where the rest goes and how we end. */
static int print_answer(int fd)
{
	char buf[4096];
	FILE *to = NULL;
	ssize_t n;
	int status = 1;

	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		const char *text = buf;

		if (to == NULL) {
			status = buf[0] == '0' ? 0 : 1;
			to = status == 0 ? stdout : stderr;
			text++;
			n--;
		}
		fwrite(text, 1, (size_t)n, to);
	}
	if (to == NULL)
		fprintf(stderr, "xenbed: the bed went away\n");
	return status;
}

int ctl_run(const char *dir, int argc, char **argv)
{
	int fd = connect_to(dir);
	int status;

	if (fd < 0) {
		fprintf(stderr, "xenbed: no bed runs in %s: %s\n", dir, strerror(-fd));
		return 1;
	}
	for (int i = 0; i < argc; i++)
		send_all(fd, argv[i], strlen(argv[i]) + 1);
	shutdown(fd, SHUT_WR);
	status = print_answer(fd);
	close(fd);
	return status;
}
