/* SPDX-License-Identifier: MIT */
/*
 * Decisions on disk: one small JSON file per UUID. What was saved since the last flush stands
 * beside it, as UUID.next: whole for an agent that starts after this one was killed, and void after
 * a power cut, which it might not have outlived. Knows what a file says and not what follows from
 * it. Collector thread only.
 */
#include "decision.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "file.h"
#include "log.h"

#define DECISION_MAX 4096 /* bytes of a file; ours take less than 3 KiB */
#define NAME_SIZE    (FILE_NAME_MAX + 1)
#define KEPT	     ".json"
#define NEXT	     ".next"

static int directory_fd = -1;

/* Those that were saved and not yet flushed. */
static struct pending {
	char uuid[SNAPSHOT_UUID_SIZE];
	bool nothing; /* it takes no file */
} *pending;
static size_t pending_count, pending_room;
static bool suspect; /* a flush failed, after which Linux may drop what it could not write */

static char boot_id[SNAPSHOT_UUID_SIZE]; /* of this boot of the host */

static const char *const node_names[NODE_COUNT] = {
	[NODE_TARGET] = "target",
	[NODE_SELFBALLOON] = "selfballoon",
	[NODE_VM_MEMORY] = "vm_memory",
	[NODE_POLICY] = "policy",
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

static int file_name(const char *uuid, const char *suffix, char name[NAME_SIZE])
{
	if (directory_fd < 0)
		return -EBADF;
	if (!uuid_valid(uuid))
		return -EINVAL;
	snprintf(name, NAME_SIZE, "%s%s", uuid, suffix);
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

	/* A note of before there were policies has none. */
	if (!value || json_is_null(value))
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

static struct pending *find_pending(const char *uuid)
{
	for (size_t i = 0; i < pending_count; i++)
		if (!strcmp(pending[i].uuid, uuid))
			return &pending[i];
	return NULL;
}

/* Its place in the list, perhaps a new one at the end, which the caller takes by counting it. */
static struct pending *pending_place(const char *uuid)
{
	struct pending *found = find_pending(uuid), *more;

	if (found)
		return found;
	if (pending_count == pending_room) {
		more = reallocarray(pending, pending_room + 64, sizeof(*pending));
		if (!more)
			return NULL;
		pending = more;
		pending_room += 64;
	}
	found = &pending[pending_count];
	snprintf(found->uuid, sizeof(found->uuid), "%s", uuid);
	return found;
}

static void forget_pending(const char *uuid)
{
	struct pending *found = find_pending(uuid);

	if (found)
		*found = pending[--pending_count];
}

/* One that nobody can read may still be mended by hand: it is put where nothing overwrites it. */
static int set_aside(const char *uuid, const char *name)
{
	char aside[NAME_SIZE];
	int error;

	snprintf(aside, sizeof(aside), "%s" DECISION_DAMAGED, uuid);
	error = file_set_aside(directory_fd, name, aside);
	if (error)
		log_error("the decision kept for %s is damaged and can't be put aside: %s", uuid,
			  strerror(-error));
	else
		log_error("the decision kept for %s is damaged and not obeyed; it is now %s in "
			  "state.directory: decide again for this guest, then remove the file",
			  uuid, aside);
	return error ? error : -EINVAL;
}

static bool is_aside(const char *name)
{
	static const size_t uuid_len = SNAPSHOT_UUID_SIZE - 1;

	return strlen(name) > uuid_len &&
	       !strncmp(name + uuid_len, DECISION_DAMAGED, strlen(DECISION_DAMAGED));
}

unsigned int decision_damaged(void)
{
	int fd = directory_fd;
	unsigned int count = 0;
	struct dirent *entry;
	DIR *folder;

	fd = fd < 0 ? -1 : openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	folder = fd < 0 ? NULL : fdopendir(fd);
	if (!folder) {
		if (fd >= 0)
			close(fd);
		return 0;
	}
	while ((entry = readdir(folder)))
		count += is_aside(entry->d_name);
	closedir(folder);
	return count;
}

static int read_text(const char *name, char **text, size_t *len)
{
	return file_read(directory_fd, name, DECISION_MAX, FILE_NO_LINK, text, len, NULL);
}

int decision_load(const char *uuid, struct decision *decision)
{
	char name[NAME_SIZE], *text = NULL;
	json_t *root;
	size_t len = 0;
	int error = file_name(uuid, KEPT, name);

	memset(decision, 0, sizeof(*decision));
	if (!error && find_pending(uuid))
		error = file_name(uuid, NEXT, name);
	if (error)
		return error;
	error = read_text(name, &text, &len);
	if (error && error != -EFBIG && error != -EINVAL)
		return error == -ENOENT ? 0 : error;
	root = error ? NULL : json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	free(text);
	error = 0;
	if (!root || !decode(root, uuid, decision)) {
		memset(decision, 0, sizeof(*decision));
		error = set_aside(uuid, name);
		forget_pending(uuid);
	}
	json_decref(root);
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

static int write_next(const char *uuid, const char *text)
{
	struct file_content file = { .text = text, .len = strlen(text), .mode = 0600 };
	int error = file_name(uuid, NEXT, file.name);

	return error ? error : file_write(directory_fd, &file);
}

int decision_save(const char *uuid, const struct decision *decision)
{
	char name[NAME_SIZE], *text;
	struct pending *place;
	int error = file_name(uuid, NEXT, name);

	if (error)
		return error;
	place = pending_place(uuid);
	text = place ? encode(decision) : NULL;
	if (!text)
		return -ENOMEM;
	error = write_next(uuid, text);
	free(text);
	if (error)
		return error;
	place->nothing = says_nothing(decision);
	pending_count += place == &pending[pending_count];
	return 0;
}

int decision_drop(const char *uuid)
{
	char name[NAME_SIZE];
	int error = file_name(uuid, NEXT, name);

	if (!error && unlinkat(directory_fd, name, 0) && errno != ENOENT)
		error = -errno;
	if (!error)
		forget_pending(uuid);
	return error;
}

/* From the beginning: what a failed flush left in memory need not be what is on disk. */
static int write_again(void)
{
	int error = 0;

	for (size_t i = 0; i < pending_count && !error; i++) {
		char name[NAME_SIZE], *text;

		error = file_name(pending[i].uuid, NEXT, name);
		if (!error)
			error = read_text(name, &text, NULL);
		if (!error) {
			error = write_next(pending[i].uuid, text);
			free(text);
		}
	}
	return error;
}

int decision_flush(void)
{
	struct file_move *moves;
	int error;

	if (!pending_count)
		return 0;
	moves = calloc(pending_count, sizeof(*moves));
	if (!moves)
		return -ENOMEM;
	error = suspect ? write_again() : 0;
	for (size_t i = 0; i < pending_count && !error; i++) {
		moves[i].remove = pending[i].nothing;
		error = file_name(pending[i].uuid, NEXT, moves[i].from);
		if (!error)
			error = file_name(pending[i].uuid, KEPT, moves[i].to);
	}
	if (!error)
		error = file_settle(directory_fd, moves, pending_count);
	free(moves);
	suspect = error;
	if (!error)
		pending_count = 0;
	return error;
}

/* What an agent of this boot, which was killed, had saved is as good as flushed. */
static bool adopt(const char *name, const char *uuid)
{
	struct pending *place = pending_place(uuid);
	struct decision decision = { 0 };
	char *text = NULL;
	const char *boot;
	size_t len;
	json_t *root = NULL;
	bool good = place && !read_text(name, &text, &len);

	if (good)
		root = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	good = root && decode(root, uuid, &decision) && !json_unpack(root, "{ss}", "boot", &boot) &&
	       !strcmp(boot, boot_id);
	if (good) {
		place->nothing = says_nothing(&decision);
		pending_count++;
	}
	json_decref(root);
	free(text);
	return good;
}

static void take_over(int fd)
{
	int own = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory = own < 0 ? NULL : fdopendir(own);
	const struct dirent *entry;

	while (directory && (entry = readdir(directory))) {
		char uuid[SNAPSHOT_UUID_SIZE];

		snprintf(uuid, sizeof(uuid), "%.*s", (int)sizeof(uuid) - 1, entry->d_name);
		if (uuid_valid(uuid) && !strcmp(entry->d_name + strlen(uuid), NEXT) &&
		    !adopt(entry->d_name, uuid))
			unlinkat(fd, entry->d_name, 0);
	}
	if (directory)
		closedir(directory);
}

int decision_open(const char *directory)
{
	int fd, error = file_make_folder(directory, 0700);

	if (error)
		return error;
	fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	decision_close();
	directory_fd = fd;
	read_boot_id();
	file_sweep(fd);
	take_over(fd);
	return 0;
}

void decision_close(void)
{
	if (directory_fd >= 0)
		close(directory_fd);
	directory_fd = -1;
	free(pending);
	pending = NULL;
	pending_count = pending_room = 0;
	suspect = false;
}
