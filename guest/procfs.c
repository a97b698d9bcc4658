/* SPDX-License-Identifier: MIT */
/*
 * Parsers for meminfo, zoneinfo, pressure and single numbers. Owns no file: kernel.c reads, this
 * takes apart. Line by line, so that a damaged line costs no more than itself.
 */
#include "procfs.h"

#include <string.h>

/* A counter of pages or microseconds since boot. */
#define COUNT_MAX (UINT64_MAX / 4)

/* More pages than any machine has; keeps sums of zones far from wrapping. */
#define PAGES_MAX (UINT64_C(1) << 38)

struct text {
	const char *at, *end;
};

/* Takes the next line, without its newline; false at the end. */
static bool next_line(struct text *rest, struct text *line)
{
	const char *stop;

	if (rest->at >= rest->end)
		return false;
	stop = memchr(rest->at, '\n', (size_t)(rest->end - rest->at));
	line->at = rest->at;
	line->end = stop ? stop : rest->end;
	rest->at = stop ? stop + 1 : rest->end;
	return true;
}

static void skip_blanks(struct text *text)
{
	while (text->at < text->end && (*text->at == ' ' || *text->at == '\t'))
		text->at++;
}

/* Passes over `word` if the text begins with it. */
static bool take_word(struct text *text, const char *word)
{
	size_t len = strlen(word);

	if ((size_t)(text->end - text->at) < len || memcmp(text->at, word, len) != 0)
		return false;
	text->at += len;
	return true;
}

static bool take_number(struct text *text, uint64_t max, uint64_t *value)
{
	const char *start;

	skip_blanks(text);
	start = text->at;
	while (text->at < text->end && *text->at >= '0' && *text->at <= '9')
		text->at++;
	return contract_parse_number(start, (size_t)(text->at - start), max, value);
}

void procfs_meminfo(const char *text, size_t len, struct meminfo *meminfo)
{
	const struct {
		const char *name;
		struct reading *reading;
	} rows[] = {
		{ "MemTotal:", &meminfo->total_kib },
		{ "MemAvailable:", &meminfo->available_kib },
		{ "Committed_AS:", &meminfo->committed_kib },
		{ "SwapTotal:", &meminfo->swaptotal_kib },
		{ "SwapFree:", &meminfo->swapfree_kib },
		{ "MemFree:", &meminfo->free_kib },
		{ "Hugetlb:", &meminfo->hugetlb_kib }, /* since Linux 4.19 */
	};
	struct text rest = { text, text + len };
	struct text line;

	memset(meminfo, 0, sizeof(*meminfo));
	while (next_line(&rest, &line)) {
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			struct reading *reading = rows[i].reading;

			if (reading->state != READING_ABSENT || !take_word(&line, rows[i].name))
				continue;
			reading->state = READING_BAD;
			if (take_number(&line, CONTRACT_KIB_MAX, &reading->value) &&
			    take_word(&line, " kB") && line.at == line.end)
				reading->state = READING_OK;
			else
				reading->value = 0;
			break;
		}
	}
}

static uint64_t zone_reserve(const struct procfs_zone *zone)
{
	uint64_t reserve = zone->protection + zone->high;

	return reserve < zone->managed ? reserve : zone->managed;
}

/* "(0, 3019, 6475)": the largest. */
static void take_protection(struct text *line, uint64_t *largest)
{
	uint64_t value;

	*largest = 0;
	do {
		if (!take_number(line, PAGES_MAX, &value))
			return;
		if (value > *largest)
			*largest = value;
	} while (take_word(line, ","));
}

static void take_zone_line(struct procfs_reserve *reserve, struct text *line)
{
	struct procfs_zone *zone = &reserve->zone;

	skip_blanks(line);
	if (take_word(line, "Node ")) {
		reserve->pages += zone_reserve(zone);
		if (reserve->pages > PAGES_MAX)
			reserve->pages = PAGES_MAX;
		*zone = (struct procfs_zone){ 0, 0, 0 };
		reserve->known = true;
		reserve->watermarks = false;
	} else if (take_word(line, "pages free")) {
		reserve->watermarks = true;
	} else if (take_word(line, "pagesets")) {
		reserve->watermarks = false; /* "high:" means something else from here on */
	} else if (reserve->watermarks && take_word(line, "high ")) {
		take_number(line, PAGES_MAX, &zone->high);
	} else if (reserve->watermarks && take_word(line, "managed ")) {
		take_number(line, PAGES_MAX, &zone->managed);
	} else if (reserve->watermarks && take_word(line, "protection: (")) {
		take_protection(line, &zone->protection);
	}
}

