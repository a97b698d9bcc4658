/* SPDX-License-Identifier: MIT */
/* The state of a domain and the sentence that explains it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "state.h"

#define NOW_MS 1000000
#define MIB    1024

static const struct row {
	const char *what;
	uint64_t target, allocated, cap, wanted, free; /* MiB */
	bool selfballoon;
	enum domain_state state;
	const char *reason;
} rows[] = {
	{ "at dom0's target", 256, 256, 257, 256, 900, false, STATE_CONVERGED,
	  "is at dom0's target of 256 MiB" },
	{ "would choose less", 256, 256, 257, 100, 900, false, STATE_CONVERGED,
	  "is at dom0's target of 256 MiB, wants 100 MiB" },
	{ "sizes itself", 256, 100, 513, 100, 900, true, STATE_CONVERGED,
	  "has what it wants: 100 MiB" },
	{ "shrinking", 128, 256, 129, 100, 900, false, STATE_SHRINKING,
	  "was told to be 128 MiB, has 256 MiB and is shrinking" },
	{ "growing", 256, 100, 513, 300, 900, true, STATE_GROWING,
	  "wants 300 MiB, has 100 MiB and is growing" },
	{ "capped", 255, 256, 256, 412, 900, true, STATE_CAPPED,
	  "wants 412 MiB, and dom0's target limits it to 256 MiB" },
	{ "host full", 256, 100, 513, 300, 2, true, STATE_HOST_FULL,
	  "wants 300 MiB, has 100 MiB, and the host has 2 MiB free" },
};

static struct domain make(const struct row *row)
{
	struct domain domain = { .domid = 1 };

	domain.value[VALUE_TARGET] = (struct reading){ READING_OK, row->target * MIB };
	domain.value[VALUE_ALLOCATED] = (struct reading){ READING_OK, row->allocated * MIB };
	domain.value[VALUE_CAP] = (struct reading){ READING_OK, row->cap * MIB };
	domain.value[VALUE_WANTED] = (struct reading){ READING_OK, row->wanted * MIB };
	domain.value[VALUE_SELFBALLOON] = (struct reading){ READING_OK, row->selfballoon };
	domain.value[VALUE_LAST_REPORT] = (struct reading){ READING_OK, NOW_MS };
	return domain;
}

static struct snapshot *host(uint64_t free_mib)
{
	struct snapshot *snapshot = snapshot_new(0);

	snapshot->host[HOST_FREE] = (struct reading){ READING_OK, free_mib * MIB };
	snapshot->store_since_ms = 1;
	return snapshot;
}

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct snapshot *snapshot = host(rows[i].free);
		struct domain domain = make(&rows[i]);
		struct state_memory memory = { 0 };

		state_judge(&domain, snapshot, &memory, NOW_MS);
		assert_string_equal(domain.reason, rows[i].reason);
		assert_int_equal(domain.state, rows[i].state);
		snapshot_release(snapshot);
	}
}

static void test_stuck_and_moving(void **state)
{
	struct snapshot *snapshot = host(900);
	struct domain domain = make(&rows[4]);
	struct state_memory memory = { 0 };

	(void)state;
	state_judge(&domain, snapshot, &memory, NOW_MS);
	state_judge(&domain, snapshot, &memory, NOW_MS + 10000);
	assert_int_equal(domain.state, STATE_GROWING);
	state_judge(&domain, snapshot, &memory, NOW_MS + 10001);
	assert_int_equal(domain.state, STATE_STUCK);
	assert_non_null(strstr(domain.reason, "for 10 s"));
	/* Some progress ends it. */
	domain.value[VALUE_ALLOCATED].value += 8 * MIB;
	state_judge(&domain, snapshot, &memory, NOW_MS + 11000);
	assert_int_equal(domain.state, STATE_GROWING);
	snapshot_release(snapshot);
}

/* A host with something free, but less than is missing, is no room to be stuck beside. */
static void test_too_little_room(void **state)
{
	struct snapshot *snapshot = host(20);
	struct domain domain = make(&rows[4]);
	struct state_memory memory = { 0 };

	(void)state;
	state_judge(&domain, snapshot, &memory, NOW_MS);
	assert_int_equal(domain.state, STATE_GROWING);
	state_judge(&domain, snapshot, &memory, NOW_MS + 10001);
	assert_int_equal(domain.state, STATE_HOST_FULL);
	assert_string_equal(domain.reason,
			    "wants 300 MiB, has 100 MiB, and the host has 20 MiB free");
	snapshot_release(snapshot);
}

