/* SPDX-License-Identifier: MIT */
/*
 * `top`: the guests as live bars, and a key that switches one after a question; or plain text, one
 * picture after the other. The one user of ncurses. What the lines say is view.c's.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include <ncurses.h>

#include <jansson.h>

#include "cli_client.h"
#include "cli_command.h"
#include "cli_problem.h"
#include "cli_view.h"

#define DELAY_S	      2
#define BATCH_COLUMNS 100
#define STEP_MS	      200
#define ESCAPE	      27
#define HEAD_LINES    2 /* above the guests */
#define FOOT_LINES    2

enum mode { MODE_LIST, MODE_FILTER, MODE_ASK, MODE_HELP };

struct top {
	struct cli *cli;
	struct view view;
	struct guests now, next; /* shown; on its way */
	bool fetching, have;
	int64_t due_ms;
	uint64_t pictures;
	enum mode mode;
	bool quit, dirty;
	char chosen[64]; /* UUID of the guest that the keys work on */
	bool asked_on;	 /* what the question was about: turn it on, or off */
	size_t first;	 /* line of the list that stands at the top */
	struct client_call change;
	bool changing;
	char message[256];
};

static volatile sig_atomic_t ended;

static void end(int number)
{
	(void)number;
	ended = 1;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t delay_ms(const struct top *top)
{
	uint64_t delay_s = top->cli->options->delay_s;

	return (int64_t)(delay_s ? delay_s : DELAY_S) * 1000;
}

/* The line of the list that the keys work on; the first where that guest is not shown. */
static size_t cursor(const struct top *top)
{
	for (size_t i = 0; i < top->view.count; i++)
		if (!strcmp(guest_text(top->view.shown[i]->object, "uuid"), top->chosen))
			return i;
	return 0;
}

static void choose(struct top *top, size_t line)
{
	if (line < top->view.count)
		snprintf(top->chosen, sizeof(top->chosen), "%s",
			 guest_text(top->view.shown[line]->object, "uuid"));
}

static const struct guest *chosen(const struct top *top)
{
	return top->view.count ? top->view.shown[cursor(top)] : NULL;
}

static attr_t attributes(enum term_color color)
{
	static const attr_t plain[] = { [TERM_BOLD] = A_BOLD, [TERM_DIM] = A_DIM };

	if (color == TERM_BOLD || color == TERM_DIM || color == TERM_PLAIN)
		return color == TERM_PLAIN ? A_NORMAL : plain[color];
	return *term_color(color) ? (attr_t)COLOR_PAIR(color) : A_NORMAL;
}

static void start_colors(void)
{
	if (!has_colors() || !*term_color(TERM_GOOD))
		return;
	start_color();
	use_default_colors();
	init_pair(TERM_GOOD, COLOR_GREEN, -1);
	init_pair(TERM_BUSY, COLOR_CYAN, -1);
	init_pair(TERM_WARN, COLOR_YELLOW, -1);
	init_pair(TERM_BAD, COLOR_RED, -1);
}

static void draw_text(int y, char *text, attr_t attribute)
{
	mvaddstr(y, 0, text);
	mvchgat(y, 0, -1, attribute, 0, NULL);
	free(text);
}

/* A part of a line in a colour, which keeps its attribute. */
static void paint(int y, size_t x, size_t len, attr_t attribute, enum term_color color)
{
	attr_t own = attributes(color);

	if (x < (size_t)COLS)
		mvchgat(y, (int)x, (int)len, attribute | (own & ~A_COLOR), (short)PAIR_NUMBER(own),
			NULL);
}

static void draw_guest(const struct top *top, int y, size_t at, bool here)
{
	attr_t attribute = here ? A_REVERSE : A_NORMAL;
	struct view_line line;

	view_guest(top->view.shown[at], (size_t)COLS, top->cli->way_count > 1, &line);
	mvaddstr(y, 0, line.text);
	mvchgat(y, 0, -1, attribute, 0, NULL);
	paint(y, line.state_at, line.state_len, attribute, line.state_color);
	paint(y, line.bar_at, line.bar_len, attribute, TERM_BUSY);
	free(line.text);
}

static void draw_list(struct top *top, size_t lines)
{
	size_t at = cursor(top);

	if (at < top->first)
		top->first = at;
	if (at >= top->first + lines)
		top->first = at - lines + 1;
	for (size_t i = 0; i < lines && top->first + i < top->view.count; i++)
		draw_guest(top, (int)(HEAD_LINES + i), top->first + i, top->first + i == at);
}

static void draw_foot(const struct top *top)
{
	const struct guest *guest = chosen(top);
	char *name = term_escape(guest ? guest_text(guest->object, "name") : "");

	move(LINES - 2, 0);
	if (top->mode == MODE_FILTER)
		printw("Show guests whose name or state has: %s", top->view.filter);
	else if (top->mode == MODE_ASK && guest)
		printw("Turn selfballooning %s in %s? y or n", top->asked_on ? "on" : "off", name);
	else if (*top->message)
		addstr(top->message);
	else if (guest)
		printw("%s: %.150s", name, guest_text(guest->object, "reason"));
	mvprintw(LINES - 1, 0, "q quit  ? help  o on/off  s sort (%s%s)  r reverse  / filter%s%s",
		 view_order(top->view.order), top->view.backward ? ", largest first" : "",
		 *top->view.filter ? ": " : "", top->view.filter);
	mvchgat(LINES - 1, 0, -1, attributes(TERM_DIM), 0, NULL);
	free(name);
}

static void draw_help(void)
{
	erase();
	for (int i = 0; view_help((size_t)i) && i < LINES; i++)
		mvaddnstr(i, 0, view_help((size_t)i), COLS);
	refresh();
}

static void draw(struct top *top)
{
	size_t lines =
		LINES > HEAD_LINES + FOOT_LINES ? (size_t)(LINES - HEAD_LINES - FOOT_LINES) : 1;

	top->dirty = false;
	if (top->mode == MODE_HELP) {
		draw_help();
		return;
	}
	erase();
	draw_text(0, view_head(&top->now, (size_t)COLS), A_NORMAL);
	draw_text(1, view_titles((size_t)COLS, top->cli->way_count > 1), A_BOLD);
	draw_list(top, lines);
	draw_foot(top);
	refresh();
}

/* A line for people from the answer to a change. */
static void say_change(struct top *top)
{
	const struct client_call *call = &top->change;
	const char *detail = guest_text(call->answer, "detail");
	char *name = term_escape(guest_text(call->answer, "name"));
	char *shown = term_escape(!call->status ? call->error : detail);

	if (call->status == 200)
		snprintf(top->message, sizeof(top->message), "%s: selfballooning is %s", name,
			 guest_true(call->answer, "after") ? "on" : "off");
	else
		snprintf(top->message, sizeof(top->message), "%.200s", shown);
	free(name);
	free(shown);
	top->dirty = true;
}

static void begin_change(struct top *top)
{
	const struct guest *guest = chosen(top);

	/* The guest of the question may have gone; what stands in its line now was not asked about.
	 */
	if (!guest || top->changing || strcmp(guest_text(guest->object, "uuid"), top->chosen) != 0)
		return;
	top->change = (struct client_call){ .way = guest->way, .method = "POST" };
	client_path(&top->change, "/api/v1/domains/%s/selfballoon",
		    guest_text(guest->object, "uuid"));
	top->change.send = json_pack("{sb}", "enabled", !guest_true(guest->object, "selfballoon"));
	client_begin(&top->change, 1);
	top->changing = true;
}

static void end_change(struct top *top)
{
	say_change(top);
	json_decref(top->change.send);
	client_free(&top->change, 1);
	top->changing = false;
	top->due_ms = now_ms();
}

static void arrange(struct top *top)
{
	view_arrange(&top->view, &top->now);
	top->dirty = true;
}

static void key_filter(struct top *top, int key)
{
	char *filter = top->view.filter;
	size_t len = strlen(filter);

	if (key == '\n' || key == KEY_ENTER)
		top->mode = MODE_LIST;
	else if (key == ESCAPE) {
		*filter = '\0';
		top->mode = MODE_LIST;
	} else if ((key == KEY_BACKSPACE || key == 127 || key == '\b') && len)
		filter[len - 1] = '\0';
	else if (key >= ' ' && key < 127 && len < VIEW_FILTER_MAX) {
		filter[len] = (char)key;
		filter[len + 1] = '\0';
	}
	arrange(top);
}

static void move_cursor(struct top *top, long step)
{
	long line = (long)cursor(top) + step, last = (long)top->view.count - 1;

	choose(top, (size_t)(line < 0 ? 0 : line > last ? last : line));
	top->dirty = true;
}

static void ask(struct top *top)
{
	const struct guest *guest = chosen(top);

	if (!guest)
		return;
	choose(top, cursor(top));
	top->asked_on = !guest_true(guest->object, "selfballoon");
	top->mode = MODE_ASK;
}

static void key_list(struct top *top, int key)
{
	*top->message = '\0';
	top->dirty = true;
	switch (key) {
	case 'q':
		top->quit = true;
		break;
	case KEY_UP:
	case 'k':
		move_cursor(top, -1);
		break;
	case KEY_DOWN:
	case 'j':
		move_cursor(top, 1);
		break;
	case KEY_PPAGE:
		move_cursor(top, -(LINES - HEAD_LINES - FOOT_LINES));
		break;
	case KEY_NPAGE:
		move_cursor(top, LINES - HEAD_LINES - FOOT_LINES);
		break;
	case 'o':
		ask(top);
		break;
	case 's':
		top->view.order = view_order(top->view.order + 1) ? top->view.order + 1 : 0;
		arrange(top);
		break;
	case 'r':
		top->view.backward = !top->view.backward;
		arrange(top);
		break;
	case '/':
		top->mode = MODE_FILTER;
		break;
	case '?':
		top->mode = MODE_HELP;
		break;
	}
}

static void handle_key(struct top *top, int key)
{
	if (key == KEY_RESIZE) {
		top->dirty = true;
	} else if (top->mode == MODE_FILTER) {
		key_filter(top, key);
	} else if (top->mode == MODE_HELP) {
		top->mode = MODE_LIST;
		top->dirty = true;
	} else if (top->mode == MODE_ASK) {
		if (key == 'y' || key == 'Y')
			begin_change(top);
		top->mode = MODE_LIST;
		top->dirty = true;
	} else {
		key_list(top, key);
	}
}

/* Takes the picture that has come whole; what was shown before goes. */
static void take_picture(struct top *top)
{
	guests_end(&top->next);
	if (top->have)
		guests_free(&top->now);
	top->now = top->next;
	top->have = true;
	top->fetching = false;
	top->pictures++;
	top->due_ms = now_ms() + delay_ms(top);
	arrange(top);
}

static bool enough(const struct top *top)
{
	return top->cli->options->count && top->pictures >= top->cli->options->count;
}

static void turn(struct top *top)
{
	int key;

	if (!top->fetching && now_ms() >= top->due_ms) {
		guests_begin(top->cli, &top->next);
		top->fetching = true;
	}
	client_step(STEP_MS, STDIN_FILENO);
	while ((key = getch()) != ERR)
		handle_key(top, key);
	if (top->fetching && guests_ended(&top->next))
		take_picture(top);
	if (top->changing && client_ended(&top->change))
		end_change(top);
	if (top->dirty && top->have)
		draw(top);
}

static int live(struct top *top)
{
	signal(SIGINT, end);
	signal(SIGTERM, end);
	signal(SIGHUP, end);
	if (!initscr())
		return EXIT_NO_ANSWER;
	cbreak();
	noecho();
	nodelay(stdscr, TRUE);
	keypad(stdscr, TRUE);
	set_escdelay(50);
	curs_set(0);
	start_colors();
	while (!top->quit && !ended && !enough(top))
		turn(top);
	endwin();
	if (top->changing) {
		json_decref(top->change.send);
		client_free(&top->change, 1);
	}
	if (top->fetching)
		guests_free(&top->next);
	return top->have ? top->now.exit : EXIT_NO_ANSWER;
}

static void print_picture(struct top *top)
{
	size_t columns = term_columns() ? term_columns() : BATCH_COLUMNS;
	bool hosts = top->cli->way_count > 1;
	struct view_line line;
	char *text;

	text = view_head(&top->now, columns);
	puts(text);
	free(text);
	text = view_titles(columns, hosts);
	printf("%s%s%s\n", term_color(TERM_BOLD), text, term_color(TERM_PLAIN));
	free(text);
	for (size_t i = 0; i < top->view.count; i++) {
		view_guest(top->view.shown[i], columns, hosts, &line);
		puts(line.text);
		free(line.text);
	}
}

static int batch(struct top *top)
{
	uint64_t count = top->cli->options->count;

	for (;;) {
		guests_read(top->cli, &top->now);
		top->have = true;
		view_arrange(&top->view, &top->now);
		if (top->pictures++)
			putchar('\n');
		print_picture(top);
		fflush(stdout);
		if (ferror(stdout) || (count && top->pictures >= count))
			return top->now.exit;
		guests_free(&top->now);
		top->have = false;
		usleep((useconds_t)(delay_ms(top) * 1000));
	}
}

/* Which order --sort asks for. False, said: there is none such. */
static bool read_order(struct view *view, const char *text)
{
	view->order = 1; /* what holds the most memory */
	view->backward = true;
	if (!text)
		return true;
	view->backward = *text == '-';
	text += view->backward;
	for (view->order = 0; view_order(view->order); view->order++)
		if (!strcmp(view_order(view->order), text))
			return true;
	fprintf(stderr, "xenballoon: --sort \"%.40s\": must be one of", text);
	for (size_t i = 0; view_order(i); i++)
		fprintf(stderr, " %s", view_order(i));
	fputc('\n', stderr);
	return false;
}

int command_top(struct cli *cli, size_t count, char **words)
{
	struct top top = { .cli = cli };
	int code;

	(void)count;
	(void)words;
	if (!read_order(&top.view, cli->options->sort))
		return EXIT_USAGE;
	if (!cli->options->batch && (!term_is_tty() || !isatty(STDIN_FILENO))) {
		fprintf(stderr, "xenballoon: top needs a terminal; -b prints plain text\n");
		return EXIT_USAGE;
	}
	code = cli->options->batch ? batch(&top) : live(&top);
	view_free(&top.view);
	if (top.have)
		guests_free(&top.now);
	return code;
}
