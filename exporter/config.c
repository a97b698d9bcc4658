/* SPDX-License-Identifier: MIT */
/*
 * Owns the agent's current configuration, which all threads share, and what a reload may change.
 * Which settings there are is setting.c's, the file's syntax config_read.c's. main() loads and
 * publishes; everyone else acquires.
 */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "auth.h"
#include "config_files.h"
#include "config_read.h"
#include "setting.h"

/* What the threads share; the configuration itself knows nothing of its readers. */
struct shared_config {
	struct config config; /* first: a config is found back from its address */
	unsigned int references;
	struct stamp stamps[CONFIG_FILES_MAX]; /* of the files it names, when they were read */
	struct shared_config *lender; /* owns what the files say, but for auth; NULL: its own */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct shared_config *current;
static struct stamp tried[CONFIG_FILES_MAX]; /* as they were when they were read last */
static bool reload_failed, refresh_failed, principals_broken;

static void set_defaults(struct config *config)
{
	char right[128];

	for (size_t i = 0; i < SETTING_COUNT; i++)
		setting_store(&settings[i], config, settings[i].initial, right, sizeof(right));
}

/* The line of the setting that is kept at this place. */
static size_t line_of(const size_t line[SETTING_COUNT], size_t offset)
{
	for (size_t i = 0; i < SETTING_COUNT; i++)
		if (settings[i].offset == offset)
			return line[i];
	return 0;
}

static const char *over_listen = "", *over_socket = "";

void config_override(const char *listen, const char *socket)
{
	over_listen = listen;
	over_socket = socket;
}

static bool override(struct config *config, char *error, size_t size)
{
	const struct {
		const char *path, *value;
	} rows[] = { { "http.listen", over_listen }, { "http.socket", over_socket } };
	char right[128];

	for (size_t row = 0; row < 2; row++)
		for (size_t i = 0; i < SETTING_COUNT && *rows[row].value; i++) {
			const char *wanted;

			if (strcmp(settings[i].path, rows[row].path) != 0)
				continue;
			wanted = setting_store(&settings[i], config, rows[row].value, right,
					       sizeof(right));
			if (wanted) {
				snprintf(error, size,
					 "--web.listen-address is \"%.80s\": must be %s",
					 rows[row].value, wanted);
				return false;
			}
		}
	return true;
}

struct config *config_load(const char *path, char *error, size_t size)
{
	struct shared_config *shared = calloc(1, sizeof(*shared));
	size_t line[SETTING_COUNT] = { 0 };
	char why[512] = "";
	size_t offset;

	if (!shared) {
		snprintf(error, size, "out of memory");
		return NULL;
	}
	set_defaults(&shared->config);
	if (path && !config_read(path, &shared->config, line, error, size))
		goto refused;
	if (!override(&shared->config, error, size))
		goto refused;
	if (config_files_read(&shared->config, shared->stamps, &offset, why, sizeof(why)))
		return &shared->config;
	snprintf(error, size, "%s:%zu: %s", path ? path : "defaults", line_of(line, offset), why);
refused:
	config_free(&shared->config);
	return NULL;
}

void config_free(struct config *config)
{
	struct shared_config *shared = (struct shared_config *)config;

	if (!config)
		return;
	if (shared->lender)
		config_files_return(config);
	else
		config_files_free(config);
	if (shared->lender)
		config_release(&shared->lender->config);
	free(shared);
}

void config_publish(struct config *config)
{
	struct shared_config *shared = (struct shared_config *)config, *previous;

	pthread_mutex_lock(&lock);
	previous = current;
	current = shared;
	if (shared) {
		shared->references = 1;
		memcpy(tried, shared->stamps, sizeof(tried));
	}
	pthread_mutex_unlock(&lock);
	if (previous)
		config_release(&previous->config);
}

const struct config *config_acquire(void)
{
	const struct config *config = NULL;

	pthread_mutex_lock(&lock);
	if (current) {
		current->references++;
		config = &current->config;
	}
	pthread_mutex_unlock(&lock);
	return config;
}

void config_release(const struct config *config)
{
	struct shared_config *shared = (struct shared_config *)config;
	bool last;

	if (!shared)
		return;
	pthread_mutex_lock(&lock);
	last = --shared->references == 0;
	pthread_mutex_unlock(&lock);
	if (last)
		config_free(&shared->config);
}

/* The server that listens either speaks TLS or doesn't. */
static bool same_transport(const struct config *now, const struct config *next, char *error,
			   size_t size)
{
	if (!now->tls == !next->tls)
		return true;
	snprintf(error, size,
		 "http.web_config: TLS can't be switched on or off while the agent runs: restart "
		 "it");
	return false;
}

bool config_can_reload(const struct config *now, const struct config *next, char *error,
		       size_t size)
{
	for (size_t i = 0; i < SETTING_COUNT; i++) {
		const struct setting *row = &settings[i];
		const char *one = (const char *)now + row->offset;
		const char *other = (const char *)next + row->offset;

		if (!row->restart || memcmp(one, other, row->size) == 0)
			continue;
		snprintf(error, size, "%s can't change while the agent runs: restart it",
			 row->path);
		return false;
	}
	return same_transport(now, next, error, size);
}

/* Whether the files look otherwise than when they were read last; from now on they don't. */
static bool have_changed(const struct config *config)
{
	struct stamp stamps[CONFIG_FILES_MAX];
	bool changed = false;

	config_files_stamp(config, stamps);
	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < CONFIG_FILES_MAX; i++)
		changed |= !stamp_same(&stamps[i], &tried[i]);
	memcpy(tried, stamps, sizeof(tried));
	pthread_mutex_unlock(&lock);
	return changed;
}

