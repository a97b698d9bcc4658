/* SPDX-License-Identifier: MIT */
/*
 * Messages of xenstore's wire protocol (Xen, docs/misc/xenstore.txt and xen/io/xs_wire.h): a header
 * of four numbers in the machine's byte order and at most 4096 bytes behind it. Pure: bytes come
 * from and go to the caller.
 */
#ifndef XENBALLOON_WIRE_H
#define XENBALLOON_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WIRE_PAYLOAD_MAX 4096

enum wire_type {
	WIRE_READ = 2,
	WIRE_WATCH = 4,
	WIRE_TRANSACTION_START = 6,
	WIRE_TRANSACTION_END = 7,
	WIRE_WRITE = 11,
	WIRE_WATCH_EVENT = 15,
	WIRE_ERROR = 16,
};

/* As it is on the wire. */
struct wire_message {
	uint32_t type, req_id, tx_id, len;
	char payload[WIRE_PAYLOAD_MAX];
};

#define WIRE_HEADER offsetof(struct wire_message, payload)

/* --- to send --- */

void wire_begin(struct wire_message *message, enum wire_type type, uint32_t req_id, uint32_t tx_id);
/* False, with nothing added, if it does not fit. */
bool wire_add(struct wire_message *message, const char *bytes, size_t len);
size_t wire_size(const struct wire_message *message);

/* --- to receive --- */

struct wire_reader {
	struct wire_message message;
	size_t have; /* bytes of the message so far */
};

/* Where the next bytes belong and how many: never more than the message at hand still lacks. */
char *wire_room(struct wire_reader *reader);
size_t wire_wants(const struct wire_reader *reader);

/*
 * len more bytes are there: 1, the message is whole, and valid until the next call; 0, not yet;
 * -EBADMSG: its length breaks the protocol, and nothing behind it can be understood.
 */
int wire_got(struct wire_reader *reader, size_t len);

/* --- what a message says --- */

/* The errno of a WIRE_ERROR; ENOTCONN for one that is no answer to what a guest asks. */
int wire_error(const struct wire_message *message);

/* The path of a WIRE_WATCH_EVENT, terminated; NULL if the event is malformed. */
const char *wire_event_path(const struct wire_message *message);

/* The transaction that a reply to WIRE_TRANSACTION_START gives; 0 if it is malformed. */
uint32_t wire_transaction(const struct wire_message *message);

#endif
