/* SPDX-License-Identifier: MIT */
/*
 * An audit line, whose words came from anywhere: it stays one line of JSON that says what was
 * asked. The input is two numbers, then a word each, between FUZZ_STOPs.
 */
#include <fcntl.h>
#include <jansson.h>
#include <string.h>
#include <unistd.h>

#include "audit.h"
#include "fuzz.h"

static int file = -1;

static void begin(void)
{
	const char *path = fuzz_file("", 0);

	file = open(path, O_RDWR | O_CLOEXEC);
	MUST(file >= 0);
	MUST(audit_open(path) == 0);
}

static void check(const char *line, size_t len, const struct control_request *request)
{
	json_error_t error;
	json_t *root, *utf8 = json_string(request->subject);
	const char *subject;

	MUST(len > 1 && line[len - 1] == '\n' && !memchr(line, '\n', len - 1));
	fuzz_json(line, len - 1);
	root = json_loadb(line, len, JSON_REJECT_DUPLICATES, &error);
	MUST(root && json_object_size(root) == 20);
	subject = json_string_value(json_object_get(root, "subject"));
	MUST(!utf8 || !strcmp(subject ? subject : "", request->subject));
	json_decref(utf8);
	json_decref(root);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = { data, size };
	struct control_request request = { .value = fuzz_number(&input) };
	struct control_answer answer = { .before = { READING_OK, fuzz_number(&input) } };
	char line[16384];
	ssize_t len;

	request.action = fuzz_byte(&input) % (CONTROL_ACTION_COUNT + 1);
	request.who.via = fuzz_byte(&input) % VIA_COUNT;
	answer.result = fuzz_byte(&input) % RESULT_COUNT;
	answer.domid = fuzz_byte(&input);
	fuzz_text(&input, request.subject, sizeof(request.subject));
	fuzz_text(&input, answer.name, sizeof(answer.name));
	fuzz_text(&input, answer.detail, sizeof(answer.detail));
	fuzz_text(&input, answer.warning, sizeof(answer.warning));
	fuzz_text(&input, request.who.name, sizeof(request.who.name));
	fuzz_text(&input, request.who.address, sizeof(request.who.address));
	fuzz_text(&input, answer.uuid, sizeof(answer.uuid));
	if (file < 0)
		begin();
	MUST(audit_write(&request, &answer) == 0);
	len = pread(file, line, sizeof(line), 0);
	MUST(len > 0 && len < (ssize_t)sizeof(line));
	check(line, (size_t)len, &request);
	MUST(ftruncate(file, 0) == 0);
	return 0;
}
