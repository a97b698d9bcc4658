/* SPDX-License-Identifier: MIT */
/*
 * What the fuzzers share: what must hold, bytes taken apart, and a file that holds the input. Each
 * fuzzer is one NAME_fuzz.c with LLVMFuzzerTestOneInput(), libFuzzer's entry.
 */
#ifndef XENBALLOON_FUZZ_H
#define XENBALLOON_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A finding, when it doesn't: said, and the input is kept by libFuzzer. */
#define MUST(condition) ((condition) ? (void)0 : fuzz_broken(#condition, __FILE__, __LINE__))
void fuzz_broken(const char *condition, const char *file, int line) __attribute__((noreturn));

/* Error text: ended within its size, not empty, and if `plain` nothing but printable ASCII. */
void fuzz_sentence(const char *text, size_t size, bool plain);

/* One JSON document without raw control bytes; freed by the caller, who needs no library. */
void fuzz_json(const char *bytes, size_t len);

/* What is left of an input. */
struct fuzz_input {
	const uint8_t *at;
	size_t left;
};

/* The next byte, 0 at the end; the next 8, or what there is. */
uint8_t fuzz_byte(struct fuzz_input *input);
uint64_t fuzz_number(struct fuzz_input *input);

/*
 * The bytes up to the next FUZZ_STOP or the end, in memory of exactly that size, so that a look
 * beyond it is seen; to be given to free().
 */
#define FUZZ_STOP 0x1e /* ASCII's record separator */
char *fuzz_part(struct fuzz_input *input, size_t *len);

/* The same as text of less than size bytes, cut at the first NUL. */
void fuzz_text(struct fuzz_input *input, char *text, size_t size);

/* All that is left as a terminated string without NULs, to be given to free(). */
char *fuzz_string(struct fuzz_input *input);

/* The path of a file that holds these bytes until the next call. */
const char *fuzz_file(const void *bytes, size_t len);

#endif
