/* SPDX-License-Identifier: MIT */
/*
 * The daemon's log: one line on standard error, whole, for what has changed. Any thread.
 */
#ifndef XENBALLOON_SAY_H
#define XENBALLOON_SAY_H

void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
