/* SPDX-License-Identifier: MIT */
/*
 * Takes memory as a program in a guest would: `take MIB [STEP]` asks the kernel for STEP MiB (8),
 * touches them, and so on until it has MIB, prints each step with the time it took, and holds it
 * all until it gets SIGTERM. With a third word, `untouched`, it only asks: the kernel counts that
 * as committed, and no page is used; with `pages` it writes one word to each. Runs in the guests of
 * the real-Xen tests.
 */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define MIB ((size_t)1 << 20)

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Content differs from page to page, so that swap on zram can't fold it. */
static void touch(unsigned char *at, size_t bytes, size_t stride)
{
	for (size_t i = 0; i < bytes; i += stride) {
		uint64_t word = (uint64_t)(uintptr_t)(at + i) * 0x9e3779b97f4a7c15u;

		memcpy(at + i, &word, sizeof(word));
	}
}

/* Refused when more is asked for at once than the guest has now: that ends a program, too. */
static void take(size_t bytes, size_t stride)
{
	unsigned char *memory =
		mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED) {
		printf("take: refused: %s\n", strerror(errno));
		exit(1);
	}
	if (stride)
		touch(memory, bytes, stride);
}

static size_t number(const char *text)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || *end || value == 0 || value > 1u << 20) {
		fprintf(stderr, "take: \"%s\" is no number of MiB (1 to 1048576)\n", text);
		exit(2);
	}
	return value;
}

int main(int argc, char **argv)
{
	size_t want, step, part;
	size_t stride = sizeof(uint64_t);
	sigset_t end;
	int got;

	if (argc == 4)
		stride = strcmp(argv[3], "untouched") == 0 ? 0 : 4096;
	if (argc < 2 || argc > 4 || (stride == 4096 && strcmp(argv[3], "pages") != 0)) {
		fprintf(stderr, "usage: take MIB [STEP_MIB [untouched | pages]]\n");
		return 2;
	}
	want = number(argv[1]);
	step = argc > 2 ? number(argv[2]) : 8;
	sigemptyset(&end);
	sigaddset(&end, SIGTERM);
	sigprocmask(SIG_BLOCK, &end, NULL);

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (size_t have = 0; have < want; have += part) {
		long start = now_ms();

		part = want - have < step ? want - have : step;
		take(part * MIB, stride);
		printf("take: %zu of %zu MiB, step took %ld ms\n", have + part, want,
		       now_ms() - start);
	}
	printf("take: holding %zu MiB\n", want);
	sigwait(&end, &got);
	printf("take: released\n");
	return 0;
}
