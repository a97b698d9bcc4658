/* SPDX-License-Identifier: MIT */
/*
 * Joins the toolstack's part of a guest (store and hypervisor) with its played part. Called by the
 * commands and by the start.
 */
#include "host.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xen/sched.h>
#include <xen/xen.h>

#include "bed.h"
#include "bridge.h"
#include "child.h"
#include "driverfs.h"
#include "loop.h"
#include "poster.h"
#include "toolstack.h"

#define STORE_WAIT_MS 10000

static int fail(char *error, int rc, const char *format, ...) __attribute__((format(printf, 3, 4)));

static int fail(char *error, int rc, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(error, HOST_ERROR_MAX, format, ap);
	va_end(ap);
	return rc;
}

uint64_t host_even_share_kib(unsigned int guests)
{
	uint64_t taken = (bed.state.shared->xen_pages + bed.state.shared->domain[0].tot_pages) *
				 STATE_PAGE_KIB +
			 BED_SLACK_KIB;
	uint64_t own = STATE_DOMAIN_PAGES * STATE_PAGE_KIB;
	uint64_t share;

	if (guests == 0 || taken >= bed.options.host_kib)
		return 0;
	share = (bed.options.host_kib - taken) / guests;
	if (share < own + BED_GUEST_MIN_KIB)
		return 0;
	share = (share - own) / 1024 * 1024;
	return share < bed.options.guest.static_max_kib ? share : bed.options.guest.static_max_kib;
}

/* A UUID of version 4 that follows from the seed and how many there were before. */
static void make_uuid(uint8_t uuid[16])
{
	static uint32_t count;
	uint64_t x = ((uint64_t)bed.options.seed << 32) + ++count;

	for (int i = 0; i < 16; i++) {
		/* splitmix64 */
		uint64_t z = x += 0x9e3779b97f4a7c15u;

		z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
		z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
		uuid[i] = (uint8_t)(z ^ (z >> 31));
	}
	uuid[6] = (uuid[6] & 0x0f) | 0x40;
	uuid[8] = (uuid[8] & 0x3f) | 0x80;
}

static int check(const struct guest_spec *spec, char *error)
{
	uint64_t least = 2 * spec_diff_kib(spec);

	if (spec->refuse && !driverfs_runs())
		return fail(error, -ENOSYS, "%s: target_kb=refuse takes root and /dev/fuse",
			    spec->name);
	if (spec->memory_kib < least)
		return fail(error, -EINVAL,
			    "%s: memory is at least %llu KiB, twice what its driver doesn't count",
			    spec->name, (unsigned long long)least);
	return 0;
}

static int complete(struct guest_spec *spec, char *error)
{
	static const uint8_t none[16];
	bool given = spec->memory_kib > 0;

	if (memcmp(spec->uuid, none, sizeof(none)) == 0)
		make_uuid(spec->uuid);
	if (spec->memory_kib == 0)
		spec->memory_kib =
			host_even_share_kib(bed.options.guests > 0 ? bed.options.guests : 1);
	if (spec->memory_kib > spec->static_max_kib && !given)
		spec->memory_kib = spec->static_max_kib;
	if (spec->memory_kib > spec->static_max_kib)
		return fail(error, -EINVAL, "%s: memory is at most the static maximum, %llu MiB",
			    spec->name, (unsigned long long)spec->static_max_kib / 1024);
	if (spec->memory_kib == 0)
		return fail(error, -ENOMEM,
			    "say --memory-mib: the host has no room for all guests");
	return check(spec, error);
}

struct start {
	const struct guest_spec *spec;
	const struct workload *workload;
};

static int call_find(void *arg)
{
	return guest_find(arg) != NULL ? -EEXIST : 0;
}

static int call_start(void *arg)
{
	struct start *start = arg;

	return guest_start(start->spec, start->workload);
}

static int call_introduced(void *arg)
{
	const struct guest_spec *spec = arg;

	if (bed.by_domid[spec->domid] == NULL)
		return -ESRCH;
	bridge_open(bed.by_domid[spec->domid]->bridge);
	return 0;
}

