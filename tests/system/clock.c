/* SPDX-License-Identifier: MIT */
/* Preloaded: wall time is off by the seconds that the file $CLOCK_OFFSET holds just now. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static long offset_s(void)
{
	const char *path = getenv("CLOCK_OFFSET");
	FILE *file = path ? fopen(path, "re") : NULL;
	long seconds = 0;

	if (file && fscanf(file, "%ld", &seconds) != 1)
		seconds = 0;
	if (file)
		fclose(file);
	return seconds;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
	static int (*real)(clockid_t, struct timespec *);
	int rc;

	if (!real)
		real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
	rc = real(clock, now);
	if (!rc && clock == CLOCK_REALTIME)
		now->tv_sec += offset_s();
	return rc;
}

time_t time(time_t *into)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (into)
		*into = now.tv_sec;
	return now.tv_sec;
}
