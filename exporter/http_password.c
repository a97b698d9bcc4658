/* SPDX-License-Identifier: MIT */
/*
 * Has passwords checked on threads of their own, one at a time, while their requests wait: a bcrypt
 * must hold up no scrape, and a flood of them must not take the host's CPUs. Those that take long
 * have a lane of their own, so that they hold up no other. Knows no HTTP.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http_call.h"
#include "password.h"
#include "web_config.h"

/* Those who wait for their turn, in all and from one address. */
#define WAITING_MAX	    32
#define WAITING_PER_ADDRESS 8

struct job {
	struct http_call *call;
	const struct config *config; /* whose users they are */
	char address[sizeof(((struct principal *)0)->address)];
	char user[WEB_USER_SIZE];
	char *password;
	struct job *next;
};

/* The second is for passwords that are slow to check. */
static struct lane {
	struct job *first;
	pthread_t thread;
	bool running;
} lanes[2];

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool ending;

static void job_free(struct job *job)
{
	if (job->password)
		explicit_bzero(job->password, strlen(job->password));
	free(job->password);
	config_release(job->config);
	free(job);
}

static struct job *job_new(struct http_call *call, const char *user, const char *password)
{
	struct job *job = calloc(1, sizeof(*job));

	if (!job)
		return NULL;
	job->call = call;
	job->config = config_acquire();
	snprintf(job->address, sizeof(job->address), "%s", call->exchange.who.address);
	snprintf(job->user, sizeof(job->user), "%s", user);
	job->password = strdup(password);
	if (job->password)
		return job;
	job_free(job);
	return NULL;
}

static void *work(void *context)
{
	struct lane *lane = context;
	int before;

	/* Only password_check() may be cut short. */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
	pthread_mutex_lock(&lock);
	while (!ending) {
		struct job *job = lane->first;
		bool right;

		if (!job) {
			pthread_cond_wait(&changed, &lock);
			continue;
		}
		/* It counts as waiting until it is done. */
		pthread_mutex_unlock(&lock);
		right = job->config->passwords &&
			password_check(job->config->passwords, job->user, job->password);
		http_proved(job->call, right);
		pthread_mutex_lock(&lock);
		lane->first = job->next;
		job_free(job);
	}
	pthread_mutex_unlock(&lock);
	return NULL;
}

/* With the lock held. Appends the job if there is room for it. */
static bool enqueue(struct lane *lane, struct job *job)
{
	struct job **last = &lane->first;
	unsigned int all = 0, same = 0;

	for (; *last; last = &(*last)->next) {
		all++;
		same += !strcmp((*last)->address, job->address);
	}
	if (ending || all >= WAITING_MAX || same >= WAITING_PER_ADDRESS)
		return false;
	if (!lane->running)
		lane->running = pthread_create(&lane->thread, NULL, work, lane) == 0;
	if (!lane->running || !exchange_wait(&job->call->exchange))
		return false;
	*last = job;
	pthread_cond_broadcast(&changed);
	return true;
}

bool http_password_submit(struct http_call *call, const char *user, const char *password)
{
	struct job *job = job_new(call, user, password);
	const struct password_book *book = job ? job->config->passwords : NULL;
	bool queued;

	if (!job)
		return false;
	pthread_mutex_lock(&lock);
	queued = enqueue(&lanes[book && password_is_slow(book, user)], job);
	pthread_mutex_unlock(&lock);
	if (!queued)
		job_free(job);
	return queued;
}

/* Who still waits has been answered by http_wait_end(); what they held is given back. */
static void lane_end(struct lane *lane)
{
	if (lane->running) {
		pthread_cancel(lane->thread);
		pthread_join(lane->thread, NULL);
	}
	while (lane->first) {
		struct job *job = lane->first;

		lane->first = job->next;
		http_proved(job->call, false);
		job_free(job);
	}
	lane->running = false;
}

void http_password_end(void)
{
	pthread_mutex_lock(&lock);
	ending = true;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
	lane_end(&lanes[0]);
	lane_end(&lanes[1]);
	ending = false;
}
