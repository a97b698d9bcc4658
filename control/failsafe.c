/* SPDX-License-Identifier: MIT */
/*
 * Lets a guest grow whose daemon went silent while it sized the guest: nothing in it asks for
 * memory any more, and a program that needs some would be killed. The guest's balloon driver
 * follows dom0's target by itself, so that is raised as far as the cap lets it; the cap stays. A
 * daemon that comes back goes on as before. Collector thread.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "answer.h"
#include "audit.h"
#include "change.h"
#include "clock.h"
#include "config.h"
#include "feed.h"
#include "log.h"
#include "size.h"
#include "snapshot.h"

/* Guests in one turn of the collector, and how long it waits after a failure. */
#define GUESTS_AT_ONCE 16
#define RETRY_MS       60000

/* Nothing to do ends the change without a trace; no error number of others says that. */
#define NOTHING (-ENODATA)

/* One guest, and what its target was and is. */
struct release {
	const struct domain *domain;
	struct reading before, after;
};

static uint64_t less(uint64_t from, uint64_t kib)
{
	return from > kib ? from - kib : 0;
}

/* The largest target that belongs to this cap and this static max, which has video memory in it. */
static uint64_t most_kib(uint64_t static_max_kib, uint64_t cap_kib, uint64_t videoram_kib)
{
	uint64_t by_cap = less(cap_kib, videoram_kib + CONTRACT_CAP_SLACK_KIB);
	uint64_t by_max = less(static_max_kib, videoram_kib);

	return by_cap < by_max ? by_cap : by_max;
}

static bool is_on(struct reading selfballoon)
{
	return selfballoon.state == READING_OK && selfballoon.value == 1;
}

static bool is_below(struct reading target, uint64_t kib)
{
	return target.state == READING_OK && target.value < kib;
}

static bool is_lost(const struct snapshot *snapshot, const struct domain *domain)
{
	const struct reading *value = domain->value;
	uint64_t most = most_kib(value[VALUE_STATIC_MAX].value, value[VALUE_CAP].value,
				 domain->videoram_kib.value);

	return domain->state == STATE_SILENT && !domain->manager &&
	       value[VALUE_STATIC_MAX].state == READING_OK &&
	       value[VALUE_CAP].state == READING_OK && is_on(value[VALUE_SELFBALLOON]) &&
	       is_below(value[VALUE_TARGET], most) && !snapshot_shares_uuid(snapshot, domain);
}

/* The picture may be older than what an operator or the guest has done since. */
static int plan_release(struct change *change, void *context)
{
	struct release *release = context;
	struct plan *plan = &change->plans[0];
	struct reading *former = &plan->after.decided.former_kib;
	int error = plan_read(plan, change->store, change->hypervisor, release->domain->domid,
			      release->domain->uuid);
	uint64_t most;

	if (error)
		return error;
	most = most_kib(plan->static_max.value, plan->before.cap_kib, plan->videoram.value);
	release->before = plan_number(&plan->before, NODE_TARGET);
	if (plan->static_max.state != READING_OK || !is_below(release->before, most) ||
	    !is_on(plan_number(&plan->before, NODE_SELFBALLOON)))
		return NOTHING;
	plan_target_alone(plan, most);
	release->after = plan_number(&plan->after, NODE_TARGET);
	/* Turned off, the guest can still be given the target from before selfballooning. */
	if (former->state != READING_OK)
		*former = release->before;
	plan->decides = true;
	change->count = 1;
	return 0;
}

static void tell(const struct release *release)
{
	const struct domain *domain = release->domain;
	struct control_request request = { .action = CONTROL_TARGET,
					   .value = release->after.value,
					   .who = { .name = "xenballoon-agent",
						    .via = VIA_COUNT } };
	struct control_answer answer = { .result = RESULT_OK,
					 .domid = domain->domid,
					 .before = release->before,
					 .after = release->after };
	char size[SIZE_TEXT];

	snprintf(request.subject, sizeof(request.subject), "%" PRIu32, domain->domid);
	memcpy(answer.name, domain->name, sizeof(answer.name));
	memcpy(answer.uuid, domain->uuid, sizeof(answer.uuid));
	answer_detail(&answer, "silent while selfballooning is on: it may grow up to its limit");
	audit_write(&request, &answer);
	feed_put(&request, &answer);
	audit_sync(audit_latest());
	log_warn("domain %" PRIu32 " (%s): silent while selfballooning is on, so its target is "
		 "raised to %s, up to its limit",
		 domain->domid, domain->uuid, size_text(size, release->after.value));
}

static int let_go(struct store *store, struct hypervisor *hypervisor, const struct domain *domain)
{
	struct release release = { .domain = domain };
	struct plan plan;
	struct change change = { .store = store,
				 .hypervisor = hypervisor,
				 .plan = plan_release,
				 .context = &release,
				 .plans = &plan };
	int error = change_run(&change);

	if (!error)
		tell(&release);
	/* Gone since, or as it should be. */
	return error == NOTHING || error == -ESTALE ? 0 : error;
}

/* What nobody could ever account for is not done. */
static bool allowed(void)
{
	const struct config *config = config_acquire();
	bool allowed = config->control_silent_may_grow &&
		       (!config->audit_required || !audit_try(GUESTS_AT_ONCE));

	config_release(config);
	return allowed;
}

void control_free_silent(struct store *store, struct hypervisor *hypervisor)
{
	static int64_t retry_ms;
	const struct snapshot *snapshot;
	size_t left = GUESTS_AT_ONCE;
	int error = 0;

	if (clock_ms() < retry_ms)
		return;
	snapshot = snapshot_acquire();
	for (size_t i = 0; i < snapshot->count && left && !error; i++) {
		const struct domain *domain = &snapshot->domain[i];

		if (!is_lost(snapshot, domain))
			continue;
		if (left == GUESTS_AT_ONCE && !allowed())
			break;
		left--;
		error = let_go(store, hypervisor, domain);
		if (error)
			log_warn("domain %" PRIu32 " (%s): silent, and its target can't be "
				 "raised: %s",
				 domain->domid, domain->uuid, strerror(-error));
	}
	snapshot_release(snapshot);
	if (error)
		retry_ms = clock_ms() + RETRY_MS;
}
