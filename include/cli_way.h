/* SPDX-License-Identifier: MIT */
/*
 * How agents are reached, and what proves to them who asks.
 */
#ifndef XENBALLOON_CLI_WAY_H
#define XENBALLOON_CLI_WAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct options;

#define WAY_SOCKET    "/run/xenballoon/agent.sock"
#define WAY_PORT      10047
#define WAY_LABEL_MAX 127

/* One agent. */
struct way {
	char label[WAY_LABEL_MAX + 1]; /* what a HOST column shows */
	char url[512];		       /* scheme, host, port, perhaps a path; no slash at the end */
	const char *socket;	       /* NULL: by TCP */
};

/* The same for all of them. NULL: none. */
struct proof {
	char *token;
	char *password; /* user:password */
	const char *ca, *cert, *key;
	uint64_t timeout_s;
};

/*
 * The ways that the options name, OPTIONS_HOSTS_MAX at most, and the proof, for which a password
 * may be asked on the terminal. How many, or -1 after saying on standard error what was wrong: a
 * credential is never sent in the clear to another host.
 */
int way_open(const struct options *options, struct way *ways, struct proof *proof);
void way_close(struct proof *proof);

#endif
