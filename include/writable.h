/* SPDX-License-Identifier: MIT */
/*
 * Whether a folder takes what will have to be written to it, tried and not guessed.
 */
#ifndef XENBALLOON_WRITABLE_H
#define XENBALLOON_WRITABLE_H

/*
 * Writes a file into the folder, as much as a decision is, and removes it. 0 or a negative errno.
 * Tried at most once a second, whoever asks: any thread.
 */
int writable_try(const char *directory);

#endif
