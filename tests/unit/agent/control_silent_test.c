/* SPDX-License-Identifier: MIT */
/*
 * A guest that is silent while selfballooning is on: its target goes up as far as its cap lets it,
 * once, with an audit line; nothing else changes, and no other guest.
 */
#include "control_world.h"

#include <fcntl.h>

#include "audit.h"
#include "config.h"

static struct config configuration = { .audit_required = true };

const struct config *config_acquire(void)
{
	return &configuration;
}

void config_release(const struct config *config)
{
	assert_ptr_equal(config, &configuration);
}

static char audit[] = "/tmp/control_silent_test.XXXXXX";

static struct reading ok(uint64_t value)
{
	return (struct reading){ READING_OK, value };
}

/* The picture of it that the collector has, all of it as in the world. */
static void picture(struct domain *domain, uint32_t domid)
{
	const char *selfballoon;

	domain->domid = domid;
	snprintf(domain->uuid, sizeof(domain->uuid), "%s", uuid_of(domid));
	snprintf(domain->name, sizeof(domain->name), "guest%u", domid);
	domain->state = STATE_SILENT;
	domain->videoram_kib = ok(strtoull(get(domid, "videoram"), NULL, 10));
	domain->value[VALUE_STATIC_MAX] = ok(STATIC_MAX);
	domain->value[VALUE_TARGET] = ok(strtoull(get(domid, "target"), NULL, 10));
	domain->value[VALUE_CAP] = ok(cap(domid));
	selfballoon = get(domid, "selfballoon");
	domain->value[VALUE_SELFBALLOON] =
		*selfballoon ? ok(*selfballoon == '1') : (struct reading){ 0 };
}

/* Guest 1 with its cap, and what it is, as this test changes it; 2 is off, 3 reports. */
static void look_at(struct snapshot *snapshot, const struct domain *changes)
{

	put(3, "selfballoon", "1");
	fake->world.domain[2].cap_kib = STATIC_MAX + SLACK;
	for (uint32_t domid = 1; domid <= GUESTS; domid++)
		picture(&snapshot->domain[domid - 1], domid);
	snapshot->domain[2].state = STATE_CONVERGED;
	if (changes) {
		snapshot->domain[0].state = changes->state;
		snapshot->domain[0].manager = changes->manager;
	}
	snapshot_publish(snapshot);
	fake->log[0] = '\0';
	control_free_silent(store, hypervisor);
}

static void look(const struct domain *changes)
{
	look_at(snapshot_new(GUESTS), changes);
}

static void on_with_cap(uint32_t domid, uint64_t cap_kib)
{
	put(domid, "selfballoon", "1");
	fake->world.domain[domid - 1].cap_kib = cap_kib;
}

static void configure(bool may_grow)
{
	configuration.control_silent_may_grow = may_grow;
}

static int world(void **state)
{
	configure(true);
	return setup(state) || audit_open(audit);
}

static struct reading former(uint32_t domid)
{
	struct decision decision;

	assert_int_equal(decision_load(uuid_of(domid), &decision), 0);
	return decision.decided.former_kib;
}

static void it_may_grow_to_its_cap(void **state)
{
	uint64_t lines = audit_count();

	(void)state;
	on_with_cap(1, STATIC_MAX + SLACK);
	look(NULL);
	assert_string_equal(fake->log, "target=524288 commit ");
	assert_int_equal(cap(1), STATIC_MAX + SLACK);
	assert_string_equal(get(1, "memory"), "195");
	assert_string_equal(get(2, "target"), "200000");
	assert_string_equal(get(3, "target"), "200000");
	assert_int_equal(audit_count(), lines + 1);
	assert_int_equal(former(1).value, 200000);
	assert_int_equal(decided(1), -1);
	/* Once. */
	look(NULL);
	assert_string_equal(fake->log, "");
	assert_int_equal(audit_count(), lines + 1);
}

static void a_lower_cap_holds(void **state)
{
	(void)state;
	on_with_cap(1, 300000 + SLACK);
	look(NULL);
	assert_string_equal(get(1, "target"), "300000");
	assert_int_equal(cap(1), 300000 + SLACK);
	look(NULL);
	assert_string_equal(fake->log, "");
}

