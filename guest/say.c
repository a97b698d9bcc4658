/* SPDX-License-Identifier: MIT */
/*
 * One write per line, from the stack: works without memory, and lines of two threads don't mix.
 */
#include "say.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#define NAME "xenballoon-guest"

static int syslog_fd = -1;

/*
 * syslog(3) waits for a syslogd that is stopped, and a guest that waits can't grow: so one
 * datagram, or none. It needs no connection, and a syslogd that is started anew gets the next one.
 */
void say_to_syslog(void)
{
	syslog_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

static void send_line(const char *line, size_t len)
{
	static const struct sockaddr_un log = { .sun_family = AF_UNIX, .sun_path = "/dev/log" };
	char text[600];
	int n = snprintf(text, sizeof(text), "<%d>" NAME "[%d]: %.*s", LOG_DAEMON | LOG_NOTICE,
			 (int)getpid(), (int)len, line);

	if (n > 0 && sendto(syslog_fd, text, (size_t)n, MSG_NOSIGNAL, (const struct sockaddr *)&log,
			    sizeof(log)) < 0)
		return;
}

void say(const char *format, ...)
{
	static const char name[] = NAME ": ";
	char line[512];
	size_t len = sizeof(name) - 1;
	va_list arguments;
	int n;

	snprintf(line, sizeof(line), "%s", name);
	va_start(arguments, format);
	n = vsnprintf(line + len, sizeof(line) - len - 1, format, arguments);
	va_end(arguments);
	if (n > 0)
		len += (size_t)n < sizeof(line) - len - 1 ? (size_t)n : sizeof(line) - len - 2;
	if (syslog_fd >= 0)
		send_line(line + sizeof(name) - 1, len - (sizeof(name) - 1));
	line[len++] = '\n';
	/* With the log gone there is nobody to tell. */
	if (write(STDERR_FILENO, line, len) < 0)
		return;
}
