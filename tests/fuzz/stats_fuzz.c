/* SPDX-License-Identifier: MIT */
/* The line in which a guest says how it is. */
#include <stdlib.h>
#include <string.h>

#include "contract.h"
#include "fuzz.h"

/* Without what was bad, which can't be said again. */
static struct stats good_part(const struct stats *stats)
{
	struct stats good = *stats;
	struct reading *all[] = { &good.seq,	   &good.committed_kib, &good.available_kib,
				  &good.total_kib, &good.swapfree_kib,	&good.swaptotal_kib,
				  &good.psi,	   &good.wanted_kib,	&good.driver };

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		MUST(all[i]->state == READING_OK || all[i]->value == 0);
		if (all[i]->state == READING_BAD)
			all[i]->state = READING_ABSENT;
	}
	return good;
}

static void accepted(const struct stats *stats)
{
	struct stats good = good_part(stats), again;
	char line[CONTRACT_STATS_MAX + 1];
	int len;

	MUST(memchr(stats->policy, '\0', sizeof(stats->policy)));
	MUST(strspn(stats->policy, "abcdefghijklmnopqrstuvwxyz0123456789-") ==
	     strlen(stats->policy));
	MUST(memchr(stats->settings, '\0', sizeof(stats->settings)));
	MUST(memchr(stats->refuses, '\0', sizeof(stats->refuses)));
	MUST(!strpbrk(stats->settings, " <>\"'&\\\n") && !strpbrk(stats->refuses, " <>\"'&\\\n"));
	MUST(stats->driver.value < DRIVER_COUNT);
	MUST(stats->psi.value <= 10000 && stats->wanted_kib.value <= CONTRACT_KIB_MAX);
	len = contract_format_stats(&good, line, sizeof(line));
	MUST(len > 0);
	MUST(contract_parse_stats(line, (size_t)len, &again));
	MUST(memcmp(&good, &again, sizeof(good)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct stats nothing;
	struct fuzz_input input = { data, size };
	struct stats stats;
	size_t len;
	char *line = fuzz_part(&input, &len);

	memset(&stats, 0xa5, sizeof(stats));
	if (contract_parse_stats(line, len, &stats)) {
		MUST(len <= CONTRACT_STATS_MAX);
		accepted(&stats);
	} else {
		MUST(memcmp(&stats, &nothing, sizeof(stats)) == 0);
	}
	free(line);
	return 0;
}
