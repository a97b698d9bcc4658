/* SPDX-License-Identifier: MIT */
/*
 * Slows who tries credentials, address by address: a bucket of wrong ones for each, and a wait that
 * doubles when it is full. It is asked about wrong credentials alone, so a right one always passes,
 * from the same address, too. Called by http_check.c, on one thread at a time.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "http_call.h"
#include "log.h"

#define ADDRESSES    1024 /* remembered; the one silent for longest makes room */
#define WRONG_BURST  20
#define MS_PER_WRONG 10000 /* that a bucket takes to lose one */
#define WAIT_MAX_S   300U
#define FORGIVEN_MS  600000

struct suspect {
	char address[INET6_ADDRSTRLEN];
	int64_t last_ms;  /* of the last wrong credential; 0: a free place */
	int64_t empty_ms; /* when the bucket is, or was, empty */
	int64_t until_ms; /* until then it is told to wait */
	unsigned int wait_s;
};

static struct suspect suspects[ADDRESSES];

/*
 * A network of /64 is one subscriber's, with 2^64 addresses to try from; but all of IPv4 is in one
 * such network, when it comes to a socket of IPv6.
 */
static void key_of(const char *address, char key[INET6_ADDRSTRLEN])
{
	struct in6_addr v6;

	snprintf(key, INET6_ADDRSTRLEN, "%s", address);
	if (inet_pton(AF_INET6, address, &v6) != 1 || IN6_IS_ADDR_V4MAPPED(&v6))
		return;
	memset(v6.s6_addr + 8, 0, 8);
	inet_ntop(AF_INET6, &v6, key, INET6_ADDRSTRLEN);
}

static struct suspect *find(const char *key)
{
	struct suspect *oldest = &suspects[0];

	for (size_t i = 0; i < ADDRESSES; i++) {
		if (suspects[i].last_ms && !strcmp(suspects[i].address, key))
			return &suspects[i];
		if (suspects[i].last_ms < oldest->last_ms)
			oldest = &suspects[i];
	}
	*oldest = (struct suspect){ .wait_s = 0 };
	snprintf(oldest->address, sizeof(oldest->address), "%s", key);
	return oldest;
}

unsigned int http_guard_wrong(const char *address)
{
	int64_t now_ms = clock_ms();
	char key[INET6_ADDRSTRLEN];
	struct suspect *one;

	key_of(address, key);
	one = find(key);
	if (now_ms - one->last_ms > FORGIVEN_MS)
		one->wait_s = 0;
	one->last_ms = now_ms;
	if (now_ms < one->until_ms)
		return (unsigned int)((one->until_ms - now_ms + 999) / 1000);
	if (one->empty_ms < now_ms)
		one->empty_ms = now_ms;
	if (one->empty_ms + MS_PER_WRONG <= now_ms + (int64_t)WRONG_BURST * MS_PER_WRONG) {
		one->empty_ms += MS_PER_WRONG;
		return 0;
	}
	if (!one->wait_s)
		log_warn("http: many wrong credentials from %s; it is told to wait", key);
	one->wait_s = one->wait_s ? one->wait_s * 2 : 1;
	if (one->wait_s > WAIT_MAX_S)
		one->wait_s = WAIT_MAX_S;
	one->until_ms = now_ms + (int64_t)one->wait_s * 1000;
	return one->wait_s;
}
