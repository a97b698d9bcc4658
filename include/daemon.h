/* SPDX-License-Identifier: MIT */
/*
 * The daemon: sizes the guest and talks with dom0 until it is told to end.
 */
#ifndef XENBALLOON_DAEMON_H
#define XENBALLOON_DAEMON_H

#include <stdbool.h>

#define DAEMON_MODULE "/sys/module/xen_selfballoon"

/* Where things are; what the command line says. */
struct places {
	const char *procfs;	/* as /proc */
	const char *sysfs;	/* the balloon driver's directory */
	const char *hypervisor; /* as /sys/hypervisor */
	const char *config;
	bool syslog;	    /* the log goes there, too */
	bool stop_stays;    /* SIGTERM leaves the guest's size, too */
	const char *module; /* is there while the kernel module sizes this guest */
};

/*
 * Runs in the foreground until SIGTERM or SIGINT; SIGHUP reads the configuration anew. An exit
 * status. After SIGINT another is to follow soon, so that the guest keeps its size; after SIGTERM
 * nobody would let it grow any more, so that it grows to what it may have if selfballoon is 1.
 */
int daemon_run(const struct places *places);

#endif
