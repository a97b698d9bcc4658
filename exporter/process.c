/* SPDX-License-Identifier: MIT */
/*
 * The agent's own use of CPU, memory and descriptors, from /proc/self and the kernel. Knows nothing
 * of metrics. Called by prometheus_agent.c.
 */
#include "process.h"

#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static struct reading known(uint64_t value)
{
	return (struct reading){ READING_OK, value };
}

static uint64_t timeval_ms(const struct timeval *time)
{
	return (uint64_t)time->tv_sec * 1000 + (uint64_t)time->tv_usec / 1000;
}

static int64_t now_ms(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void read_memory(struct process_usage *usage)
{
	unsigned long long size, resident;
	long page = sysconf(_SC_PAGESIZE);
	FILE *file = fopen("/proc/self/statm", "re");

	if (!file)
		return;
	if (page > 0 && fscanf(file, "%llu %llu", &size, &resident) == 2) {
		usage->virtual_bytes = known(size * (unsigned long)page);
		usage->resident_bytes = known(resident * (unsigned long)page);
	}
	fclose(file);
}

static struct reading count_fds(void)
{
	uint64_t count = 0;
	DIR *dir = opendir("/proc/self/fd");
	const struct dirent *entry;

	if (!dir)
		return (struct reading){ 0 };
	while ((entry = readdir(dir)))
		count += entry->d_name[0] != '.';
	closedir(dir);
	return known(count - 1); /* the one that reads the directory */
}

static struct reading start;

/* Once only: reckoned anew, a step of the clock would look like a restart. */
static void find_start(void)
{
	char line[1024];
	const char *rest;
	unsigned long long ticks;
	long hz = sysconf(_SC_CLK_TCK);
	FILE *file = fopen("/proc/self/stat", "re");

	if (!file)
		return;
	/* proc(5): field 22 is the start; the name before field 3 may hold spaces. */
	rest = fgets(line, sizeof(line), file) ? strrchr(line, ')') : NULL;
	fclose(file);
	if (!rest || hz <= 0 ||
	    sscanf(rest + 1,
		   " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d "
		   "%llu",
		   &ticks) != 1)
		return;
	start = known((uint64_t)(now_ms(CLOCK_REALTIME) - now_ms(CLOCK_BOOTTIME)) +
		      ticks * 1000 / (unsigned long)hz);
}

void process_read(struct process_usage *usage)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct rusage used;
	struct rlimit fds;

	*usage = (struct process_usage){ 0 };
	pthread_once(&once, find_start);
	usage->start_ms = start;
	if (getrusage(RUSAGE_SELF, &used) == 0)
		usage->cpu_ms = known(timeval_ms(&used.ru_utime) + timeval_ms(&used.ru_stime));
	if (getrlimit(RLIMIT_NOFILE, &fds) == 0 && fds.rlim_cur != RLIM_INFINITY)
		usage->max_fds = known(fds.rlim_cur);
	usage->open_fds = count_fds();
	read_memory(usage);
}
