/* SPDX-License-Identifier: MIT */
/*
 * Boots, steps and ends the played guests. Knows how the parts of one fit together; the parts don't
 * know each other. Called by host.c and by the loop's tick.
 */
#include "guest.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <xen/io/xs_wire.h>
#include <xen/sched.h>
#include <xen/xen.h>

#include "bed.h"
#include "bridge.h"
#include "child.h"
#include "guestfs.h"
#include "loop.h"
#include "poster.h"

/* A guest's memory is stepped every so many ticks: often where somebody looks at its files. */
#define TURN_SERVED 4
#define TURN_POSTED 20

static void guest_folder(const struct guest *guest, const char *name, char *path, size_t size)
{
	snprintf(path, size, "%s/guests/%s%s", bed.dir, guest->spec.name, name);
}

void guest_log(const struct guest *guest, const char *format, ...)
{
	char path[BED_PATH_MAX + 128], when[32];
	time_t now = time(NULL);
	struct tm tm;
	va_list ap;
	FILE *file;

	if (guest->fs == NULL)
		return;
	guest_folder(guest, "/kernel.log", path, sizeof(path));
	file = fopen(path, "ae");
	if (file == NULL)
		return;
	strftime(when, sizeof(when), "%F %T", localtime_r(&now, &tm));
	fprintf(file, "%s domain %d: ", when, guest->spec.domid);
	va_start(ap, format);
	vfprintf(file, format, ap);
	va_end(ap);
	fputc('\n', file);
	fclose(file);
}

static void got_target(void *arg, uint32_t type, const char *body, size_t len)
{
	struct guest *guest = arg;
	uint64_t kib, diff;

	(void)len;
	if (type != XS_READ || !spec_number(body, UINT64_MAX / 1024, &kib))
		return;
	guest->target_key_kib = kib;
	/* watch_target(): what the driver doesn't count is no part of what it is asked for. */
	diff = spec_diff_kib(&guest->spec);
	balloon_set_target(&guest->balloon, kib - (kib < diff ? kib : diff));
	if (guest->poster != NULL)
		poster_hurry(guest->poster);
}

static void target_fired(void *arg, const char *path)
{
	struct guest *guest = arg;

	(void)path;
	bridge_call(guest->bridge, XS_READ, 0, "memory/target", sizeof("memory/target"), got_target,
		    guest);
}

static bool wants_daemon(const struct guest_spec *spec)
{
	if (bed.options.daemon == NULL || spec->daemon == SPEC_NO)
		return false;
	return spec->daemon == SPEC_YES || bed.daemon_count < bed.options.daemons;
}

static bool wants_poster(const struct guest *guest)
{
	if (guest->spec.poster != SPEC_AUTO)
		return guest->spec.poster == SPEC_YES;
	return !guest->has_daemon && guest->spec.daemon != SPEC_NO;
}

static int make_files(struct guest *guest)
{
	char path[BED_PATH_MAX + 128];

	if (guest->poster != NULL && !guest->has_daemon)
		return 0;
	guest_folder(guest, "", path, sizeof(path));
	guest->fs = guestfs_new(path, guest);
	return guest->fs != NULL ? 0 : -errno;
}

static void enlist(struct guest *guest)
{
	bed.guests[bed.guest_count++] = guest;
	bed.by_domid[guest->spec.domid] = guest;
	bed.daemon_count += guest->has_daemon;
}

/* The parts of a guest, in the order in which a machine gets them. */
static int boot(struct guest *guest)
{
	const struct kernel_config config = {
		.static_max_kib = guest->spec.static_max_kib,
		.swap_kib = guest->spec.swap_kib,
		.page_kib = guest->spec.page_kib,
		.overcommit = guest->spec.overcommit,
		.ratio = guest->spec.ratio,
	};
	struct state_domain domain;
	int rc = state_get(&bed.state, guest->spec.domid, &domain);

	if (rc < 0)
		return rc;
	balloon_boot(&guest->balloon, guest->spec.domid,
		     domain.tot_pages * STATE_PAGE_KIB - spec_extra_kib(&guest->spec),
		     guest->spec.static_max_kib - spec_diff_kib(&guest->spec),
		     guest->spec.page_kib);
	kernel_boot(&guest->kernel, &config, guest->balloon.current_kib);
	guest->bridge = bridge_new(&bed.state, guest->spec.domid);
	if (guest->bridge == NULL)
		return -errno;
	bridge_watch(guest->bridge, "memory/target", target_fired, guest);
	guest->has_daemon = wants_daemon(&guest->spec);
	if (wants_poster(guest) && (guest->poster = poster_new(guest)) == NULL)
		return -errno;
	return make_files(guest);
}

