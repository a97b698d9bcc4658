/* SPDX-License-Identifier: MIT */
/* Pieces of the stream of events. Knows no listener and takes no lock. */
#include "events_piece.h"

#include <stdlib.h>

#include "events_change.h"

struct piece *piece_new(struct text *text)
{
	struct piece *piece = text->failed ? NULL : calloc(1, sizeof(*piece));

	if (piece) {
		*piece = (struct piece){ .references = 1, .text = *text };
		*text = (struct text){ 0 };
	}
	text_free(text);
	return piece;
}

void piece_release(struct piece *piece)
{
	if (!piece || --piece->references)
		return;
	text_free(&piece->text);
	free(piece->parts);
	free(piece);
}

bool piece_add_decision(struct piece *piece, uint64_t *serial)
{
	size_t before = piece->text.len;
	struct part part, *grown;

	events_open(&piece->text, "control", 0);
	if (!audit_recent_next(serial, &piece->text, &part.about)) {
		piece->text.len = before;
		return false;
	}
	events_close(&piece->text);
	part.end = piece->text.len;
	grown = realloc(piece->parts, (piece->count + 1) * sizeof(*grown));
	if (!grown) {
		piece->text.failed = true;
		return false;
	}
	piece->parts = grown;
	piece->parts[piece->count++] = part;
	return true;
}

struct piece *piece_seen_by(struct piece *piece, const struct principal *who)
{
	struct text text = { 0 };
	size_t from = 0;

	piece->references++;
	if (!piece->parts || (who->role == ROLE_OPERATOR && !*who->domains))
		return piece;
	for (size_t i = 0; i < piece->count; from = piece->parts[i++].end)
		if (audit_may_see(who, &piece->parts[i].about))
			text_add(&text, piece->text.bytes + from, piece->parts[i].end - from);
	piece_release(piece);
	if (text.len)
		return piece_new(&text);
	text_free(&text);
	return NULL;
}
