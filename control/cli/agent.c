/* SPDX-License-Identifier: MIT */
/*
 * Runs other programs of this host and reads what they print. Knows nothing of what it means.
 * Called by doctor and token.
 */
#include "cli_agent.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define OUTPUT_MAX (64 << 20)
#define LIMIT_MS   5000

/* In the child: becomes the program. */
static void become(const char *const *words, int out)
{
	const char *path = getenv("PATH");
	int null = open("/dev/null", O_RDONLY);
	char *wider;

	if (asprintf(&wider, "%s:/usr/local/sbin:/usr/sbin:/sbin", path ? path : "/usr/bin:/bin") >=
	    0)
		setenv("PATH", wider, 1);
	setenv("LC_ALL", "C", 1);
	dup2(null, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	execvp(words[0], (char *const *)words);
	printf("%s: %s\n", words[0], strerror(errno));
	fflush(stdout);
	_exit(AGENT_NOT_RUN);
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Until the end, or as much as there is until the time is over: a stalled xenstored never answers.
 */
static char *read_all(int in, bool *late)
{
	int64_t end_ms = now_ms() + LIMIT_MS, left_ms;
	struct pollfd wait = { .fd = in, .events = POLLIN };
	size_t room = 65536, len = 0;
	char *text = malloc(room), *grown;
	ssize_t got;

	while (text && len + 1 < OUTPUT_MAX) {
		left_ms = end_ms - now_ms();
		*late = left_ms <= 0 || poll(&wait, 1, (int)left_ms) == 0;
		if (*late)
			break;
		got = read(in, text + len, room - len - 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		len += (size_t)got;
		if (room - len > 1)
			continue;
		room *= 2;
		grown = realloc(text, room);
		if (!grown)
			free(text);
		text = grown;
	}
	if (text)
		text[len] = '\0';
	return text;
}

char *agent_run(const char *const *words, int *status)
{
	bool late = false;
	int ends[2], ended;
	char *text;
	pid_t child;

	*status = AGENT_NOT_RUN;
	if (pipe2(ends, O_CLOEXEC) != 0)
		return NULL;
	fflush(stdout);
	child = fork();
	if (child == 0)
		become(words, ends[1]);
	close(ends[1]);
	text = child < 0 ? NULL : read_all(ends[0], &late);
	close(ends[0]);
	if (child < 0)
		return NULL;
	if (late)
		kill(child, SIGKILL);
	if (waitpid(child, &ended, 0) == child)
		*status = WIFEXITED(ended) ? WEXITSTATUS(ended) : AGENT_LATE;
	return text;
}

char *agent_settings(const char *config, char *error, size_t size)
{
	/* Only a file that is named must be there. */
	const char *words[] = { "xenballoon-agent", "--config.show", config ? "--config" : NULL,
				config, NULL };
	int status;
	char *text = agent_run(words, &status);

	if (text && status == 0)
		return text;
	snprintf(error, size, "%.*s", text ? (int)strcspn(text, "\n") : 0, text ? text : "");
	free(text);
	return NULL;
}

bool agent_setting(const char *settings, const char *name, char *value, size_t size)
{
	size_t len = strlen(name);

	for (const char *line = settings; *line;
	     line += strcspn(line, "\n"), line += *line == '\n') {
		if (strncmp(line, name, len) != 0 || strncmp(line + len, ": ", 2) != 0)
			continue;
		line += len + 2;
		snprintf(value, size, "%.*s", (int)strcspn(line, "\n"), line);
		return true;
	}
	*value = '\0';
	return false;
}