static void guest_free(struct guest *guest)
{
	poster_free(guest->poster);
	guestfs_free(guest->fs);
	bridge_free(guest->bridge);
	free(guest);
}

int guest_start(const struct guest_spec *spec, const struct workload *workload)
{
	struct guest *guest = calloc(1, sizeof(*guest));
	int rc = guest == NULL ? -ENOMEM : 0;

	if (rc == 0 && bed.guest_count == BED_GUESTS_MAX)
		rc = -ENOSPC;
	if (rc < 0) {
		free(guest);
		return rc;
	}
	guest->spec = *spec;
	guest->workload = *workload;
	guest->turn = bed.guest_count;
	guest->boot_ms = loop_now_ms();
	guest->last_step_ms = guest->boot_ms;
	guest->target_key_kib = spec_target_kib(spec);
	rc = boot(guest);
	if (rc < 0) {
		guest_free(guest);
		return rc;
	}
	enlist(guest);
	guest_log(guest, "booted with %llu KiB of %llu",
		  (unsigned long long)guest->balloon.current_kib,
		  (unsigned long long)spec->static_max_kib);
	if (guest->has_daemon)
		rc = guest_daemon_start(guest);
	return rc;
}

void guest_stop(struct guest *guest)
{
	unsigned int i = 0;

	guest_daemon_signal(guest, SIGKILL);
	guest_log(guest, "is gone");
	while (bed.guests[i] != guest)
		i++;
	bed.guests[i] = bed.guests[--bed.guest_count];
	bed.by_domid[guest->spec.domid] = NULL;
	bed.daemon_count -= guest->has_daemon;
	guest_free(guest);
}

struct guest *guest_find(const char *name)
{
	uint64_t domid;

	if (spec_number(name, STATE_DOMAINS - 1, &domid))
		return bed.by_domid[domid];
	for (unsigned int i = 0; i < bed.guest_count; i++) {
		if (strcmp(bed.guests[i]->spec.name, name) == 0)
			return bed.guests[i];
	}
	return NULL;
}

int guest_socket(struct guest *guest, char *path, size_t size)
{
	snprintf(path, size, "%s/%d", bed.sockets, guest->spec.domid);
	return bridge_listen(guest->bridge, path);
}

static int run_daemon(struct guest *guest, const char *const *env)
{
	char proc[BED_PATH_MAX + 128], sys[BED_PATH_MAX + 128], hypervisor[BED_PATH_MAX + 128];
	char log[BED_PATH_MAX + 128];
	const char *program[] = { bed.options.daemon, "--procfs", proc, "--sysfs", sys,
				  "--hypervisor",     hypervisor, NULL };
	const char *argv[UNIT_WORDS + sizeof(program) / sizeof(program[0])];
	struct child_spec spec = { .argv = argv, .env = env, .log = log };

	guest_folder(guest, "/proc", proc, sizeof(proc));
	guest_folder(guest, "/sys", sys, sizeof(sys));
	guest_folder(guest, "/hypervisor", hypervisor, sizeof(hypervisor));
	guest_folder(guest, "/daemon.log", log, sizeof(log));
	memcpy(argv + unit_words(&bed.unit, argv), program, sizeof(program));
	return child_start(&spec);
}

