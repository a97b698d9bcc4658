/* SPDX-License-Identifier: MIT */
/*
 * The one user of libxenstore in the guest. Must not know what the numbers mean. Called by the bus
 * thread and by on, off and status, each with a handle of its own.
 */
#include "xenbus.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xenstore.h>

#include "report.h"

#define HOME	 "memory"
#define SHUTDOWN "control/shutdown"

/* Another writer may come between; dom0 writes here seldom, so this is far more than it takes. */
#define TRANSACTION_TRIES 8

/* What the server answers; any other error means that it didn't. */
static int failed(void)
{
	static const int answers[] = { ENOENT, EACCES, EPERM, EROFS, ENOSPC, E2BIG, EAGAIN, EBUSY };

	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
		if (errno == answers[i])
			return -errno;
	return -ENOTCONN;
}

int xenbus_open(struct xenbus *bus, bool watch)
{
	bus->handle = xs_open(0);
	if (!bus->handle)
		return errno ? -errno : -ENOTCONN;
	if (watch &&
	    (!xs_watch(bus->handle, HOME, HOME) || !xs_watch(bus->handle, SHUTDOWN, SHUTDOWN))) {
		xenbus_close(bus);
		return -ENOTCONN;
	}
	return 0;
}

void xenbus_close(struct xenbus *bus)
{
	if (bus->handle)
		xs_close(bus->handle);
	bus->handle = NULL;
}

int xenbus_fd(const struct xenbus *bus)
{
	return bus->handle ? xs_fileno(bus->handle) : -1;
}

int xenbus_next(struct xenbus *bus, unsigned int *key)
{
	char **event = xs_check_watch(bus->handle);
	const char *path;

	if (!event)
		return errno == EAGAIN ? 0 : -ENOTCONN;
	path = event[XS_WATCH_PATH];
	*key = KEY_COUNT;
	if (strncmp(path, HOME "/", sizeof(HOME)) == 0)
		*key = contract_key_find(path + sizeof(HOME));
	else if (strcmp(path, SHUTDOWN) == 0)
		*key = XENBUS_LEAVE;
	free(event);
	return 1;
}

static void path_of(enum contract_key key, char *path, size_t size)
{
	snprintf(path, size, HOME "/%s", contract_keys[key].name);
}

/* *text is the caller's to free, NULL for a key that can't be read. */
static int read_text(struct xenbus *bus, enum contract_key key, char **text, unsigned int *len)
{
	char path[64];
	int err = 0;

	path_of(key, path, sizeof(path));
	*len = 0;
	*text = xs_read(bus->handle, XBT_NULL, path, len);
	if (!*text) {
		*len = 0; /* libxenstore leaves that of the error there */
		err = failed();
	}
	return err == -ENOTCONN ? err : 0;
}

int xenbus_read(struct xenbus *bus, enum contract_key key, struct reading *reading)
{
	unsigned int len;
	char *text;
	int err = read_text(bus, key, &text, &len);

	*reading = contract_reading(text, len, contract_keys[key].max);
	free(text);
	return err;
}

bool xenbus_told_to_leave(struct xenbus *bus)
{
	unsigned int len = 0;
	char *text = xs_read(bus->handle, XBT_NULL, SHUTDOWN, &len);
	bool told = text && len > 0;

	free(text);
	return told;
}

int xenbus_read_policy(struct xenbus *bus, char *policy)
{
	unsigned int len;
	char *text;
	int err = read_text(bus, KEY_POLICY, &text, &len);

	snprintf(policy, CONTRACT_POLICY_MAX + 1, "%.*s", (int)(len <= INT_MAX ? len : 0),
		 text ? text : "");
	/* Cut, it must not be taken for another word. */
	if (len != strlen(policy))
		snprintf(policy, CONTRACT_POLICY_MAX + 1, "too long");
	free(text);
	return err;
}

int xenbus_read_stats(struct xenbus *bus, struct stats *stats)
{
	unsigned int len;
	char *text;
	int err = read_text(bus, KEY_STATS, &text, &len);

	memset(stats, 0, sizeof(*stats));
	if (!err && (!text || !contract_parse_stats(text, len, stats)))
		err = -EBADMSG;
	free(text);
	return err;
}

static int write_text(struct xenbus *bus, xs_transaction_t t, enum contract_key key,
		      const char *text)
{
	char path[64];

	path_of(key, path, sizeof(path));
	return xs_write(bus->handle, t, path, text, (unsigned int)strlen(text)) ? 0 : failed();
}

static bool stands(struct xenbus *bus, xs_transaction_t t, enum contract_key key, const char *text)
{
	char path[64], *now;
	unsigned int len;
	bool same;

	path_of(key, path, sizeof(path));
	now = xs_read(bus->handle, t, path, &len);
	same = now && len == strlen(text) && !memcmp(now, text, len);
	free(now);
	return same;
}

/*
 * An absent reading empties the key. What stands already is left: for each write xenstored looks at
 * every guest's watches, which on a host with a thousand of them takes it milliseconds.
 */
static int write_reading(struct xenbus *bus, xs_transaction_t t, enum contract_key key,
			 struct reading reading)
{
	char text[24] = "";

	if (reading.state == READING_OK)
		snprintf(text, sizeof(text), "%" PRIu64, reading.value);
	return stands(bus, t, key, text) ? 0 : write_text(bus, t, key, text);
}

static int write_report(struct xenbus *bus, xs_transaction_t t, const struct report *report,
			const char *stats)
{
	const enum reading_state known = report->sizeless ? READING_ABSENT : READING_OK;
	const struct {
		enum contract_key key;
		struct reading reading;
	} rows[] = {
		{ KEY_ACTUAL, { known, report->actual_kib } },
		{ KEY_MINIMUM, { known, report->minimum_kib } },
		{ KEY_SELFTARGET, report->selftarget_kib },
	};
	int err = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) && !err; i++)
		err = write_reading(bus, t, rows[i].key, rows[i].reading);
	return err ? err : write_text(bus, t, KEY_STATS, stats);
}

int xenbus_post(struct xenbus *bus, const struct report *report, uint32_t seq)
{
	struct stats stats = report->stats;
	char line[CONTRACT_STATS_MAX + 1];
	int err = -EAGAIN;

	stats.seq = (struct reading){ READING_OK, seq };
	if (contract_format_stats(&stats, line, sizeof(line)) < 0)
		return -ENOSPC;
	for (int i = 0; i < TRANSACTION_TRIES && err == -EAGAIN; i++) {
		xs_transaction_t t = xs_transaction_start(bus->handle);

		if (t == XBT_NULL)
			return failed();
		err = write_report(bus, t, report, line);
		if (!xs_transaction_end(bus->handle, t, err != 0) && !err)
			err = failed();
	}
	return err;
}

int xenbus_switch(struct xenbus *bus, bool on)
{
	return write_text(bus, XBT_NULL, KEY_SELFBALLOON, on ? "1" : "0");
}
