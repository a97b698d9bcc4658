/* SPDX-License-Identifier: MIT */
/*
 * Other programs of this host, run for what they print: the agent for its settings, the xenstore
 * tools. Never by a shell.
 */
#ifndef XENBALLOON_CLI_AGENT_H
#define XENBALLOON_CLI_AGENT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Runs a program with these words (argv, ended by NULL; found by PATH and in the sbin folders).
 * What it printed, to be given to free(), both outputs together; *status is its exit status,
 * AGENT_NOT_RUN if it could not be run, AGENT_LATE if it was ended after 5 s. NULL: out of memory.
 */
#define AGENT_NOT_RUN 127
#define AGENT_LATE    124
char *agent_run(const char *const *words, int *status);

#define AGENT_CONFIG "/etc/xenballoon/agent.yml"

/*
 * The agent's settings as it reads them from this file (NULL: AGENT_CONFIG, or the defaults without
 * such a file), to be given to free(). NULL with what is wrong in error.
 */
char *agent_settings(const char *config, char *error, size_t size);

/* One of them, "http.listen". False: there is none of that name. */
bool agent_setting(const char *settings, const char *name, char *value, size_t size);

#endif
