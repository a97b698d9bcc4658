/* SPDX-License-Identifier: MIT */
/*
 * What the fuzzers share. Knows no module under test; linked to each of them.
 */
#include "fuzz.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

void fuzz_broken(const char *condition, const char *file, int line)
{
	fprintf(stderr, "%s:%d: broken: %s\n", file, line, condition);
	abort();
}

void fuzz_sentence(const char *text, size_t size, bool plain)
{
	size_t len = strnlen(text, size);

	MUST(len < size);
	MUST(len > 0);
	for (size_t i = 0; plain && i < len; i++)
		if (text[i] < 0x20 || text[i] > 0x7e) {
			fprintf(stderr, "byte %zu of: %s\n", i, text);
			fuzz_broken("error text is printable", __FILE__, __LINE__);
		}
}

void fuzz_json(const char *bytes, size_t len)
{
	json_error_t error;
	json_t *root = json_loadb(bytes, len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);

	if (!root)
		fprintf(stderr, "%s in: %.*s\n", error.text, (int)len, bytes);
	MUST(root);
	for (size_t i = 0; i < len; i++)
		MUST((unsigned char)bytes[i] >= 0x20);
	json_decref(root);
}

uint8_t fuzz_byte(struct fuzz_input *input)
{
	if (!input->left)
		return 0;
	input->left--;
	return *input->at++;
}

uint64_t fuzz_number(struct fuzz_input *input)
{
	uint64_t number = 0;

	for (int i = 0; i < 8; i++)
		number = number << 8 | fuzz_byte(input);
	return number;
}

char *fuzz_part(struct fuzz_input *input, size_t *len)
{
	const uint8_t *stop = input->left ? memchr(input->at, FUZZ_STOP, input->left) : NULL;
	char *part;

	*len = stop ? (size_t)(stop - input->at) : input->left;
	part = malloc(*len);
	MUST(part || *len == 0);
	if (*len)
		memcpy(part, input->at, *len);
	input->at += *len + !!stop;
	input->left -= *len + !!stop;
	return part;
}

void fuzz_text(struct fuzz_input *input, char *text, size_t size)
{
	size_t len;
	char *part = fuzz_part(input, &len);

	snprintf(text, size, "%.*s", (int)len, len ? part : "");
	free(part);
}

char *fuzz_string(struct fuzz_input *input)
{
	char *string = malloc(input->left + 1);
	size_t len = 0;

	MUST(string);
	for (size_t i = 0; i < input->left; i++)
		if (input->at[i])
			string[len++] = (char)input->at[i];
	string[len] = '\0';
	input->at += input->left;
	input->left = 0;
	return string;
}

const char *fuzz_file(const void *bytes, size_t len)
{
	static char path[32];
	static int fd = -1;

	if (fd < 0) {
		fd = memfd_create("fuzz", MFD_CLOEXEC);
		MUST(fd >= 0 && fchmod(fd, 0600) == 0);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	}
	MUST(ftruncate(fd, 0) == 0);
	MUST(pwrite(fd, bytes, len, 0) == (ssize_t)len);
	return path;
}
