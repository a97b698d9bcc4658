/* SPDX-License-Identifier: MIT */
/*
 * Where the daemon's two threads meet: the bus thread hangs up dom0's orders, the sizer its report.
 * Each takes a copy and never waits for the other, so a stalled xenstored can't keep a guest from
 * growing.
 */
#ifndef XENBALLOON_BOARD_H
#define XENBALLOON_BOARD_H

#include <pthread.h>

#include "report.h"

/* What dom0 says; garbage and absence are 0 for selfballoon. */
struct orders {
	uint32_t serial; /* steps with each change and each new connection; 0: none yet */
	bool selfballoon;
	struct reading target_kib;
	struct reading static_max_kib;
	uint32_t leaving; /* steps each time the guest is told to shut down, suspend or restore */
	char policy[CONTRACT_POLICY_MAX + 1]; /* dom0's word on policy and floor; "": none */
};

struct board {
	pthread_mutex_t lock;
	struct orders orders;
	struct report report;
	bool stop;
	int orders_fd; /* polls readable after new orders */
	int done_fd;   /* polls readable when the bus thread is done */
	int report_fd; /* polls readable after a new report, and on stop */
};

/* 0 or a negative errno. */
int board_open(struct board *board);
void board_close(struct board *board);

/* Hangs up orders if they differ from those that hang, or `anew`; sets their serial. */
void board_give_orders(struct board *board, const struct orders *orders, bool anew);
struct orders board_take_orders(struct board *board);

void board_give_report(struct board *board, const struct report *report);
struct report board_take_report(struct board *board);

/* Asks the bus thread to end; what it sees. */
void board_stop(struct board *board);
bool board_stopped(struct board *board);

/* The last thing that the bus thread says. */
void board_done(struct board *board);

/* Makes a descriptor of the board unreadable again; true if it was readable. */
bool board_clear(int fd);

#endif
