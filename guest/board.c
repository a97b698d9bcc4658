/* SPDX-License-Identifier: MIT */
/*
 * One lock, two copies, two wake-ups. Must not interpret what hangs on it. Used by the daemon's two
 * threads.
 */
#include "board.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

int board_open(struct board *board)
{
	memset(board, 0, sizeof(*board));
	pthread_mutex_init(&board->lock, NULL);
	board->orders_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	board->report_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	board->done_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	return board->orders_fd < 0 || board->report_fd < 0 || board->done_fd < 0 ? -errno : 0;
}

void board_close(struct board *board)
{
	close(board->orders_fd);
	close(board->report_fd);
	close(board->done_fd);
	pthread_mutex_destroy(&board->lock);
}

/* An eventfd can't be full of ones: the only failure there is would mean that it's readable. */
static void wake(int fd)
{
	if (eventfd_write(fd, 1) != 0)
		return;
}

bool board_clear(int fd)
{
	eventfd_t count;

	return eventfd_read(fd, &count) == 0;
}

static bool same_reading(struct reading a, struct reading b)
{
	return a.state == b.state && a.value == b.value;
}

void board_give_orders(struct board *board, const struct orders *orders, bool anew)
{
	struct orders *hanging = &board->orders;
	bool news;

	pthread_mutex_lock(&board->lock);
	news = anew || hanging->serial == 0 || hanging->selfballoon != orders->selfballoon ||
	       !same_reading(hanging->target_kib, orders->target_kib) ||
	       !same_reading(hanging->static_max_kib, orders->static_max_kib) ||
	       hanging->leaving != orders->leaving || strcmp(hanging->policy, orders->policy) != 0;
	if (news) {
		uint32_t serial = hanging->serial + 1;

		*hanging = *orders;
		hanging->serial = serial ? serial : 1;
	}
	pthread_mutex_unlock(&board->lock);
	if (news)
		wake(board->orders_fd);
}

struct orders board_take_orders(struct board *board)
{
	struct orders orders;

	pthread_mutex_lock(&board->lock);
	orders = board->orders;
	pthread_mutex_unlock(&board->lock);
	return orders;
}

void board_give_report(struct board *board, const struct report *report)
{
	pthread_mutex_lock(&board->lock);
	board->report = *report;
	pthread_mutex_unlock(&board->lock);
	wake(board->report_fd);
}

struct report board_take_report(struct board *board)
{
	struct report report;

	pthread_mutex_lock(&board->lock);
	report = board->report;
	pthread_mutex_unlock(&board->lock);
	return report;
}

void board_stop(struct board *board)
{
	pthread_mutex_lock(&board->lock);
	board->stop = true;
	pthread_mutex_unlock(&board->lock);
	wake(board->report_fd);
}

bool board_stopped(struct board *board)
{
	bool stop;

	pthread_mutex_lock(&board->lock);
	stop = board->stop;
	pthread_mutex_unlock(&board->lock);
	return stop;
}

void board_done(struct board *board)
{
	wake(board->done_fd);
}
