/* SPDX-License-Identifier: MIT */
/*
 * The played reporter. Knows the keys, and a goal simpler than the real daemon's policies. Called
 * by guest.c.
 */
#include "poster.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <xen/io/xs_wire.h>

#include "bridge.h"
#include "guest.h"

#define ALIVE_MS 30000 /* at least so often */
#define RETRY_MS 5000  /* after a refusal or a conflict */
#define LINE_MAX 512

/* What one report says. */
struct report {
	uint64_t actual, minimum, selftarget;
};

struct poster {
	struct guest *guest;
	bool granted; /* dom0 has made the keys */
	bool enabled; /* selfballoon is 1 */
	bool busy;    /* a report is under way */
	int64_t last_step_ms;
	uint32_t tx;
	unsigned int refused; /* of the keys of this report */
	uint64_t seq;
	uint64_t reports;
	struct report last;
	struct report posted; /* what stands in the store; 0: not known */
	int64_t due_ms;
};

static uint64_t goal_kib(const struct guest *guest)
{
	const struct kernel *k = &guest->kernel;
	uint64_t gap = kernel_gap_kib(k->config.static_max_kib);

	return gap + k->committed_kib + KERNEL_FIXED_KIB +
	       kernel_totalreserve_kib(k->config.static_max_kib) + k->config.static_max_kib / 16;
}

/* Clear of the size at which an idle guest runs out. */
static uint64_t minimum_kib(const struct guest *guest)
{
	return kernel_gap_kib(guest->kernel.config.static_max_kib) + KERNEL_FIXED_KIB +
	       KERNEL_RESERVE_KIB + WORKLOAD_IDLE_KIB + 8 * 1024;
}

static struct report take_report(const struct guest *guest)
{
	struct report report = {
		.actual = guest->balloon.current_kib,
		.minimum = minimum_kib(guest),
		.selftarget = goal_kib(guest),
	};

	if (report.selftarget > guest->balloon.pages_kib)
		report.selftarget = guest->balloon.pages_kib;
	if (report.selftarget < report.minimum)
		report.selftarget = report.minimum;
	return report;
}

static void got_selfballoon(void *arg, uint32_t type, const char *body, size_t len)
{
	struct poster *poster = arg;
	bool enabled = type == XS_READ && len == 1 && body[0] == '1';

	poster->due_ms = 0;
	/* As the kernel's driver: switched off, it stays where it is until the target is written.
	 */
	poster->enabled = enabled;
	poster->granted = type == XS_READ;
	/* Just made by dom0: empty like this one. */
	if (!poster->granted || len == 0)
		poster->posted = (struct report){ 0 };
}

static void selfballoon_fired(void *arg, const char *path)
{
	struct poster *poster = arg;

	(void)path;
	bridge_call(poster->guest->bridge, XS_READ, 0, "memory/selfballoon",
		    sizeof("memory/selfballoon"), got_selfballoon, poster);
}

struct poster *poster_new(struct guest *guest)
{
	struct poster *poster = calloc(1, sizeof(*poster));

	if (poster == NULL)
		return NULL;
	poster->guest = guest;
	bridge_watch(guest->bridge, "memory/selfballoon", selfballoon_fired, poster);
	return poster;
}

void poster_free(struct poster *poster)
{
	free(poster);
}

void poster_reset(struct poster *poster)
{
	poster->busy = false;
	poster->due_ms = 0;
	poster->posted = (struct report){ 0 };
}

void poster_hurry(struct poster *poster)
{
	poster->due_ms = 0;
}

uint64_t poster_reports(const struct poster *poster)
{
	return poster->reports;
}

static bool differs(uint64_t a, uint64_t b)
{
	return (a > b ? a - b : b - a) * 100 >= (b > 0 ? b : 1);
}

static void ended(void *arg, uint32_t type, const char *body, size_t len)
{
	struct poster *poster = arg;
	bool ok = type == XS_TRANSACTION_END && poster->refused == 0;

	(void)body, (void)len;
	poster->busy = false;
	poster->reports += ok;
	if (!ok) {
		poster->seq--;
		poster->posted = (struct report){ 0 };
		poster->due_ms = poster->last_step_ms + RETRY_MS;
	}
}

