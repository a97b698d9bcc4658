/* SPDX-License-Identifier: MIT */
/*
 * The daemon's log: one line on standard error, whole, for what has changed; by syslog, too, where
 * that was asked for. Any thread; it never waits.
 */
#ifndef XENBALLOON_SAY_H
#define XENBALLOON_SAY_H

/* From now on, also to the local syslog, as daemon.notice. Before there are threads. */
void say_to_syslog(void);

void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
