/* SPDX-License-Identifier: MIT */
/*
 * guest.conf: the table of settings, their ranges and their help; everything that reads or
 * describes the file walks it. Called by main.
 */
#include "settings.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "contract.h"

/* A longer file is no guest.conf. */
#define FILE_MAX_BYTES 16384
#define FLOOR_UNIT     "MiB"
#define FLOOR_MIN_MIB  4
#define FLOOR_MAX_MIB  (CONTRACT_KIB_MAX / 1024)

struct row {
	const char *key, *values, *standard, *help; /* standard NULL: the policy's own */
	bool (*take)(struct settings *settings, const struct row *row, const char *value);
	size_t offset; /* of an unsigned int, for take_number */
	unsigned int min, max;
};

static bool take_policy(struct settings *settings, const struct row *row, const char *value)
{
	(void)row;
	settings->policy = policy_find(value);
	return settings->policy != NULL;
}

static bool take_floor(struct settings *settings, const struct row *row, const char *value)
{
	struct policy_knobs *knobs = &settings->knobs;
	size_t len = strlen(value), unit = strlen(FLOOR_UNIT);
	bool size = len > unit && strcmp(value + len - unit, FLOOR_UNIT) == 0;
	uint64_t mib = 0;

	(void)row;
	if (!contract_parse_number(value, size ? len - unit : len, FLOOR_MAX_MIB, &mib) ||
	    mib < FLOOR_MIN_MIB)
		return false;
	knobs->floor_rule = FLOOR_FIXED;
	/* Two numbers name rules, unless the unit says that they are sizes. */
	if (!size && mib == 2011)
		knobs->floor_rule = FLOOR_2011;
	else if (!size && mib == 2008)
		knobs->floor_rule = FLOOR_2008;
	knobs->floor_kib = knobs->floor_rule == FLOOR_FIXED ? mib * 1024 : 0;
	return true;
}

static bool take_number(struct settings *settings, const struct row *row, const char *value)
{
	uint64_t number;

	if (!contract_parse_number(value, strlen(value), row->max, &number) || number < row->min)
		return false;
	*(unsigned int *)(void *)((char *)settings + row->offset) = (unsigned int)number;
	return true;
}

static const struct row rows[] = {
	{ "policy", "committed, pressure or workingset", "committed", "what decides the size",
	  take_policy, 0, 0, 0 },
	{ "floor", "2011, 2008, or a size such as 96MiB", "2011",
	  "never below: the rule of Linux 3.1, of the 2008 patch, or this size", take_floor, 0, 0,
	  0 },
	{ "reserve_percent", "0 to 100", "10",
	  "committed: of full size, kept beyond what is committed", take_number,
	  offsetof(struct settings, knobs.reserve_percent), 0, 100 },
	{ "interval_s", "1 to 3600", "5", "seconds between steps down; growth never waits",
	  take_number, offsetof(struct settings, knobs.interval_s), 1, 3600 },
	{ "hysteresis_down", "1 to 1000", "8", "committed: a step down goes one nth of the way",
	  take_number, offsetof(struct settings, knobs.hysteresis_down), 1, 1000 },
	{ "hysteresis_up", "1 to 1000", "1", "committed: a step up goes one nth of the way",
	  take_number, offsetof(struct settings, knobs.hysteresis_up), 1, 1000 },
	{ "pressure_ms", "1 to 1000", "10",
	  "so long tasks may wait for memory between two steps: more ends shrinking", take_number,
	  offsetof(struct settings, knobs.pressure_ms), 1, 1000 },
	{ "refault_kib", "0 to 1048576", "2048",
	  "so much may be needed again between two steps after it was evicted", take_number,
	  offsetof(struct settings, knobs.refault_kib), 0, 1048576 },
	{ "probe_percent", "1 to 50", NULL,
	  "the largest step down, of its size; else 5, pressure 10", take_number,
	  offsetof(struct settings, knobs.probe_percent), 1, 50 },
	{ "backoff_percent", "1 to 100", "100", "pressure: the largest step up that waiting causes",
	  take_number, offsetof(struct settings, knobs.backoff_percent), 1, 100 },
	{ "headroom_percent", "0 to 50", NULL,
	  "of full size, kept available; pressure 5, workingset 2", take_number,
	  offsetof(struct settings, knobs.headroom_percent), 0, 50 },
	{ "headroom_mib", "0 to 1048576", NULL, "kept available at least; workingset 32",
	  take_number, offsetof(struct settings, knobs.headroom_mib), 0, 1048576 },
	{ "single_allocation_percent", "0 to 100", "0",
	  "of full size, less swap: room for one large reservation", take_number,
	  offsetof(struct settings, knobs.single_allocation_percent), 0, 100 },
	{ "commit_headroom_percent", "0 to 100", "10",
	  "with vm.overcommit_memory=2: room beyond what is reserved", take_number,
	  offsetof(struct settings, knobs.commit_headroom_percent), 0, 100 },
	{ "rest_s", "1 to 86400", "30", "workingset: rest after pressure, doubled with each time",
	  take_number, offsetof(struct settings, knobs.rest_s), 1, 86400 },
	{ "rest_max_s", "1 to 86400", "3600", "workingset: the longest rest", take_number,
	  offsetof(struct settings, knobs.rest_max_s), 1, 86400 },
	{ "gain_percent", "0 to 20", "2", "workingset: of full size, the least worth a step",
	  take_number, offsetof(struct settings, knobs.gain_percent), 0, 20 },
	{ "reread_percent", "0 to 100", "5",
	  "workingset: of full size, read again in an hour because of steps", take_number,
	  offsetof(struct settings, knobs.reread_percent), 0, 100 },
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

void settings_default(struct settings *settings)
{
	memset(settings, 0, sizeof(*settings));
	settings->knobs.probe_percent = settings->knobs.headroom_percent = POLICY_UNSET;
	settings->knobs.headroom_mib = POLICY_UNSET;
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].standard)
			rows[i].take(settings, &rows[i], rows[i].standard);
}

