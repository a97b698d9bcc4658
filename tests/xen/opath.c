/* SPDX-License-Identifier: MIT */
/*
 * Holds a file while something else happens: `opath FILE COMMAND` opens FILE by O_PATH, which takes
 * no reference to the module behind it, runs COMMAND, and opens what it holds. Prints "gone" if
 * that is refused, "there" if not; runs in the guests of the real-Xen tests.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char path[32], byte;
	int fd = argc == 3 ? open(argv[1], O_PATH) : -1;

	if (fd < 0 || system(argv[2]) != 0) {
		perror("opath");
		return 1;
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	fd = open(path, O_RDONLY);
	if (fd >= 0 && read(fd, &byte, 1) == 1)
		puts("there");
	else
		printf("gone: %s\n", strerror(errno));
	return 0;
}
