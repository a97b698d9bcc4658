/* SPDX-License-Identifier: MIT */
/*
 * Decisions on disk: one small JSON file per UUID, replaced by rename. Knows what a file says and
 * not what follows from it. Called by the other files of control/ on the collector thread.
 */
#include "decision.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#define DECISION_MAX 4096 /* bytes of a file; ours take less than 1 KiB */
#define KEPT	     ".json"
#define SCRATCH	     ".new"

static int directory_fd = -1;
static char boot_id[SNAPSHOT_UUID_SIZE]; /* of this boot of the host */

static const char *const node_names[NODE_COUNT] = {
	[NODE_TARGET] = "target",
	[NODE_SELFBALLOON] = "selfballoon",
	[NODE_VM_MEMORY] = "vm_memory",
};

/* A UUID becomes a file's name, so nothing but its canonical form will do. */
static bool uuid_valid(const char *uuid)
{
	static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

	for (size_t i = 0; i < sizeof(form) - 1; i++)
		if (form[i] == '-' ? uuid[i] != '-'
				   : !uuid[i] || !strchr("0123456789abcdef", uuid[i]))
			return false;
	return uuid[sizeof(form) - 1] == '\0';
}

static void read_boot_id(void)
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, boot_id, sizeof(boot_id) - 1);

	boot_id[got > 0 ? got : 0] = '\0';
	if (fd >= 0)
		close(fd);
}

/* An agent killed between writing a file and renaming it leaves the first behind. */
static void sweep(int fd)
{
	DIR *directory = fdopendir(dup(fd));
	const struct dirent *entry;

	while (directory && (entry = readdir(directory))) {
		size_t len = strlen(entry->d_name);

		if (len > strlen(SCRATCH) &&
		    !strcmp(entry->d_name + len - strlen(SCRATCH), SCRATCH))
			unlinkat(fd, entry->d_name, 0);
	}
	if (directory)
		closedir(directory);
}

int decision_open(const char *directory)
{
	int fd;

	if (mkdir(directory, 0700) && errno != EEXIST)
		return -errno;
	fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	decision_close();
	directory_fd = fd;
	sweep(fd);
	read_boot_id();
	return 0;
}

void decision_close(void)
{
	if (directory_fd >= 0)
		close(directory_fd);
	directory_fd = -1;
}

static int file_name(const char *uuid, const char *suffix, char name[64])
{
	if (directory_fd < 0)
		return -EBADF;
	if (!uuid_valid(uuid))
		return -EINVAL;
	snprintf(name, 64, "%s%s", uuid, suffix);
	return 0;
}

/* What a guest wrote need not be text, so nodes are kept in hexadecimal. */
static json_t *encode_node(const struct control_node *node)
{
	char text[2 * CONTROL_NODE_MAX + 1] = "";

	if (!node->existed)
		return json_null();
	for (size_t i = 0; i < node->len; i++)
		snprintf(text + 2 * i, 3, "%02x", (unsigned char)node->bytes[i]);
	return json_string(text);
}

static bool decode_node(const json_t *value, struct control_node *node)
{
	const char *text = json_string_value(value);
	size_t len = json_string_length(value);

	if (json_is_null(value))
		return true;
	if (!text || len % 2 || len / 2 > CONTROL_NODE_MAX ||
	    strspn(text, "0123456789abcdef") != len)
		return false;
	node->existed = true;
	node->len = len / 2;
	for (size_t i = 0; i < node->len; i++) {
		unsigned int byte;

		if (sscanf(text + 2 * i, "%2x", &byte) != 1)
			return false;
		node->bytes[i] = (char)byte;
	}
	return true;
}

static json_t *encode_changing(const struct control_undo *undo)
{
	json_t *object;

	if (!undo->valid)
		return json_null();
	object = json_pack("{si sI sI}", "action", (int)undo->action, "domid",
			   (json_int_t)undo->domid, "cap_kib", (json_int_t)undo->cap_kib);
	for (size_t i = 0; object && i < NODE_COUNT; i++)
		json_object_set_new(object, node_names[i], encode_node(&undo->node[i]));
	return object;
}

static bool decode_changing(const json_t *object, struct control_undo *undo)
{
	json_int_t domid, cap_kib;
	int action;

	if (!object || json_is_null(object))
		return true;
	if (json_unpack((json_t *)(uintptr_t)object, "{si sI sI}", "action", &action, "domid",
			&domid, "cap_kib", &cap_kib))
		return false;
	if (action < 0 || action >= CONTROL_ACTION_COUNT || domid <= 0 ||
	    domid > SNAPSHOT_DOMAINS_MAX || cap_kib < 0 || cap_kib > (json_int_t)CONTRACT_KIB_MAX)
		return false;
	for (size_t i = 0; i < NODE_COUNT; i++)
		if (!decode_node(json_object_get(object, node_names[i]), &undo->node[i]))
			return false;
	undo->action = (enum control_action)action;
	undo->domid = (uint32_t)domid;
	undo->cap_kib = (uint64_t)cap_kib;
	undo->valid = true;
	return true;
}