static void test_no_words(void **state)
{
	struct snapshot *snapshot = host(900);
	struct domain domain = make(&rows[0]);
	struct state_memory memory = { 0 };

	(void)state;
	state_judge(&domain, snapshot, &memory, NOW_MS + 90000);
	assert_int_equal(domain.state, STATE_CONVERGED);
	state_judge(&domain, snapshot, &memory, NOW_MS + 91000);
	assert_int_equal(domain.state, STATE_SILENT);
	assert_string_equal(domain.reason, "last reported 91 s ago");
	domain.value[VALUE_LAST_REPORT].state = READING_ABSENT;
	domain.heard = HEARD_NOTHING;
	state_judge(&domain, snapshot, &memory, NOW_MS);
	assert_int_equal(domain.state, STATE_NO_AGENT);
	domain.manager = "squeezed";
	state_judge(&domain, snapshot, &memory, NOW_MS);
	assert_int_equal(domain.state, STATE_FOREIGN);
	assert_string_equal(domain.reason, "has a target that squeezed owns");
	snapshot_release(snapshot);
}

/* Whatever the size: what the daemon says of its driver comes before, a silence before that. */
static void test_refused(void **state)
{
	static const struct {
		enum contract_driver driver;
		const char *reason;
	} cases[] = {
		{ DRIVER_ABSENT, "can't change its size, as its kernel has no balloon driver" },
		{ DRIVER_EPERM, "can't size itself, as its balloon driver refuses: Operation not "
				"permitted; see its journal" },
		{ DRIVER_OTHER, "can't size itself, as its balloon driver refuses: an error "
				"without a name; see its journal" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (size_t n = 0; n < sizeof(cases) / sizeof(cases[0]); n++) {
			struct snapshot *snapshot = host(rows[i].free);
			struct domain domain = make(&rows[i]);
			struct state_memory memory = { 0 };

			domain.driver = cases[n].driver;
			state_judge(&domain, snapshot, &memory, NOW_MS);
			assert_int_equal(domain.state, STATE_REFUSED);
			assert_string_equal(domain.reason, cases[n].reason);
			state_judge(&domain, snapshot, &memory, NOW_MS + 91000);
			assert_int_equal(domain.state, STATE_SILENT);
			domain.driver = DRIVER_OBEYS;
			memset(&memory, 0, sizeof(memory));
			state_judge(&domain, snapshot, &memory, NOW_MS);
			assert_int_equal(domain.state, rows[i].state);
			snapshot_release(snapshot);
		}
}

/* Neither to be had from it nor missing in it. */
static void test_refused_is_in_no_sum(void **state)
{
	struct snapshot *snapshot = snapshot_new(2);
	struct state_memory memory = { 0 };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		snapshot->domain[i] = make(&rows[i ? 4 : 1]);
		snapshot->domain[i].value[VALUE_STATIC_MAX] =
			(struct reading){ READING_OK, 512 * MIB };
		snapshot->domain[i].driver = DRIVER_EIO;
		state_judge(&snapshot->domain[i], snapshot, &memory, NOW_MS);
	}
	state_sum(snapshot);
	assert_int_equal(snapshot->host[HOST_STATIC_MAX].value, 2 * 512 * MIB);
	assert_int_equal(snapshot->host[HOST_RECLAIMABLE].value, 0);
	assert_int_equal(snapshot->host[HOST_UNMET].value, 0);
	snapshot_release(snapshot);
}

/* KiB as measured on Xen 4.17, the guest's words on the scale of its target. */
static const struct {
	const char *what;
	uint64_t target, videoram, allocated, actual, overhead;
} constants[] = {
	{ "PV", 262144, 0, 262144, 262144, 0 },
	{ "PVH: the driver counts 388 less, and takes 388 off", 131072, 0, 131072, 131072, 0 },
	{ "HVM without video memory: 408 off", 262144, 0, 262124, 262144, 0 },
	{ "HVM with 16 MiB of it: 16792 off", 245760, 16384, 245804, 245760, 0 },
	{ "a driver that takes no video memory off", 245760, 16384, 262188, 245760, 16428 },
	{ "a shim's 20 MiB", 262144, 0, 282624, 262144, 20480 },
	{ "more than is believed", 131072, 0, 262144, 131072, 0 },
	{ "more than is believed with video memory", 131072, 16384, 262144, 131072, 0 },
};

static struct domain stands(size_t i)
{
	struct domain domain = make(&rows[0]);

	domain.value[VALUE_TARGET].value = constants[i].target;
	domain.value[VALUE_WANTED].value = constants[i].target;
	domain.value[VALUE_ACTUAL] = (struct reading){ READING_OK, constants[i].actual };
	domain.value[VALUE_ALLOCATED].value = constants[i].allocated;
	domain.value[VALUE_CAP].value = constants[i].target + constants[i].videoram + 1024;
	domain.value[VALUE_STATIC_MAX] = (struct reading){ READING_OK, 262144 };
	domain.videoram_kib = (struct reading){ READING_OK, constants[i].videoram };
	return domain;
}

/* One scale for all: at its target, on or off, it is neither too large nor too small. */
static void test_scales(void **state)
{
	struct snapshot *snapshot = host(900);

	(void)state;
	for (size_t i = 0; i < sizeof(constants) / sizeof(constants[0]); i++)
		for (unsigned int on = 0; on <= 1; on++) {
			bool told = constants[i].overhead ||
				    constants[i].allocated <= constants[i].target + 1024;
			struct domain domain = stands(i);
			struct state_memory memory = { 0 };

			domain.value[VALUE_SELFBALLOON].value = on;
			for (unsigned int report = 0; report < 3; report++) {
				domain.value[VALUE_LAST_REPORT].value = NOW_MS + report * 30000;
				state_judge(&domain, snapshot, &memory, NOW_MS + report * 30000);
			}
			if (domain.overhead_kib != constants[i].overhead ||
			    domain.state != (told ? STATE_CONVERGED : STATE_STUCK))
				fail_msg("%s: %ju, %s", constants[i].what,
					 (uintmax_t)domain.overhead_kib, domain.reason);
		}
	snapshot_release(snapshot);
}

/* What moves between two reports says nothing of a constant. */
static void test_overhead_is_measured_at_rest(void **state)
{
	struct snapshot *snapshot = host(900);
	struct domain domain = stands(4);
	struct state_memory memory = { 0 };

	(void)state;
	for (unsigned int report = 0; report < 8; report++) {
		domain.value[VALUE_LAST_REPORT].value = NOW_MS + report * 30000;
		state_judge(&domain, snapshot, &memory, NOW_MS + report * 30000);
		assert_int_equal(domain.overhead_kib, 0);
		domain.value[report % 2 ? VALUE_ACTUAL : VALUE_ALLOCATED].value -= 4;
	}
	/* The same report again is none. */
	for (unsigned int look = 0; look < 3; look++)
		state_judge(&domain, snapshot, &memory, NOW_MS + 210000);
	assert_int_equal(domain.overhead_kib, 0);
	snapshot_release(snapshot);
}

static void test_sum(void **state)
{
	struct snapshot *snapshot = snapshot_new(5);
	struct state_memory memory = { 0 };

	(void)state;
	snapshot->domain[0] = make(&rows[1]); /* 156 MiB more than it wants */
	snapshot->domain[1] = make(&rows[4]); /* 200 MiB short */
	snapshot->domain[2] = make(&rows[4]);
	snapshot->domain[2].value[VALUE_WANTED].value = CONTRACT_KIB_MAX;
	snapshot->domain[3] = make(&rows[1]); /* what does not report, or run, is in no sum */
	snapshot->domain[3].value[VALUE_LAST_REPORT].value -= 91000;
	snapshot->domain[4] = make(&rows[4]);
	snapshot->domain[4].run = RUN_CRASHED;
	snapshot->domain[0].value[VALUE_ALLOCATED].value += 16428;
	snapshot->domain[0].overhead_kib = 16428;
	snapshot->store_since_ms = 1;
	for (size_t i = 0; i < 5; i++) {
		snapshot->domain[i].value[VALUE_STATIC_MAX] =
			(struct reading){ READING_OK, 512 * MIB };
		state_judge(&snapshot->domain[i], snapshot, &memory, NOW_MS);
	}
	state_sum(snapshot);
	assert_int_equal(snapshot->host[HOST_DOMAINS].value, 5);
	assert_int_equal(snapshot->host[HOST_STATIC_MAX].value, 5 * 512 * MIB);
	assert_int_equal(snapshot->host[HOST_RECLAIMABLE].value, 156 * MIB);
	/* A boast counts for no more than static max. */
	assert_int_equal(snapshot->host[HOST_UNMET].value, (200 + 412) * MIB);
	snapshot_release(snapshot);
}

/* What the hypervisor stops has that state, for as long as it is known, whatever it said before. */
static void test_runs(void **state)
{
	static const struct {
		enum domain_run run;
		bool seen;
		enum domain_state state;
		const char *reason;
	} runs[] = {
		{ RUN_PAUSED, true, STATE_PAUSED, "has been paused in dom0 for 40 s" },
		{ RUN_PAUSED, false, STATE_PAUSED, "has been paused in dom0 for at least 40 s" },
		{ RUN_SHUTTING_DOWN, true, STATE_SHUT_DOWN,
		  "shut down 40 s ago and waits for dom0 to destroy it" },
		{ RUN_SUSPENDED, true, STATE_SUSPENDED,
		  "has been suspended for 40 s, to be saved or migrated" },
		{ RUN_CRASHED, true, STATE_CRASHED, "crashed 40 s ago and is kept by dom0" },
		{ RUN_DYING, true, STATE_DYING,
		  "has been dying for 40 s: dom0 destroyed it, and its memory is not all free "
		  "yet" },
	};
	struct snapshot *snapshot = host(900);

	(void)state;
	for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++)
		for (int old = 0; old < 2; old++) {
			struct domain domain = make(&rows[4]);
			struct state_memory memory = { 0 };

			domain.run = runs[i].run;
			domain.run_seen = runs[i].seen;
			domain.run_since_ms = NOW_MS - 40000;
			domain.manager = old ? "squeezed" : NULL;
			domain.value[VALUE_LAST_REPORT].value -= old ? 200000 : 0;
			state_judge(&domain, snapshot, &memory, NOW_MS);
			assert_string_equal(domain.reason, runs[i].reason);
			assert_int_equal(domain.state, runs[i].state);
			assert_int_equal(domain.value[VALUE_UNMET].state, READING_ABSENT);
		}
	snapshot_release(snapshot);
}