static const char blanks[] = " \t\r\n";

static const struct row *find_row(const char *key)
{
	for (size_t i = 0; i < ROWS; i++)
		if (strcmp(rows[i].key, key) == 0)
			return &rows[i];
	return NULL;
}

/* Words of a file may hold anything; a message shows those that are text. */
static const char *shown(const char *word)
{
	for (const char *at = word; *at; at++)
		if (*at < ' ' || *at > '~')
			return "(not text)";
	return word;
}

/* The setting whose name begins most like this one; NULL: none does. */
static const char *nearest(const char *key)
{
	const char *found = NULL;
	size_t most = 2;

	for (size_t i = 0; i < ROWS; i++) {
		size_t same = 0;

		while (key[same] && key[same] == rows[i].key[same])
			same++;
		if (same > most) {
			most = same;
			found = rows[i].key;
		}
	}
	return found;
}

/* Takes one setting; more: there was more than one value. On failure false, with error filled. */
static bool take(struct settings *settings, const char *key, const char *value, bool more,
		 unsigned int *seen, char *error, size_t size)
{
	const struct row *row = find_row(key);

	if (!row)
		snprintf(error, size, "no such setting: \"%.40s\"; %s%s", shown(key),
			 nearest(key) ? "did you mean " : "--help lists them all",
			 nearest(key) ? nearest(key) : "");
	else if (!value || more)
		snprintf(error, size, "%s takes one value: %s", row->key, row->values);
	else if (*seen & (1U << (row - rows)))
		snprintf(error, size, "%s is set twice: once is right", row->key);
	else if (!row->take(settings, row, value))
		snprintf(error, size, "not a value for %s: %s, and not \"%.40s\"", row->key,
			 row->values, shown(value));
	else {
		*seen |= 1U << (row - rows);
		return true;
	}
	return false;
}

/* Takes one line, which it cuts up. On failure false, with what is wrong in error. */
static bool take_line(struct settings *settings, char *line, unsigned int *seen, char *error,
		      size_t size)
{
	char *save = NULL;
	char *key, *value;

	line[strcspn(line, "#")] = '\0';
	key = strtok_r(line, blanks, &save);
	if (!key)
		return true;
	value = strtok_r(NULL, blanks, &save);
	return take(settings, key, value, strtok_r(NULL, blanks, &save) != NULL, seen, error, size);
}

bool settings_obey(struct settings *settings, const char *text, char *error, size_t size)
{
	struct settings obeyed = *settings;
	char words[CONTRACT_POLICY_MAX + 1], *save = NULL;
	unsigned int seen = 0;
	bool right = (size_t)snprintf(words, sizeof(words), "%s", text) < sizeof(words);

	if (!right)
		snprintf(error, size, "longer than %zu bytes", sizeof(words) - 1);
	for (char *word = strtok_r(words, blanks, &save); word && right;
	     word = strtok_r(NULL, blanks, &save)) {
		char *equals = strchr(word, '=');

		if (equals)
			*equals = '\0';
		right = equals ? take(&obeyed, word, equals + 1, false, &seen, error, size)
			       : take(&obeyed, "policy", word, false, &seen, error, size);
	}
	if (right)
		*settings = obeyed;
	return right;
}

