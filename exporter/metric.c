/* SPDX-License-Identifier: MIT */
/*
 * The rows of the metric table, and nothing else. A new value is one row here, one object in the
 * MIB and one line in the dashboard.
 */
#include "metric.h"

#define FROM_STORE(k)	.source = SOURCE_STORE, .key = (k)
#define FROM_STATS	.source = SOURCE_STATS, .key = KEY_COUNT
#define FROM_HYPERVISOR .source = SOURCE_HYPERVISOR, .key = KEY_COUNT
#define DERIVED		.source = SOURCE_DERIVED, .key = KEY_COUNT

/* clang-format off */
const struct metric metric_domain[VALUE_COUNT] = {
	[VALUE_STATIC_MAX] = {
		"static_max_kib", "domain_memory_static_max_bytes", UNIT_KIB,
		FROM_STORE(KEY_STATIC_MAX), .mib = 7,
		.help = "Memory the guest was booted for, the most it can ever have." },
	[VALUE_TARGET] = {
		"target_kib", "domain_memory_target_bytes", UNIT_KIB,
		FROM_STORE(KEY_TARGET), .mib = 8, .writable = true,
		.help = "Balloon target that dom0 set." },
	[VALUE_ACTUAL] = {
		"actual_kib", "domain_memory_actual_bytes", UNIT_KIB,
		FROM_STORE(KEY_ACTUAL), .mib = 9,
		.help = "Size as the guest counts it, on the scale of its target." },
	[VALUE_MINIMUM] = {
		"minimum_kib", "domain_memory_minimum_bytes", UNIT_KIB,
		FROM_STORE(KEY_MINIMUM), .mib = 10,
		.help = "Floor that the guest says it will not go below." },
	[VALUE_SELFTARGET] = {
		"selftarget_kib", "domain_memory_selftarget_bytes", UNIT_KIB,
		FROM_STORE(KEY_SELFTARGET), .mib = 11,
		.help = "Size the guest wants to be while it sizes itself." },
	[VALUE_SELFBALLOON] = {
		"selfballoon", "domain_selfballoon_enabled", UNIT_BOOL,
		FROM_STORE(KEY_SELFBALLOON), .mib = 12, .writable = true,
		.help = "Whether the guest sets its own size (1) or follows dom0's target (0)." },
	[VALUE_ALLOCATED] = {
		"allocated_kib", "domain_memory_allocated_bytes", UNIT_KIB,
		FROM_HYPERVISOR, .mib = 13,
		.help = "Memory the hypervisor says the guest holds." },
	[VALUE_CAP] = {
		"cap_kib", "domain_memory_cap_bytes", UNIT_KIB,
		FROM_HYPERVISOR, .mib = 14,
		.help = "The hypervisor's limit on what the guest may hold." },
	[VALUE_COMMITTED] = {
		"committed_kib", "domain_memory_committed_bytes", UNIT_KIB,
		FROM_STATS, .mib = 15,
		.help = "Memory that programs in the guest have reserved (Committed_AS)." },
	[VALUE_AVAILABLE] = {
		"available_kib", "domain_memory_available_bytes", UNIT_KIB,
		FROM_STATS, .mib = 16,
		.help = "Memory the guest could use without swapping (MemAvailable)." },
	[VALUE_SWAP_USED] = {
		"swap_used_kib", "domain_memory_swap_used_bytes", UNIT_KIB,
		FROM_STATS, .mib = 17,
		.help = "Swap space in use inside the guest." },
	[VALUE_WANTED] = {
		"wanted_kib", "domain_memory_wanted_bytes", UNIT_KIB,
		FROM_STATS, .mib = 18,
		.help = "Size the guest would choose for itself, reported even while selfballoon is off." },
	[VALUE_PRESSURE] = {
		"pressure_centipercent", "domain_memory_pressure_ratio", UNIT_CENTI,
		FROM_STATS, .mib = 19,
		.help = "Share of time some task in the guest waited for memory, last 10 seconds (PSI)." },
	[VALUE_LAST_REPORT] = {
		"last_report", "domain_last_report_timestamp_seconds", UNIT_TIME,
		DERIVED, .mib = 20,
		.help = "When the guest last reported, by dom0's clock." },
	[VALUE_KEY_ERRORS] = {
		"key_errors", "domain_key_errors_total", UNIT_COUNT,
		DERIVED, .mib = 21,
		.help = "Values in the guest's xenstore keys that were refused as malformed." },
};

const struct metric metric_host[HOST_VALUE_COUNT] = {
	[HOST_TOTAL] = {
		"total_kib", "host_memory_total_bytes", UNIT_KIB,
		FROM_HYPERVISOR, .mib = 1,
		.help = "Memory the hypervisor manages." },
	[HOST_FREE] = {
		"free_kib", "host_memory_free_bytes", UNIT_KIB,
		FROM_HYPERVISOR, .mib = 2,
		.help = "Memory no domain holds or has claimed." },
	[HOST_DOM0] = {
		"dom0_kib", "host_memory_dom0_bytes", UNIT_KIB,
		FROM_HYPERVISOR, .mib = 3,
		.help = "Memory that domain 0 holds." },
	[HOST_DOMAINS] = {
		"domains", "host_domains", UNIT_GAUGE,
		DERIVED, .mib = 4,
		.help = "Number of guests." },
	[HOST_STATIC_MAX] = {
		"static_max_kib", "host_memory_static_max_bytes", UNIT_KIB,
		DERIVED, .mib = 5,
		.help = "Sum of what all guests were booted for; beyond the total, the host is overcommitted." },
	[HOST_RECLAIMABLE] = {
		"reclaimable_kib", "host_memory_reclaimable_bytes", UNIT_KIB,
		DERIVED, .mib = 6,
		.help = "What turning selfballoon on in every guest would free: allocated less wanted." },
	[HOST_UNMET] = {
		"unmet_kib", "host_memory_unmet_bytes", UNIT_KIB,
		DERIVED, .mib = 7,
		.help = "Sum of what guests want to be beyond what they are." },
};
/* clang-format on */
