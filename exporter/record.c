/* SPDX-License-Identifier: MIT */
/*
 * One guest's keys turned into readings. A guest's words are hostile: everything goes through the
 * contract's parser, and what it refuses is counted. Called by the roster.
 */
#include "record.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "contract.h"
#include "metric.h"
#include "policy_text.h"
#include "store.h"

/* Longest value that xenstored keeps for anyone (XENSTORE_PAYLOAD_MAX). */
#define VALUE_BYTES_MAX 4096

/* Keys by which other memory managers are known: they own `target` where these stand. */
static const struct {
	const char *key;
	const char *manager;
} managers[] = {
	{ "dynamic-max", "squeezed" }, /* XAPI */
	{ "meminfo", "qmemman" },      /* Qubes */
};

#define MANAGER_COUNT (sizeof(managers) / sizeof(managers[0]))

/* At first sight it may have been so for any time. */
static void note_run(struct domain *domain, enum domain_run run)
{
	if (domain->run_since_ms && domain->run == run)
		return;
	domain->run_seen = domain->run_since_ms;
	domain->run_before = domain->run_since_ms ? domain->run : run;
	domain->run_since_ms = clock_ms();
	domain->run = run;
}

void record_measure(struct record *record, const struct hypervisor_domain *measured)
{
	struct reading *value = record->domain.value;

	record->domain.type = measured->type;
	note_run(&record->domain, measured->run);
	record->domain.vcpus_max = measured->vcpus_max;
	record->domain.cpu_ns = measured->cpu_ns;
	if (record->domain.vcpus != measured->vcpus) {
		free(record->vcpu_ns);
		record->vcpu_ns = NULL;
	}
	record->domain.vcpus = measured->vcpus;
	value[VALUE_ALLOCATED] = (struct reading){ READING_OK, measured->allocated_kib };
	value[VALUE_CAP] = (struct reading){ READING_OK, measured->cap_kib };
}

/* That of a single one is the domain's, which is known anyway. */
void record_measure_vcpus(struct record *record, struct hypervisor *hypervisor)
{
	uint32_t count = record->domain.vcpus;

	if (!record->vcpu_ns)
		record->vcpu_ns = calloc(count + 1, sizeof(*record->vcpu_ns));
	for (uint32_t i = 0; i < count && record->vcpu_ns; i++) {
		if (count == 1)
			record->vcpu_ns[i] = record->domain.cpu_ns;
		else
			hypervisor_vcpu_ns(hypervisor, record->domain.domid, i,
					   &record->vcpu_ns[i]);
	}
}

void record_free(struct record *record)
{
	if (record)
		free(record->vcpu_ns);
	free(record);
}

unsigned int record_marks(const char *below)
{
	enum contract_key key;

	if (!strcmp(below, "name"))
		return RECORD_NAME;
	if (!strcmp(below, "memory"))
		return RECORD_ALL;
	if (strncmp(below, "memory/", 7))
		return 0;
	below += 7;
	key = contract_key_find(below);
	if (key != KEY_COUNT)
		return RECORD_KEY(key);
	for (size_t i = 0; i < MANAGER_COUNT; i++)
		if (!strcmp(below, managers[i].key))
			return RECORD_MANAGER;
	return 0;
}

/* Where the reading of a key that is a number goes; NULL for one that isn't shown. */
static struct reading *place_of(struct record *record, enum contract_key key)
{
	if (key == KEY_VIDEORAM)
		return &record->domain.videoram_kib;
	for (size_t i = 0; i < VALUE_COUNT; i++)
		if (metric_domain[i].source == SOURCE_STORE && metric_domain[i].key == key)
			return &record->domain.value[i];
	return NULL;
}

/* What the guest's kernel has in swap; bad when it claims more free than there is. */
static struct reading swap_used(const struct stats *stats)
{
	if (stats->swaptotal_kib.state != READING_OK)
		return stats->swaptotal_kib;
	if (stats->swapfree_kib.state != READING_OK)
		return stats->swapfree_kib;
	if (stats->swapfree_kib.value > stats->swaptotal_kib.value)
		return (struct reading){ READING_BAD, 0 };
	return (struct reading){ READING_OK,
				 stats->swaptotal_kib.value - stats->swapfree_kib.value };
}

/*
 * A step of seq is a report; a value seen again is not, nor is the one that stood there when the
 * agent first looked.
 */
