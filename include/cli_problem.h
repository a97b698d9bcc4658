/* SPDX-License-Identifier: MIT */
/*
 * Tells people why an agent did not do what was asked.
 */
#ifndef XENBALLOON_CLI_PROBLEM_H
#define XENBALLOON_CLI_PROBLEM_H

#include <stdbool.h>
#include <stdio.h>

struct client_call;
struct json_t;

/*
 * Says on standard error what is wrong with an answer: what kept it from coming, or the problem
 * document's words, and what can be done. True: nothing is wrong, its status is 2xx.
 */
bool problem_good(const struct client_call *call);

/* The same on one line, without the program's name, for a monitoring plugin. */
void problem_line(const struct client_call *call, FILE *to);

/* The words of a refusal for one guest, and which value would pass, on standard error. */
void problem_say(const char *whom, const struct json_t *problem);

/* How a program ends that got this answer: one of EXIT_ in cli_command.h. */
int problem_exit(const struct client_call *call);

#endif