static json_t *encode_kib(const struct reading *kib)
{
	return kib->state == READING_OK ? json_integer((json_int_t)kib->value) : json_null();
}

/* Files of before these were kept have none of them. */
static bool decode_kib(const json_t *value, struct reading *kib)
{
	json_int_t number = json_integer_value(value);

	if (!value || json_is_null(value))
		return true;
	if (!json_is_integer(value) || number < 0 || number > (json_int_t)CONTRACT_KIB_MAX)
		return false;
	*kib = (struct reading){ READING_OK, (uint64_t)number };
	return true;
}

static bool decode_policy(const json_t *value, char policy[CONTRACT_POLICY_MAX + 1])
{
	if (!value || json_is_null(value))
		return true;
	if (!json_is_string(value) || json_string_length(value) > CONTRACT_POLICY_MAX)
		return false;
	memcpy(policy, json_string_value(value), json_string_length(value) + 1);
	return true;
}

static bool decode_decided(const json_t *root, struct control_decided *decided)
{
	const json_t *selfballoon = json_object_get(root, "selfballoon");

	if (json_is_boolean(selfballoon))
		decided->selfballoon = (struct reading){ READING_OK, json_is_true(selfballoon) };
	else if (!json_is_null(selfballoon))
		return false;
	return decode_kib(json_object_get(root, "former_kib"), &decided->former_kib) &&
	       decode_kib(json_object_get(root, "left_kib"), &decided->left_kib) &&
	       decode_policy(json_object_get(root, "policy"), decided->policy);
}

static bool decode(json_t *root, const char *uuid, struct decision *decision)
{
	const char *boot;
	json_int_t domid;

	if (json_unpack(root, "{ss sI}", "boot", &boot, "domid", &domid) || domid < 0 ||
	    domid > SNAPSHOT_DOMAINS_MAX || !decode_decided(root, &decision->decided))
		return false;
	/* Another boot's domids mean nothing. */
	if (strcmp(boot, boot_id))
		return true;
	decision->domid = (uint32_t)domid;
	memcpy(decision->changing.uuid, uuid, SNAPSHOT_UUID_SIZE);
	decision->changing.decided = decision->decided;
	return decode_changing(json_object_get(root, "changing"), &decision->changing);
}

int decision_load(const char *uuid, struct decision *decision)
{
	char name[64], text[DECISION_MAX];
	json_t *root = NULL;
	ssize_t got;
	int fd, error = file_name(uuid, KEPT, name);

	memset(decision, 0, sizeof(*decision));
	if (error)
		return error;
	fd = openat(directory_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	got = read(fd, text, sizeof(text));
	error = got < 0 ? -errno : 0;
	close(fd);
	if (error)
		return error;
	root = json_loadb(text, (size_t)got, JSON_REJECT_DUPLICATES, NULL);
	if (!root || !decode(root, uuid, decision)) {
		memset(decision, 0, sizeof(*decision));
		error = -EINVAL;
	}
	json_decref(root);
	return error;
}

static int write_file(const char *name, const char *text)
{
	size_t len = strlen(text);
	ssize_t done;
	int error = 0;
	int fd = openat(directory_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
			0600);

	if (fd < 0)
		return -errno;
	done = write(fd, text, len);
	if (done < 0)
		error = -errno;
	else if ((size_t)done < len)
		error = -ENOSPC;
	if (close(fd) && !error)
		error = -errno;
	return error;
}

static char *encode(const struct decision *decision)
{
	const struct control_decided *decided = &decision->decided;
	json_t *root = json_pack("{ss sI so so so so so}", "boot", boot_id, "domid",
				 (json_int_t)decision->domid, "selfballoon",
				 decided->selfballoon.state == READING_OK
					 ? json_boolean(decided->selfballoon.value)
					 : json_null(),
				 "former_kib", encode_kib(&decided->former_kib), "left_kib",
				 encode_kib(&decided->left_kib), "policy",
				 *decided->policy ? json_string(decided->policy) : json_null(),
				 "changing", encode_changing(&decision->changing));
	char *text = root ? json_dumps(root, JSON_SORT_KEYS | JSON_COMPACT) : NULL;

	json_decref(root);
	return text;
}

static bool says_nothing(const struct decision *decision)
{
	const struct control_decided *decided = &decision->decided;

	return decided->selfballoon.state != READING_OK &&
	       decided->former_kib.state != READING_OK && !*decided->policy &&
	       !decision->changing.valid;
}

int decision_save(const char *uuid, const struct decision *decision)
{
	char name[64], scratch[64];
	char *text;
	int error = file_name(uuid, KEPT, name);

	if (error || (error = file_name(uuid, SCRATCH, scratch)))
		return error;
	if (says_nothing(decision))
		return unlinkat(directory_fd, name, 0) && errno != ENOENT ? -errno : 0;
	text = encode(decision);
	if (!text)
		return -ENOMEM;
	error = write_file(scratch, text);
	if (!error && renameat(directory_fd, scratch, directory_fd, name))
		error = -errno;
	if (error)
		unlinkat(directory_fd, scratch, 0);
	free(text);
	return error;
}
