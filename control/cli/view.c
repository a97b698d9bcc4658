/* SPDX-License-Identifier: MIT */
/*
 * Makes the lines that `top` shows. Knows no terminal library and no key. Called by top.c.
 */
#include "cli_view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "cli_column.h"
#include "cli_size.h"
#include "cli_way.h"

#define NAME_COLUMNS  16
#define HOST_COLUMNS  20
#define STATE_COLUMNS 9
#define SIZE_COLUMNS  8
#define WAIT_COLUMNS  4
#define LEAST_BAR     10
#define WIDE	      100 /* columns from which on there is room for the maximum */

static const char *const orders[] = { "name",	"allocated",  "target", "actual",
				      "wanted", "static_max", "state",	"pressure" };

#define ORDERS (sizeof(orders) / sizeof(*orders))

const char *view_order(size_t order)
{
	return order < ORDERS ? orders[order] : NULL;
}

static bool fits(const struct view *view, const struct guest *guest)
{
	return !*view->filter || strcasestr(guest_text(guest->object, "name"), view->filter) ||
	       strcasestr(guest_text(guest->object, "state"), view->filter);
}

static int compare(const void *a, const void *b, void *context)
{
	const struct guest *left = *(const struct guest *const *)a;
	const struct guest *right = *(const struct guest *const *)b;
	const struct view *view = context;
	const char *name = orders[view->order];
	int result = column_compare(column_find(name, strlen(name)), left, right);

	if (view->backward)
		result = -result;
	return result ? result : (left > right) - (left < right);
}

void view_arrange(struct view *view, const struct guests *guests)
{
	free(view->shown);
	view->shown = calloc(guests->count + 1, sizeof(*view->shown));
	if (!view->shown)
		abort();
	view->count = 0;
	for (size_t i = 0; i < guests->count; i++)
		if (fits(view, &guests->guest[i]))
			view->shown[view->count++] = &guests->guest[i];
	qsort_r(view->shown, view->count, sizeof(*view->shown), compare, view);
}

void view_free(struct view *view)
{
	free(view->shown);
	view->shown = NULL;
	view->count = 0;
}

/* Text cut or filled up to so many columns. */
static void add_padded(FILE *to, const char *text, size_t columns)
{
	char *shown = term_escape(text);
	size_t len = term_fit(shown, columns), width;

	shown[len] = '\0';
	width = term_width(shown);
	fprintf(to, "%s%*s", shown, (int)(columns - width), "");
	free(shown);
}

static void add_size(FILE *to, const json_t *guest, const char *field)
{
	char text[SIZE_TEXT] = "-";
	uint64_t kib;

	if (guest_number(guest, field, &kib))
		size_text(text, kib);
	fprintf(to, " %*s", SIZE_COLUMNS, text);
}

/* The sizes that a line shows, from the left; the last only where there is room for it. */
static const struct {
	const char *title, *field;
} sizes[] = { { "HAS", "allocated_kib" },
	      { "WANTS", "wanted_kib" },
	      { "TARGET", "target_kib" },
	      { "MAX", "static_max_kib" } };

static size_t size_count(size_t columns)
{
	return sizeof(sizes) / sizeof(*sizes) - (columns < WIDE);
}

/* Columns that are left for a bar, beside all else. */
static size_t bar_columns(size_t columns, bool hosts)
{
	size_t used = NAME_COLUMNS + 1 + STATE_COLUMNS + 1 + 4 +
		      size_count(columns) * (SIZE_COLUMNS + 1) + WAIT_COLUMNS + 1 + 3;

	if (hosts)
		used += HOST_COLUMNS + 1;
	return columns > used + LEAST_BAR ? columns - used : LEAST_BAR;
}

/* The lines are cut to the screen, so that none wraps. */
static char *finish(FILE *to, char **text, size_t columns)
{
	fclose(to);
	(*text)[term_fit(*text, columns)] = '\0';
	return *text;
}

static FILE *begin(char **text)
{
	static size_t len;
	FILE *to = open_memstream(text, &len);

	if (!to)
		abort();
	return to;
}

static uint64_t sum(const struct guests *guests, const char *field)
{
	uint64_t total = 0, own;

	for (size_t i = 0; i < guests->ways; i++) {
		guest_number(guests->hosts[i].answer, field, &own);
		total += own;
	}
	return total;
}

