/* SPDX-License-Identifier: MIT */
/*
 * What the guest reads and writes in xenstore. Must not know what the numbers mean, nor how conn.h
 * reaches the server.
 */
#include "xenbus.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "conn.h"
#include "report.h"

#define HOME	 "memory"
#define SHUTDOWN "control/shutdown"

/* Another writer may come between; dom0 writes here seldom, so this is far more than it takes. */
#define TRANSACTION_TRIES 8

bool xenbus_lost(int err)
{
	return err == -ENOTCONN || err == -ETIMEDOUT;
}

int xenbus_open(struct xenbus *bus, bool watch)
{
	int err = conn_open(&bus->conn);

	if (!err && watch)
		err = conn_watch(bus->conn, HOME);
	if (!err && watch)
		err = conn_watch(bus->conn, SHUTDOWN);
	if (err)
		xenbus_close(bus);
	return err;
}

void xenbus_close(struct xenbus *bus)
{
	conn_close(bus->conn);
	bus->conn = NULL;
}

int xenbus_fd(const struct xenbus *bus)
{
	return conn_fd(bus->conn);
}

bool xenbus_has_event(const struct xenbus *bus)
{
	return conn_has_event(bus->conn);
}

int xenbus_next(struct xenbus *bus, unsigned int *key)
{
	char path[CONN_PATH_MAX + 1];
	int n = conn_event(bus->conn, path);

	if (n <= 0)
		return n;
	*key = KEY_COUNT;
	if (strncmp(path, HOME "/", sizeof(HOME)) == 0)
		*key = contract_key_find(path + sizeof(HOME));
	else if (strcmp(path, SHUTDOWN) == 0)
		*key = XENBUS_LEAVE;
	return n;
}

static void path_of(enum contract_key key, char *path, size_t size)
{
	snprintf(path, size, HOME "/%s", contract_keys[key].name);
}

/* A key that the server refuses to show is as none. */
static int read_value(struct xenbus *bus, enum contract_key key, struct conn_value *value)
{
	char path[64];
	int err;

	path_of(key, path, sizeof(path));
	err = conn_read(bus->conn, 0, path, value);
	return xenbus_lost(err) ? err : 0;
}

int xenbus_read(struct xenbus *bus, enum contract_key key, struct reading *reading)
{
	struct conn_value value;
	int err = read_value(bus, key, &value);

	*reading = contract_reading(value.text, value.len, contract_keys[key].max);
	return err;
}

bool xenbus_told_to_leave(struct xenbus *bus)
{
	struct conn_value value;

	return conn_read(bus->conn, 0, SHUTDOWN, &value) == 0 && value.len > 0;
}

int xenbus_read_policy(struct xenbus *bus, char *policy)
{
	struct conn_value value;
	int err = read_value(bus, KEY_POLICY, &value);

	snprintf(policy, CONTRACT_POLICY_MAX + 1, "%.*s", CONTRACT_POLICY_MAX, value.text);
	/* Cut, it must not be taken for another word. */
	if (value.len != strlen(policy))
		snprintf(policy, CONTRACT_POLICY_MAX + 1, "too long");
	return err;
}

int xenbus_read_stats(struct xenbus *bus, struct stats *stats)
{
	struct conn_value value;
	int err = read_value(bus, KEY_STATS, &value);

	memset(stats, 0, sizeof(*stats));
	if (!err && !contract_parse_stats(value.text, value.len, stats))
		err = -EBADMSG;
	return err;
}

static int write_text(struct xenbus *bus, uint32_t t, enum contract_key key, const char *text)
{
	char path[64];

	path_of(key, path, sizeof(path));
	return conn_write(bus->conn, t, path, text);
}

static bool stands(struct xenbus *bus, uint32_t t, enum contract_key key, const char *text)
{
	struct conn_value now;
	char path[64];

	path_of(key, path, sizeof(path));
	return conn_read(bus->conn, t, path, &now) == 0 && now.len == strlen(text) &&
	       !memcmp(now.text, text, now.len);
}

/*
 * An absent reading empties the key. What stands already is left: for each write xenstored looks at
 * every guest's watches, which on a host with a thousand of them takes it milliseconds.
 */
static int write_reading(struct xenbus *bus, uint32_t t, enum contract_key key,
			 struct reading reading)
{
	char text[24] = "";

	if (reading.state == READING_OK)
		snprintf(text, sizeof(text), "%" PRIu64, reading.value);
	return stands(bus, t, key, text) ? 0 : write_text(bus, t, key, text);
}

static int write_report(struct xenbus *bus, uint32_t t, const struct report *report,
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

static int post_once(struct xenbus *bus, const struct report *report, const char *stats)
{
	uint32_t t;
	int err = conn_begin(bus->conn, &t);
	int ended;

	if (err)
		return err;
	err = write_report(bus, t, report, stats);
	if (xenbus_lost(err))
		return err;
	ended = conn_end(bus->conn, t, err == 0);
	return err ? err : ended;
}

int xenbus_post(struct xenbus *bus, const struct report *report, uint32_t seq)
{
	struct stats stats = report->stats;
	char line[CONTRACT_STATS_MAX + 1];
	int err = -EAGAIN;

	stats.seq = (struct reading){ READING_OK, seq };
	if (contract_format_stats(&stats, line, sizeof(line)) < 0)
		return -ENOSPC;
	for (int i = 0; i < TRANSACTION_TRIES && err == -EAGAIN; i++)
		err = post_once(bus, report, line);
	return err;
}

int xenbus_switch(struct xenbus *bus, bool on)
{
	return write_text(bus, 0, KEY_SELFBALLOON, on ? "1" : "0");
}
