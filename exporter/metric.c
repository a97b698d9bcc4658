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
		.help = "Maximum: what the guest was booted for and can never exceed." },
	[VALUE_TARGET] = {
		"target_kib", "domain_memory_target_bytes", UNIT_KIB,
		FROM_STORE(KEY_TARGET), .mib = 8, .writable = true,
		.help = "Target: the size that dom0 ordered." },
	[VALUE_ACTUAL] = {
		"actual_kib", "domain_memory_actual_bytes", UNIT_KIB,
		FROM_STORE(KEY_ACTUAL), .mib = 9,
		.help = "Size as the guest counts it, on the scale of its target." },
	[VALUE_MINIMUM] = {
		"minimum_kib", "domain_memory_minimum_bytes", UNIT_KIB,
		FROM_STORE(KEY_MINIMUM), .mib = 10,
		.help = "Minimum: the lowest size the guest will go to." },
	[VALUE_SELFTARGET] = {
		"selftarget_kib", "domain_memory_selftarget_bytes", UNIT_KIB,
		FROM_STORE(KEY_SELFTARGET), .mib = 11,
		.help = "Next step: the guest's size for now, on its way to what it wants." },
	[VALUE_SELFBALLOON] = {
		"selfballoon", "domain_selfballoon_enabled", UNIT_BOOL,
		FROM_STORE(KEY_SELFBALLOON), .mib = 12, .writable = true,
		.help = "Selfballooning: whether the guest sets its own size (1) or follows dom0's target (0)." },
	[VALUE_ALLOCATED] = {
		"allocated_kib", "domain_memory_allocated_bytes", UNIT_KIB,
		FROM_HYPERVISOR, .mib = 13,
		.help = "Memory the guest has, as the hypervisor counts it." },
	[VALUE_CAP] = {
		"cap_kib", "domain_memory_cap_bytes", UNIT_KIB,
		FROM_HYPERVISOR, .mib = 14,
		.help = "Limit: the most the hypervisor lets the guest have." },
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
		.help = "Size the guest wants by its policy, reported also while selfballooning is off." },
	[VALUE_PRESSURE] = {
		"pressure_centipercent", "domain_memory_pressure_ratio", UNIT_CENTI,
		FROM_STATS, .mib = 19,
		.help = "Pressure: share of time some task in the guest waited for memory, last 10 seconds (PSI)." },
	[VALUE_LAST_REPORT] = {
		"last_report", "domain_last_report_timestamp_seconds", UNIT_TIME,
		DERIVED, .mib = 20,
		.help = "When the guest last reported, as dom0's clock now has it; absent until the agent has seen a report." },
	[VALUE_KEY_ERRORS] = {
		"key_errors", "domain_key_errors_total", UNIT_COUNT,
		DERIVED, .mib = 21,
		.help = "Values in the guest's xenstore keys that were refused as malformed." },
	[VALUE_RECLAIMABLE] = {
		"reclaimable_kib", "domain_memory_reclaimable_bytes", UNIT_KIB,
		DERIVED, .mib = 22,
		.help = "Memory the guest has and does not want; only of one that runs, reports and can balloon." },
	[VALUE_UNMET] = {
		"unmet_kib", "domain_memory_unmet_bytes", UNIT_KIB,
		DERIVED, .mib = 23,
		.help = "Memory the guest wants and does not have; only of one that runs, reports and can balloon." },
};

const struct metric metric_host[HOST_VALUE_COUNT] = {
	[HOST_TOTAL] = {
		"total_kib", "host_memory_total_bytes", UNIT_KIB,
		FROM_HYPERVISOR, .mib = 1,
		.help = "Memory the hypervisor manages." },
	[HOST_FREE] = {
		"free_kib", "host_memory_free_bytes", UNIT_KIB,
		FROM_HYPERVISOR, .mib = 2,
		.help = "Memory that no domain has or has claimed." },
	[HOST_DOM0] = {
		"dom0_kib", "host_memory_dom0_bytes", UNIT_KIB,
		FROM_HYPERVISOR, .mib = 3,
		.help = "Memory that domain 0 has." },
	[HOST_DOMAINS] = {
		"domains", "host_domains", UNIT_GAUGE,
		DERIVED, .mib = 4,
		.help = "Number of guests." },
	[HOST_STATIC_MAX] = {
		"static_max_kib", "host_memory_static_max_bytes", UNIT_KIB,
		DERIVED, .mib = 5,
		.help = "Sum of all guests' maximum; with dom0's memory beyond the total, the host is overcommitted." },
	[HOST_RECLAIMABLE] = {
		"reclaimable_kib", "host_memory_reclaimable_bytes", UNIT_KIB,
		DERIVED, .mib = 6,
		.help = "Memory that guests have and do not want, in sum, of those that run, report and can balloon." },
	[HOST_UNMET] = {
		"unmet_kib", "host_memory_unmet_bytes", UNIT_KIB,
		DERIVED, .mib = 7,
		.help = "Memory that guests want and do not have, in sum, of those that run, report and can balloon." },
};
/* clang-format on */
