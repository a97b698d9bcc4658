/* SPDX-License-Identifier: MIT */
/*
 * What the file of a decision says: one JSON object.
 */
#include "decision_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

static const char *const node_names[NODE_COUNT] = {
	[NODE_TARGET] = "target",
	[NODE_SELFBALLOON] = "selfballoon",
	[NODE_VM_MEMORY] = "vm_memory",
	[NODE_POLICY] = "policy",
};

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

static bool decode(json_t *root, const char *uuid, const char *boot, struct decision *decision,
		   bool *current)
{
	const char *written;
	json_int_t domid;

	if (json_unpack(root, "{ss sI}", "boot", &written, "domid", &domid) || domid < 0 ||
	    domid > SNAPSHOT_DOMAINS_MAX || !decode_decided(root, &decision->decided))
		return false;
	/* Another boot's domids mean nothing. */
	*current = !strcmp(written, boot);
	if (!*current)
		return true;
	decision->domid = (uint32_t)domid;
	memcpy(decision->changing.uuid, uuid, SNAPSHOT_UUID_SIZE);
	decision->changing.decided = decision->decided;
	return decode_changing(json_object_get(root, "changing"), &decision->changing);
}

bool decision_decode(const char *text, size_t len, const char *uuid, const char *boot,
		     struct decision *decision, bool *current)
{
	json_t *root = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	bool good;

	memset(decision, 0, sizeof(*decision));
	*current = false;
	good = root && decode(root, uuid, boot, decision, current);
	if (!good)
		memset(decision, 0, sizeof(*decision));
	json_decref(root);
	return good;
}

char *decision_encode(const struct decision *decision, const char *boot)
{
	const struct control_decided *decided = &decision->decided;
	json_t *root = json_pack("{ss sI so so so so so}", "boot", boot, "domid",
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