/* A guest that lacks memory is never in the state of one that is well. */
static void test_starving(void **state)
{
	static const struct {
		uint64_t have, wanted, pressure;
		bool on;
		enum domain_state state;
		const char *end;
	} guests[] = {
		{ 125, 229, 6000, false, STATE_STARVING,
		  "is at dom0's target of 125 MiB, wants 229 MiB, and its programs wait 60 % of "
		  "the time for memory" },
		{ 125, 229, 100, false, STATE_CONVERGED, "wants 229 MiB" },
		{ 125, 229, 101, false, STATE_STARVING, "wait 1 % of the time for memory" },
		{ 125, 131, 900, false, STATE_CONVERGED, "wants 131 MiB" },
		{ 125, 100, 1001, false, STATE_STARVING, "wait 10 % of the time for memory" },
		{ 512, 512, 4000, true, STATE_STARVING,
		  "has what it wants: 512 MiB, and its programs wait 40 % of the "
		  "time for memory" },
	};
	struct snapshot *snapshot = host(900);

	(void)state;
	for (size_t i = 0; i < sizeof(guests) / sizeof(guests[0]); i++) {
		const struct row row = { .target = guests[i].have,
					 .allocated = guests[i].have,
					 .cap = 513,
					 .wanted = guests[i].wanted,
					 .selfballoon = guests[i].on };
		struct domain domain = make(&row);
		struct state_memory memory = { 0 };

		domain.value[VALUE_PRESSURE] = (struct reading){ READING_OK, guests[i].pressure };
		state_judge(&domain, snapshot, &memory, NOW_MS);
		assert_int_equal(domain.state, guests[i].state);
		assert_non_null(strstr(domain.reason, guests[i].end));
	}
	snapshot_release(snapshot);
}

