/* SPDX-License-Identifier: MIT */
/*
 * The xenstore contract as both sides speak it: the key table, the one bounded number parser, the
 * `stats` line. Must not know where the text comes from; agent and daemon both link it.
 */
#include "contract.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const struct contract_row contract_keys[KEY_COUNT] = {
	[KEY_STATIC_MAX] = { "static-max", false, CONTRACT_KIB_MAX },
	[KEY_VIDEORAM] = { "videoram", false, CONTRACT_KIB_MAX },
	[KEY_TARGET] = { "target", false, CONTRACT_KIB_MAX },
	[KEY_SELFBALLOON] = { "selfballoon", true, 1 },
	[KEY_ACTUAL] = { "actual", true, CONTRACT_KIB_MAX },
	[KEY_MINIMUM] = { "minimum", true, CONTRACT_KIB_MAX },
	[KEY_SELFTARGET] = { "selftarget", true, CONTRACT_KIB_MAX },
	[KEY_STATS] = { "stats", true, 0 },
	[KEY_POLICY] = { "policy", false, 0 },
};

const struct contract_driver_row contract_driver[DRIVER_COUNT] = {
	[DRIVER_OBEYS] = { NULL, 0, "nothing" },
	[DRIVER_ABSENT] = { "absent", ENOENT, "No such file or directory" },
	[DRIVER_EPERM] = { "EPERM", EPERM, "Operation not permitted" },
	[DRIVER_EACCES] = { "EACCES", EACCES, "Permission denied" },
	[DRIVER_EROFS] = { "EROFS", EROFS, "Read-only file system" },
	[DRIVER_EINVAL] = { "EINVAL", EINVAL, "Invalid argument" },
	[DRIVER_EIO] = { "EIO", EIO, "Input/output error" },
	[DRIVER_OTHER] = { "other", 0, "an error without a name" },
};

/* Longest word after `driver=` that is looked at. */
#define DRIVER_WORD_MAX 15

/* Numeric fields of the stats line, in the order in which they are written. */
static const struct field {
	const char *name;
	size_t offset; /* of a struct reading in struct stats */
	uint64_t max;
} fields[] = {
	{ "seq", offsetof(struct stats, seq), UINT32_MAX },
	{ "committed", offsetof(struct stats, committed_kib), CONTRACT_KIB_MAX },
	{ "available", offsetof(struct stats, available_kib), CONTRACT_KIB_MAX },
	{ "total", offsetof(struct stats, total_kib), CONTRACT_KIB_MAX },
	{ "swapfree", offsetof(struct stats, swapfree_kib), CONTRACT_KIB_MAX },
	{ "swaptotal", offsetof(struct stats, swaptotal_kib), CONTRACT_KIB_MAX },
	{ "psi", offsetof(struct stats, psi), 10000 },
	{ "wanted", offsetof(struct stats, wanted_kib), CONTRACT_KIB_MAX },
};

#define FIELDS (sizeof(fields) / sizeof(fields[0]))

enum contract_key contract_key_find(const char *name)
{
	unsigned int key;

	for (key = 0; key < KEY_COUNT; key++)
		if (strcmp(contract_keys[key].name, name) == 0)
			break;
	return key;
}

enum contract_driver contract_driver_find(int err)
{
	unsigned int row = err ? DRIVER_ABSENT : DRIVER_OBEYS;

	while (err && row < DRIVER_OTHER && contract_driver[row].error != -err)
		row++;
	return row;
}

bool contract_parse_number(const char *text, size_t len, uint64_t max, uint64_t *value)
{
	uint64_t sum = 0;

	if (len == 0)
		return false;
	for (size_t i = 0; i < len; i++) {
		unsigned int digit = (unsigned char)text[i] - (unsigned int)'0';

		if (digit > 9 || sum > max / 10 || digit > max - sum * 10)
			return false;
		sum = sum * 10 + digit;
	}
	*value = sum;
	return true;
}

struct reading contract_reading(const char *text, size_t len, uint64_t max)
{
	struct reading reading = { READING_ABSENT, 0 };

	if (text && len > 0)
		reading.state = contract_parse_number(text, len, max, &reading.value) ? READING_OK
										      : READING_BAD;
	return reading;
}

struct reading contract_switch(struct reading reading)
{
	if (reading.state == READING_ABSENT)
		reading.state = READING_OK;
	return reading;
}

/* Fields that are words: which letters besides a-z and 0-9 they are of. */
static const struct word {
	const char *name;
	const char *others;
	size_t offset, size; /* of a text in struct stats */
} words[] = {
	{ "policy", "-", offsetof(struct stats, policy), sizeof(((struct stats *)0)->policy) },
	{ "settings", "ABCDEFGHIJKLMNOPQRSTUVWXYZ_.=,-", offsetof(struct stats, settings),
	  sizeof(((struct stats *)0)->settings) },
	{ "refuses", "_", offsetof(struct stats, refuses), sizeof(((struct stats *)0)->refuses) },
};