char *view_head(const struct guests *guests, size_t columns)
{
	char text[3][SIZE_TEXT], *line;
	FILE *to = begin(&line);
	size_t on = 0, down = 0;

	for (size_t i = 0; i < guests->count; i++)
		on += guest_true(guests->guest[i].object, "selfballoon");
	for (size_t i = 0; i < guests->ways; i++)
		down += guests->hosts[i].status != 200;
	fprintf(to, "%s%s%s of %s free, %zu guests, %zu selfballooning, could free %s",
		guests->ways == 1 ? guest_text(guests->hosts[0].answer, "name") : "",
		guests->ways == 1 && *guest_text(guests->hosts[0].answer, "name") ? ": " : "",
		size_text(text[0], sum(guests, "free_kib")),
		size_text(text[1], sum(guests, "total_kib")), guests->count, on,
		size_text(text[2], sum(guests, "reclaimable_kib")));
	if (down)
		fprintf(to, "; %zu of %zu hosts don't answer", down, guests->ways);
	return finish(to, &line, columns);
}

const char *view_help(size_t line)
{
	static const char *const lines[] = {
		"A bar is one guest, from nothing to its maximum: " VIEW_LEGEND,
		"WAIT is its pressure: the share of time that its programs wait for memory",
		"",
		"arrows, page up, page down, j, k   choose a guest",
		"o   turn its selfballooning on or off, after a question",
		"s   order by the next column           r   the other way round",
		"/   show guests whose name or state has a text; Escape shows all",
		"q   quit                               any key   back to the guests",
	};

	return line < sizeof(lines) / sizeof(*lines) ? lines[line] : NULL;
}

char *view_titles(size_t columns, bool hosts)
{
	char *line;
	FILE *to = begin(&line);

	if (hosts)
		fprintf(to, "%-*s ", HOST_COLUMNS, "HOST");
	fprintf(to, "%-*s %-*s SELF  %-*.*s ", NAME_COLUMNS, "NAME", STATE_COLUMNS, "STATE",
		(int)bar_columns(columns, hosts), (int)bar_columns(columns, hosts), VIEW_LEGEND);
	for (size_t i = 0; i < size_count(columns); i++)
		fprintf(to, " %*s", SIZE_COLUMNS, sizes[i].title);
	fprintf(to, " %*s", WAIT_COLUMNS, "WAIT");
	return finish(to, &line, columns);
}

static void draw_bar(const json_t *guest, char *cells, size_t count)
{
	struct term_bar bar = { 0 };

	guest_number(guest, "static_max_kib", &bar.scale);
	guest_number(guest, "allocated_kib", &bar.filled);
	if (!guest_number(guest, "target_kib", &bar.mark))
		bar.mark = UINT64_MAX;
	if (!guest_number(guest, "wanted_kib", &bar.second))
		bar.second = UINT64_MAX;
	term_bar(cells, count, &bar);
}

void view_guest(const struct guest *guest, size_t columns, bool hosts, struct view_line *line)
{
	const char *state = guest_text(guest->object, "state");
	size_t cells = bar_columns(columns, hosts);
	char *bar = malloc(cells + 1);
	FILE *to = begin(&line->text);
	uint64_t centi;

	if (!bar)
		abort();
	if (hosts)
		add_padded(to, guest->way->label, HOST_COLUMNS);
	if (hosts)
		fputc(' ', to);
	add_padded(to, guest_text(guest->object, "name"), NAME_COLUMNS);
	fputc(' ', to);
	add_padded(to, state, STATE_COLUMNS);
	fprintf(to, " %-4s", guest_true(guest->object, "selfballoon") ? "on" : "off");
	draw_bar(guest->object, bar, cells);
	fprintf(to, " [%s]", bar);
	free(bar);
	for (size_t i = 0; i < size_count(columns); i++)
		add_size(to, guest->object, sizes[i].field);
	if (guest_number(guest->object, "pressure_centipercent", &centi))
		fprintf(to, " %*u%%", WAIT_COLUMNS - 1, (unsigned int)((centi + 50) / 100));
	else
		fprintf(to, " %*s", WAIT_COLUMNS, "-");
	line->state_at = NAME_COLUMNS + 1 + (hosts ? HOST_COLUMNS + 1 : 0);
	line->state_len = STATE_COLUMNS;
	line->state_color = column_state_color(state);
	line->bar_at = line->state_at + STATE_COLUMNS + 1 + 4 + 2;
	line->bar_len = cells;
	finish(to, &line->text, columns);
}
