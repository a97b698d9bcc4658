// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * The module's hand on xenstore, below the guest's own memory/. Must not know what the numbers
 * mean.
 */
#include <linux/kernel.h>
#include <linux/slab.h>
#include <xen/xenbus.h>

#include "selfballoon.h"

#define HOME "memory"

/* Another writer may come between; dom0 writes here seldom. */
#define TRANSACTION_TRIES 8

static bool seen_shutdown;

static void memory_changed(struct xenbus_watch *watch, const char *path, const char *token)
{
	enum contract_key key = KEY_COUNT;

	if (strncmp(path, HOME "/", sizeof(HOME)) == 0)
		key = contract_key_find(path + sizeof(HOME));
	/* The module's own reports come back as events, too. */
	if (key == KEY_COUNT || key == KEY_SELFBALLOON || !contract_keys[key].guest_writes)
		selfballoon_look();
}

/* Fires once when it is set, and again when the guest is told to go and when it was restored. */
static void shutdown_changed(struct xenbus_watch *watch, const char *path, const char *token)
{
	if (seen_shutdown)
		selfballoon_leaving();
	seen_shutdown = true;
}

static struct xenbus_watch memory_watch = { .node = HOME, .callback = memory_changed };
static struct xenbus_watch shutdown_watch = { .node = "control/shutdown",
					      .callback = shutdown_changed };

int keys_start(void)
{
	int err = register_xenbus_watch(&memory_watch);

	if (err)
		return err;
	err = register_xenbus_watch(&shutdown_watch);
	if (err)
		unregister_xenbus_watch(&memory_watch);
	return err;
}

void keys_stop(void)
{
	unregister_xenbus_watch(&shutdown_watch);
	unregister_xenbus_watch(&memory_watch);
}

/* The caller frees it; NULL for a key that isn't there. */
static char *read_text(struct xenbus_transaction t, enum contract_key key, unsigned int *len)
{
	char *text = xenbus_read(t, HOME, contract_keys[key].name, len);

	return IS_ERR(text) ? NULL : text;
}

static struct reading read_number(enum contract_key key)
{
	unsigned int len = 0;
	char *text = read_text(XBT_NIL, key, &len);
	struct reading reading = contract_reading(text, text ? len : 0, contract_keys[key].max);

	kfree(text);
	return reading;
}

static const struct {
	const char *name;
	size_t offset;
	unsigned int min, max;
} rows[] = {
	{ "floor", offsetof(struct tuning, floor), 4, CONTRACT_KIB_MAX / 1024 },
	{ "reserve_percent", offsetof(struct tuning, reserve_percent), 0, 100 },
	{ "interval_s", offsetof(struct tuning, interval_s), 1, 3600 },
	{ "hysteresis_down", offsetof(struct tuning, hysteresis_down), 1, 1000 },
	{ "hysteresis_up", offsetof(struct tuning, hysteresis_up), 1, 1000 },
};

static bool take_setting(struct tuning *tuning, const char *name, const char *value)
{
	u64 number;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		if (strcmp(rows[i].name, name) != 0)
			continue;
		if (!contract_parse_number(value, strlen(value), rows[i].max, &number) ||
		    number < rows[i].min)
			return false;
		*(unsigned int *)((char *)tuning + rows[i].offset) = number;
		return true;
	}
	/* A setting of the daemon's other policy means nothing here, and does no harm. */
	return true;
}

/*
 * Cuts the words up; false if one makes no sense, or wants a policy that the module hasn't, and
 * which that is.
 */
static bool take_words(struct tuning *tuning, char *words, char *refuses)
{
	char *word, *value;

	while ((word = strsep(&words, " \t\n"))) {
		value = strchr(word, '=');
		if (value)
			*value++ = '\0';
		if (*word && !(value ? take_setting(tuning, word, value)
				     : strcmp(word, policy_committed.name) == 0)) {
			strscpy(refuses, value ? word : "policy", CONTRACT_REFUSES_MAX + 1);
			return false;
		}
	}
	return true;
}

/* dom0's word is obeyed as a whole or not at all, as by the daemon; which of them is said once. */
static void obey(struct tuning *tuning, char *refuses)
{
	static char last[CONTRACT_POLICY_MAX + 1]; /* only main.c's work reads */
	struct tuning obeyed = *tuning;
	unsigned int len = 0;
	char *text = read_text(XBT_NIL, KEY_POLICY, &len);
	bool right, news;

	news = strncmp(last, text ?: "", CONTRACT_POLICY_MAX) != 0;
	if (news)
		strscpy(last, text ?: "", sizeof(last));
	strscpy(refuses, len > CONTRACT_POLICY_MAX ? "length" : "", CONTRACT_REFUSES_MAX + 1);
	right = !*refuses && (!text || take_words(&obeyed, text, refuses));
	if (right)
		*tuning = obeyed;
	if (news)
		pr_info("xen_selfballoon: memory/policy of dom0: %s\n",
			!right	? "makes no sense to this module; its parameters count"
			: *last ? "obeyed"
				: "taken back");
	kfree(text);
}

void keys_read(struct orders *orders)
{
	struct reading selfballoon = read_number(KEY_SELFBALLOON);

	orders->selfballoon = selfballoon.state == READING_OK && selfballoon.value == 1;
	orders->target_kib = read_number(KEY_TARGET);
	orders->static_max_kib = read_number(KEY_STATIC_MAX);
	obey(&orders->tuning, orders->refuses);
	orders->known = true;
}

static int write_number(struct xenbus_transaction t, enum contract_key key, struct reading reading)
{
	const char *name = contract_keys[key].name;

	if (reading.state != READING_OK)
		return xenbus_write(t, HOME, name, "");
	return xenbus_printf(t, HOME, name, "%llu", reading.value);
}

static int write_report(struct xenbus_transaction t, const struct report *report, const char *line)
{
	const struct reading actual = { READING_OK, report->actual_kib };
	const struct reading minimum = { READING_OK, report->minimum_kib };
	int err = write_number(t, KEY_ACTUAL, actual);

	if (!err)
		err = write_number(t, KEY_MINIMUM, minimum);
	if (!err)
		err = write_number(t, KEY_SELFTARGET, report->selftarget_kib);
	return err ? err : xenbus_write(t, HOME, contract_keys[KEY_STATS].name, line);
}

int keys_post(const struct report *report, u32 seq)
{
	static char line[CONTRACT_STATS_MAX + 1]; /* only main.c's work posts */
	struct stats stats = report->stats;
	struct xenbus_transaction t;
	int err = -EAGAIN;
	int tries;

	stats.seq = (struct reading){ READING_OK, seq };
	if (contract_format_stats(&stats, line, sizeof(line)) < 0)
		return -ENOSPC;
	for (tries = 0; tries < TRANSACTION_TRIES && err == -EAGAIN; tries++) {
		err = xenbus_transaction_start(&t);
		if (err)
			return err;
		err = write_report(t, report, line);
		if (err)
			xenbus_transaction_end(t, 1);
		else
			err = xenbus_transaction_end(t, 0);
	}
	return err;
}

int keys_switch(bool on)
{
	return xenbus_printf(XBT_NIL, HOME, contract_keys[KEY_SELFBALLOON].name, "%d", on);
}