size_t procfs_reserve_feed(struct procfs_reserve *reserve, const char *text, size_t len)
{
	const char *stop = memrchr(text, '\n', len);
	struct text rest = { text, stop ? stop : text };
	struct text line;

	while (next_line(&rest, &line))
		take_zone_line(reserve, &line);
	return stop ? (size_t)(stop - text) + 1 : 0;
}

struct reading procfs_reserve_kib(const struct procfs_reserve *reserve, unsigned int page_kib)
{
	if (!reserve->known)
		return (struct reading){ READING_ABSENT, 0 };
	return (struct reading){ READING_OK,
				 (reserve->pages + zone_reserve(&reserve->zone)) * page_kib };
}

struct reading procfs_psi(const char *text, size_t len)
{
	struct text rest = { text, text + len };
	struct text line;
	struct reading reading = { READING_ABSENT, 0 };
	uint64_t whole, hundredths;

	while (next_line(&rest, &line)) {
		if (!take_word(&line, "some avg10="))
			continue;
		reading.state = READING_BAD;
		if (take_number(&line, 100, &whole) && take_word(&line, ".") &&
		    line.end > line.at && *line.at != ' ' && take_number(&line, 99, &hundredths) &&
		    whole * 100 + hundredths <= 10000) {
			reading.value = whole * 100 + hundredths;
			reading.state = READING_OK;
		}
		break;
	}
	return reading;
}

struct reading procfs_stall_us(const char *text, size_t len)
{
	static const char total[] = " total=";
	struct text rest = { text, text + len };
	struct text line;
	struct reading reading = { READING_ABSENT, 0 };

	while (next_line(&rest, &line)) {
		if (!take_word(&line, "some "))
			continue;
		line.at = memmem(line.at, (size_t)(line.end - line.at), total, strlen(total));
		if (!line.at)
			break;
		line.at += strlen(total);
		reading = contract_reading(line.at, (size_t)(line.end - line.at), COUNT_MAX);
		break;
	}
	return reading;
}

static const struct {
	const char *name;
	enum vmstat_counter counter;
} vmstat_rows[] = {
	{ "pswpin ", VM_SWAPINS },
	{ "pgsteal_kswapd ", VM_STEALS },
	{ "pgsteal_direct ", VM_STEALS },
	{ "allocstall_dma ", VM_STALLS },
	{ "allocstall_dma32 ", VM_STALLS },
	{ "allocstall_normal ", VM_STALLS },
	{ "allocstall_movable ", VM_STALLS },
	{ "allocstall_high ", VM_STALLS },
	{ "allocstall_device ", VM_STALLS },
	{ "allocstall ", VM_STALLS },
	{ "workingset_activate_anon ", VM_ACTIVATE_ANON },
	{ "workingset_activate_file ", VM_ACTIVATE_FILE },
	{ "workingset_activate ", VM_ACTIVATE_FILE },
	{ "workingset_restore_anon ", VM_RESTORE_ANON },
	{ "workingset_restore_file ", VM_RESTORE_FILE },
	{ "workingset_restore ", VM_RESTORE_FILE },
};

static void take_counter(struct text *line, struct vmstat *vmstat)
{
	struct reading *sum;
	uint64_t value;

	for (size_t i = 0; i < sizeof(vmstat_rows) / sizeof(vmstat_rows[0]); i++) {
		if (!take_word(line, vmstat_rows[i].name))
			continue;
		sum = &vmstat->counters[vmstat_rows[i].counter];
		if (take_number(line, COUNT_MAX, &value) && value <= COUNT_MAX - sum->value) {
			sum->state = READING_OK;
			sum->value += value;
		}
		return;
	}
}

void procfs_vmstat(const char *text, size_t len, struct vmstat *vmstat)
{
	struct text rest = { text, text + len };
	struct text line;

	memset(vmstat, 0, sizeof(*vmstat));
	while (next_line(&rest, &line))
		take_counter(&line, vmstat);
}

struct reading procfs_uptime_ms(const char *text, size_t len)
{
	struct text line = { text, text + len };
	struct reading reading = { READING_ABSENT, 0 };
	uint64_t seconds, hundredths;

	if (take_number(&line, COUNT_MAX / 1000, &seconds) && take_word(&line, ".") &&
	    take_number(&line, 99, &hundredths)) {
		reading.state = READING_OK;
		reading.value = seconds * 1000 + hundredths * 10;
	}
	return reading;
}

struct reading procfs_number(const char *text, size_t len, uint64_t max)
{
	struct text rest = { text, text + len };
	struct text line;

	if (!next_line(&rest, &line))
		return contract_reading(NULL, 0, max);
	return contract_reading(line.at, (size_t)(line.end - line.at), max);
}
