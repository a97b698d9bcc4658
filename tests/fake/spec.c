/* SPDX-License-Identifier: MIT */
/*
 * The options of a guest, in one table for the command line, the script and `ctl create`.
 */
#include "spec.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define MIB_MAX ((uint64_t)16 * 1024 * 1024)

bool spec_number(const char *text, uint64_t max, uint64_t *value)
{
	uint64_t n = 0;

	if (*text == '\0')
		return false;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9' || n > max / 10)
			return false;
		n = n * 10 + (uint64_t)(*text - '0');
	}
	*value = n;
	return n <= max;
}

bool spec_name_ok(const char *name)
{
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "0123456789._-");

	return len > 0 && len < SPEC_NAME_MAX && name[len] == '\0' &&
	       isalpha((unsigned char)name[0]);
}

void spec_uuid_text(const uint8_t u[16], char text[SPEC_UUID_LEN])
{
	snprintf(text, SPEC_UUID_LEN,
		 "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", u[0], u[1],
		 u[2], u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10], u[11], u[12], u[13], u[14],
		 u[15]);
}

static bool set_mib(uint64_t *kib, const char *value)
{
	if (!spec_number(value, MIB_MAX, kib))
		return false;
	*kib *= 1024;
	return true;
}

static bool set_static_max(struct guest_spec *spec, const char *value)
{
	return set_mib(&spec->static_max_kib, value) && spec->static_max_kib > 0;
}

static bool set_memory(struct guest_spec *spec, const char *value)
{
	return set_mib(&spec->memory_kib, value);
}

static bool set_swap(struct guest_spec *spec, const char *value)
{
	return set_mib(&spec->swap_kib, value);
}

static bool set_video(struct guest_spec *spec, const char *value)
{
	return set_mib(&spec->video_kib, value);
}

/*
 * KiB, as measured on Xen 4.17: what the driver doesn't count of static-max, and what the domain
 * holds beyond what the driver counts, where that doesn't grow with the video RAM.
 */
static const struct type {
	const char *name;
	const char *guest_type;
	uint64_t diff_kib;
	uint64_t extra_kib;
} types[SPEC_TYPES] = {
	[SPEC_PV] = { "pv", "PV", 0, 0 },
	[SPEC_PVH] = { "pvh", "PVH", 388, 388 },
	[SPEC_HVM] = { "hvm", "HVM", 408, 388 },
};

/* A device model's video card has some memory of its own beside the video RAM. */
#define VIDEO_CARD_KIB 64

static bool set_type(struct guest_spec *spec, const char *value)
{
	for (size_t i = 0; i < SPEC_TYPES; i++) {
		if (strcmp(value, types[i].name) != 0)
			continue;
		spec->type = (enum spec_type)i;
		return true;
	}
	return false;
}

const char *spec_type_name(enum spec_type type)
{
	return types[type].name;
}

const char *spec_guest_type(enum spec_type type)
{
	return types[type].guest_type;
}

static uint64_t video_kib(const struct guest_spec *spec)
{
	return spec->type == SPEC_HVM ? spec->video_kib : 0;
}

uint64_t spec_target_kib(const struct guest_spec *spec)
{
	return spec->memory_kib - video_kib(spec);
}

uint64_t spec_diff_kib(const struct guest_spec *spec)
{
	return types[spec->type].diff_kib + video_kib(spec);
}

uint64_t spec_extra_kib(const struct guest_spec *spec)
{
	uint64_t video = video_kib(spec);

	return types[spec->type].extra_kib + video + (video > 0 ? VIDEO_CARD_KIB : 0);
}

static bool set_uuid(struct guest_spec *spec, const char *value)
{
	unsigned int byte;
	size_t n = 0;

	for (; n < sizeof(spec->uuid); value += 2) {
		if (*value == '-')
			value++;
		if (!isxdigit((unsigned char)value[0]) || !isxdigit((unsigned char)value[1]) ||
		    sscanf(value, "%2x", &byte) != 1)
			return false;
		spec->uuid[n++] = (uint8_t)byte;
	}
	return *value == '\0';
}

static bool set_domid(struct guest_spec *spec, const char *value)
{
	uint64_t domid;

	if (!spec_number(value, 32751, &domid) || domid == 0)
		return false;
	spec->domid = (int)domid;
	return true;
}

static bool set_choice(enum spec_choice *choice, const char *value)
{
	*choice = strcmp(value, "yes") == 0 ? SPEC_YES : SPEC_NO;
	return *choice == SPEC_YES || strcmp(value, "no") == 0;
}

