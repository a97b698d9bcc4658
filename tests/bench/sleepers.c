/* SPDX-License-Identifier: MIT */
/*
 * So many processes that do nothing, for snmpd's own process table to have as many rows as ours.
 * sleepers COUNT: says "ready" and ends, with all of them, when its standard input does.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int count = argc > 1 ? atoi(argv[1]) : 0;
	pid_t parent = getpid();
	char nothing;

	for (int i = 0; i < count; i++) {
		pid_t child = fork();

		if (child < 0) {
			perror("fork");
			return EXIT_FAILURE;
		}
		if (child > 0)
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		while (getppid() == parent)
			pause();
		_exit(EXIT_SUCCESS);
	}
	puts("ready");
	fflush(stdout);
	return read(STDIN_FILENO, &nothing, 1) < 0;
}
