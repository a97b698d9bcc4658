/* SPDX-License-Identifier: MIT */
/*
 * Log lines to standard error, which systemd hands to the journal (with its <N> priority prefix
 * when JOURNAL_STREAM is set). Any thread. Bytes outside printable ASCII are escaped.
 */
#ifndef XENBALLOON_LOG_H
#define XENBALLOON_LOG_H

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

void log_set_level(enum log_level level);

void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