static void note_report(struct record *record, struct reading seq)
{
	bool first = record->domain.heard == HEARD_UNREAD;

	if (first)
		record->domain.heard = HEARD_NOTHING;
	if (seq.state != READING_OK ||
	    (record->seq.state == READING_OK && record->seq.value == seq.value))
		return;
	record->seq = seq;
	record->domain.heard = first ? HEARD_BEFORE : HEARD_REPORT;
	if (first)
		return;
	record->domain.value[VALUE_LAST_REPORT] =
		(struct reading){ READING_OK, (uint64_t)clock_ms() };
}

/* Both halves are read one by one; each time, what they say together. */
static void compare_policies(struct record *record)
{
	struct domain *domain = &record->domain;
	const struct stats *said = &record->policy;
	char name[CONTRACT_REFUSES_MAX + 1], error[128];

	policy_text_in_force(said, domain->policy);
	*domain->policy_note = '\0';
	if (!*domain->policy_ordered)
		return;
	if (*said->refuses)
		snprintf(domain->policy_note, sizeof(domain->policy_note),
			 "the guest does not take \"%s\" of the policy ordered, so its own "
			 "configuration counts",
			 said->refuses);
	else if (!policy_text_valid(domain->policy_ordered, error, sizeof(error)))
		snprintf(domain->policy_note, sizeof(domain->policy_note),
			 "the policy ordered makes no sense: %s", error);
	else if (!*said->policy)
		snprintf(domain->policy_note, sizeof(domain->policy_note),
			 "the guest has not said which policy it works by");
	else if (!policy_text_follows(said, domain->policy_ordered, name))
		snprintf(domain->policy_note, sizeof(domain->policy_note),
			 "the guest does not work by the %s ordered, or not yet", name);
}

static bool take_stats(struct record *record, const char *text, size_t len)
{
	static const enum domain_value checked[] = { VALUE_COMMITTED, VALUE_AVAILABLE,
						     VALUE_SWAP_USED, VALUE_PRESSURE,
						     VALUE_WANTED };
	struct reading *value = record->domain.value;
	struct stats stats;
	bool good = contract_parse_stats(text, len, &stats) || !len;

	value[VALUE_COMMITTED] = stats.committed_kib;
	value[VALUE_AVAILABLE] = stats.available_kib;
	value[VALUE_SWAP_USED] = swap_used(&stats);
	value[VALUE_PRESSURE] = stats.psi;
	value[VALUE_WANTED] = stats.wanted_kib;
	record->domain.driver = (enum contract_driver)stats.driver.value;
	record->domain.has_swap =
		stats.swaptotal_kib.state == READING_OK && stats.swaptotal_kib.value > 0;
	record->policy = stats;
	compare_policies(record);
	note_report(record, stats.seq);
	good = good && stats.driver.state != READING_BAD;
	for (size_t i = 0; i < sizeof(checked) / sizeof(checked[0]); i++)
		good = good && value[checked[i]].state != READING_BAD;
	return good;
}

static bool take_policy(struct record *record, const char *text, size_t len)
{
	snprintf(record->domain.policy_ordered, sizeof(record->domain.policy_ordered), "%.*s",
		 (int)len, text);
	compare_policies(record);
	return true;
}

/* text NULL: there is no such key. False for a value that was refused. */
static bool take(struct record *record, enum contract_key key, const char *text, size_t len)
{
	struct reading *place = place_of(record, key);

	if (key == KEY_STATS)
		return take_stats(record, text ? text : "", len);
	if (key == KEY_POLICY)
		return take_policy(record, text ? text : "", len);
	*place = contract_reading(text, len, contract_keys[key].max);
	if (key == KEY_SELFBALLOON)
		*place = contract_switch(*place);
	return place->state != READING_BAD;
}

static void path_of(const struct record *record, const char *below, char path[64])
{
	snprintf(path, 64, "/local/domain/%u/%s", record->domain.domid, below);
}

static int read_key(struct record *record, struct store *store, enum contract_key key)
{
	char path[64], below[32], bytes[VALUE_BYTES_MAX + 1];
	size_t len = 0;
	bool good;
	int error;

	snprintf(below, sizeof(below), "memory/%s", contract_keys[key].name);
	path_of(record, below, path);
	error = store_read(store, path, bytes, sizeof(bytes), &len);
	if (error == -ENOENT)
		good = take(record, key, NULL, 0);
	else if (error == -EMSGSIZE)
		good = false;
	else if (error)
		return error;
	else
		good = take(record, key, bytes, len);
	if (!good)
		record->domain.value[VALUE_KEY_ERRORS].value++;
	return 0;
}

