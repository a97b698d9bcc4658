/* SPDX-License-Identifier: MIT */
/* Sizes and lengths of time as people write them on the command line. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli_size.h"
#include "fuzz.h"

#define MOST_KIB (UINT64_C(1) << 53)
#define MOST_S	 (UINT64_C(100) * 365 * 86400)

struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit sizes[] = {
	{ "", 1 },	  { "k", 1 },	      { "kib", 1 },	{ "m", 1024 },	    { "mib", 1024 },
	{ "g", 1 << 20 }, { "gib", 1 << 20 }, { "t", 1 << 30 }, { "tib", 1 << 30 },
};
static const struct unit durations[] = {
	{ "", 1 },	  { "s", 1 },	  { "m", 60 },	   { "min", 60 },
	{ "h", 60 * 60 }, { "d", 86400 }, { "w", 604800 },
};

/* The slow way, in thousandths of 128 bits; longer numbers are too large anyway. */
static bool reckoned(const char *text, const struct unit *units, size_t count, uint64_t most,
		     bool fractions, uint64_t *value)
{
	unsigned __int128 number = 0;
	size_t digits = strspn(text, "0123456789"), decimals = 0;
	const char *unit = text + digits;

	for (size_t i = 0; i < digits; i++)
		number = number > most ? number : number * 10 + (unsigned int)(text[i] - '0');
	if (*unit == '.') {
		decimals = strspn(++unit, "0123456789");
		if (!fractions || decimals < 1 || decimals > 3)
			return false;
	}
	for (size_t i = 0; i < 3; i++)
		number = number * 10 + (i < decimals ? (unsigned int)(unit[i] - '0') : 0);
	for (size_t i = 0; digits && i < count; i++) {
		if (strcasecmp(units[i].name, unit + decimals))
			continue;
		if (decimals && units[i].factor == 1)
			return false;
		number = number * units[i].factor / 1000;
		*value = (uint64_t)number;
		return number <= most;
	}
	return false;
}

static void printed(uint64_t kib, uint64_t seconds)
{
	char text[SIZE_TEXT];
	uint64_t again;

	fuzz_sentence(size_text(text, kib), SIZE_TEXT, true);
	fuzz_sentence(duration_text(text, seconds), SIZE_TEXT, true);
	snprintf(text, sizeof(text), "%" PRIu64 "K", kib);
	MUST(size_parse(text, &again) == (kib <= MOST_KIB) && (kib > MOST_KIB || again == kib));
	snprintf(text, sizeof(text), "%" PRIu64 "s", seconds);
	MUST(duration_parse(text, &again) == (seconds <= MOST_S));
	MUST(seconds > MOST_S || again == seconds);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = { data, size };
	char *text = fuzz_string(&input);
	uint64_t kib = 0, seconds = 0, right = 0;
	bool good = size_parse(text, &kib);

	MUST(good == reckoned(text, sizes, sizeof(sizes) / sizeof(*sizes), MOST_KIB, true, &right));
	MUST(!good || kib == right);
	good = duration_parse(text, &seconds);
	MUST(good == reckoned(text, durations, sizeof(durations) / sizeof(*durations), MOST_S,
			      false, &right));
	MUST(!good || seconds == right);
	printed(kib, seconds);
	input = (struct fuzz_input){ data, size };
	kib = fuzz_number(&input);
	printed(kib, fuzz_number(&input));
	free(text);
	return 0;
}
