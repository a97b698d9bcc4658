/* SPDX-License-Identifier: MIT */
/*
 * A decision as it stands on disk. '+' in front stands for the beginning of an object with this
 * boot's id, without which nothing further is read.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "decision.h"
#include "fuzz.h"

#define UUID "6c2e1f0a-0000-4000-8000-000000000001"

static char directory[] = "/dev/shm/fuzz.XXXXXX";
static char boot[64]; /* the beginning */

static void clean_up(void)
{
	char path[96];

	snprintf(path, sizeof(path), "%s/" UUID ".json", directory);
	unlink(path);
	snprintf(path, sizeof(path), "%s/" UUID DECISION_DAMAGED, directory);
	unlink(path);
	decision_close();
	rmdir(directory);
}

static void begin(void)
{
	char id[37] = "";
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);

	MUST(fd >= 0 && read(fd, id, sizeof(id) - 1) == (ssize_t)sizeof(id) - 1);
	close(fd);
	snprintf(boot, sizeof(boot), "{\"boot\":\"%s\",", id);
	MUST(mkdtemp(directory));
	MUST(decision_open(directory) == 0);
	atexit(clean_up);
}

static void put(const uint8_t *data, size_t size)
{
	char path[96];
	bool booted = size > 0 && *data == '+';
	int fd;

	snprintf(path, sizeof(path), "%s/" UUID DECISION_DAMAGED, directory);
	unlink(path);
	snprintf(path, sizeof(path), "%s/" UUID ".json", directory);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	MUST(fd >= 0);
	if (booted)
		MUST(write(fd, boot, strlen(boot)) > 0);
	MUST(write(fd, data + booted, size - booted) == (ssize_t)(size - booted));
	close(fd);
}

static void accepted(const struct decision *decision)
{
	struct decision again;

	MUST(decision->domid <= SNAPSHOT_DOMAINS_MAX && decision->decided.selfballoon.value <= 1);
	MUST(decision->decided.former_kib.value <= CONTRACT_KIB_MAX);
	if (decision->changing.valid) {
		MUST(decision->changing.domid > 0);
		MUST(decision->changing.cap_kib <= CONTRACT_KIB_MAX);
		MUST((unsigned int)decision->changing.action < CONTROL_ACTION_COUNT);
		MUST(!strcmp(decision->changing.uuid, UUID));
		for (size_t i = 0; i < NODE_COUNT; i++)
			MUST(decision->changing.node[i].len <= CONTROL_NODE_MAX);
	}
	MUST(decision_save(UUID, decision) == 0 && decision_flush() == 0);
	MUST(decision_load(UUID, &again) == 0);
	/* What left_kib says is about former_kib: alone it is worth no file. */
	if (decision->decided.selfballoon.state == READING_OK || *decision->decided.policy ||
	    decision->decided.former_kib.state == READING_OK || decision->changing.valid) {
		MUST(again.domid == decision->domid);
		MUST(!memcmp(&again.decided, &decision->decided, sizeof(again.decided)));
	}
	MUST(again.changing.valid == decision->changing.valid);
	MUST(!again.changing.valid ||
	     !memcmp(&again.changing, &decision->changing, sizeof(again.changing)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct decision nothing;
	struct decision decision;
	int error;

	if (!*boot)
		begin();
	put(data, size);
	error = decision_load(UUID, &decision);
	if (!error)
		accepted(&decision);
	else
		MUST(error < 0 && !memcmp(&decision, &nothing, sizeof(nothing)));
	return 0;
}
