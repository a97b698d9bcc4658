/* SPDX-License-Identifier: MIT */
/*
 * Takes HOST:PORT apart. Pure.
 */
#include "address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "contract.h"

static bool take_port(const char *text, struct address *address)
{
	uint64_t port;

	if (!contract_parse_number(text, strlen(text), UINT16_MAX, &port))
		return false;
	address->has_port = true;
	address->port = (unsigned int)port;
	return true;
}

static bool take_host(const char *text, size_t len, struct address *address)
{
	if (len > ADDRESS_HOST_MAX)
		return false;
	memcpy(address->host, text, len);
	address->host[len] = '\0';
	return true;
}

static bool parse_brackets(const char *text, struct address *address)
{
	size_t len = strcspn(text + 1, "]");
	const char *rest = text + 1 + len;

	address->v6 = true;
	if (*rest != ']' || !len || !take_host(text + 1, len, address))
		return false;
	return !rest[1] || (rest[1] == ':' && take_port(rest + 2, address));
}

bool address_parse(const char *text, struct address *address)
{
	const char *colon = strchr(text, ':');

	*address = (struct address){ .port = 0 };
	if (*text == '[')
		return parse_brackets(text, address);
	address->v6 = colon && strchr(colon + 1, ':');
	if (!colon || address->v6)
		return *text && take_host(text, strlen(text), address);
	return take_host(text, (size_t)(colon - text), address) && take_port(colon + 1, address);
}

bool address_parse_listen(const char *text, struct address *address)
{
	unsigned char bytes[sizeof(struct in6_addr)];

	return address_parse(text, address) && address->has_port &&
	       (!*address->host ||
		inet_pton(address->v6 ? AF_INET6 : AF_INET, address->host, bytes) == 1);
}

bool address_is_loopback(const struct address *address)
{
	if (address->v6)
		return !strcmp(address->host, "::1");
	return !strcmp(address->host, "localhost") ||
	       (!strncmp(address->host, "127.", 4) &&
		address->host[strspn(address->host, "0123456789.")] == '\0');
}
