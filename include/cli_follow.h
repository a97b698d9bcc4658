/* SPDX-License-Identifier: MIT */
/*
 * Follows a guest on its way to a target.
 */
#ifndef XENBALLOON_CLI_FOLLOW_H
#define XENBALLOON_CLI_FOLLOW_H

#include <stdint.h>

struct cli;
struct way;

/*
 * Looks at the guest, which is named by its UUID, until it is at target_kib, with a bar on a
 * terminal. EXIT_DONE; or EXIT_NOT_THERE after saying why: the time is over, it makes no progress,
 * it has gone, or someone else gave it another target; EXIT_NO_ANSWER if the agent is lost.
 */
int follow_target(const struct cli *cli, const struct way *way, const char *uuid,
		  uint64_t target_kib);

#endif
