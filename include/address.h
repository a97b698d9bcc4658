/* SPDX-License-Identifier: MIT */
/*
 * HOST:PORT in the forms that people write, for settings and the command line alike.
 */
#ifndef XENBALLOON_ADDRESS_H
#define XENBALLOON_ADDRESS_H

#include <stdbool.h>

#define ADDRESS_HOST_MAX 256 /* a DNS name has 253 bytes */

struct address {
	char host[ADDRESS_HOST_MAX + 1]; /* without brackets; "" stands for every address */
	bool v6;			 /* an IPv6 address */
	bool has_port;
	unsigned int port;
};

/*
 * HOST, HOST:PORT, :PORT, V6, [V6] or [V6]:PORT; the port has 0 to 65535. False: it is none of
 * them. Whether the host exists nobody has asked.
 */
bool address_parse(const char *text, struct address *address);

/* The same, with a port and a host that is numeric or "": where a server may listen. */
bool address_parse_listen(const char *text, struct address *address);

bool address_is_loopback(const struct address *address);

#endif
