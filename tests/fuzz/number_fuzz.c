/* SPDX-License-Identifier: MIT */
/* A number as a guest wrote it. The first 8 bytes are the largest that is allowed. */
#include <stdlib.h>
#include <string.h>

#include "contract.h"
#include "fuzz.h"

/* The slow way: without leading zeros, the longer number is the larger one. */
static bool fits(const char *text, size_t len, uint64_t max)
{
	char most[24];
	size_t digits = (size_t)snprintf(most, sizeof(most), "%llu", (unsigned long long)max);

	for (size_t i = 0; i < len; i++)
		if (text[i] < '0' || text[i] > '9')
			return false;
	for (; len > 1 && *text == '0'; len--)
		text++;
	return len > 0 && (len < digits || (len == digits && memcmp(text, most, len) <= 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = { data, size };
	uint64_t max = fuzz_number(&input), value = 77;
	size_t len;
	char *text = fuzz_part(&input, &len);
	bool good = contract_parse_number(text, len, max, &value);
	struct reading reading = contract_reading(text, len, max);

	MUST(good == fits(text, len, max));
	MUST(good ? value <= max : value == 77);
	MUST(reading.state == (len == 0 ? READING_ABSENT : good ? READING_OK : READING_BAD));
	MUST(reading.value == (good ? value : 0));
	free(text);
	text = fuzz_string(&input);
	MUST(contract_key_find(text) == KEY_COUNT ||
	     !strcmp(contract_keys[contract_key_find(text)].name, text));
	free(text);
	return 0;
}
