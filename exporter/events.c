/* SPDX-License-Identifier: MIT */
/*
 * Who listens to events, and what they have yet to be sent: pieces of text, each rendered once and
 * shared. The last pieces are kept; who falls behind them is cut off, so however slow listeners
 * are, memory is bounded. Knows no HTTP library. Fed by main's turns, read by the HTTP threads.
 */
#include "events.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "audit_recent.h"
#include "clock.h"
#include "events_change.h"
#include "events_piece.h"
#include "log.h"

#define PICTURE_MS 1000	 /* between two looks at what has changed */
#define REASONS_MS 10000 /* between two looks at reasons that alone have moved on */
#define ALIVE_MS   5000	 /* of silence, then a comment: proxies end what says nothing */
#define GONE_MS	   500	 /* between two looks for peers that have hung up */
#define STANDS_MS  500	 /* between two looks at what listeners were let in by */
#define KEPT_MAX   256
#define BYTES_MAX  ((size_t)16 << 20) /* in the pieces kept, unless the last one alone has more */

struct events_listener {
	struct events_listener *next, *previous;
	struct events_flow flow;
	struct principal who;
	bool (*stands)(const struct principal *who);
	bool paused;
	bool gone;
	bool revoked;
	struct piece *piece; /* on its way; NULL: none */
	size_t sent;	     /* bytes of it */
	uint64_t next_piece;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool ending;
static struct events_listener *listeners;
static unsigned int listening;
static uint64_t cut_off;

/* Pieces first ... end - 1, each at its number modulo KEPT_MAX. */
static struct piece *kept[KEPT_MAX];
static uint64_t first_piece, end_piece;
static size_t kept_bytes;

/* What listeners know: the picture, the one whose reasons they know, and up to which decision. */
static const struct snapshot *told, *spoken;
static uint64_t told_decision;
static int64_t picture_due_ms, reasons_due_ms, alive_due_ms, gone_due_ms, stands_due_ms;

/* The beginning of a stream from `told` on; shared by those who come in the same second. */
static struct piece *opening;
static const struct snapshot *opening_of;

static void snapshot_drop(const struct snapshot **snapshot)
{
	if (*snapshot)
		snapshot_release(*snapshot);
	*snapshot = NULL;
}

static void drop_oldest(void)
{
	struct piece *oldest = kept[first_piece++ % KEPT_MAX];

	kept_bytes -= oldest->text.len;
	piece_release(oldest);
}

static void resume(struct events_listener *listener)
{
	if (!listener->paused)
		return;
	listener->paused = false;
	listener->flow.resume(listener->flow.context);
}

static void resume_all(void)
{
	for (struct events_listener *one = listeners; one; one = one->next)
		resume(one);
}

/* Takes the piece over. One that can't be kept, NULL, is one that all have missed. */
static void hand_out(struct piece *piece)
{
	bool decisions = piece && piece->parts;

	while (first_piece < end_piece &&
	       (!piece || end_piece - first_piece == KEPT_MAX || kept_bytes > BYTES_MAX))
		drop_oldest();
	if (!piece) {
		first_piece = ++end_piece;
	} else {
		kept[end_piece++ % KEPT_MAX] = piece;
		kept_bytes += piece->text.len;
	}
	if (!decisions)
		alive_due_ms = clock_ms() + ALIVE_MS;
	resume_all();
}

/* With the last listener goes all that was kept for any. */
static void forget(void)
{
	while (first_piece < end_piece)
		drop_oldest();
	piece_release(opening);
	opening = NULL;
	snapshot_drop(&opening_of);
	snapshot_drop(&told);
	snapshot_drop(&spoken);
}

void events_start(void)
{
	pthread_mutex_lock(&lock);
	ending = false;
	pthread_mutex_unlock(&lock);
}

void events_stop(void)
{
	pthread_mutex_lock(&lock);
	ending = true;
	resume_all();
	pthread_mutex_unlock(&lock);
}

static void tell_decisions(void)
{
	struct text none = { 0 };
	struct piece *piece = piece_new(&none);
	uint64_t serial;

	pthread_mutex_lock(&lock);
	serial = told_decision;
	pthread_mutex_unlock(&lock);
	while (piece && piece_add_decision(piece, &serial))
		;
	pthread_mutex_lock(&lock);
	if (told && piece && piece->count && told_decision < serial) {
		told_decision = serial;
		if (piece->text.failed) {
			piece_release(piece);
			piece = NULL;
		}
		hand_out(piece);
	} else {
		piece_release(piece);
	}
	pthread_mutex_unlock(&lock);
}

/* Takes over the reference to `now` if listeners are told of it. */
static bool replace(const struct snapshot *old, const struct snapshot *now, bool reasons,
		    int64_t now_ms)
{
	if (told != old)
		return false;
	if (reasons) {
		snapshot_drop(&spoken);
		spoken = snapshot_again(now);
		reasons_due_ms = now_ms + REASONS_MS;
	}
	snapshot_drop(&told);
	told = now;
	return true;
}

static void tell_changes(int64_t now_ms)
{
	const struct snapshot *now = snapshot_acquire(), *old, *said;
	struct text text = { 0 };
	bool reasons, taken;

	pthread_mutex_lock(&lock);
	old = told ? snapshot_again(told) : NULL;
	said = spoken ? snapshot_again(spoken) : NULL;
	reasons = now_ms >= reasons_due_ms;
	pthread_mutex_unlock(&lock);
	if (old && old != now)
		events_put_changes(&text, old, reasons ? said : NULL, now, snapshot_age_ms());
	pthread_mutex_lock(&lock);
	taken = old && old != now && replace(old, now, reasons, now_ms);
	if (taken && (text.len || text.failed)) {
		hand_out(piece_new(&text));
		picture_due_ms = now_ms + PICTURE_MS;
	}
	pthread_mutex_unlock(&lock);
	text_free(&text);
	if (!taken)
		snapshot_release(now);
	snapshot_drop(&said);
	snapshot_drop(&old);
}

/* Those who have left make room before something is next to be sent to them. */
static void look_for_gone(int64_t now_ms)
{
	pthread_mutex_lock(&lock);
	for (struct events_listener *one = listeners; one && now_ms >= gone_due_ms; one = one->next)
		if (one->paused && one->flow.gone(one->flow.context)) {
			one->gone = true;
			resume(one);
		}
	if (now_ms >= gone_due_ms)
		gone_due_ms = now_ms + GONE_MS;
	pthread_mutex_unlock(&lock);
}

/* Whoever was let in by what is no longer so hears nothing more. */
static void look_for_revoked(int64_t now_ms)
{
	pthread_mutex_lock(&lock);
	for (struct events_listener *one = listeners; one && now_ms >= stands_due_ms;
	     one = one->next)
		if (!one->revoked && !one->stands(&one->who)) {
			one->revoked = true;
			resume(one);
		}
	if (now_ms >= stands_due_ms)
		stands_due_ms = now_ms + STANDS_MS;
	pthread_mutex_unlock(&lock);
}

static void tell_of_life(void)
{
	struct text text = { 0 };

	text_string(&text, ":\n\n");
	pthread_mutex_lock(&lock);
	hand_out(piece_new(&text));
	pthread_mutex_unlock(&lock);
}

void events_turn(int64_t now_ms)
{
	bool any, picture, silent;

	pthread_mutex_lock(&lock);
	any = listening && told;
	picture = now_ms >= picture_due_ms;
	pthread_mutex_unlock(&lock);
	if (!any)
		return;
	look_for_gone(now_ms);
	look_for_revoked(now_ms);
	tell_decisions();
	if (picture)
		tell_changes(now_ms);
	pthread_mutex_lock(&lock);
	silent = listening && now_ms >= alive_due_ms;
	pthread_mutex_unlock(&lock);
	if (silent)
		tell_of_life();
}

/* The first listener's picture is the one from which changes are told. */
static void begin(void)
{
	int64_t now_ms = clock_ms();

	told = snapshot_acquire();
	spoken = snapshot_again(told);
	told_decision = audit_recent_last();
	picture_due_ms = now_ms + PICTURE_MS;
	reasons_due_ms = now_ms + REASONS_MS;
	alive_due_ms = now_ms + ALIVE_MS;
	gone_due_ms = now_ms + GONE_MS;
	stands_due_ms = now_ms + STANDS_MS;
}

static void link_listener(struct events_listener *listener)
{
	listener->next_piece = end_piece;
	listener->next = listeners;
	if (listeners)
		listeners->previous = listener;
	listeners = listener;
	listening++;
}

static void unlink_listener(struct events_listener *listener)
{
	if (listener->previous)
		listener->previous->next = listener->next;
	else
		listeners = listener->next;
	if (listener->next)
		listener->next->previous = listener->previous;
	if (!--listening)
		forget();
}

/* The stream's beginning for one who was just linked: rendered without the lock if need be. */
static struct piece *open_with(const struct snapshot *picture)
{
	struct text text = { 0 };
	struct piece *piece = NULL;

