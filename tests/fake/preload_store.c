/* SPDX-License-Identifier: MIT */
/*
 * What xenstored alone needs of Xen: event channels (a FIFO of ports), grants (pages of one file)
 * and dom0's two files in /proc/xen. A guest's ring page and port are found by its domid, whatever
 * was given at introduction: the bed has one of each per domain.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>
#include <xenevtchn.h>
#include <xengnttab.h>

#include "preload.h"
#include "state.h"

/* Where dom0's kernel has its port and page, as files of the bed. */
static const struct redirect {
	const char *path;
	const char *name;
} redirects[] = {
	{ "/proc/xen/xsd_port", "xsd_port" },
	{ "/proc/xen/xsd_kva", "rings" }, /* page 0 is dom0's */
};

static const char *redirected(const char *path, char *buf, size_t size)
{
	const char *dir = getenv("XENBED_STATE");

	if (dir == NULL || strncmp(path, "/proc/xen/", 10) != 0)
		return path;
	for (size_t i = 0; i < sizeof(redirects) / sizeof(redirects[0]); i++) {
		if (strcmp(path, redirects[i].path) == 0) {
			snprintf(buf, size, "%s/%s", dir, redirects[i].name);
			return buf;
		}
	}
	return path;
}

int open(const char *path, int flags, ...)
{
	static int (*real_open)(const char *, int, ...);
	char buf[4096];
	mode_t mode = 0;
	va_list ap;

	if (flags & (O_CREAT | O_TMPFILE)) {
		va_start(ap, flags);
		mode = va_arg(ap, mode_t);
		va_end(ap);
	}
	if (real_open == NULL)
		real_open = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open");
	return real_open(redirected(path, buf, sizeof(buf)), flags, mode);
}

xenevtchn_handle *xenevtchn_open(struct xentoollog_logger *logger, unsigned int flags)
{
	(void)logger, (void)flags;
	return (xenevtchn_handle *)preload_state();
}

xenevtchn_handle *xenevtchn_fdopen(struct xentoollog_logger *logger, int fd, unsigned open_flags)
{
	(void)fd;
	return xenevtchn_open(logger, open_flags);
}

int xenevtchn_close(xenevtchn_handle *xce)
{
	(void)xce;
	return 0;
}

int xenevtchn_fd(xenevtchn_handle *xce)
{
	(void)xce;
	return preload_state()->store_fd;
}

int xenevtchn_notify(xenevtchn_handle *xce, evtchn_port_t port)
{
	(void)xce;
	if (port >= STATE_PORT_FIRST)
		state_event_to_guest(preload_state(), port - STATE_PORT_FIRST);
	return 0;
}

xenevtchn_port_or_error_t xenevtchn_bind_interdomain(xenevtchn_handle *xce, uint32_t domid,
						     evtchn_port_t remote_port)
{
	(void)xce, (void)remote_port;
	if (domid < STATE_DOMAINS)
		return (xenevtchn_port_or_error_t)(STATE_PORT_FIRST + domid);
	errno = ESRCH;
	return -1;
}

xenevtchn_port_or_error_t xenevtchn_bind_virq(xenevtchn_handle *xce, unsigned int virq)
{
	(void)xce, (void)virq;
	return STATE_PORT_VIRQ;
}

int xenevtchn_unbind(xenevtchn_handle *xce, evtchn_port_t port)
{
	(void)xce, (void)port;
	return 0;
}

xenevtchn_port_or_error_t xenevtchn_pending(xenevtchn_handle *xce)
{
	int port = state_next_for_store(preload_state());

	(void)xce;
	if (port >= 0)
		return port;
	errno = EAGAIN;
	return -1;
}

int xenevtchn_unmask(xenevtchn_handle *xce, evtchn_port_t port)
{
	(void)xce, (void)port;
	return 0;
}

xengnttab_handle *xengnttab_open(struct xentoollog_logger *logger, unsigned open_flags)
{
	(void)logger, (void)open_flags;
	return (xengnttab_handle *)preload_state();
}

int xengnttab_close(xengnttab_handle *xgt)
{
	(void)xgt;
	return 0;
}

int xengnttab_set_max_grants(xengnttab_handle *xgt, uint32_t nr_grants)
{
	(void)xgt, (void)nr_grants;
	return 0;
}

void *xengnttab_map_grant_ref(xengnttab_handle *xgt, uint32_t domid, uint32_t ref, int prot)
{
	(void)xgt, (void)ref, (void)prot;
	return state_map_ring(preload_state(), (int)domid);
}

int xengnttab_unmap(xengnttab_handle *xgt, void *start_address, uint32_t count)
{
	(void)xgt;
	return munmap(start_address, (size_t)count * 4096);
}
