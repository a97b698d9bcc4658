/* SPDX-License-Identifier: MIT */
/*
 * The agent's SNMP side over a made-up host, for thousands of guests at once: no xenstore, nothing
 * can be changed. rows CONFIG COUNT: says "ready"; each number on standard input is a new count.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "config.h"
#include "mib.h"
#include "snapshot.h"

static void fill(struct domain *domain, size_t i)
{
	domain->domid = (uint32_t)i + 1;
	snprintf(domain->name, sizeof(domain->name), "guest%zu", i + 1);
	snprintf(domain->uuid, sizeof(domain->uuid), "00112233-4455-6677-8899-aabbcc%06zx",
		 i & 0xffffff);
	snprintf(domain->reason, sizeof(domain->reason), "is at dom0's target of 128 MiB");
	domain->vcpus = domain->vcpus_max = 1;
	domain->first_vcpu = i;
	domain->cpu_ns = i * 1000000;
	domain->started_ms = (struct reading){ READING_OK, (uint64_t)clock_ms() };
	for (size_t which = 0; which < VALUE_COUNT; which++)
		domain->value[which] = (struct reading){ READING_OK, 131072 + i };
	domain->value[VALUE_SELFBALLOON].value = 0;
}

static bool publish(size_t count)
{
	struct snapshot *snapshot = snapshot_new(count);

	if (!snapshot)
		return false;
	snapshot->store_up = snapshot->hypervisor_up = true;
	snprintf(snapshot->xen_version, sizeof(snapshot->xen_version), "4.17.made-up");
	for (size_t i = 0; i < HOST_VALUE_COUNT; i++)
		snapshot->host[i] = (struct reading){ READING_OK, 1 << 20 };
	snapshot->vcpu_ns = calloc(count + 1, sizeof(*snapshot->vcpu_ns));
	for (size_t i = 0; i < count; i++)
		fill(&snapshot->domain[i], i);
	snapshot->table_changed_ms = clock_ms();
	snapshot_publish(snapshot);
	snapshot_confirm(clock_ms());
	return true;
}

int main(int argc, char **argv)
{
	struct config *config;
	char error[512], line[32];

	if (argc != 3) {
		fprintf(stderr, "usage: rows CONFIG COUNT\n");
		return EXIT_FAILURE;
	}
	config = config_load(argv[1], error, sizeof(error));
	if (!config) {
		fprintf(stderr, "rows: %s\n", error);
		return EXIT_FAILURE;
	}
	signal(SIGPIPE, SIG_IGN);
	config_publish(config);
	if (!publish(strtoul(argv[2], NULL, 10)) || mib_start())
		return EXIT_FAILURE;
	do {
		puts("ready");
		fflush(stdout);
	} while (fgets(line, sizeof(line), stdin) && publish(strtoul(line, NULL, 10)));
	mib_stop();
	config_publish(NULL);
	return EXIT_SUCCESS;
}