/* Static max has the video memory in it, and a populate-on-demand target follows. */
static void video_memory_and_pvh(void **state)
{
	(void)state;
	put(1, "videoram", "16384");
	on_with_cap(1, STATIC_MAX + SLACK);
	on_with_cap(2, STATIC_MAX + SLACK);
	look(NULL);
	assert_string_equal(get(1, "target"), "507904");
	assert_string_equal(get(2, "target"), "524288");
	assert_int_equal(fake->world.pod_kib[1], 524288 + SLACK);
}

static void others_stay(void **state)
{
	static const struct domain others[] = { { .state = STATE_PAUSED },
						{ .state = STATE_UNKNOWN },
						{ .state = STATE_NO_AGENT },
						{ .state = STATE_STARVING },
						{ .state = STATE_SILENT, .manager = "squeezed" } };

	(void)state;
	on_with_cap(1, STATIC_MAX + SLACK);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		look(&others[i]);
		assert_string_equal(fake->log, "");
	}
	configure(false);
	look(NULL);
	assert_string_equal(fake->log, "");
}

/* What is kept of it by UUID would be the other's, too. */
static void two_with_one_uuid_stay(void **state)
{
	struct snapshot *snapshot = snapshot_new(GUESTS + 1);
	struct domain *twin = &snapshot->domain[GUESTS];

	(void)state;
	on_with_cap(1, STATIC_MAX + SLACK);
	picture(twin, 1);
	twin->domid = GUESTS + 1;
	look_at(snapshot, NULL);
	assert_string_equal(fake->log, "");
}

/* Turned off, or another domain, since the picture was taken. */
static void what_is_so_now_counts(void **state)
{
	uint64_t lines = audit_count();

	(void)state;
	on_with_cap(1, STATIC_MAX + SLACK);
	configure(false);
	look(NULL);
	configure(true);
	put(1, "selfballoon", "0");
	control_free_silent(store, hypervisor);
	put(1, "selfballoon", "1");
	put(1, "vm", "/vm/%s", uuid_of(2));
	control_free_silent(store, hypervisor);
	assert_string_equal(fake->log, "");
	assert_int_equal(audit_count(), lines);
}

static void turned_off_it_has_its_former_target(void **state)
{
	(void)state;
	on_with_cap(1, STATIC_MAX + SLACK);
	look(NULL);
	one(CONTROL_SELFBALLOON, 1, 0);
	assert_string_equal(get(1, "target"), "250000");
	assert_int_equal(former(1).value, 200000);
}

static void without_audit_nothing_changes(void **state)
{
	(void)state;
	audit_close();
	on_with_cap(1, STATIC_MAX + SLACK);
	look(NULL);
	assert_string_equal(fake->log, "");
}

/* And it is not tried again at once, nor is it told of. Last, as no other would be tried, either.
 */
static void a_failure_leaves_all_as_it_was(void **state)
{
	uint64_t lines = audit_count();
	struct world before;

	(void)state;
	on_with_cap(1, STATIC_MAX + SLACK);
	on_with_cap(3, STATIC_MAX + SLACK);
	before = fake->world;
	fake->fail_at = 1;
	fake->fail_with = -ENOMEM;
	look(NULL);
	assert_memory_equal(&before, &fake->world, sizeof(before));
	look(NULL);
	assert_string_equal(fake->log, "");
	assert_int_equal(audit_count(), lines);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(it_may_grow_to_its_cap, world),
		cmocka_unit_test_setup(a_lower_cap_holds, world),
		cmocka_unit_test_setup(video_memory_and_pvh, world),
		cmocka_unit_test_setup(others_stay, world),
		cmocka_unit_test_setup(two_with_one_uuid_stay, world),
		cmocka_unit_test_setup(what_is_so_now_counts, world),
		cmocka_unit_test_setup(turned_off_it_has_its_former_target, world),
		cmocka_unit_test_setup(without_audit_nothing_changes, world),
		cmocka_unit_test_setup(a_failure_leaves_all_as_it_was, world),
	};
	int fd = mkstemp(audit), failed;

	if (fd < 0 || close(fd))
		return 1;
	failed = world_run("control_silent", tests, sizeof(tests) / sizeof(tests[0]));
	snapshot_publish(snapshot_new(0));
	audit_close();
	unlink(audit);
	return failed;
}
