/* SPDX-License-Identifier: MIT */
/*
 * Calls libxenctrl as the agent does and prints what comes back, a line a call; run with the test
 * bed's library preloaded. Used by 00-bed.bats.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xenctrl.h>

static void say(const char *call, int rc)
{
	printf("%s %d %s\n", call, rc, rc < 0 ? strerrorname_np(errno) : "-");
}

/* hypercalls DOMID: DOMID exists and is PVH; the domid above it doesn't exist. */
int main(int argc, char **argv)
{
	xc_interface *xch = xc_interface_open(NULL, NULL, 0);
	uint32_t domid = argc > 1 ? (uint32_t)atoi(argv[1]) : 0;
	static xc_domaininfo_t list[64];
	xc_physinfo_t physinfo = { .nr_cpus = 0 };
	int n;

	if (xch == NULL) {
		printf("no hypervisor: %s\n", strerror(errno));
		return 1;
	}
	printf("version %d\n", xc_version(xch, XENVER_version, NULL) >> 16);
	say("physinfo", xc_physinfo(xch, &physinfo));
	printf("host_kib %" PRIu64 "\n", (uint64_t)physinfo.total_pages * 4);
	n = xc_domain_getinfolist(xch, 0, 64, list);
	printf("domains %d first %d last %d\n", n, list[0].domain, list[n - 1].domain);
	printf("beyond %d\n", xc_domain_getinfolist(xch, domid + 1, 64, list));
	say("setmaxmem", xc_domain_setmaxmem(xch, domid, 300 * 1024));
	say("setmaxmem-gone", xc_domain_setmaxmem(xch, domid + 1, 300 * 1024));
	say("pod", xc_domain_set_pod_target(xch, domid, 200 * 256, NULL, NULL, NULL));
	say("pod-above-cap", xc_domain_set_pod_target(xch, domid, 301 * 256, NULL, NULL, NULL));
	n = xc_domain_getinfolist(xch, domid, 1, list);
	printf("cap_kib %" PRIu64 " hvm %d\n", (uint64_t)list[0].max_pages * 4,
	       (list[0].flags & XEN_DOMINF_hvm_guest) != 0);
	return xc_interface_close(xch) != 0;
}
