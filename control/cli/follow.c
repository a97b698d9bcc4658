/* SPDX-License-Identifier: MIT */
/*
 * Waits for a guest to reach its target and shows how far it is. Only reads. Called by change.c.
 */
#include "cli_follow.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli_client.h"
#include "cli_command.h"
#include "cli_guests.h"
#include "cli_problem.h"
#include "cli_size.h"
#include "cli_term.h"

#define WAIT_S	      60
#define LOOK_MS	      300
#define TOLERANCE_KIB 1024 /* Xen's slack above a target, and what the agent takes for there */
#define BAR_CELLS     30

struct walk {
	const struct json_t *guest; /* as it is now */
	uint64_t target_kib;
	uint64_t start_kib, has_kib;
	bool started;
	bool seen; /* the agent's picture shows the new target */
	int64_t began_ms, limit_ms;
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static uint64_t distance(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

static void show(const struct walk *walk)
{
	uint64_t way = distance(walk->start_kib, walk->target_kib);
	uint64_t left = distance(walk->has_kib, walk->target_kib);
	struct term_bar bar = { .scale = way, .filled = left < way ? way - left : 0 };
	char cells[BAR_CELLS + 1], has[SIZE_TEXT], target[SIZE_TEXT];

	if (!term_is_tty())
		return;
	bar.mark = bar.second = UINT64_MAX;
	term_bar(cells, BAR_CELLS, &bar);
	printf("\r\033[K  [%s%s%s] %s of %s, %" PRId64 " s", term_color(TERM_BUSY), cells,
	       term_color(TERM_PLAIN), size_text(has, walk->has_kib),
	       size_text(target, walk->target_kib), (now_ms() - walk->began_ms) / 1000);
	fflush(stdout);
}

static void clear(void)
{
	if (term_is_tty())
		fputs("\r\033[K", stdout);
}

/* Why it will not get there, or NULL while it may. */
static const char *hopeless(const struct walk *walk)
{
	const char *state = guest_text(walk->guest, "state");
	uint64_t target;

	if (now_ms() - walk->began_ms > walk->limit_ms)
		return guest_text(walk->guest, "reason");
	/* A picture from before the change would tell of what it was told before. */
	if (!walk->seen)
		return NULL;
	if (guest_true(walk->guest, "selfballoon"))
		return "selfballooning was turned on meanwhile";
	if (guest_number(walk->guest, "target_kib", &target) &&
	    distance(target, walk->target_kib) > TOLERANCE_KIB)
		return "someone gave it another target meanwhile";
	if (!strcmp(state, "stuck") || !strcmp(state, "foreign") || !strcmp(state, "refused"))
		return guest_text(walk->guest, "reason");
	return NULL;
}

static int not_there(const struct walk *walk, const char *why)
{
	char has[SIZE_TEXT], target[SIZE_TEXT], *shown = term_escape(why);

	fprintf(stderr, "xenballoon: it has %s after %" PRId64 " s, not %s: %s\n",
		size_text(has, walk->has_kib), (now_ms() - walk->began_ms) / 1000,
		size_text(target, walk->target_kib), shown);
	free(shown);
	return EXIT_NOT_THERE;
}

/* One look: EXIT_DONE or another end, or -1 to go on. */
static int look(struct walk *walk, const struct client_call *call)
{
	const char *why;
	uint64_t target;

	if (call->status == 404) {
		clear();
		fprintf(stderr, "xenballoon: the guest has gone\n");
		return EXIT_NOT_THERE;
	}
	if (call->status != 200) {
		clear();
		problem_good(call);
		return EXIT_NO_ANSWER;
	}
	walk->guest = call->answer;
	guest_number(walk->guest, "allocated_kib", &walk->has_kib);
	if (!walk->started)
		walk->start_kib = walk->has_kib;
	walk->started = true;
	walk->seen |= guest_number(walk->guest, "target_kib", &target) &&
		      distance(target, walk->target_kib) <= TOLERANCE_KIB;
	if (distance(walk->has_kib, walk->target_kib) <= TOLERANCE_KIB) {
		char has[SIZE_TEXT];

		clear();
		printf("  there: it has %s after %" PRId64 " s\n", size_text(has, walk->has_kib),
		       (now_ms() - walk->began_ms) / 1000);
		return EXIT_DONE;
	}
	why = hopeless(walk);
	if (why) {
		clear();
		return not_there(walk, why);
	}
	show(walk);
	return -1;
}

int follow_target(const struct cli *cli, const struct way *way, const char *uuid,
		  uint64_t target_kib)
{
	const struct timespec pause = { .tv_nsec = LOOK_MS * 1000000L };
	uint64_t limit_s = cli->options->wait_s ? cli->options->wait_s : WAIT_S;
	struct walk walk = { .target_kib = target_kib,
			     .began_ms = now_ms(),
			     .limit_ms = (int64_t)limit_s * 1000 };
	int code;

	fflush(stdout);
	do {
		struct client_call call = { .way = way, .method = "GET" };

		client_path(&call, "/api/v1/domains/%s", uuid);
		client_run(&call, 1);
		code = look(&walk, &call);
		client_free(&call, 1);
		if (code < 0)
			nanosleep(&pause, NULL);
	} while (code < 0);
	return code;
}
