/* SPDX-License-Identifier: MIT */
/*
 * The bus thread. Must not know policies or sizes: it carries orders one way and reports the other.
 * Started by daemon.c.
 */
#include "bus.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>

#include "say.h"
#include "xenbus.h"

/* xenstored comes back quickly, if at all; trying costs one failed connect. */
#define RECONNECT_MS 1000

/* A watch says when the keys are granted; this is for the case that it doesn't. */
#define REFUSED_MS 10000

enum bus_state { BUS_UNKNOWN, BUS_AWAY, BUS_REFUSED, BUS_POSTING };

struct bus {
	struct board *board;
	struct xenbus xenbus;
	enum bus_state state; /* as last said in the log */
	uint32_t seq;
	bool pending; /* a report waits to be posted */
	bool fresh;   /* the connection is new: orders go up even if they are the same */
	uint32_t leaving;
};

static void enter(struct bus *bus, enum bus_state state, int err)
{
	if (bus->state == state)
		return;
	if (state == BUS_AWAY)
		say("waiting for xenstore: %s", strerror(-err));
	else if (state == BUS_REFUSED)
		say("waiting for the agent in dom0 to grant this guest its keys below memory/");
	else if (state == BUS_POSTING)
		say("reporting to dom0");
	bus->state = state;
}

static int read_orders(struct bus *bus)
{
	struct orders orders = { .leaving = bus->leaving };
	struct reading selfballoon;
	int err = xenbus_read(&bus->xenbus, KEY_SELFBALLOON, &selfballoon);

	if (!err)
		err = xenbus_read(&bus->xenbus, KEY_TARGET, &orders.target_kib);
	if (!err)
		err = xenbus_read(&bus->xenbus, KEY_STATIC_MAX, &orders.static_max_kib);
	if (!err)
		err = xenbus_read_policy(&bus->xenbus, orders.policy);
	if (err)
		return err;
	orders.selfballoon = selfballoon.state == READING_OK && selfballoon.value == 1;
	/* An empty key has just been granted: what the others said before is gone, too. */
	board_give_orders(bus->board, &orders, bus->fresh || selfballoon.state == READING_ABSENT);
	bus->fresh = false;
	return 0;
}

/* Posts what is pending. What the server refuses stays pending; only a lost server is an error. */
static int post(struct bus *bus)
{
	struct report report = board_take_report(bus->board);
	int err;

	if (report.orders == 0)
		return 0;
	err = xenbus_post(&bus->xenbus, &report, bus->seq + 1);
	if (xenbus_lost(err))
		return err;
	bus->pending = err != 0;
	if (!err)
		bus->seq++;
	enter(bus, err ? BUS_REFUSED : BUS_POSTING, err);
	return 0;
}

/*
 * control/shutdown fires when its watch is set, when the toolstack writes it, when the kernel has
 * taken note, and when the kernel sets all watches again in a restored guest. The first alone means
 * nothing, unless there is a word in it.
 */
static bool leaves(struct bus *bus, bool *seen)
{
	bool leaves = *seen || xenbus_told_to_leave(&bus->xenbus);

	*seen = true;
	if (leaves)
		bus->leaving++;
	return leaves;
}

/*
 * Takes the waiting events. *orders: dom0's keys may have changed. While reports go through, events
 * for the guest's own keys are echoes of them.
 */
static int take_events(struct bus *bus, bool *orders, bool *seen_leaving)
{
	unsigned int key;
	int n;

	while ((n = xenbus_next(&bus->xenbus, &key)) > 0) {
		bool own = key < KEY_COUNT && key != KEY_SELFBALLOON &&
			   contract_keys[key].guest_writes;

		if (key == XENBUS_LEAVE && !leaves(bus, seen_leaving))
			continue;
		if (!own || bus->state != BUS_POSTING)
			*orders = true;
	}
	return n;
}

/* Reads what is to be read and posts what is to be posted. *orders: as take_events() left it. */
static int work(struct bus *bus, bool *orders)
{
	int err = *orders ? read_orders(bus) : 0;

	if (!err && bus->pending)
		err = post(bus);
	*orders = false;
	if (err != -ETIMEDOUT)
		return err;
	/* Looks go on with the last orders; the late answer ends this connection. */
	enter(bus, BUS_AWAY, err);
	*orders = true;
	return 0;
}

static int pause_ms(const struct bus *bus, bool stalled)
{
	if (xenbus_has_event(&bus->xenbus))
		return 0;
	if (stalled)
		return RECONNECT_MS;
	return bus->pending ? REFUSED_MS : -1;
}

/* One connection's life; returns why it ended: 0 to stop. */
static int serve(struct bus *bus)
{
	struct pollfd fds[] = {
		{ .fd = xenbus_fd(&bus->xenbus), .events = POLLIN },
		{ .fd = bus->board->report_fd, .events = POLLIN },
	};
	bool orders = true, seen_leaving = false;
	int err = 0;

	while (!err && !board_stopped(bus->board)) {
		err = work(bus, &orders);
		if (err || poll(fds, 2, pause_ms(bus, orders)) < 0)
			continue;
		if (board_clear(bus->board->report_fd))
			bus->pending = true;
		err = take_events(bus, &orders, &seen_leaving);
	}
	return err;
}

void *bus_thread(void *board)
{
	struct bus bus = { .board = board };
	struct pollfd stop = { .fd = bus.board->report_fd, .events = POLLIN };

	while (!board_stopped(bus.board)) {
		int err = xenbus_open(&bus.xenbus, true);

		bus.fresh = true;
		if (!err)
			err = serve(&bus);
		xenbus_close(&bus.xenbus);
		if (err)
			enter(&bus, BUS_AWAY, err);
		if (err && poll(&stop, 1, RECONNECT_MS) > 0)
			bus.pending = board_clear(stop.fd) || bus.pending;
	}
	board_done(bus.board);
	return NULL;
}