#define WORDS (sizeof(words) / sizeof(words[0]))

static bool word_valid(const struct word *word, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!((text[i] >= 'a' && text[i] <= 'z') || (text[i] >= '0' && text[i] <= '9') ||
		      (text[i] && strchr(word->others, text[i]))))
			return false;
	return len < word->size;
}

/* Said twice, the first counts: a word decides nothing. */
static void take_word(struct stats *stats, const char *name, size_t name_len, const char *text,
		      size_t len)
{
	for (size_t i = 0; i < WORDS; i++) {
		char *into = (char *)stats + words[i].offset;

		if (strlen(words[i].name) == name_len && !memcmp(words[i].name, name, name_len) &&
		    !*into && word_valid(&words[i], text, len))
			memcpy(into, text, len);
	}
}

/* A word of a newer guest still says that its driver refuses; what is no word says nothing. */
static struct reading driver_reading(const char *text, size_t len)
{
	unsigned int row = DRIVER_ABSENT;

	for (size_t i = 0; i < len && i <= DRIVER_WORD_MAX; i++)
		if (!((text[i] >= 'A' && text[i] <= 'Z') || (text[i] >= 'a' && text[i] <= 'z') ||
		      (text[i] >= '0' && text[i] <= '9')))
			len = 0;
	if (len == 0 || len > DRIVER_WORD_MAX)
		return (struct reading){ READING_BAD, 0 };
	while (row < DRIVER_OTHER && (strlen(contract_driver[row].word) != len ||
				      memcmp(contract_driver[row].word, text, len) != 0))
		row++;
	return (struct reading){ READING_OK, row };
}

static void take_field(struct stats *stats, const char *name, size_t name_len, const char *text,
		       size_t len)
{
	static const struct reading bad = { READING_BAD, 0 };
	struct reading *reading;

	take_word(stats, name, name_len, text, len);
	if (name_len == 6 && memcmp(name, "driver", 6) == 0)
		stats->driver =
			stats->driver.state == READING_ABSENT ? driver_reading(text, len) : bad;
	for (size_t i = 0; i < FIELDS; i++) {
		if (strlen(fields[i].name) != name_len || memcmp(fields[i].name, name, name_len))
			continue;
		reading = (struct reading *)(void *)((char *)stats + fields[i].offset);
		/* Said twice, it means nothing: a reader must not depend on which one it takes. */
		*reading = reading->state == READING_ABSENT && len > 0
				   ? contract_reading(text, len, fields[i].max)
				   : bad;
	}
}

bool contract_parse_stats(const char *text, size_t len, struct stats *stats)
{
	static const char version[] = "v=1";
	const char *end = text + len;
	const char *word = text + sizeof(version) - 1;

	memset(stats, 0, sizeof(*stats));
	if (len > CONTRACT_STATS_MAX || len < sizeof(version) - 1 ||
	    memcmp(text, version, sizeof(version) - 1) != 0 || (word < end && *word != ' '))
		return false;
	while (word < end) {
		const char *stop = memchr(word, ' ', (size_t)(end - word));
		const char *equals;

		stop = stop ? stop : end;
		equals = memchr(word, '=', (size_t)(stop - word));
		if (equals)
			take_field(stats, word, (size_t)(equals - word), equals + 1,
				   (size_t)(stop - equals - 1));
		word = stop + 1;
	}
	return true;
}

/* Appends and keeps *used at size or above once something did not fit. */
static void append(char *line, size_t size, size_t *used, const char *name, const char *text)
{
	int n;

	if (*used >= size)
		return;
	n = snprintf(line + *used, size - *used, "%s%s=%s", *used ? " " : "", name, text);
	*used += n < 0 ? size : (size_t)n;
}

int contract_format_stats(const struct stats *stats, char *line, size_t size)
{
	size_t used = 0;
	char number[24];

	append(line, size, &used, "v", "1");
	for (size_t i = 0; i < FIELDS; i++) {
		const struct reading *reading =
			(const struct reading *)(const void *)((const char *)stats +
							       fields[i].offset);

		if (reading->state != READING_OK)
			continue;
		snprintf(number, sizeof(number), "%" PRIu64, reading->value);
		append(line, size, &used, fields[i].name, number);
	}
	if (stats->driver.state == READING_OK && stats->driver.value > DRIVER_OBEYS &&
	    stats->driver.value < DRIVER_COUNT)
		append(line, size, &used, "driver", contract_driver[stats->driver.value].word);
	for (size_t i = 0; i < WORDS; i++) {
		const char *text = (const char *)stats + words[i].offset;

		if (*text)
			append(line, size, &used, words[i].name, text);
	}
	return used >= size || used > CONTRACT_STATS_MAX ? -ENOSPC : (int)used;
}