	pthread_mutex_lock(&lock);
	if (opening && opening_of == picture) {
		piece = opening;
		piece->references++;
	}
	pthread_mutex_unlock(&lock);
	if (piece)
		return piece;
	events_put_picture(&text, picture, snapshot_age_ms());
	piece = piece_new(&text);
	pthread_mutex_lock(&lock);
	if (piece && told == picture) {
		piece_release(opening);
		snapshot_drop(&opening_of);
		opening = piece;
		opening_of = snapshot_again(picture);
		piece->references++;
	}
	pthread_mutex_unlock(&lock);
	return piece;
}

struct events_listener *events_listen(const struct principal *who,
				      bool (*stands)(const struct principal *who))
{
	struct events_listener *listener = calloc(1, sizeof(*listener));
	const struct snapshot *picture = NULL;

	if (!listener)
		return NULL;
	listener->who = *who;
	listener->stands = stands;
	pthread_mutex_lock(&lock);
	if (!ending && listening < EVENTS_LISTENERS_MAX) {
		if (!listening)
			begin();
		picture = snapshot_again(told);
		link_listener(listener);
	}
	pthread_mutex_unlock(&lock);
	if (!picture) {
		free(listener);
		return NULL;
	}
	listener->piece = open_with(picture);
	snapshot_release(picture);
	if (!listener->piece) {
		events_leave(listener);
		return NULL;
	}
	return listener;
}

void events_attach(struct events_listener *listener, const struct events_flow *flow)
{
	listener->flow = *flow;
}

/* Goes on to the next piece that it may see; false: there is none yet. */
static bool step(struct events_listener *listener)
{
	piece_release(listener->piece);
	listener->piece = NULL;
	listener->sent = 0;
	while (!listener->piece && listener->next_piece < end_piece) {
		struct piece *piece = kept[listener->next_piece++ % KEPT_MAX];

		listener->piece = piece_seen_by(piece, &listener->who);
	}
	return listener->piece;
}

static ssize_t take(struct events_listener *listener, char *bytes, size_t size)
{
	size_t left = listener->piece->text.len - listener->sent;

	if (size > left)
		size = left;
	memcpy(bytes, listener->piece->text.bytes + listener->sent, size);
	listener->sent += size;
	return (ssize_t)size;
}

ssize_t events_read(struct events_listener *listener, char *bytes, size_t size)
{
	ssize_t got = 0;

	pthread_mutex_lock(&lock);
	if (ending || listener->revoked) {
		got = EVENTS_OVER;
	} else if (listener->gone) {
		got = EVENTS_GONE;
	} else if (listener->next_piece < first_piece) {
		got = EVENTS_SLOW;
		cut_off++;
	} else if ((listener->piece && listener->sent < listener->piece->text.len) ||
		   step(listener)) {
		got = take(listener, bytes, size);
	} else {
		listener->paused = true;
		listener->flow.pause(listener->flow.context);
	}
	pthread_mutex_unlock(&lock);
	if (got == EVENTS_SLOW)
		log_info("http: one who listened to events was too slow and is cut off");
	return got;
}

void events_leave(struct events_listener *listener)
{
	if (!listener)
		return;
	pthread_mutex_lock(&lock);
	unlink_listener(listener);
	piece_release(listener->piece);
	pthread_mutex_unlock(&lock);
	free(listener);
}

unsigned int events_listening(void)
{
	unsigned int count;

	pthread_mutex_lock(&lock);
	count = listening;
	pthread_mutex_unlock(&lock);
	return count;
}

uint64_t events_cut_off(void)
{
	uint64_t count;

	pthread_mutex_lock(&lock);
	count = cut_off;
	pthread_mutex_unlock(&lock);
	return count;
}
