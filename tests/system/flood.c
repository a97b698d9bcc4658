/* SPDX-License-Identifier: MIT */
/*
 * flood KEY VALUE...: writes the key over and over, each value in turn, as fast as xenstored takes
 * it, until killed. What a hostile guest would do; a refused write doesn't stop it.
 */
#include <stdio.h>
#include <string.h>

#include <xenstore.h>

int main(int argc, char **argv)
{
	struct xs_handle *xs = xs_open(0);

	if (!xs || argc < 3) {
		fprintf(stderr, "usage: flood KEY VALUE..., with xenstored at hand\n");
		return 1;
	}
	for (int i = 2;; i = i + 1 < argc ? i + 1 : 2)
		xs_write(xs, XBT_NULL, argv[1], argv[i], (unsigned int)strlen(argv[i]));
}