static int call_stop(void *arg)
{
	const struct guest_spec *spec = arg;
	struct guest *guest = bed.by_domid[spec->domid];

	if (guest == NULL)
		return -ESRCH;
	guest_stop(guest);
	return 0;
}

static void undo(struct xs_handle *xs, struct guest_spec *spec)
{
	toolstack_destroy(xs, &bed.state, spec);
	loop_call(call_stop, spec);
}

/* The first half of xl create: hypervisor and store. */
static int build(struct xs_handle *xs, struct guest_spec *spec, char *error)
{
	int rc = complete(spec, error);

	if (rc < 0)
		return rc;
	if (loop_call(call_find, spec->name) < 0)
		return fail(error, -EEXIST, "there is a guest %s already", spec->name);
	rc = toolstack_build(&bed.state, spec);
	if (rc < 0)
		return fail(error, rc, "cannot build %s with %llu KiB: %s", spec->name,
			    (unsigned long long)spec->memory_kib, strerror(-rc));
	rc = toolstack_write_nodes(xs, spec, spec_target_kib(spec));
	if (rc == 0)
		return 0;
	undo(xs, spec);
	return fail(error, rc, "cannot write the nodes of %s: %s", spec->name, strerror(-rc));
}

/* The second half: the guest itself, made known to xenstored. */
static int boot(struct xs_handle *xs, struct guest_spec *spec, const struct workload *workload,
		char *error)
{
	struct start start = { spec, workload };
	/* The guest's ring is made ready before xenstored looks at it. */
	int rc = loop_call(call_start, &start);

	if (rc == 0)
		rc = toolstack_introduce(xs, spec->domid);
	if (rc == 0)
		rc = loop_call(call_introduced, spec);
	if (rc == 0)
		return state_unpause(&bed.state, spec->domid);
	undo(xs, spec);
	return fail(error, rc, "cannot start %s: %s", spec->name, strerror(-rc));
}

/* Takes the toolstack's lock and a connection; NULL, with the lock free, if there is none. */
static struct xs_handle *begin(char *error)
{
	struct xs_handle *xs;

	pthread_mutex_lock(&bed.toolstack);
	xs = toolstack_open();
	if (xs == NULL) {
		pthread_mutex_unlock(&bed.toolstack);
		fail(error, -ENOTCONN, "xenstored does not answer");
	}
	return xs;
}

static void end(struct xs_handle *xs)
{
	toolstack_close(xs);
	pthread_mutex_unlock(&bed.toolstack);
}

int host_create(struct guest_spec *spec, const struct workload *workload, char *error)
{
	struct xs_handle *xs = begin(error);
	int rc;

	if (xs == NULL)
		return -ENOTCONN;
	rc = build(xs, spec, error);
	if (rc == 0)
		rc = boot(xs, spec, workload, error);
	end(xs);
	return rc;
}

int host_create_all(struct guest_spec *specs, unsigned int count,
		    void (*progress)(const char *what, unsigned int done), char *error)
{
	const struct workload idle = { .count = 0 };
	struct xs_handle *xs = begin(error);
	int rc = xs != NULL ? 0 : -ENOTCONN;

	for (unsigned int i = 0; rc == 0 && i < count; i++) {
		progress("built", i);
		rc = build(xs, &specs[i], error);
	}
	for (unsigned int i = 0; rc == 0 && i < count; i++) {
		progress("up", i);
		rc = boot(xs, &specs[i], &idle, error);
	}
	if (rc == 0)
		progress("up", count);
	if (xs != NULL)
		end(xs);
	return rc;
}

struct lookup {
	const char *name;
	struct guest_spec spec;
	struct workload workload;
};

