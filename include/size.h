/* SPDX-License-Identifier: MIT */
/*
 * Sizes and lengths of time as people read them, in every sentence of agent and command line.
 */
#ifndef XENBALLOON_SIZE_H
#define XENBALLOON_SIZE_H

#include <stdint.h>

#define SIZE_TEXT 24

/*
 * A size, rounded: "0.5 MiB", "3.5 MiB", "412 MiB", from 10 GiB on "12.5 GiB", from 10 TiB on
 * "16 TiB". Returns text.
 */
const char *size_text(char text[SIZE_TEXT], uint64_t kib);

/* Two sizes that a sentence compares: told apart, to a thousandth of a MiB, where they differ. */
void size_texts(char one[SIZE_TEXT], uint64_t one_kib, char other[SIZE_TEXT], uint64_t other_kib);

/* The very size, as a command takes it: "104.5M", "512M", "106968K". Returns text. */
const char *size_word(char text[SIZE_TEXT], uint64_t kib);

/* "45 s", "12 min", "3 h", "90 days". Returns text. */
const char *duration_text(char text[SIZE_TEXT], uint64_t seconds);

#endif