static bool set_daemon(struct guest_spec *spec, const char *value)
{
	return set_choice(&spec->daemon, value);
}

static bool set_poster(struct guest_spec *spec, const char *value)
{
	return set_choice(&spec->poster, value);
}

static bool set_target_kb(struct guest_spec *spec, const char *value)
{
	spec->refuse = strcmp(value, "refuse") == 0;
	return spec->refuse || strcmp(value, "obey") == 0;
}

static bool set_choice_of(unsigned int *number, const char *value, const char *const *words,
			  const unsigned int *numbers)
{
	for (; *words != NULL; words++, numbers++) {
		if (strcmp(value, *words) != 0)
			continue;
		*number = *numbers;
		return true;
	}
	return false;
}

static bool set_page(struct guest_spec *spec, const char *value)
{
	static const char *const words[] = { "4", "16", "64", NULL };
	static const unsigned int sizes[] = { 4, 16, 64 };

	return set_choice_of(&spec->page_kib, value, words, sizes);
}

static bool set_kernel(struct guest_spec *spec, const char *value)
{
	static const char *const words[] = { "4.19", "5.4", "5.10", "6.1", "6.12", NULL };
	static const unsigned int versions[] = { 419, 504, 510, 601, 612 };

	return set_choice_of(&spec->kernel, value, words, versions);
}

static bool set_number(unsigned int *number, const char *value, unsigned int max)
{
	uint64_t n;

	if (!spec_number(value, max, &n))
		return false;
	*number = (unsigned int)n;
	return true;
}

static bool set_uptime(struct guest_spec *spec, const char *value)
{
	return set_number(&spec->uptime_s, value, 1000000000);
}

static bool set_overcommit(struct guest_spec *spec, const char *value)
{
	return set_number(&spec->overcommit, value, 2);
}

static bool set_ratio(struct guest_spec *spec, const char *value)
{
	return set_number(&spec->ratio, value, 1000);
}

/* Guests look long up: what a guest doesn't do soon after boot needn't be waited for. */
struct guest_spec spec_default(void)
{
	return (struct guest_spec){ .domid = -1,
				    .static_max_kib = 512 * 1024,
				    .page_kib = 4,
				    .kernel = 601,
				    .uptime_s = 3600,
				    .ratio = 50 };
}

static const struct option {
	const char *key;
	const char *form;
	const char *help;
	bool (*set)(struct guest_spec *spec, const char *value);
} options[] = {
	{ "static-max-mib", "a number of MiB, 1 to 16777216", "the most it can have (512)",
	  set_static_max },
	{ "memory-mib", "a number of MiB, 0 for an even share",
	  "what it starts with (an even share of the host)", set_memory },
	{ "swap-mib", "a number of MiB", "its swap (0)", set_swap },
	{ "type", "pv, pvh or hvm", "what kind of domain (pv)", set_type },
	{ "video-mib", "a number of MiB", "of an HVM guest's memory, video RAM (0)", set_video },
	{ "uuid", "32 hexadecimal digits, with or without dashes", "(made up)", set_uuid },
	{ "domid", "a number, 1 to 32751", "(the next free one)", set_domid },
	{ "daemon", "yes or no", "it runs xenballoon-guest", set_daemon },
	{ "poster", "yes or no", "the bed reports for it (if it has no daemon)", set_poster },
	{ "page", "4, 16 or 64", "KiB of a page of its kernel (4)", set_page },
	{ "kernel", "4.19, 5.4, 5.10, 6.1 or 6.12", "what its /proc looks like (6.1)", set_kernel },
	{ "uptime", "a number of seconds", "how long it seems to be up when it boots (3600)",
	  set_uptime },
	{ "overcommit", "0, 1 or 2", "vm.overcommit_memory (0)", set_overcommit },
	{ "ratio", "a number from 0 to 1000", "vm.overcommit_ratio (50)", set_ratio },
	{ "target_kb", "obey or refuse",
	  "what its driver does with a target that a process writes (obey)", set_target_kb },
};

void spec_help(char *text, size_t size)
{
	int n = 0;

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]) && n < (int)size; i++)
		n += snprintf(text + n, size - (size_t)n, "  %-15s %s: %s\n", options[i].key,
			      options[i].form, options[i].help);
}

bool spec_set(struct guest_spec *spec, const char *key, const char *value, char *error, size_t size)
{
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		if (strcmp(key, options[i].key) != 0)
			continue;
		if (options[i].set(spec, value))
			return true;
		snprintf(error, size, "%s is %s, not \"%s\"", key, options[i].form, value);
		return false;
	}
	snprintf(error, size, "a guest has no option \"%s\"", key);
	return false;
}