/* Any state of a guest that suffers says so. */
static void test_pressure_is_said(void **state)
{
	struct snapshot *snapshot = host(900);
	struct domain domain = make(&rows[5]);
	struct state_memory memory = { 0 };

	(void)state;
	domain.value[VALUE_PRESSURE] = (struct reading){ READING_OK, 3000 };
	state_judge(&domain, snapshot, &memory, NOW_MS);
	assert_int_equal(domain.state, STATE_CAPPED);
	assert_non_null(strstr(domain.reason, ", and its programs wait 30 % of the time"));
	snapshot_release(snapshot);
}

/* A report that stood there before the agent looked may be of any age. */
static void test_unheard(void **state)
{
	struct snapshot *snapshot = host(900);
	struct domain domain = make(&rows[0]);
	struct state_memory memory = { 0 };

	(void)state;
	domain.value[VALUE_LAST_REPORT].state = READING_ABSENT;
	domain.heard = HEARD_BEFORE;
	domain.seen_ms = NOW_MS;
	state_judge(&domain, snapshot, &memory, NOW_MS + 12000);
	assert_int_equal(domain.state, STATE_UNKNOWN);
	assert_string_equal(domain.reason,
			    "was not seen to report since the agent started, 12 s ago");
	state_judge(&domain, snapshot, &memory, NOW_MS + 91000);
	assert_int_equal(domain.state, STATE_SILENT);
	/* xenstored started later: what it holds since may be of any age, too. */
	snapshot->store_since_ms = NOW_MS + 100000;
	state_judge(&domain, snapshot, &memory, NOW_MS + 105000);
	assert_int_equal(domain.state, STATE_UNKNOWN);
	assert_string_equal(domain.reason,
			    "was not seen to report since xenstored answers again, 5 s ago");
	domain.heard = HEARD_UNREAD;
	state_judge(&domain, snapshot, &memory, NOW_MS + 105000);
	assert_int_equal(domain.state, STATE_UNKNOWN);
	snapshot_release(snapshot);
}