/* Nobody stays whose line was removed in the same edit as another was spoilt. */
static void keep_standing(const struct config *running)
{
	struct shared_config *shared = calloc(1, sizeof(*shared));
	struct shared_config *lender = (struct shared_config *)running;

	if (!shared)
		return;
	if (lender->lender)
		lender = lender->lender;
	pthread_mutex_lock(&lock);
	lender->references++;
	memcpy(shared->stamps, tried, sizeof(tried));
	pthread_mutex_unlock(&lock);
	shared->config = *running;
	shared->lender = lender;
	shared->config.auth = auth_standing(running->auth, running->http_principal_file);
	config_publish(&shared->config);
}

static void note_principals(const struct config *running, bool refreshed)
{
	char error[400];
	bool broken = !refreshed && config_files_principals_broken(running, error, sizeof(error));

	pthread_mutex_lock(&lock);
	principals_broken = broken;
	pthread_mutex_unlock(&lock);
	if (!broken)
		return;
	log_warn("%s: until it is mended, only those count whose line is unchanged",
		 running->http_principal_file);
	keep_standing(running);
}

static int refresh(const struct config *running, char *error, size_t size)
{
	struct shared_config *shared = calloc(1, sizeof(*shared));
	size_t offset;

	if (!shared) {
		snprintf(error, size, "out of memory");
		return -ENOMEM;
	}
	shared->config = *running;
	config_files_forget(&shared->config);
	if (!config_files_read(&shared->config, shared->stamps, &offset, error, size) ||
	    !same_transport(running, &shared->config, error, size)) {
		config_free(&shared->config);
		return -EINVAL;
	}
	config_publish(&shared->config);
	return 1;
}

int config_refresh(char *error, size_t size)
{
	const struct config *running = config_acquire();
	int result = 0;

	if (running && have_changed(running)) {
		result = refresh(running, error, size);
		pthread_mutex_lock(&lock);
		refresh_failed = result < 0;
		pthread_mutex_unlock(&lock);
		note_principals(running, result >= 0);
	}
	config_release(running);
	return result;
}

void config_note_reload(bool successful)
{
	pthread_mutex_lock(&lock);
	reload_failed = !successful;
	refresh_failed &= !successful;
	principals_broken &= !successful;
	pthread_mutex_unlock(&lock);
}

bool config_last_reload_successful(void)
{
	bool successful;

	pthread_mutex_lock(&lock);
	successful = !reload_failed && !refresh_failed;
	pthread_mutex_unlock(&lock);
	return successful;
}

bool config_principals_broken(void)
{
	bool broken;

	pthread_mutex_lock(&lock);
	broken = principals_broken;
	pthread_mutex_unlock(&lock);
	return broken;
}

void config_show(const struct config *config, FILE *out)
{
	char value[sizeof(struct config)];

	for (size_t i = 0; i < SETTING_COUNT; i++) {
		setting_show(&settings[i], config, value, sizeof(value));
		fprintf(out, "%s: %s\n", settings[i].path, value);
	}
}

void config_describe(FILE *out)
{
	char range[128];

	for (size_t i = 0; i < SETTING_COUNT; i++) {
		const struct setting *row = &settings[i];

		setting_describe_range(row, range, sizeof(range));
		fprintf(out, "%s: %s\n\t%s\n\t%s%s\n", row->path,
			*row->initial ? row->initial : "\"\"", row->help, range,
			row->restart ? "; a change needs a restart" : "");
	}
}
