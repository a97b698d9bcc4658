/* SPDX-License-Identifier: MIT */
/*
 * flood KEY VALUE...: writes the key over and over, each value in turn, as fast as xenstored takes
 * it, until SIGTERM; then says how often. What a hostile guest would do; a refused write doesn't
 * stop it.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <xenstore.h>

static volatile sig_atomic_t ended;

static void end(int signal)
{
	(void)signal;
	ended = 1;
}

int main(int argc, char **argv)
{
	struct xs_handle *xs = xs_open(0);
	time_t start = time(NULL), now;
	long writes = 0;

	if (!xs || argc < 3) {
		fprintf(stderr, "usage: flood KEY VALUE..., with xenstored at hand\n");
		return 1;
	}
	signal(SIGTERM, end);
	for (int i = 2; !ended; i = i + 1 < argc ? i + 1 : 2, writes++)
		xs_write(xs, XBT_NULL, argv[1], argv[i], (unsigned int)strlen(argv[i]));
	now = time(NULL);
	printf("%ld writes a second\n", writes / (now > start ? now - start : 1));
	return 0;
}
