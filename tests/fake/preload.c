/* SPDX-License-Identifier: MIT */
/*
 * Stands in for libxenctrl, for xenstored and for the agent alike: the calls they make, answered
 * from the state file that XENBED_STATE's folder holds. Without that variable there is no
 * hypervisor. The prototypes are Xen's own, so a mismatch does not compile.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <xenctrl.h>

#include "preload.h"
#include "state.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct state_map map;
static int open_result = -ENOENT;

static void open_once(void)
{
	const char *dir = getenv("XENBED_STATE");

	if (dir != NULL)
		open_result = state_open(&map, dir);
}

struct state_map *preload_state(void)
{
	pthread_once(&once, open_once);
	if (open_result == 0)
		return &map;
	errno = -open_result;
	return NULL;
}

/* Xen's way: 0 as it is, errors as -1 and errno. */
static int as_libxc(int rc)
{
	if (rc >= 0)
		return rc;
	errno = -rc;
	return -1;
}

/* No call here looks into the handle. */
xc_interface *xc_interface_open(xentoollog_logger *logger, xentoollog_logger *dombuild_logger,
				unsigned open_flags)
{
	(void)logger, (void)dombuild_logger, (void)open_flags;
	return (xc_interface *)preload_state();
}

int xc_interface_close(xc_interface *xch)
{
	(void)xch;
	return 0;
}

static uint32_t flags_of(const struct state_domain *domain)
{
	uint32_t flags = (uint32_t)domain->shutdown_reason << XEN_DOMINF_shutdownshift;

	flags |= domain->dying ? XEN_DOMINF_dying : 0;
	flags |= domain->hvm ? XEN_DOMINF_hvm_guest | XEN_DOMINF_hap : 0;
	flags |= domain->shutdown ? XEN_DOMINF_shutdown : 0;
	flags |= domain->paused ? XEN_DOMINF_paused : 0;
	flags |= !domain->paused && !domain->shutdown ? XEN_DOMINF_blocked : 0;
	return flags;
}

/* Each virtual CPU is busy for a hundredth of the time. */
static uint64_t vcpu_ns(const struct state_domain *domain)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return ((uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec - domain->born_ns) / 100;
}

static void fill_list(void *list, unsigned int n, int domid, const struct state_domain *domain)
{
	xc_domaininfo_t *info = (xc_domaininfo_t *)list + n;

	*info = (xc_domaininfo_t){
		.domain = (domid_t)domid,
		.flags = flags_of(domain),
		.tot_pages = domain->tot_pages,
		.max_pages = domain->max_pages,
		.cpu_time = domain->vcpus * vcpu_ns(domain),
		.nr_online_vcpus = domain->vcpus,
		.max_vcpu_id = domain->vcpus - 1,
		.gpaddr_bits = 52,
		/* What libxl gives a PVH domain; an HVM one would have more. */
		.arch_config.emulation_flags = domain->hvm ? XEN_X86_EMU_LAPIC : 0,
	};
	memcpy(info->handle, domain->uuid, sizeof(info->handle));
}

/* The domains from first on, at most max, each put into the info by fill. */
static int list(uint32_t first, unsigned int max,
		void (*fill)(void *info, unsigned int n, int domid,
			     const struct state_domain *domain),
		void *info)
{
	struct state *state = map.shared;
	unsigned int n = 0;

	if (state_count_call(state, STATE_CALL_GETINFO))
		return as_libxc(-ENOMEM);
	state_lock(state);
	for (uint32_t domid = first; domid < state->domid_end && n < max; domid++) {
		if (state->domain[domid].used)
			fill(info, n++, (int)domid, &state->domain[domid]);
	}
	state_unlock(state);
	return (int)n;
}

int xc_domain_getinfolist(xc_interface *xch, uint32_t first_domain, unsigned int max_domains,
			  xc_domaininfo_t *info)
{
	(void)xch;
	return list(first_domain, max_domains, fill_list, info);
}

/* Xen 4.18 put the second in place of the first. xenstored asks by them, one domain at a time. */
#if XEN_DOMCTL_INTERFACE_VERSION < 0x16
static void fill_old(void *list, unsigned int n, int domid, const struct state_domain *domain)
{
	xc_dominfo_t *info = (xc_dominfo_t *)list + n;

	*info = (xc_dominfo_t){
		.domid = (uint32_t)domid,
		.dying = domain->dying,
		.shutdown = domain->shutdown,
		.crashed = domain->shutdown && domain->shutdown_reason == SHUTDOWN_crash,
		.paused = domain->paused,
		.hvm = domain->hvm,
		.shutdown_reason = domain->shutdown_reason,
		.nr_pages = domain->tot_pages,
		.max_memkb = domain->max_pages * STATE_PAGE_KIB,
		.cpu_time = domain->vcpus * vcpu_ns(domain),
		.nr_online_vcpus = domain->vcpus,
		.max_vcpu_id = domain->vcpus - 1,
	};
	memcpy(info->handle, domain->uuid, sizeof(info->handle));
}

