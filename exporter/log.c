/* SPDX-License-Identifier: MIT */
/*
 * Owns what the agent says on standard error: one write per line, so that lines of several threads
 * don't mix, and nothing unprintable in it, whoever wrote the words. Anyone calls it.
 */
#include "log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define MESSAGE_MAX 1024

static const struct {
	const char *word;
	const char *journal; /* sd-daemon(3): the priorities of syslog(3) */
} levels[] = {
	[LOG_LEVEL_ERROR] = { "error", "<3>" },
	[LOG_LEVEL_WARN] = { "warning", "<4>" },
	[LOG_LEVEL_INFO] = { "info", "<6>" },
	[LOG_LEVEL_DEBUG] = { "debug", "<7>" },
};

static atomic_int highest = LOG_LEVEL_INFO;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool to_journal;

/* systemd.exec(5): JOURNAL_STREAM is also inherited by those whose standard error is elsewhere. */
static void find_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat status;

	to_journal = stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
		     fstat(STDERR_FILENO, &status) == 0 && status.st_dev == device &&
		     status.st_ino == inode;
}

/* Appends text with everything but printable ASCII escaped; size is at least 4 * strlen + 1. */
static size_t escape(char *line, size_t at, const char *text)
{
	static const char digits[] = "0123456789abcdef";

	for (const char *c = text; *c; c++) {
		unsigned char byte = (unsigned char)*c;

		if (byte >= 0x20 && byte < 0x7f) {
			line[at++] = *c;
			continue;
		}
		line[at++] = '\\';
		line[at++] = 'x';
		line[at++] = digits[byte >> 4];
		line[at++] = digits[byte & 15];
	}
	return at;
}

static void __attribute__((format(printf, 2, 0))) log_line(enum log_level level, const char *format,
							   va_list arguments)
{
	char message[MESSAGE_MAX];
	char line[32 + 4 * MESSAGE_MAX];
	size_t len;

	if ((int)level > atomic_load_explicit(&highest, memory_order_relaxed))
		return;
	pthread_once(&once, find_journal);
	vsnprintf(message, sizeof(message), format, arguments);
	len = (size_t)snprintf(line, 32, "%s%s: ", to_journal ? levels[level].journal : "",
			       levels[level].word);
	len = escape(line, len, message);
	line[len++] = '\n';
	/* Nobody is left to be told when standard error itself fails. */
	if (write(STDERR_FILENO, line, len) < 0)
		return;
}

void log_set_level(enum log_level level)
{
	atomic_store_explicit(&highest, (int)level, memory_order_relaxed);
}

#define LOG_FUNCTION(name, level)                                                                  \
	void name(const char *format, ...)                                                         \
	{                                                                                          \
		va_list arguments;                                                                 \
                                                                                                   \
		va_start(arguments, format);                                                       \
		log_line(level, format, arguments);                                                \
		va_end(arguments);                                                                 \
	}

LOG_FUNCTION(log_error, LOG_LEVEL_ERROR)
LOG_FUNCTION(log_warn, LOG_LEVEL_WARN)
LOG_FUNCTION(log_info, LOG_LEVEL_INFO)
LOG_FUNCTION(log_debug, LOG_LEVEL_DEBUG)
