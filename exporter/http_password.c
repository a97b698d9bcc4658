/* SPDX-License-Identifier: MIT */
/*
 * Has passwords checked on a thread of its own, one at a time, while their requests wait: a bcrypt
 * must hold up no scrape, and a flood of them must not take the host's CPUs. Knows no HTTP. Called
 * by http_prove.c and http.c.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http_call.h"
#include "password.h"

/* Those who wait for their turn, in all and from one address. */
#define WAITING_MAX	    32
#define WAITING_PER_ADDRESS 8

struct job {
	struct http_call *call;
	const struct config *config; /* whose users they are */
	char address[sizeof(((struct principal *)0)->address)];
	char user[sizeof(((struct principal *)0)->name)];
	char *password;
	struct job *next;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct job *first;
static bool running, ending;
static pthread_t thread;

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

static void *work(void *nothing)
{
	(void)nothing;
	pthread_mutex_lock(&lock);
	while (!ending) {
		struct job *job = first;
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
		first = job->next;
		job_free(job);
	}
	pthread_mutex_unlock(&lock);
	return NULL;
}

/* With the lock held. Appends the job if there is room for it. */
static bool enqueue(struct job *job)
{
	struct job **last = &first;
	unsigned int all = 0, same = 0;

	for (; *last; last = &(*last)->next) {
		all++;
		same += !strcmp((*last)->address, job->address);
	}
	if (ending || all >= WAITING_MAX || same >= WAITING_PER_ADDRESS)
		return false;
	if (!running)
		running = pthread_create(&thread, NULL, work, NULL) == 0;
	if (!running || !exchange_wait(&job->call->exchange))
		return false;
	*last = job;
	pthread_cond_signal(&changed);
	return true;
}

bool http_password_submit(struct http_call *call, const char *user, const char *password)
{
	struct job *job = job_new(call, user, password);
	bool queued;

	if (!job)
		return false;
	pthread_mutex_lock(&lock);
	queued = enqueue(job);
	pthread_mutex_unlock(&lock);
	if (!queued)
		job_free(job);
	return queued;
}

/* Who still waits has been answered by http_wait_end(); what they held is given back. */
void http_password_end(void)
{
	bool was_running;

	pthread_mutex_lock(&lock);
	ending = true;
	was_running = running;
	pthread_cond_signal(&changed);
	pthread_mutex_unlock(&lock);
	if (was_running)
		pthread_join(thread, NULL);
	while (first) {
		struct job *job = first;

		first = job->next;
		http_proved(job->call, false);
		job_free(job);
	}
	running = ending = false;
}
