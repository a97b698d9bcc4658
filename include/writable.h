/* SPDX-License-Identifier: MIT */
/*
 * Whether a folder takes what will have to be written to it, tried and not guessed.
 */
#ifndef XENBALLOON_WRITABLE_H
#define XENBALLOON_WRITABLE_H

#include <stdbool.h>

#include "file.h"

/*
 * Writes a file into the folder, as much as a decision is, and removes it. 0 or a negative errno.
 * Tried at most once a second, whoever asks: any thread.
 */
int writable_try(const char *directory);

/*
 * Whether a damaged decision (decision.h) is kept aside in the folder, and the name of one. Looked
 * for at most once a second: any thread.
 */
bool writable_damaged(const char *directory, char name[FILE_NAME_MAX + 1]);

#endif
