/* SPDX-License-Identifier: MIT */
/*
 * A ring of the latest changes. Knows nothing of who reads it. Filled by control.c, emptied by the
 * SNMP notifications.
 */
#include "feed.h"

#include <pthread.h>
#include <string.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct feed_change ring[FEED_KEPT];
static uint64_t made; /* so many changes ever */

void feed_put(const struct control_request *request, const struct control_answer *answer)
{
	struct feed_change *change;

	pthread_mutex_lock(&lock);
	change = &ring[made++ % FEED_KEPT];
	change->domid = answer->domid;
	memcpy(change->uuid, answer->uuid, sizeof(change->uuid));
	change->action = request->action;
	change->who = request->who;
	pthread_mutex_unlock(&lock);
}

bool feed_next(uint64_t *serial, struct feed_change *change, uint64_t *missed)
{
	bool there;

	pthread_mutex_lock(&lock);
	if (made - *serial > FEED_KEPT) {
		*missed += made - FEED_KEPT - *serial;
		*serial = made - FEED_KEPT;
	}
	there = *serial < made;
	if (there)
		*change = ring[(*serial)++ % FEED_KEPT];
	pthread_mutex_unlock(&lock);
	return there;
}