int guest_daemon_start(struct guest *guest)
{
	char path[BED_SOCKET_MAX + 32], socket[BED_SOCKET_MAX + 16];
	char preload[BED_PATH_MAX + 32], page[32];
	bool large = guest->spec.page_kib != STATE_PAGE_KIB;
	const char *env[] = { path, large ? preload : "LD_PRELOAD", "XENBED_STATE",
			      large ? page : NULL, NULL };
	int rc;

	if (bed.options.daemon == NULL || guest->fs == NULL)
		return -ENOENT;
	if (guest->daemon > 0)
		return -EALREADY;
	rc = guest_socket(guest, socket, sizeof(socket));
	if (rc < 0)
		return rc;
	snprintf(path, sizeof(path), "XENSTORED_PATH=%s", socket);
	/* It asks the C library how large a page is. */
	snprintf(preload, sizeof(preload), "LD_PRELOAD=%s", bed.library);
	snprintf(page, sizeof(page), "XENBED_PAGE_KIB=%u", guest->spec.page_kib);
	rc = run_daemon(guest, env);
	if (rc < 0)
		return rc;
	guest->daemon = rc;
	return 0;
}

int guest_daemon_signal(struct guest *guest, int signal)
{
	if (guest->daemon <= 0)
		return -ESRCH;
	kill(guest->daemon, signal);
	return 0;
}

bool guest_daemon_ended(pid_t pid, int status)
{
	for (unsigned int i = 0; i < bed.guest_count; i++) {
		struct guest *guest = bed.guests[i];

		if (guest->daemon != pid)
			continue;
		guest->daemon = 0;
		guest_log(guest, "daemon ended: %s %d", WIFSIGNALED(status) ? "signal" : "status",
			  WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
		return true;
	}
	return false;
}

static void crash(struct guest *guest)
{
	guest->crashed = true;
	guest_log(guest, "Kernel panic - not syncing: System is deadlocked on memory");
	guest_daemon_signal(guest, SIGKILL);
	state_shutdown(&bed.state, guest->spec.domid, SHUTDOWN_crash);
}

static void step_memory(struct guest *guest, int64_t now_ms)
{
	struct workload_wants wants;

	workload_wants(&guest->workload, now_ms, &wants);
	switch (kernel_step(&guest->kernel, &wants, now_ms, now_ms - guest->last_step_ms)) {
	case KERNEL_OOM_KILL:
		guest_log(guest, "Out of memory: killed its workload, which had %llu KiB",
			  (unsigned long long)(wants.anon_kib + wants.locked_kib));
		break;
	case KERNEL_PANIC:
		crash(guest);
		break;
	case KERNEL_GOES_ON:
		break;
	}
	guest->last_step_ms = now_ms;
	if (guest->poster != NULL && !guest->crashed)
		poster_step(guest->poster, now_ms);
}

static bool step_balloon(struct guest *guest, int64_t now_ms)
{
	uint32_t hotplugs = guest->balloon.hotplugs;
	bool moved = balloon_step(&guest->balloon, &bed.state, &guest->kernel, now_ms, BED_TICK_MS);

	if (guest->balloon.hotplugs != hotplugs)
		guest_log(guest,
			  "hotplug: target_kb %llu is above all pages, %llu; plugged up to %llu",
			  (unsigned long long)guest->balloon.target_kib,
			  (unsigned long long)guest->balloon.pages_kib,
			  (unsigned long long)guest->balloon.total_kib);
	return moved;
}

static void step(struct guest *guest, int64_t now_ms, unsigned int tick)
{
	bool often = guest->fs != NULL || kernel_restless(&guest->kernel);
	unsigned int turns = often ? TURN_SERVED : TURN_POSTED;
	bool its_turn = (tick + guest->turn) % turns == 0;
	bool moved = step_balloon(guest, now_ms);

	if (its_turn)
		step_memory(guest, now_ms);
	if (guest->fs != NULL && (moved || its_turn))
		guestfs_update(guest->fs, (tick + guest->turn) % TURN_POSTED == 0);
}

void guest_tick(int64_t now_ms)
{
	static unsigned int tick;

	tick++;
	for (unsigned int i = 0; i < bed.guest_count; i++) {
		if (!bed.guests[i]->crashed)
			step(bed.guests[i], now_ms, tick);
	}
}
