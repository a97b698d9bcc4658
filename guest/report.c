/* SPDX-License-Identifier: MIT */
/*
 * When a report is worth posting. Called by the bus thread.
 */
#include "report.h"

#include <string.h>

static bool moved(uint64_t posted, uint64_t latest)
{
	uint64_t change = posted > latest ? posted - latest : latest - posted;

	return change > 0 && change >= posted / 100;
}

static bool reading_moved(struct reading posted, struct reading latest)
{
	return posted.state != latest.state || moved(posted.value, latest.value);
}

static bool policy_changed(const struct stats *posted, const struct stats *latest)
{
	return strcmp(posted->policy, latest->policy) != 0 ||
	       strcmp(posted->settings, latest->settings) != 0 ||
	       strcmp(posted->refuses, latest->refuses) != 0;
}

bool report_due(const struct report *posted, const struct report *latest, int64_t since_ms)
{
	if (posted->orders != latest->orders || since_ms >= REPORT_LIFE_MS)
		return true;
	return since_ms >= REPORT_PAUSE_MS &&
	       (policy_changed(&posted->stats, &latest->stats) ||
		posted->stats.driver.value != latest->stats.driver.value ||
		moved(posted->actual_kib, latest->actual_kib) ||
		moved(posted->minimum_kib, latest->minimum_kib) ||
		reading_moved(posted->selftarget_kib, latest->selftarget_kib) ||
		reading_moved(posted->stats.wanted_kib, latest->stats.wanted_kib));
}