/* A copy of what a guest is: it may change while the toolstack works. */
static int call_look_up(void *arg)
{
	struct lookup *lookup = arg;
	struct guest *guest = guest_find(lookup->name);

	if (guest == NULL)
		return -ESRCH;
	lookup->spec = guest->spec;
	lookup->workload = guest->workload;
	return 0;
}

static int look_up(struct lookup *lookup, char *error)
{
	int rc = loop_call(call_look_up, lookup);

	return rc < 0 ? fail(error, rc, "there is no guest %s", lookup->name) : 0;
}

static int destroy_steps(struct xs_handle *xs, struct lookup *lookup, char *error)
{
	int rc = toolstack_destroy(xs, &bed.state, &lookup->spec);

	if (rc < 0)
		return fail(error, rc, "cannot destroy %s: %s", lookup->name, strerror(-rc));
	return loop_call(call_stop, &lookup->spec);
}

int host_destroy(const char *name, char *error)
{
	struct lookup lookup = { .name = name };
	struct xs_handle *xs = begin(error);
	int rc;

	if (xs == NULL)
		return -ENOTCONN;
	rc = look_up(&lookup, error);
	if (rc == 0)
		rc = destroy_steps(xs, &lookup, error);
	end(xs);
	return rc;
}

int host_reboot(const char *name, int *domid, char *error)
{
	struct lookup lookup = { .name = name };
	struct xs_handle *xs = begin(error);
	uint64_t target;
	int rc;

	if (xs == NULL)
		return -ENOTCONN;
	rc = look_up(&lookup, error);
	if (rc == 0) {
		/* xl takes the new domain's memory from the old one's target. */
		target = toolstack_target_kib(xs, lookup.spec.domid);
		state_shutdown(&bed.state, lookup.spec.domid, SHUTDOWN_reboot);
		rc = destroy_steps(xs, &lookup, error);
	}
	if (rc == 0) {
		lookup.spec.domid = -1;
		if (target > 0)
			lookup.spec.memory_kib += target - spec_target_kib(&lookup.spec);
		rc = build(xs, &lookup.spec, error);
	}
	if (rc == 0)
		rc = boot(xs, &lookup.spec, &lookup.workload, error);
	*domid = lookup.spec.domid;
	end(xs);
	return rc;
}

static int resize(const char *name, uint64_t mib, char *error,
		  int (*set)(struct xs_handle *xs, struct state_map *state, int domid, uint64_t mib,
			     char *error, size_t size))
{
	struct lookup lookup = { .name = name };
	struct xs_handle *xs = begin(error);
	int rc;

	if (xs == NULL)
		return -ENOTCONN;
	error[0] = '\0';
	rc = strcmp(name, "0") == 0 || strcmp(name, "Domain-0") == 0 ? 0 : look_up(&lookup, error);
	if (rc == 0)
		rc = set(xs, &bed.state, lookup.spec.domid, mib, error, HOST_ERROR_MAX);
	if (rc < 0 && error[0] == '\0')
		fail(error, rc, "%s", strerror(-rc));
	end(xs);
	return rc;
}

int host_mem_set(const char *name, uint64_t mib, char *error)
{
	return resize(name, mib, error, toolstack_mem_set);
}

int host_mem_max(const char *name, uint64_t mib, char *error)
{
	return resize(name, mib, error, toolstack_mem_max);
}

