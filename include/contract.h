/* SPDX-License-Identifier: MIT */
/*
 * The xenstore contract below /local/domain/<domid>/memory/, as both sides speak it: key names,
 * who owns which, the one bounded parser for what a domain wrote, and the `stats` line.
 * Pure; used by the guest daemon and by the agent. All sizes are KiB, and those of the guest's size
 * (actual, minimum, selftarget, wanted) are on the scale of target and static-max, whatever the
 * guest's balloon driver counts.
 */
#ifndef XENBALLOON_CONTRACT_H
#define XENBALLOON_CONTRACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Largest size accepted from anyone, in KiB (1 PiB): its bytes still fit 63 bits. */
#define CONTRACT_KIB_MAX (UINT64_C(1) << 40)

/* Longest `stats` line, without its terminator, in bytes. */
#define CONTRACT_STATS_MAX 512

/* Longest list of settings in the `stats` line, and longest name of a word that is refused. */
#define CONTRACT_SETTINGS_MAX 239
#define CONTRACT_REFUSES_MAX  31

/* Longest `policy`, dom0's word on how a guest is to size itself, in bytes. */
#define CONTRACT_POLICY_MAX 255

/* What Xen's toolstack leaves above the target when it sets the cap (libxl's maxmem slack), KiB. */
#define CONTRACT_CAP_SLACK_KIB 1024

/* A number as one side reported it. Absent (no key, or an empty one) is not zero. */
enum reading_state { READING_ABSENT, READING_OK, READING_BAD };

struct reading {
	enum reading_state state;
	uint64_t value; /* meaningful only when READING_OK, else 0 */
};

enum contract_key {
	KEY_STATIC_MAX,
	KEY_VIDEORAM,
	KEY_TARGET,
	KEY_SELFBALLOON,
	KEY_ACTUAL,
	KEY_MINIMUM,
	KEY_SELFTARGET,
	KEY_STATS,
	KEY_POLICY,
	KEY_COUNT
};

struct contract_row {
	const char *name;  /* below memory/ */
	bool guest_writes; /* the agent creates it, empty, with permissions n0,b<domid> */
	uint64_t max;	   /* largest valid value; 0: not a number */
};

extern const struct contract_row contract_keys[KEY_COUNT];

/* Finds the key called `name`; KEY_COUNT if there is none. */
enum contract_key contract_key_find(const char *name);

/*
 * Parses len bytes as a decimal number: digits only, the whole text, at most max.
 * No sign, no space, no prefix, no terminator inside; at least one digit.
 */
bool contract_parse_number(const char *text, size_t len, uint64_t max, uint64_t *value);

/* The reading that len bytes of a key's value give; text NULL (no such key) or len 0 is absent. */
struct reading contract_reading(const char *text, size_t len, uint64_t max);

/* What keeps a guest's daemon from moving its balloon; contract_driver[] has a row for each. */
enum contract_driver {
	DRIVER_OBEYS,  /* nothing; not said in the line */
	DRIVER_ABSENT, /* this kernel has no balloon driver */
	DRIVER_EPERM,
	DRIVER_EACCES,
	DRIVER_EROFS,
	DRIVER_EINVAL,
	DRIVER_EIO,
	DRIVER_OTHER, /* an error that has no row, or a word of a newer guest */
	DRIVER_COUNT
};

struct contract_driver_row {
	const char *word; /* in the stats line, after `driver=`; NULL: not said */
	int error;	  /* the errno that it stands for; 0: none */
	const char *text; /* for people, after "refuses: " */
};

extern const struct contract_driver_row contract_driver[DRIVER_COUNT];

/* The row for what a write to the balloon driver gave: 0 or a negative errno. */
enum contract_driver contract_driver_find(int err);

/* The reading of a switch: one that nobody has touched is off. */
struct reading contract_switch(struct reading reading);

/* What the guest's `stats` line says. Each field may be absent or bad for itself. */
struct stats {
	struct reading seq;	      /* steps by one with each report; wraps at 2^32 */
	struct reading committed_kib; /* Committed_AS */
	struct reading available_kib; /* MemAvailable */
	struct reading total_kib;     /* MemTotal */
	struct reading swapfree_kib;
	struct reading swaptotal_kib;
	struct reading psi; /* "some avg10" of /proc/pressure/memory, hundredths of a percent */
	struct reading wanted_kib; /* where selftarget leads, or would lead were selfballoon 1 */
	struct reading driver;	   /* of enum contract_driver; absent: DRIVER_OBEYS */
	char policy[16];	   /* [a-z0-9-], empty if absent or bad */
	/* What is not as by default, "floor=96MiB,interval_s=1", or "-"; empty: not said, or bad */
	char settings[CONTRACT_SETTINGS_MAX + 1];
	char refuses[CONTRACT_REFUSES_MAX +
		     1]; /* the word of dom0's that it doesn't take, or empty */
};

/*
 * Parses a stats line of version 1 into *stats. False, with every field absent, for a line that is
 * too long or of another version; unknown fields are passed over, so that a newer guest is read.
 */
bool contract_parse_stats(const char *text, size_t len, struct stats *stats);

/* Writes the line that says *stats, absent fields left out; returns its length, or -ENOSPC. */
int contract_format_stats(const struct stats *stats, char *line, size_t size);

#endif