/* While xenstored is away nobody can report; after it is back, each guest has its turn first. */
static void test_lost_store(void **state)
{
	struct snapshot *snapshot = host(900);
	struct domain domain = make(&rows[0]), silent = make(&rows[0]);
	struct state_memory memory = { 0 };

	(void)state;
	silent.value[VALUE_LAST_REPORT].value -= 60000;
	state_judge(&silent, snapshot, &memory, NOW_MS + 31000);
	assert_int_equal(silent.state, STATE_SILENT);
	snapshot->store_since_ms = 0;
	state_judge(&domain, snapshot, &memory, NOW_MS + 91000);
	assert_int_equal(domain.state, STATE_UNKNOWN);
	state_judge(&silent, snapshot, &memory, NOW_MS + 91000);
	assert_int_equal(silent.state, STATE_SILENT);
	snapshot->store_since_ms = NOW_MS + 100000;
	state_judge(&domain, snapshot, &memory, NOW_MS + 135000);
	assert_int_equal(domain.state, STATE_UNKNOWN);
	state_judge(&silent, snapshot, &memory, NOW_MS + 135000);
	assert_int_equal(silent.state, STATE_SILENT);
	state_judge(&domain, snapshot, &memory, NOW_MS + 135001);
	assert_int_equal(domain.state, STATE_SILENT);
	snapshot_release(snapshot);
}

/* How long a guest is stuck was measured while nobody could say that it was. */
static void test_stuck_at_first_sight(void **state)
{
	struct snapshot *snapshot = host(900);
	struct domain domain = make(&rows[4]);
	struct state_memory memory = { 0 };

	(void)state;
	domain.value[VALUE_LAST_REPORT].state = READING_ABSENT;
	domain.heard = HEARD_BEFORE;
	domain.seen_ms = NOW_MS;
	state_judge(&domain, snapshot, &memory, NOW_MS);
	domain.value[VALUE_LAST_REPORT] = (struct reading){ READING_OK, NOW_MS + 20000 };
	domain.heard = HEARD_REPORT;
	state_judge(&domain, snapshot, &memory, NOW_MS + 20000);
	assert_int_equal(domain.state, STATE_STUCK);
	snapshot_release(snapshot);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_stuck_and_moving),
		cmocka_unit_test(test_too_little_room),
		cmocka_unit_test(test_no_words),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_refused_is_in_no_sum),
		cmocka_unit_test(test_scales),
		cmocka_unit_test(test_overhead_is_measured_at_rest),
		cmocka_unit_test(test_sum),
		cmocka_unit_test(test_runs),
		cmocka_unit_test(test_starving),
		cmocka_unit_test(test_pressure_is_said),
		cmocka_unit_test(test_unheard),
		cmocka_unit_test(test_lost_store),
		cmocka_unit_test(test_stuck_at_first_sight),
	};

	return cmocka_run_group_tests_name("state", tests, NULL, NULL);
}