/* A name with a NUL inside ends there, as it does for xl. */
static int read_name(struct record *record, struct store *store)
{
	char path[64], bytes[VALUE_BYTES_MAX + 1] = "";
	size_t len = 0;
	int error;

	path_of(record, "name", path);
	error = store_read(store, path, bytes, sizeof(bytes), &len);
	if (error && error != -ENOENT)
		return error;
	snprintf(record->domain.name, sizeof(record->domain.name), "%.*s", SNAPSHOT_NAME_MAX,
		 error ? "" : bytes);
	return 0;
}

/* Reckoned once: dom0's clock may be set afterwards. No guest is older than its host. */
static void note_start(struct domain *domain, int64_t start_ms)
{
	int64_t now_ms = clock_ms(), up_ms = clock_unix() * 1000 - start_ms;

	if (up_ms < 0)
		up_ms = 0;
	domain->started_ms =
		(struct reading){ READING_OK, up_ms < now_ms ? (uint64_t)(now_ms - up_ms) : 0 };
}

/* libxl notes it as seconds and hundredths since 1970; other toolstacks don't. */
static int read_start(struct record *record, struct store *store)
{
	char path[64], bytes[64];
	uint64_t seconds, hundredths;
	const char *point;
	size_t len;
	int error;

	if (record->domain.started_ms.state == READING_OK)
		return 0;
	snprintf(path, sizeof(path), "/vm/%s/start_time", record->domain.uuid);
	error = store_read(store, path, bytes, sizeof(bytes), &len);
	if (error)
		return error == -ENOENT || error == -EMSGSIZE ? 0 : error;
	point = memchr(bytes, '.', len);
	if (point && contract_parse_number(bytes, (size_t)(point - bytes), UINT32_MAX, &seconds) &&
	    contract_parse_number(point + 1, len - (size_t)(point + 1 - bytes), 99, &hundredths))
		note_start(&record->domain, (int64_t)(seconds * 1000 + hundredths * 10));
	return 0;
}

static int read_manager(struct record *record, struct store *store)
{
	char path[64], below[32], bytes[VALUE_BYTES_MAX + 1];
	size_t len;

	record->domain.manager = NULL;
	for (size_t i = 0; i < MANAGER_COUNT && !record->domain.manager; i++) {
		int error;

		snprintf(below, sizeof(below), "memory/%s", managers[i].key);
		path_of(record, below, path);
		error = store_read(store, path, bytes, sizeof(bytes), &len);
		if (!error)
			record->domain.manager = managers[i].manager;
		else if (error != -ENOENT)
			return error;
	}
	return 0;
}

int record_read(struct record *record, struct store *store)
{
	unsigned int marked = record->marked;
	int error = 0;

	record->marked = 0;
	if (marked & RECORD_NAME)
		error = read_name(record, store);
	if (!error && marked & RECORD_NAME)
		error = read_start(record, store);
	if (!error && marked & RECORD_MANAGER)
		error = read_manager(record, store);
	for (enum contract_key key = 0; key < KEY_COUNT && !error; key++)
		if (marked & RECORD_KEY(key))
			error = read_key(record, store, key);
	if (error)
		record->marked = marked;
	return error;
}

void record_detach(struct record *record)
{
	record->watched = false;
	record->granted = false;
	record->tried = false;
	record->restored = false;
	record->muted_until_ms = 0;
	record->marked = RECORD_ALL;
}

int record_watch(struct record *record, struct store *store)
{
	char path[64];
	int error;

	path_of(record, "memory", path);
	error = store_watch(store, path, "memory");
	if (error && error != -EEXIST)
		return error;
	path_of(record, "name", path);
	error = store_watch(store, path, "name");
	if (error && error != -EEXIST)
		return error;
	record->watched = true;
	record->muted_until_ms = 0;
	return 0;
}

/* The domain's tree, and so the watch, may have gone before. */
void record_unwatch(struct record *record, struct store *store)
{
	char path[64];

	if (!record->watched)
		return;
	record->watched = false;
	path_of(record, "memory", path);
	store_unwatch(store, path, "memory");
	path_of(record, "name", path);
	store_unwatch(store, path, "name");
}
