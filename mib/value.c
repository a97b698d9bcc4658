/* SPDX-License-Identifier: MIT */
/*
 * Turns what the agent measured into SNMP values and checks what may be written. Knows types and
 * ranges, not names and not net-snmp. Called by tree.c, system.c and set.c.
 */
#include <stdio.h>
#include <string.h>

#include "mib_object.h"

void mib_set_gauge(struct mib_value *value, uint64_t number)
{
	value->syntax = MIB_UNSIGNED;
	value->number = number > UINT32_MAX ? UINT32_MAX : (uint32_t)number;
}

/* Length of the printable UTF-8 character at the start of len bytes, 0 if there is none. */
static size_t printable(const unsigned char *at, size_t len)
{
	/* Lead bytes with the range of the byte after them: RFC 3629, section 4. */
	static const struct {
		unsigned char lead_low, lead_high, next_low, next_high;
		size_t len;
	} forms[] = {
		{ 0xc2, 0xc2, 0xa0, 0xbf, 2 }, /* below U+00A0: control characters */
		{ 0xc3, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 },
		{ 0xe1, 0xec, 0x80, 0xbf, 3 }, { 0xed, 0xed, 0x80, 0x9f, 3 },
		{ 0xee, 0xef, 0x80, 0xbf, 3 }, { 0xf0, 0xf0, 0x90, 0xbf, 4 },
		{ 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};

	if (at[0] < 0x80)
		return at[0] >= 0x20 && at[0] != 0x7f && at[0] != '\\';
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (at[0] < forms[i].lead_low || at[0] > forms[i].lead_high || len < forms[i].len)
			continue;
		if (at[1] < forms[i].next_low || at[1] > forms[i].next_high)
			return 0;
		for (size_t k = 2; k < forms[i].len; k++) {
			if ((at[k] & 0xc0) != 0x80)
				return 0;
		}
		return forms[i].len;
	}
	return 0;
}

void mib_set_text(struct mib_value *value, const char *bytes, size_t len)
{
	const unsigned char *at = (const unsigned char *)bytes;
	size_t used = 0;

	while (len > 0) {
		size_t good = printable(at, len);
		size_t need = good ? good : *at == '\\' ? 2 : 4;

		if (used + need > MIB_TEXT_MAX)
			break;
		if (good)
			memcpy(value->text + used, at, good);
		else if (*at == '\\')
			memcpy(value->text + used, "\\\\", 2);
		else
			snprintf(value->text + used, sizeof(value->text) - used, "\\x%02x", *at);
		used += need;
		at += good ? good : 1;
		len -= good ? good : 1;
	}
	value->text[used] = '\0';
	value->len = used;
	value->syntax = MIB_STRING;
}

void mib_set_bytes(struct mib_value *value, const void *bytes, size_t len)
{
	value->len = len < MIB_TEXT_MAX ? len : MIB_TEXT_MAX;
	memcpy(value->text, bytes, value->len);
	value->syntax = MIB_STRING;
}

enum mib_error mib_check_write(enum mib_write write, enum mib_syntax syntax, int64_t value)
{
	static const struct {
		enum mib_syntax syntax;
		int64_t low, high;
	} rules[] = {
		[MIB_WRITE_TARGET] = { MIB_UNSIGNED, 0, UINT32_MAX },
		[MIB_WRITE_SELFBALLOON] = { MIB_INTEGER, 1, 2 }, /* TruthValue */
		[MIB_WRITE_POLICY] = { MIB_STRING, 0, CONTRACT_POLICY_MAX },
		[MIB_WRITE_LOCK] = { MIB_INTEGER, 0, INT32_MAX }, /* TestAndIncr */
	};

	if (write == MIB_READ_ONLY)
		return MIB_NOT_WRITABLE;
	if (syntax != rules[write].syntax)
		return MIB_WRONG_TYPE;
	if (syntax == MIB_STRING && value > rules[write].high)
		return MIB_WRONG_LENGTH;
	if (value < rules[write].low || value > rules[write].high)
		return MIB_WRONG_VALUE;
	return MIB_OK;
}