/* With fresh rings; on the loop's thread, whose child xenstored has to be. */
static int call_store_spawn(void *arg)
{
	char run[BED_SOCKET_MAX + 32], state[BED_PATH_MAX + 32], preload[BED_PATH_MAX + 32];
	char trace[BED_PATH_MAX + 32], log[BED_PATH_MAX + 32];
	const char *argv[] = { bed.options.xenstored, "--no-fork", NULL, NULL, NULL };
	const char *env[] = { run, state, preload, "XENSTORED_PATH", NULL };
	struct child_spec spec = { .argv = argv, .env = env, .log = log };
	void *dom0;
	int rc;

	(void)arg;
	if (bed.xenstored > 0)
		return -EALREADY;
	snprintf(run, sizeof(run), "XENSTORED_RUNDIR=%s", bed.sockets);
	snprintf(state, sizeof(state), "XENBED_STATE=%s", bed.dir);
	snprintf(preload, sizeof(preload), "LD_PRELOAD=%s", bed.library);
	snprintf(trace, sizeof(trace), "%s/xenstored.trace", bed.dir);
	snprintf(log, sizeof(log), "%s/xenstored.log", bed.dir);
	argv[2] = bed.options.trace ? "--trace-file" : NULL;
	argv[3] = bed.options.trace ? trace : NULL;
	state_forget_events(&bed.state);
	dom0 = state_map_ring(&bed.state, 0);
	if (dom0 == NULL)
		return -errno;
	memset(dom0, 0, 4096);
	munmap(dom0, 4096);
	rc = child_start(&spec);
	if (rc < 0)
		return rc;
	bed.xenstored = rc;
	bed.store_starts++;
	return 0;
}

struct survivors {
	struct guest_spec specs[BED_GUESTS_MAX];
	uint64_t targets_kib[BED_GUESTS_MAX];
	unsigned int count;
};

static int call_list(void *arg)
{
	struct survivors *all = arg;

	all->count = bed.guest_count;
	for (unsigned int i = 0; i < bed.guest_count; i++) {
		all->specs[i] = bed.guests[i]->spec;
		all->targets_kib[i] = bed.guests[i]->target_key_kib;
	}
	return 0;
}

static int call_reset(void *arg)
{
	struct guest_spec *spec = arg;
	struct guest *guest = bed.by_domid[spec->domid];

	if (guest == NULL)
		return -ESRCH;
	bridge_reset(guest->bridge);
	if (guest->poster != NULL)
		poster_reset(guest->poster);
	return 0;
}

static int restore_guest(struct xs_handle *xs, struct guest_spec *spec, uint64_t target_kib)
{
	int rc = toolstack_write_nodes(xs, spec, target_kib);

	if (rc == 0)
		rc = loop_call(call_reset, spec);
	if (rc == 0)
		rc = toolstack_introduce(xs, spec->domid);
	if (rc == 0)
		rc = loop_call(call_introduced, spec);
	return rc;
}

static int restore_all(struct xs_handle *xs)
{
	struct survivors *all = calloc(1, sizeof(*all));
	int rc = all == NULL ? -ENOMEM : toolstack_init_dom0(xs, &bed.state);

	if (rc == 0)
		rc = loop_call(call_list, all);
	for (unsigned int i = 0; rc == 0 && i < all->count; i++)
		rc = restore_guest(xs, &all->specs[i], all->targets_kib[i]);
	free(all);
	return rc;
}

static struct xs_handle *wait_for_store(void)
{
	int64_t deadline = loop_now_ms() + STORE_WAIT_MS;
	struct xs_handle *xs;

	while ((xs = toolstack_open()) == NULL && bed.xenstored > 0 && loop_now_ms() < deadline)
		usleep(5000);
	return xs;
}

int host_store_start(char *error)
{
	struct xs_handle *xs = NULL;
	int rc;

	pthread_mutex_lock(&bed.toolstack);
	rc = loop_call(call_store_spawn, NULL);
	if (rc == 0 && (xs = wait_for_store()) == NULL)
		rc = -ENOTCONN;
	if (rc == 0)
		rc = restore_all(xs);
	if (rc == -EALREADY)
		fail(error, rc, "xenstored is running");
	else if (rc < 0)
		fail(error, rc, "xenstored did not start (%s): see %.150s/xenstored.log",
		     strerror(-rc), bed.dir);
	end(xs);
	return rc;
}

int host_store_signal(int signal)
{
	if (bed.xenstored <= 0)
		return -ESRCH;
	return kill(bed.xenstored, signal) < 0 ? -errno : 0;
}

bool host_store_ended(pid_t pid)
{
	if (pid != bed.xenstored)
		return false;
	bed.xenstored = 0;
	return true;
}
