/* SPDX-License-Identifier: MIT */
/*
 * Takes and frees random amounts of memory, round after round: `hog ROUNDS MOST_MIB SEED`. Each
 * round is a program of its own, which asks for 8 MiB at a time, writes to each page, and ends. One
 * that is killed or refused has failed. Prints each round's size and time, and at last how many
 * failed, the median time and the slowest. Runs in the guests of the real-Xen tests.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MIB	   ((size_t)1 << 20)
#define STEP	   (8 * MIB)
#define ROUNDS_MAX 1000

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void program(size_t bytes)
{
	for (size_t have = 0; have < bytes; have += STEP) {
		unsigned char *memory = mmap(NULL, STEP, PROT_READ | PROT_WRITE,
					     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (memory == MAP_FAILED)
			_exit(1);
		for (size_t i = 0; i < STEP; i += 4096)
			*(volatile uint64_t *)(void *)(memory + i) = have + i;
	}
	_exit(0);
}

/* Milliseconds, or -1. */
static long play(size_t mib)
{
	long start = now_ms();
	int status;
	pid_t pid = fork();

	if (pid == 0)
		program(mib * MIB);
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || status != 0)
		return -1;
	return now_ms() - start;
}

static int by_size(const void *a, const void *b)
{
	long x = *(const long *)a, y = *(const long *)b;

	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	static long ms[ROUNDS_MAX];
	int rounds = argc == 4 ? atoi(argv[1]) : 0, most = argc == 4 ? atoi(argv[2]) : 0;
	int failed = 0;

	if (rounds < 1 || rounds > ROUNDS_MAX || most < 1) {
		fprintf(stderr, "usage: hog ROUNDS MOST_MIB SEED\n");
		return 2;
	}
	srandom((unsigned int)atoi(argv[3]));
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = 0; i < rounds; i++) {
		size_t mib = 1 + (size_t)random() % (size_t)most;

		ms[i] = play(mib);
		failed += ms[i] < 0;
		printf("hog: round %d, %zu MiB, %ld ms\n", i + 1, mib, ms[i]);
	}
	qsort(ms, (size_t)rounds, sizeof(ms[0]), by_size);
	printf("hog: %d rounds, %d failed, median %ld ms, slowest %ld ms\n", rounds, failed,
	       ms[rounds / 2], ms[rounds - 1]);
	return failed > 0;
}