int xc_domain_getinfo(xc_interface *xch, uint32_t first_domid, unsigned int max_doms,
		      xc_dominfo_t *info)
{
	int n;

	(void)xch;
	n = list(first_domid, max_doms, fill_old, info);
	/* libxc: nothing at or after the first is an error. */
	return n == 0 && max_doms > 0 ? as_libxc(-ESRCH) : n;
}
#else
int xc_domain_getinfo_single(xc_interface *xch, uint32_t domid, xc_domaininfo_t *info)
{
	xc_domaininfo_t found;
	int n = list(domid, 1, fill_list, &found);

	(void)xch;
	if (n < 0)
		return n;
	if (n == 0 || found.domain != domid)
		return as_libxc(-ESRCH);
	if (info != NULL)
		*info = found;
	return 0;
}
#endif

int xc_vcpu_getinfo(xc_interface *xch, uint32_t domid, uint32_t vcpu, xc_vcpuinfo_t *info)
{
	struct state_domain domain;
	int rc = state_get(&map, (int)domid, &domain);

	(void)xch;
	if (rc == 0 && vcpu >= domain.vcpus)
		rc = -ESRCH;
	if (rc < 0)
		return as_libxc(rc);
	*info = (xc_vcpuinfo_t){ .vcpu = vcpu, .online = 1, .cpu_time = vcpu_ns(&domain) };
	return 0;
}

int xc_physinfo(xc_interface *xch, xc_physinfo_t *info)
{
	struct state *state = map.shared;

	(void)xch;
	if (state_count_call(state, STATE_CALL_PHYSINFO))
		return as_libxc(-ENOMEM);
	state_lock(state);
	*info = (xc_physinfo_t){
		.threads_per_core = 1,
		.cores_per_socket = 2,
		.nr_cpus = 2,
		.max_cpu_id = 1,
		.nr_nodes = 1,
		.cpu_khz = 2400000,
		.capabilities = XEN_SYSCTL_PHYSCAP_pv | XEN_SYSCTL_PHYSCAP_hvm,
		.total_pages = state->total_pages,
		.free_pages = state->free_pages,
		.max_mfn = state->total_pages,
	};
	state_unlock(state);
	return 0;
}

int xc_domain_setmaxmem(xc_interface *xch, uint32_t domid, uint64_t max_memkb)
{
	(void)xch;
	return as_libxc(state_setmaxmem(&map, (int)domid, max_memkb, false));
}

int xc_domain_get_pod_target(xc_interface *xch, uint32_t domid, uint64_t *tot_pages,
			     uint64_t *pod_cache_pages, uint64_t *pod_entries)
{
	struct state_domain domain;
	int rc = state_get(&map, (int)domid, &domain);

	(void)xch;
	if (rc == 0 && !domain.hvm)
		rc = -EINVAL;
	if (rc < 0)
		return as_libxc(rc);
	if (tot_pages != NULL)
		*tot_pages = domain.tot_pages;
	if (pod_cache_pages != NULL)
		*pod_cache_pages = 0;
	if (pod_entries != NULL)
		*pod_entries = 0;
	return 0;
}

int xc_domain_set_pod_target(xc_interface *xch, uint32_t domid, uint64_t target_pages,
			     uint64_t *tot_pages, uint64_t *pod_cache_pages, uint64_t *pod_entries)
{
	int rc = state_set_pod_target(&map, (int)domid, target_pages, false);

	if (rc < 0)
		return as_libxc(rc);
	return xc_domain_get_pod_target(xch, domid, tot_pages, pod_cache_pages, pod_entries);
}

int xc_version(xc_interface *xch, int cmd, void *arg)
{
	(void)xch;
	switch (cmd) {
	case XENVER_version:
		return 4 << 16 | 17;
	case XENVER_extraversion:
		snprintf(arg, sizeof(xen_extraversion_t), ".fake");
		return 0;
	case XENVER_capabilities:
		snprintf(arg, sizeof(xen_capabilities_info_t), "xen-3.0-x86_64 hvm-3.0-x86_64 ");
		return 0;
	case XENVER_pagesize:
		return 4096;
	default:
		return as_libxc(-ENOSYS);
	}
}
