/* SPDX-License-Identifier: MIT */
/*
 * What the hypervisor says and may be told: libxenctrl's pages and handles turned into KiB and
 * UUID text. Knows nothing of xenstore. Called by the collector thread only.
 */
#include "hypervisor.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <xenctrl.h>

#include "contract.h"

#define KIB_PER_PAGE (XC_PAGE_SIZE / 1024)
#define LIST_CHUNK   1024

/* A PVH domain has a local APIC and none of the other emulated devices that an HVM domain has. */
#define EMULATION_PVH XEN_X86_EMU_LAPIC

struct hypervisor {
	xc_interface *xc;
	struct hypervisor_domain *domains;
	size_t room;
	xc_domaininfo_t chunk[LIST_CHUNK];
};

static int failure(void)
{
	return errno ? -errno : -EIO;
}

int hypervisor_open(struct hypervisor **hypervisor)
{
	struct hypervisor *new = calloc(1, sizeof(*new));

	if (!new)
		return -ENOMEM;
	new->xc = xc_interface_open(NULL, NULL, 0);
	if (!new->xc) {
		int error = failure();

		free(new);
		return error;
	}
	*hypervisor = new;
	return 0;
}

void hypervisor_close(struct hypervisor *hypervisor)
{
	if (!hypervisor)
		return;
	xc_interface_close(hypervisor->xc);
	free(hypervisor->domains);
	free(hypervisor);
}

int hypervisor_version(struct hypervisor *hypervisor, char *text, size_t size)
{
	xen_extraversion_t extra = "";
	int version = xc_version(hypervisor->xc, XENVER_version, NULL);

	if (version < 0 || xc_version(hypervisor->xc, XENVER_extraversion, &extra) < 0)
		return failure();
	extra[sizeof(extra) - 1] = '\0';
	snprintf(text, size, "%d.%d%s", version >> 16, version & 0xffff, extra);
	return 0;
}

int hypervisor_host(struct hypervisor *hypervisor, struct hypervisor_host *host)
{
	xc_physinfo_t info = { 0 };
	uint64_t idle;

	if (xc_physinfo(hypervisor->xc, &info))
		return failure();
	/* As libxl reckons: what waits to be scrubbed is free, what is claimed is not. */
	idle = info.free_pages + info.scrub_pages;
	host->total_kib = info.total_pages * KIB_PER_PAGE;
	host->free_kib = (idle - (info.outstanding_pages < idle ? info.outstanding_pages : idle)) *
			 KIB_PER_PAGE;
	return 0;
}

static enum domain_type type_of(const xc_domaininfo_t *info)
{
	if (!(info->flags & XEN_DOMINF_hvm_guest))
		return DOMAIN_PV;
	return info->arch_config.emulation_flags == EMULATION_PVH ? DOMAIN_PVH : DOMAIN_HVM;
}

/* Why a domain that has shut down did, as it or the toolstack said. */
static enum domain_run run_of(const xc_domaininfo_t *info)
{
	unsigned int reason = info->flags >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask;

	if (info->flags & XEN_DOMINF_dying)
		return RUN_DYING;
	if (!(info->flags & XEN_DOMINF_shutdown))
		return info->flags & XEN_DOMINF_paused ? RUN_PAUSED : RUN_RUNNING;
	if (reason == SHUTDOWN_crash || reason == SHUTDOWN_watchdog)
		return RUN_CRASHED;
	return reason == SHUTDOWN_suspend ? RUN_SUSPENDED : RUN_SHUTTING_DOWN;
}

static void convert(const xc_domaininfo_t *info, struct hypervisor_domain *domain)
{
	const uint8_t *h = info->handle;

	domain->domid = info->domain;
	snprintf(domain->uuid, sizeof(domain->uuid),
		 "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", h[0], h[1],
		 h[2], h[3], h[4], h[5], h[6], h[7], h[8], h[9], h[10], h[11], h[12], h[13], h[14],
		 h[15]);
	domain->type = type_of(info);
	domain->dying = info->flags & XEN_DOMINF_dying;
	domain->paused = info->flags & XEN_DOMINF_paused;
	domain->run = run_of(info);
	domain->vcpus_max = info->max_vcpu_id < SNAPSHOT_VCPUS_MAX ? info->max_vcpu_id + 1 : 0;
	domain->vcpus = info->nr_online_vcpus < SNAPSHOT_VCPUS_MAX ? info->nr_online_vcpus
								   : SNAPSHOT_VCPUS_MAX;
	domain->cpu_ns = info->cpu_time;
	domain->allocated_kib = info->tot_pages * KIB_PER_PAGE;
	domain->cap_kib = CONTRACT_KIB_MAX;
	if (info->max_pages < CONTRACT_KIB_MAX / KIB_PER_PAGE)
		domain->cap_kib = info->max_pages * KIB_PER_PAGE;
}

static int make_room(struct hypervisor *hypervisor, size_t count)
{
	struct hypervisor_domain *grown;

	if (count <= hypervisor->room)
		return 0;
	grown = realloc(hypervisor->domains, (count + LIST_CHUNK) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	hypervisor->domains = grown;
	hypervisor->room = count + LIST_CHUNK;
	return 0;
}

int hypervisor_domains(struct hypervisor *hypervisor, const struct hypervisor_domain **domains,
		       size_t *count)
{
	uint32_t first = 0;
	size_t have = 0;
	int got, error;

	do {
		got = xc_domain_getinfolist(hypervisor->xc, first, LIST_CHUNK, hypervisor->chunk);
		if (got < 0)
			return failure();
		error = make_room(hypervisor, have + (size_t)got);
		if (error)
			return error;
		for (int i = 0; i < got; i++)
			convert(&hypervisor->chunk[i], &hypervisor->domains[have++]);
		if (got)
			first = hypervisor->domains[have - 1].domid + 1;
	} while (got == LIST_CHUNK);
	*domains = hypervisor->domains;
	*count = have;
	return 0;
}

int hypervisor_domain(struct hypervisor *hypervisor, uint32_t domid,
		      struct hypervisor_domain *domain)
{
	int got = xc_domain_getinfolist(hypervisor->xc, domid, 1, hypervisor->chunk);

	if (got < 0)
		return failure();
	/* The call answers with the next domain above when there is none with this domid. */
	if (!got || hypervisor->chunk[0].domain != domid)
		return -ESRCH;
	convert(&hypervisor->chunk[0], domain);
	return 0;
}

int hypervisor_vcpu_ns(struct hypervisor *hypervisor, uint32_t domid, uint32_t vcpu, uint64_t *ns)
{
	xc_vcpuinfo_t info = { 0 };

	if (xc_vcpu_getinfo(hypervisor->xc, domid, vcpu, &info))
		return failure();
	*ns = info.cpu_time;
	return 0;
}

int hypervisor_set_cap(struct hypervisor *hypervisor, uint32_t domid, uint64_t cap_kib)
{
	return xc_domain_setmaxmem(hypervisor->xc, domid, cap_kib) ? failure() : 0;
}

int hypervisor_set_pod_target(struct hypervisor *hypervisor, uint32_t domid, uint64_t target_kib)
{
	return xc_domain_set_pod_target(hypervisor->xc, domid, target_kib / KIB_PER_PAGE, NULL,
					NULL, NULL)
		       ? failure()
		       : 0;
}
