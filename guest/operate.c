/* SPDX-License-Identifier: MIT */
/*
 * The sub-commands on, off and status. They need xenstore and, for status, the kernel; not the
 * daemon. Called by main.
 */
#include "operate.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "picture.h"
#include "xenbus.h"

/* Sizes closer than this count as equal, KiB. */
#define TOLERANCE_KIB 1024

static int complain(int err)
{
	if (err == -EACCES || err == -ENOENT)
		fprintf(stderr,
			"xenballoon-guest: this guest may not write memory/selfballoon: the "
			"agent in dom0 (xenballoon-agent) grants that key, and hasn't\n");
	else
		fprintf(stderr, "xenballoon-guest: xenstore: %s\n", strerror(-err));
	return 1;
}

/* What was turned on and will do nothing is said where it was turned on. */
static void warn(struct xenbus *bus)
{
	struct stats stats;

	if (xenbus_read_stats(bus, &stats) != 0 || stats.driver.state != READING_OK ||
	    stats.driver.value == DRIVER_OBEYS)
		return;
	fprintf(stderr,
		"xenballoon-guest: selfballooning is on, and this guest keeps its size: its "
		"balloon driver doesn't obey the daemon; xenballoon-guest status says why\n");
}

static int turn(bool on)
{
	struct xenbus bus = { NULL };
	int err = xenbus_open(&bus, false);

	if (!err)
		err = xenbus_switch(&bus, on);
	if (!err && on)
		warn(&bus);
	xenbus_close(&bus);
	return err ? complain(err) : 0;
}

int operate_on(const struct places *places)
{
	(void)places;
	return turn(true);
}

int operate_off(const struct places *places)
{
	(void)places;
	return turn(false);
}

static void show(const char *name, struct reading reading, const char *note)
{
	if (reading.state == READING_OK)
		printf("%-11s %10" PRIu64 " KiB %9.1f MiB  %s\n", name, reading.value,
		       (double)reading.value / 1024, note);
	else
		printf("%-11s %14s %13s  %s\n", name,
		       reading.state == READING_BAD ? "not a number" : "-", "", note);
}

/* A size that the balloon driver says, or that is reckoned from it. */
static struct reading known(const struct picture *picture, uint64_t kib)
{
	return (struct reading){ picture->sample.sized ? READING_OK : READING_ABSENT, kib };
}

static const char *state_name(const struct picture *picture)
{
	struct reading on = picture->keys[KEY_SELFBALLOON];

	if (on.state != READING_OK)
		return on.state == READING_BAD ? "not a 0 or 1, which counts as off"
					       : "not said, which counts as off";
	return on.value ? "on" : "off";
}

static void explain_on(const struct picture *picture)
{
	uint64_t actual = picture->sample.view.current_kib;
	uint64_t want = picture->keys[KEY_SELFTARGET].value;
	double mib = (double)want / 1024;

	if (want > actual + TOLERANCE_KIB)
		printf("It wants %.1f MiB and grows, or dom0's cap or a full host holds it back.\n",
		       mib);
	else if (actual > want + TOLERANCE_KIB)
		printf("It shrinks to %.1f MiB, on its way to %.1f.\n", mib,
		       (double)picture->decision.goal_kib / 1024);
	else if (want <= picture->decision.floor_kib + TOLERANCE_KIB)
		printf("It is at its floor, below which it doesn't go.\n");
	else
		printf("It has what it wants now; policy %s leads to %.1f MiB.\n",
		       picture->settings.policy->name, (double)picture->decision.goal_kib / 1024);
}

static void sum_up(const struct picture *picture)
{
	struct reading on = picture->keys[KEY_SELFBALLOON];

	if (picture_driver(picture, stdout))
		return;
	if (on.state == READING_ABSENT && picture->keys[KEY_ACTUAL].state == READING_ABSENT)
		printf("No report has reached dom0: its agent hasn't granted this guest its keys, "
		       "or the daemon isn't running.\n");
	else if (picture->stats.seq.state != READING_OK)
		printf("The daemon isn't running here, or it hasn't reported yet.\n");
	else if (on.state == READING_OK && on.value == 1)
		explain_on(picture);
	else
		printf("Selfballooning is off, so it follows dom0's target; on, it would be on its "
		       "way to %.1f MiB.\n",
		       (double)picture->decision.goal_kib / 1024);
}

static void print_picture(const struct picture *picture)
{
	const struct settings *settings = &picture->settings;
	char floor[24];

	settings_floor_name(&settings->knobs, floor, sizeof(floor));
	printf("%-11s %s\n", "selfballoon", state_name(picture));
	show("actual", known(picture, picture->sample.view.current_kib), "what it has");
	show("selftarget", picture->keys[KEY_SELFTARGET], "what it asks for now");
	show("wanted", known(picture, picture->decision.goal_kib), "where that leads");
	show("minimum", known(picture, picture->decision.minimum_kib), "never below");
	show("target", picture->keys[KEY_TARGET], "what dom0 asks of it");
	show("static max", picture->keys[KEY_STATIC_MAX], "what it booted for");
	printf("%-11s %s (%s)\n", "policy", settings->policy->name, settings->policy->help);
	printf("%-11s %s\n", "floor", floor);
	sum_up(picture);
}

int operate_status(const struct places *places)
{
	static struct picture picture;

	if (picture_take(places, &picture) != 0)
		return 1;
	print_picture(&picture);
	if (access(places->module, F_OK) == 0)
		printf("The kernel module xen_selfballoon sizes it; the daemon stands by.\n");
	return 0;
}
