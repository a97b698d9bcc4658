/* SPDX-License-Identifier: MIT */
/*
 * Whole connections to the HTTP server, as bytes: by the Unix socket, whose peer is an operator, or
 * as a stranger. The first byte says which. Nothing is behind it but a made-up host.
 */

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "audit.h"
#include "collector.h"
#include "events.h"
#include "fuzz.h"
#include "http_call.h"

#define ANSWER_MAX  65536
#define PATIENCE_MS 10

static char folder[] = "/dev/shm/fuzz.XXXXXX";

/* The collector's end of a change: it has always worked. */
int collector_submit(struct command *command)
{
	command->answer(command, 0);
	command->release(command);
	return 0;
}

/* Each decision comes by here. */
int audit_write(const struct control_request *request, const struct control_answer *answer)
{
	bool done = answer->result == RESULT_OK || answer->result == RESULT_CHECKED;

	MUST(!done || (request->who.via == VIA_UNIX && request->who.role == ROLE_OPERATOR));
	return 0;
}

static struct sockaddr_un address_of(enum control_interface via)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/%d", folder, (int)via);
	return address;
}

static void clean_up(void)
{
	unlink(address_of(VIA_UNIX).sun_path);
	unlink(address_of(VIA_HTTP).sun_path);
	rmdir(folder);
}

static void begin(void)
{
	static const enum control_interface ways[] = { VIA_UNIX, VIA_HTTP };
	struct snapshot *host = snapshot_new(2);
	char error[256];
	struct config *config = config_load(NULL, error, sizeof(error));

	MUST(host && config && mkdtemp(folder));
	log_set_level(LOG_LEVEL_ERROR);
	host->store_up = host->hypervisor_up = true;
	for (uint32_t i = 0; i < 2; i++) {
		struct domain *guest = &host->domain[i];

		guest->domid = i + 1;
		snprintf(guest->name, sizeof(guest->name), i ? "db" : "web1");
		guest->value[VALUE_STATIC_MAX] = (struct reading){ READING_OK, 524288 };
		guest->value[VALUE_TARGET] = (struct reading){ READING_OK, 262144 };
	}
	snapshot_publish(host);
	config_publish(config);
	http_wait_begin();
	events_start();
	for (size_t i = 0; i < 2; i++) {
		int fd = http_socket_open(address_of(ways[i]).sun_path, "");

		MUST(fd >= 0 && http_serve(fd, ways[i], false, 1));
	}
	atexit(clean_up);
}

/* How many bytes the first answer has; 0: that is not known yet. */
static size_t answer_size(const char *answer)
{
	const char *end = strstr(answer, "\r\n\r\n");
	const char *length = strcasestr(answer, "\r\nContent-Length: ");

	if (!end || !length || length > end)
		return 0;
	return (size_t)(end + 4 - answer) + strtoul(length + 18, NULL, 10);
}

/* Says all of it, and listens until the first answer is there or none will come. */
static size_t converse(enum control_interface via, const struct fuzz_input *input, char *answer)
{
	struct sockaddr_un to = address_of(via);
	struct pollfd peer = { .fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0),
			       .events = POLLIN };
	size_t len = 0;
	ssize_t got = 1;

	MUST(peer.fd >= 0 && connect(peer.fd, (struct sockaddr *)&to, sizeof(to)) == 0);
	send(peer.fd, input->at, input->left, MSG_NOSIGNAL);
	send(peer.fd, "\r\n\r\n", 4, MSG_NOSIGNAL);
	*answer = '\0';
	while (got > 0 && len < ANSWER_MAX && (!answer_size(answer) || len < answer_size(answer)) &&
	       poll(&peer, 1, PATIENCE_MS) == 1) {
		got = recv(peer.fd, answer + len, ANSWER_MAX - len, 0);
		len += got > 0 ? (size_t)got : 0;
		answer[len] = '\0';
	}
	close(peer.fd);
	return len;
}

static bool body_is_json(const char *head, const char *end)
{
	const char *type = memmem(head, (size_t)(end - head), "json", 4);

	return type && !memmem(head, (size_t)(end - head), "gzip", 4);
}

static void check_answer(const char *answer, size_t len, bool head_only)
{
	const char *end = strstr(answer, "\r\n\r\n");
	unsigned long status;

	if (!end)
		return;
	MUST(strncmp(answer, "HTTP/1.", 7) == 0);
	status = strtoul(answer + 9, NULL, 10);
	MUST(status == 100 || (status >= 200 && status < 500) || status == 503 || status == 505 ||
	     status == 501);
	end += 4;
	if (!head_only && body_is_json(answer, end) && len >= answer_size(answer))
		fuzz_json(end, answer_size(answer) - (size_t)(end - answer));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool begun;
	static char answer[ANSWER_MAX + 1];
	struct fuzz_input input = { data, size };
	enum control_interface via = fuzz_byte(&input) % 2 ? VIA_UNIX : VIA_HTTP;
	size_t len;

	if (!begun)
		begin();
	begun = true;
	/* Streams have no end, and waiting for one would take all the time. */
	if (memmem(data, size, "/events", 7))
		return -1;
	len = converse(via, &input, answer);
	check_answer(answer, len, input.left > 4 && !memcmp(input.at, "HEAD", 4));
	return 0;
}
