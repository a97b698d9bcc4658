/* SPDX-License-Identifier: MIT */
/*
 * Gathers what `status` and `explain` show. Must not know how it is shown. Needs xenstore and the
 * kernel, not the daemon.
 */
#include "picture.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "xenbus.h"

static int read_keys(struct picture *picture)
{
	struct xenbus bus = { NULL };
	int err = xenbus_open(&bus, false);

	for (unsigned int key = 0; key < KEY_COUNT && !err; key++)
		if (contract_keys[key].max)
			err = xenbus_read(&bus, key, &picture->keys[key]);
	if (!err)
		err = xenbus_read_stats(&bus, &picture->stats);
	if (err == -EBADMSG) /* none, or none that makes sense: shown as absent */
		err = 0;
	if (!err)
		err = xenbus_read_policy(&bus, picture->word);
	xenbus_close(&bus);
	return err;
}

/* What the policy says of the guest as it is now, whether or not a daemon runs. */
static int look(const struct places *places, struct picture *picture)
{
	static struct kernel kernel;
	struct view *view = &picture->sample.view;
	struct reading full = picture->keys[KEY_STATIC_MAX];
	const char *missing;
	char why[256];
	int err = kernel_open(&kernel, places, false, &missing);

	driver_count(&kernel.driver, full);
	if (!err)
		err = kernel_sample(&kernel, true, &picture->sample);
	kernel_close(&kernel);
	if (err) {
		kernel_failure(&kernel, places, err, why, sizeof(why));
		fprintf(stderr, "xenballoon-guest: can't look: %s\n", why);
		return err;
	}
	picture->driver = driver_trouble(&kernel.driver);
	if (picture->driver == DRIVER_OBEYS && picture->stats.driver.state == READING_OK)
		picture->driver = (enum contract_driver)picture->stats.driver.value;
	if (picture->sample.uptime_ms.state == READING_OK &&
	    picture->sample.uptime_ms.value < POLICY_BOOT_MS)
		view->holds |= HOLD_BOOT;
	if (!picture->sample.sized)
		return 0;
	view->max_kib = driver_full_kib(&kernel.driver);
	if (!view->max_kib)
		view->max_kib = view->current_kib;
	policy_decide(picture->settings.policy, &picture->settings.knobs, view, &picture->decision);
	return 0;
}

bool picture_driver(const struct picture *picture, FILE *out)
{
	if (picture->driver == DRIVER_OBEYS)
		return false;
	if (picture->driver == DRIVER_ABSENT)
		fputs("Its kernel has no balloon driver", out);
	else
		fprintf(out, "Its balloon driver refuses: %s",
			contract_driver[picture->driver].text);
	fprintf(out, "; it keeps its size.\nWhat mends it: %s.\n", driver_remedy(picture->driver));
	return true;
}

int picture_take(const struct places *places, struct picture *picture)
{
	char error[512];
	int err;

	memset(picture, 0, sizeof(*picture));
	err = settings_load(&picture->settings, places->config, error, sizeof(error));
	if (err) {
		fprintf(stderr, "xenballoon-guest: %s\n", error);
		return err;
	}
	err = read_keys(picture);
	if (err) {
		fprintf(stderr, "xenballoon-guest: xenstore: %s\n", strerror(-err));
		return err;
	}
	picture->word_obeyed =
		settings_obey(&picture->settings, picture->word, error, sizeof(error));
	return look(places, picture);
}
