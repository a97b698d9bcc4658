/* SPDX-License-Identifier: MIT */
/*
 * Tells how soon the guest grows once tasks wait for memory: `wake SECONDS` asks the kernel for the
 * same trigger as the daemon does, waits for it, looks at the balloon driver's target all the
 * time, and prints the time between the two. Runs in the guests of the real-Xen tests.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

/* More often, it would take the CPU that the guest needs. */
#define LOOK_MS 10

#define TARGET "/sys/devices/system/xen_memory/xen_memory0/target_kb"

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static long target_kib(int fd)
{
	char text[32] = "";

	return pread(fd, text, sizeof(text) - 1, 0) > 0 ? atol(text) : -1;
}

static void tell(long trigger, long raised)
{
	if (!trigger || !raised)
		printf("wake: no %s\n", trigger ? "growth" : "trigger");
	else if (raised < trigger)
		printf("wake: target raised %ld ms before the trigger\n", trigger - raised);
	else
		printf("wake: target raised %ld ms after the trigger\n", raised - trigger);
}

int main(int argc, char **argv)
{
	static const char ask[] = "some 20000 1000000";
	struct pollfd psi = { .fd = open("/proc/pressure/memory", O_RDWR | O_NONBLOCK),
			      .events = POLLPRI };
	int target = open(TARGET, O_RDONLY);
	long end = now_ms() + (argc == 2 ? atol(argv[1]) : 0) * 1000;
	long last = target_kib(target), trigger = 0, raised = 0;

	if (argc != 2 || last < 0 || psi.fd < 0 || write(psi.fd, ask, sizeof(ask)) < 0) {
		fprintf(stderr, "usage: wake SECONDS, as root in a Xen guest with PSI\n");
		return 2;
	}
	/* Not to be kept from seeing it by the programs that wait. */
	mlockall(MCL_CURRENT | MCL_FUTURE);
	setpriority(PRIO_PROCESS, 0, -20);
	while (now_ms() < end && !(trigger && raised)) {
		long kib;

		if (poll(&psi, 1, LOOK_MS) > 0 && !trigger)
			trigger = now_ms();
		kib = target_kib(target);
		if (kib > last && !raised)
			raised = now_ms();
		last = kib;
	}
	tell(trigger, raised);
	return !(trigger && raised);
}
