/* SPDX-License-Identifier: MIT */
/*
 * One epoll loop with a tick, and the way in for other threads. Knows nothing of guests.
 */
#include "loop.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define BATCH 64

struct call {
	struct call *next;
	int (*function)(void *arg);
	void *arg;
	int result;
	bool done;
};

static int epoll_fd = -1;
static pthread_t owner;
static struct source wake;
static bool stopped;
static pthread_mutex_t calls_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t calls_done = PTHREAD_COND_INITIALIZER;
static struct call *calls_first;
static struct call **calls_last = &calls_first;

/* Memory to free after the current batch of events. */
static void **dead;
static size_t dead_count, dead_room;

int64_t loop_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void run_calls(struct source *source, uint32_t events)
{
	struct call *call;
	uint64_t count;

	(void)events;
	if (read(source->fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
		return;
	pthread_mutex_lock(&calls_lock);
	while ((call = calls_first) != NULL) {
		calls_first = call->next;
		if (calls_first == NULL)
			calls_last = &calls_first;
		pthread_mutex_unlock(&calls_lock);
		call->result = call->function(call->arg);
		pthread_mutex_lock(&calls_lock);
		call->done = true;
		pthread_cond_broadcast(&calls_done);
	}
	pthread_mutex_unlock(&calls_lock);
}

int loop_init(void)
{
	owner = pthread_self();
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	wake = (struct source){ .fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), .ready = run_calls };
	if (epoll_fd < 0 || wake.fd < 0)
		return -errno;
	return loop_add(&wake, EPOLLIN);
}

static void wake_up(void)
{
	uint64_t one = 1;

	/* It can only fail when the counter is full, and then the loop is awake anyway. */
	if (write(wake.fd, &one, sizeof(one)) < 0)
		return;
}

int loop_call(int (*function)(void *arg), void *arg)
{
	struct call call = { .function = function, .arg = arg };

	if (pthread_equal(pthread_self(), owner))
		return function(arg);
	pthread_mutex_lock(&calls_lock);
	*calls_last = &call;
	calls_last = &call.next;
	wake_up();
	while (!call.done)
		pthread_cond_wait(&calls_done, &calls_lock);
	pthread_mutex_unlock(&calls_lock);
	return call.result;
}

int loop_add(struct source *source, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = source };

	return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, source->fd, &event) < 0 ? -errno : 0;
}

void loop_change(struct source *source, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = source };

	epoll_ctl(epoll_fd, EPOLL_CTL_MOD, source->fd, &event);
}

void loop_remove(struct source *source)
{
	if (source->fd < 0)
		return;
	epoll_ctl(epoll_fd, EPOLL_CTL_DEL, source->fd, NULL);
	close(source->fd);
	source->fd = -1;
}

void loop_free(void *memory)
{
	if (dead_count == dead_room) {
		dead_room = dead_room * 2 + 16;
		dead = realloc(dead, dead_room * sizeof(*dead));
		if (dead == NULL)
			abort();
	}
	dead[dead_count++] = memory;
}

static void bury(void)
{
	while (dead_count > 0)
		free(dead[--dead_count]);
}

void loop_stop(void)
{
	__atomic_store_n(&stopped, true, __ATOMIC_RELEASE);
	wake_up();
}

static void run_batch(int timeout_ms)
{
	struct epoll_event events[BATCH];
	int n = epoll_wait(epoll_fd, events, BATCH, timeout_ms);

	for (int i = 0; i < n; i++) {
		struct source *source = events[i].data.ptr;

		/* Removed by an earlier event of this batch. */
		if (source->fd >= 0)
			source->ready(source, events[i].events);
	}
	bury();
}

void loop_run(void (*tick)(void *arg), void *arg, int tick_ms)
{
	int64_t next = loop_now_ms() + tick_ms;

	while (!__atomic_load_n(&stopped, __ATOMIC_ACQUIRE)) {
		int64_t left = next - loop_now_ms();

		run_batch(left > 0 ? (int)left : 0);
		if (loop_now_ms() < next)
			continue;
		tick(arg);
		/* Late is late: don't run the missed ticks one after another. */
		next = loop_now_ms() + tick_ms - (loop_now_ms() - next) % tick_ms;
	}
}