static void wrote(void *arg, uint32_t type, const char *body, size_t len)
{
	struct poster *poster = arg;

	(void)body, (void)len;
	poster->refused += type == XS_ERROR;
}

static void write_key(struct poster *poster, const char *key, const char *value)
{
	char body[LINE_MAX + 64];
	int n = snprintf(body, sizeof(body), "memory/%s", key);
	size_t len = strlen(value);

	memcpy(body + n + 1, value, len);
	bridge_call(poster->guest->bridge, XS_WRITE, poster->tx, body, (size_t)n + 1 + len, wrote,
		    poster);
}

/* As the daemon does: xenstored's work for a write grows with the number of guests. */
static void write_kib(struct poster *poster, const char *key, uint64_t kib, uint64_t *posted)
{
	char value[24];

	if (*posted == kib)
		return;
	*posted = kib;
	snprintf(value, sizeof(value), "%" PRIu64, kib);
	write_key(poster, key, value);
}

static void write_stats(struct poster *poster)
{
	const struct kernel *k = &poster->guest->kernel;
	char line[LINE_MAX];

	snprintf(line, sizeof(line),
		 "v=1 seq=%" PRIu64 " committed=%" PRIu64 " available=%" PRIu64 " total=%" PRIu64
		 " swapfree=%" PRIu64 " swaptotal=%" PRIu64 " psi=%.0f wanted=%" PRIu64
		 " policy=committed",
		 poster->seq, k->committed_kib, k->available_kib, k->total_kib,
		 k->config.swap_kib - k->swapped_kib, k->config.swap_kib, k->some.avg10 * 100,
		 poster->last.selftarget);
	write_key(poster, "stats", line);
}

static void started(void *arg, uint32_t type, const char *body, size_t len)
{
	struct poster *poster = arg;

	(void)len;
	if (type != XS_TRANSACTION_START) {
		poster->busy = false;
		return;
	}
	poster->tx = (uint32_t)strtoul(body, NULL, 10);
	poster->refused = 0;
	poster->seq++;
	write_kib(poster, "actual", poster->last.actual, &poster->posted.actual);
	write_kib(poster, "minimum", poster->last.minimum, &poster->posted.minimum);
	if (poster->enabled)
		write_kib(poster, "selftarget", poster->last.selftarget,
			  &poster->posted.selftarget);
	write_stats(poster);
	bridge_call(poster->guest->bridge, XS_TRANSACTION_END, poster->tx, "T", 2, ended, poster);
}

/* Again while unmet, for the driver gives up; and another value then, which alone wakes it. */
static void size_guest(struct guest *guest, uint64_t kib)
{
	struct balloon *balloon = &guest->balloon;
	bool gave_up = balloon->state == BALLOON_CANCELED;

	if (gave_up && kib == balloon->target_kib)
		kib += kib > balloon->current_kib ? -balloon->page_kib : balloon->page_kib;
	if (gave_up || differs(kib, balloon->target_kib))
		balloon_set_target(balloon, kib);
}

void poster_step(struct poster *poster, int64_t now_ms)
{
	struct guest *guest = poster->guest;
	struct report report = take_report(guest);

	poster->last_step_ms = now_ms;
	if (poster->enabled && report.selftarget != guest->balloon.current_kib)
		size_guest(guest, report.selftarget);
	if (!poster->granted || poster->busy || (now_ms < poster->due_ms && poster->reports == 0))
		return;
	if (now_ms < poster->due_ms && !differs(report.actual, poster->last.actual) &&
	    !(poster->enabled && differs(report.selftarget, poster->last.selftarget)))
		return;
	poster->last = report;
	poster->due_ms = now_ms + ALIVE_MS;
	poster->busy = true;
	bridge_call(guest->bridge, XS_TRANSACTION_START, 0, "", 1, started, poster);
}
