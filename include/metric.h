/* SPDX-License-Identifier: MIT */
/*
 * The one metric table: each measured value with its source, its MIB place, its Prometheus and
 * JSON names, its unit and its help. Collecting, SNMP, exposition and the JSON API all walk it.
 */
#ifndef XENBALLOON_METRIC_H
#define XENBALLOON_METRIC_H

#include "snapshot.h"

enum metric_unit {
	UNIT_KIB,   /* Prometheus: bytes (times 1024); SNMP: Gauge32 KiB, saturating */
	UNIT_BOOL,  /* Prometheus: 0 or 1; SNMP: TruthValue; JSON: true or false */
	UNIT_CENTI, /* hundredths of a percent; Prometheus: ratio 0..1; SNMP: Gauge32 as it is */
	UNIT_TIME,  /* clock_ms(); Prometheus and JSON: Unix seconds; SNMP: age in seconds, Gauge32
		     */
	UNIT_GAUGE, /* a plain number; Gauge32 */
	UNIT_COUNT  /* a counter; SNMP: Counter32 */
};

enum metric_source {
	SOURCE_STORE,	   /* a key below memory/ */
	SOURCE_STATS,	   /* a field of the guest's stats line */
	SOURCE_HYPERVISOR, /* libxenctrl */
	SOURCE_DERIVED	   /* reckoned by the agent */
};

struct metric {
	const char *name; /* JSON field, e.g. "target_kib" */
	const char
		*prometheus; /* without the xenballoon_ prefix, e.g. "domain_memory_target_bytes" */
	enum metric_unit unit;
	enum metric_source source;
	enum contract_key key; /* for SOURCE_STORE, else KEY_COUNT */
	unsigned int mib;      /* column of xbDomainEntry, or scalar of xbHost */
	bool writable;	       /* by SNMP SET */
	const char *help;      /* one sentence, used as HELP text and in the documentation */
};

extern const struct metric metric_domain[VALUE_COUNT];
extern const struct metric metric_host[HOST_VALUE_COUNT];

/*
 * Columns of xbDomainEntry that are no measured value; those of metric_domain[] start at 7.
 * Column 1 (xbDomainIndex, the domid) is the index and not accessible.
 */
enum metric_column {
	COLUMN_INDEX = 1,
	COLUMN_NAME,
	COLUMN_UUID,
	COLUMN_TYPE,
	COLUMN_STATE,
	COLUMN_REASON,
	COLUMN_FIRST_METRIC,
	/* after the last of metric_domain[] */
	COLUMN_POLICY_ORDERED = 24,
	COLUMN_POLICY,
	COLUMN_POLICY_NOTE
};

#endif