bool settings_parse(struct settings *settings, const char *name, const char *text, size_t len,
		    char *error, size_t size)
{
	char line[256], wrong[160];
	unsigned int seen = 0, mistakes = 0;
	size_t used = 0;
	const char *end = text + len;

	for (unsigned int number = 1; text < end; number++) {
		const char *stop = memchr(text, '\n', (size_t)(end - text));
		size_t n = (size_t)((stop ? stop : end) - text);

		if (n >= sizeof(line) || memchr(text, '\0', n)) {
			snprintf(error, size, "%s:%u: not a line of text of at most %zu bytes",
				 name, number, sizeof(line) - 1);
			return false;
		}
		memcpy(line, text, n);
		line[n] = '\0';
		if (!take_line(settings, line, &seen, wrong, sizeof(wrong))) {
			/* All of them, so that who mends the file need not start it for each. */
			if (used < size)
				used += (size_t)snprintf(error + used, size - used, "%s%s:%u: %s",
							 mistakes ? "; " : "", name, number, wrong);
			mistakes++;
		}
		text += n + 1;
	}
	return !mistakes;
}

int settings_load(struct settings *settings, const char *path, char *error, size_t size)
{
	static char text[FILE_MAX_BYTES];
	ssize_t len;
	int fd, err;

	settings_default(settings);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return 0;
	len = fd < 0 ? -1 : read(fd, text, sizeof(text));
	err = len < 0 ? -errno : 0;
	if (fd >= 0)
		close(fd);
	if (err)
		snprintf(error, size, "%s: %s", path, strerror(-err));
	else if ((size_t)len == sizeof(text))
		snprintf(error, size, "%s: longer than %zu bytes", path, sizeof(text) - 1);
	else
		return settings_parse(settings, path, text, (size_t)len, error, size) ? 0 : -EINVAL;
	return err ? err : -EINVAL;
}

void settings_floor_name(const struct policy_knobs *knobs, char *name, size_t size)
{
	if (knobs->floor_rule == FLOOR_FIXED)
		snprintf(name, size, "%" PRIu64 FLOOR_UNIT, knobs->floor_kib / 1024);
	else
		snprintf(name, size, "%s", knobs->floor_rule == FLOOR_2008 ? "2008" : "2011");
}

void settings_describe(FILE *out)
{
	for (size_t i = 0; i < ROWS; i++)
		fprintf(out, "  %-25s %-33s %s%s%s%s\n", rows[i].key, rows[i].values, rows[i].help,
			rows[i].standard ? " (" : "", rows[i].standard ? rows[i].standard : "",
			rows[i].standard ? ")" : "");
}

/* As the file writes it. */
static void write_value(const struct row *row, const struct settings *settings, char *text,
			size_t size)
{
	if (row->take == take_policy)
		snprintf(text, size, "%s", settings->policy->name);
	else if (row->take == take_floor)
		settings_floor_name(&settings->knobs, text, size);
	else
		snprintf(text, size, "%u",
			 *(const unsigned int *)(const void *)((const char *)settings +
							       row->offset));
}

static bool agree(const struct row *row, const struct settings *a, const struct settings *b)
{
	char left[32], right[32];

	write_value(row, a, left, sizeof(left));
	write_value(row, b, right, sizeof(right));
	return strcmp(left, right) == 0;
}

bool settings_agree(const struct settings *a, const struct settings *b, const char *key)
{
	const struct row *row = find_row(key);

	return !row || agree(row, a, b);
}

void settings_list(const struct settings *settings, char *text, size_t size)
{
	struct settings standard;
	size_t used = 0;

	settings_default(&standard);
	snprintf(text, size, "-");
	for (size_t i = 0; i < ROWS; i++) {
		char value[32], item[80];
		size_t len;

		if (rows[i].take == take_policy || agree(&rows[i], settings, &standard))
			continue;
		write_value(&rows[i], settings, value, sizeof(value));
		len = (size_t)snprintf(item, sizeof(item), "%s%s=%s", used ? "," : "", rows[i].key,
				       value);
		if (used + len >= size)
			continue;
		memcpy(text + used, item, len + 1);
		used += len;
	}
}

void settings_words(FILE *out)
{
	for (size_t i = 0; i < policy_count; i++)
		fprintf(out, "%s\n", policies[i]->name);
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].take != take_policy)
			fprintf(out, "%s=\n", rows[i].key);
}
