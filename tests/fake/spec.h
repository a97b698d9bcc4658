/* SPDX-License-Identifier: MIT */
/*
 * What a guest is to be, as given by a command, a script or the defaults.
 */
#ifndef XENBED_SPEC_H
#define XENBED_SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SPEC_NAME_MAX 64
#define SPEC_UUID_LEN 37 /* text, with its NUL */

enum spec_choice { SPEC_AUTO, SPEC_YES, SPEC_NO };

enum spec_type { SPEC_PV, SPEC_PVH, SPEC_HVM, SPEC_TYPES };

struct guest_spec {
	char name[SPEC_NAME_MAX];
	uint8_t uuid[16]; /* all zero: make one up */
	int domid;	  /* -1: the next free one */
	enum spec_type type;
	uint64_t static_max_kib;
	uint64_t memory_kib; /* 0: an even share of the host, at most static_max_kib */
	uint64_t video_kib;  /* of it, video RAM; HVM only */
	uint64_t swap_kib;
	char like[SPEC_NAME_MAX]; /* follows what the script says of that name */
	enum spec_choice daemon;  /* run the real one; auto: as long as --daemons allows */
	enum spec_choice poster;  /* the bed posts for it; auto: if it has no daemon */
	unsigned int page_kib;
	unsigned int kernel;	 /* its version, 601 for 6.1 */
	unsigned int uptime_s;	 /* how long it seems to be up when it boots */
	unsigned int overcommit; /* vm.overcommit_memory */
	unsigned int ratio;	 /* vm.overcommit_ratio */
	bool refuse;		 /* its driver refuses every target that a process writes */
};

/*
 * Takes one option of a guest: key "memory-mib", value "128". False: error says what would be
 * right.
 */
bool spec_set(struct guest_spec *spec, const char *key, const char *value, char *error,
	      size_t size);
/* What a guest is when nothing is said. */
struct guest_spec spec_default(void);
/* The options with their forms, a line each, for help. */
void spec_help(char *text, size_t size);
/* 1 to 63 of letters, digits, '.', '_' and '-', the first a letter. */
bool spec_name_ok(const char *name);
/* Digits alone, at most max. */
bool spec_number(const char *text, uint64_t max, uint64_t *value);

void spec_uuid_text(const uint8_t uuid[16], char text[SPEC_UUID_LEN]);

/* "pvh", as xl writes it. */
const char *spec_type_name(enum spec_type type);
/* "PVH", as Linux writes it into /sys/hypervisor/guest_type. */
const char *spec_guest_type(enum spec_type type);
/* What xl writes as the first memory/target: the memory without video RAM. */
uint64_t spec_target_kib(const struct guest_spec *spec);
/* What static-max counts and the guest's balloon driver doesn't: target_diff in Linux. */
uint64_t spec_diff_kib(const struct guest_spec *spec);
/* What the domain holds beyond the driver's current_kb. */
uint64_t spec_extra_kib(const struct guest_spec *spec);

#endif
