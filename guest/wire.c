/* SPDX-License-Identifier: MIT */
/*
 * Messages of xenstore's wire protocol. Must not know descriptors, time or what is asked for. Each
 * number that the other side sent is checked before it is used.
 */
#include "wire.h"

#include <errno.h>
#include <string.h>

#include "contract.h"

void wire_begin(struct wire_message *message, enum wire_type type, uint32_t req_id, uint32_t tx_id)
{
	message->type = type;
	message->req_id = req_id;
	message->tx_id = tx_id;
	message->len = 0;
}

bool wire_add(struct wire_message *message, const char *bytes, size_t len)
{
	if (len > WIRE_PAYLOAD_MAX - message->len)
		return false;
	memcpy(message->payload + message->len, bytes, len);
	message->len += (uint32_t)len;
	return true;
}

size_t wire_size(const struct wire_message *message)
{
	return WIRE_HEADER + message->len;
}

char *wire_room(struct wire_reader *reader)
{
	return (char *)&reader->message + reader->have;
}

size_t wire_wants(const struct wire_reader *reader)
{
	if (reader->have < WIRE_HEADER)
		return WIRE_HEADER - reader->have;
	return wire_size(&reader->message) - reader->have;
}

int wire_got(struct wire_reader *reader, size_t len)
{
	reader->have += len;
	if (reader->have < WIRE_HEADER)
		return 0;
	if (reader->message.len > WIRE_PAYLOAD_MAX)
		return -EBADMSG;
	if (reader->have < wire_size(&reader->message))
		return 0;
	reader->have = 0;
	return 1;
}

int wire_error(const struct wire_message *message)
{
	static const struct {
		const char *name;
		int number;
	} answers[] = {
		{ "ENOENT", ENOENT }, { "EACCES", EACCES }, { "EPERM", EPERM },
		{ "EROFS", EROFS },   { "ENOSPC", ENOSPC }, { "E2BIG", E2BIG },
		{ "EAGAIN", EAGAIN }, { "EBUSY", EBUSY },
	};

	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
		if (message->len == strlen(answers[i].name) + 1 &&
		    memcmp(message->payload, answers[i].name, message->len) == 0)
			return answers[i].number;
	return ENOTCONN;
}

/* "<path>\0<token>\0", and perhaps what later versions of the protocol put behind it. */
const char *wire_event_path(const struct wire_message *message)
{
	const char *end = memchr(message->payload, '\0', message->len);
	size_t left;

	if (!end || end == message->payload)
		return NULL;
	left = message->len - (size_t)(end + 1 - message->payload);
	return memchr(end + 1, '\0', left) ? message->payload : NULL;
}

uint32_t wire_transaction(const struct wire_message *message)
{
	uint64_t value;

	if (message->len < 2 || message->payload[message->len - 1] != '\0' ||
	    !contract_parse_number(message->payload, message->len - 1, UINT32_MAX, &value))
		return 0;
	return (uint32_t)value;
}
