/* SPDX-License-Identifier: MIT */
/*
 * How long a change takes from the POST to the key in xenstore, and to the answer, beside a bare
 * write of the same key. poster PORT KIB < DOMIDS: TOKEN is in the environment. For each guest one
 * POST of KIB and one write, each waited for by a watch. Prints medians and 99th percentiles.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <xenstore.h>

#define GUESTS_MAX 32768

static struct xs_handle *watcher, *writer;
static int http;
static bool answered;
static double key_us[GUESTS_MAX], answer_us[GUESTS_MAX], bare_us[GUESTS_MAX];

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static double now_us(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return (double)at.tv_sec * 1e6 + (double)at.tv_nsec / 1e3;
}

static int by_value(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

static void report(const char *name, double *us, size_t count)
{
	qsort(us, count, sizeof(*us), by_value);
	printf("%s %.0f %.0f\n", name, us[count / 2], us[count * 99 / 100]);
}

static void dial(const char *port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons((uint16_t)atoi(port)),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const int on = 1;

	http = socket(AF_INET, SOCK_STREAM, 0);
	if (http < 0 || connect(http, (struct sockaddr *)&address, sizeof(address)))
		die("connect");
	setsockopt(http, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

static void post(const char *domid, const char *kib)
{
	char text[1024], body[64];
	int body_len = snprintf(body, sizeof(body), "target_kib=%s&force=1", kib);
	int len = snprintf(text, sizeof(text),
			   "POST /api/v1/domains/%s/target HTTP/1.1\r\nHost: localhost\r\n"
			   "Authorization: Bearer %s\r\nContent-Length: %d\r\n"
			   "Content-Type: application/x-www-form-urlencoded\r\n\r\n%s",
			   domid, getenv("TOKEN"), body_len, body);

	if (write(http, text, (size_t)len) != len)
		die("write");
}

/* The answers are short: one read takes a whole one. */
static void take_answer(void)
{
	char text[16384];
	ssize_t got = read(http, text, sizeof(text) - 1);

	text[got > 0 ? got : 0] = 0;
	if (strncmp(text, "HTTP/1.1 200", 12) != 0) {
		fprintf(stderr, "answered: %s\n", text);
		exit(1);
	}
}

static bool event(void)
{
	char **found = xs_check_watch(watcher);

	free(found);
	return found;
}

/* An answer that comes before the key is a refusal. */
static void wait_for_key(bool asked)
{
	struct pollfd fds[2] = { { .fd = xs_fileno(watcher), .events = POLLIN },
				 { .fd = asked ? http : -1, .events = POLLIN } };

	while (!event()) {
		if (!poll(fds, 2, 5000)) {
			fprintf(stderr, "no key after 5 s\n");
			exit(1);
		}
		if (fds[1].revents && !fds[0].revents) {
			take_answer();
			fds[1].fd = -1;
			answered = true;
		}
	}
}

static void measure(const char *domid, const char *kib, size_t i)
{
	char path[64];
	double start;

	snprintf(path, sizeof(path), "/local/domain/%s/memory/target", domid);
	if (!xs_watch(watcher, path, "key"))
		die("xs_watch");
	wait_for_key(false);
	start = now_us();
	answered = false;
	post(domid, kib);
	wait_for_key(true);
	key_us[i] = now_us() - start;
	if (!answered)
		take_answer();
	answer_us[i] = now_us() - start;
	start = now_us();
	if (!xs_write(writer, XBT_NULL, path, kib, (unsigned int)strlen(kib)))
		die("xs_write");
	wait_for_key(false);
	bare_us[i] = now_us() - start;
	xs_unwatch(watcher, path, "key");
}

int main(int argc, char **argv)
{
	char domid[16];
	size_t count = 0;

	if (argc != 3 || !getenv("TOKEN")) {
		fprintf(stderr, "usage: TOKEN=... poster PORT KIB < domids\n");
		return 2;
	}
	watcher = xs_open(0);
	writer = xs_open(0);
	if (!watcher || !writer)
		die("xs_open");
	dial(argv[1]);
	while (count < GUESTS_MAX && scanf("%15s", domid) == 1)
		measure(domid, argv[2], count++);
	if (!count)
		return 1;
	report("bare", bare_us, count);
	report("key", key_us, count);
	report("answer", answer_us, count);
	return 0;
}
