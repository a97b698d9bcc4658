/* SPDX-License-Identifier: MIT */
/*
 * Turns what went wrong into words and a way out. Knows no command. Called by all that ask agents.
 */
#include "cli_problem.h"

#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

#include "cli_client.h"
#include "cli_command.h"
#include "cli_guests.h"
#include "cli_term.h"
#include "cli_way.h"

/* What helps, by HTTP status; 0: no answer. */
static const struct {
	int status;
	bool socket;
	const char *hint;
} hints[] = {
	{ 0, true,
	  "Is the agent up (systemctl status xenballoon-agent), and are you root or in the "
	  "group xenballoon?" },
	{ 0, false, "Is the agent up, and http.listen in its configuration this address?" },
	{ 401, false, "Name a valid credential: --token-file, --user or --cert." },
	{ 401, true, "Become root or a member of the group xenballoon." },
	{ 403, false, "Ask as an operator who may change this guest." },
	{ 403, true, "Become root or a member of the group xenballoon." },
};

static void say(const char *whom, const char *what)
{
	char *shown = term_escape(what);

	fflush(stdout); /* what was done before stands before */
	fprintf(stderr, "xenballoon: %s: %s\n", whom, shown);
	free(shown);
}

/* "" where nothing is known to help. */
static const char *hint(const struct client_call *call)
{
	if (call->unresolved)
		return "Is the name spelt right? An address needs no name: -H 192.0.2.1";
	for (size_t i = 0; i < sizeof(hints) / sizeof(*hints); i++)
		if (hints[i].status == call->status && hints[i].socket == !!call->way->socket)
			return hints[i].hint;
	return "";
}

void problem_say(const char *whom, const struct json_t *problem)
{
	const char *detail = guest_text(problem, "detail");
	const char *passes = guest_text(problem, "would_pass");
	char *name = term_escape(whom);

	say(name, *detail ? detail : guest_text(problem, "result"));
	free(name);
	if (*passes)
		fprintf(stderr, "  Nearest that passes: %.24s%s\n", passes,
			guest_true(problem, "forceable") ? " (or --force)" : "");
	else if (guest_true(problem, "forceable"))
		fprintf(stderr, "  --force passes this limit.\n");
}

/* Whom a problem document is about: a guest, or the host as a whole. */
static const char *subject_of(const struct client_call *call)
{
	const char *name = guest_text(call->answer, "name");

	if (!*name)
		name = guest_text(call->answer, "subject");
	return *name ? name : call->way->label;
}

#define FOREIGN "answered %d, not as an agent does"

bool problem_good(const struct client_call *call)
{
	char text[64];

	if (call->status / 100 == 2 && (call->answer || call->data))
		return true;
	if (!call->status) {
		say(call->way->label, call->error);
	} else if (*guest_text(call->answer, "detail")) {
		problem_say(subject_of(call), call->answer);
	} else {
		snprintf(text, sizeof(text), FOREIGN, call->status);
		say(call->way->label, text);
	}
	if (*hint(call))
		fprintf(stderr, "  %s\n", hint(call));
	return false;
}

void problem_line(const struct client_call *call, FILE *to)
{
	char *shown = term_escape(call->status ? guest_text(call->answer, "detail") : call->error);

	if (!call->status)
		fprintf(to, "cannot reach %s: %s", call->way->label, shown);
	else if (*shown)
		fprintf(to, "%s: %s", call->way->label, shown);
	else
		fprintf(to, "%s " FOREIGN, call->way->label, call->status);
	if (*hint(call))
		fprintf(to, ". %s", hint(call));
	free(shown);
}

int problem_exit(const struct client_call *call)
{
	if (call->status / 100 == 2 && call->answer)
		return EXIT_DONE;
	return call->status / 100 == 4 ? EXIT_REFUSED : EXIT_NO_ANSWER;
}
