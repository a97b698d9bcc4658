/* SPDX-License-Identifier: MIT */
/*
 * Commands on their way to the collector: two lists under one lock, those that wait and those that
 * run. Whoever sets `answered` first, the deadline or the end of run(), gives the answer.
 */
#include "queue.h"

#include <errno.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct list {
	struct command *first;
	size_t length;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t answer_ended = PTHREAD_COND_INITIALIZER;
static struct list waiting;
static struct list running;
static bool accepting;
static int wake_fd = -1;

static void append(struct list *list, struct command *command)
{
	struct command **at = &list->first;

	while (*at)
		at = &(*at)->next;
	command->next = NULL;
	*at = command;
	list->length++;
}

static void take_out(struct list *list, struct command *command)
{
	struct command **at = &list->first;

	while (*at != command)
		at = &(*at)->next;
	*at = command->next;
	list->length--;
}

int queue_open(void)
{
	wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (wake_fd < 0)
		return -errno;
	pthread_mutex_lock(&lock);
	accepting = true;
	pthread_mutex_unlock(&lock);
	return 0;
}

int queue_fd(void)
{
	return wake_fd;
}

void queue_wake(void)
{
	/* A full counter is as good a wake-up as one more. */
	(void)!write(wake_fd, &(uint64_t){ 1 }, sizeof(uint64_t));
}

int collector_submit(struct command *command)
{
	bool taken;

	atomic_init(&command->answered, false);
	command->answering = false;
	pthread_mutex_lock(&lock);
	taken = accepting && waiting.length < COLLECTOR_QUEUE_MAX;
	if (taken)
		append(&waiting, command);
	pthread_mutex_unlock(&lock);
	if (!taken)
		return -EAGAIN;
	queue_wake();
	return 0;
}

size_t queue_take(struct command *batch[QUEUE_BATCH])
{
	size_t count = 0;
	uint64_t wakes;

	(void)!read(wake_fd, &wakes, sizeof(wakes));
	pthread_mutex_lock(&lock);
	while (waiting.first && count < QUEUE_BATCH) {
		struct command *command = waiting.first;

		take_out(&waiting, command);
		append(&running, command);
		batch[count++] = command;
	}
	if (waiting.first)
		queue_wake();
	pthread_mutex_unlock(&lock);
	return count;
}

/* True if its deadline did not come first. */
static bool claim(struct command *command)
{
	bool late;

	pthread_mutex_lock(&lock);
	while (command->answering)
		pthread_cond_wait(&answer_ended, &lock);
	take_out(&running, command);
	late = atomic_exchange(&command->answered, true);
	pthread_mutex_unlock(&lock);
	return !late;
}

void queue_finish(struct command *const batch[], size_t count)
{
	bool claimed[QUEUE_BATCH];

	for (size_t i = 0; i < count; i++) {
		claimed[i] = claim(batch[i]);
		if (claimed[i] && batch[i]->conclude)
			batch[i]->conclude(batch[i]);
	}
	for (size_t i = 0; i < count; i++) {
		if (claimed[i])
			batch[i]->answer(batch[i], 0);
		batch[i]->release(batch[i]);
	}
}

bool command_expired(const struct command *command)
{
	return atomic_load(&command->answered);
}

static struct command *find_expired(const struct list *list, int64_t now_ms)
{
	struct command *command = list->first;

	while (command && (command->deadline_ms > now_ms || atomic_load(&command->answered)))
		command = command->next;
	return command;
}

/* Nobody has begun it: answer it and let it go. Called with the lock, which it gives up meanwhile.
 */
static void expire_waiting(struct command *command)
{
	take_out(&waiting, command);
	atomic_store(&command->answered, true);
	pthread_mutex_unlock(&lock);
	command->answer(command, -ETIMEDOUT);
	command->release(command);
	pthread_mutex_lock(&lock);
}

/* The collector is at it, and will release it, but not while the answer is being given. */
static void expire_running(struct command *command)
{
	atomic_store(&command->answered, true);
	command->answering = true;
	pthread_mutex_unlock(&lock);
	command->answer(command, -ETIMEDOUT);
	pthread_mutex_lock(&lock);
	command->answering = false;
	pthread_cond_broadcast(&answer_ended);
}

void collector_expire(int64_t now_ms)
{
	struct command *command;

	pthread_mutex_lock(&lock);
	while ((command = find_expired(&waiting, now_ms)))
		expire_waiting(command);
	while ((command = find_expired(&running, now_ms)))
		expire_running(command);
	pthread_mutex_unlock(&lock);
}

void queue_shut(void)
{
	pthread_mutex_lock(&lock);
	accepting = false;
	pthread_mutex_unlock(&lock);
	collector_expire(INT64_MAX);
}

void queue_close(void)
{
	close(wake_fd);
	wake_fd = -1;
}
