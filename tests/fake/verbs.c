/* SPDX-License-Identifier: MIT */
/*
 * What each command of `xenbed ctl` does: a row in a table. Those that only look at guests run on
 * the loop's thread; those that wait for xenstored run on the connection's.
 */
#include "verbs.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xen/sched.h>
#include <xen/xen.h>

#include "bed.h"
#include "guest.h"
#include "host.h"
#include "loop.h"
#include "poster.h"

struct call {
	char **words; /* after the verb */
	int count;
	FILE *out;
};

static int no_guest(const struct call *call)
{
	fprintf(call->out, "there is no guest %s\n", call->words[0]);
	return -ESRCH;
}

/* A refusal in words, if there is one. */
static int answer(const struct call *call, int rc, const char *error)
{
	if (rc < 0)
		fprintf(call->out, "%s\n", error);
	return rc;
}

static int do_create(struct call *call)
{
	struct guest_spec spec = bed.options.guest;
	struct workload idle = { .count = 0 };
	char error[HOST_ERROR_MAX];
	int rc;

	if (!spec_name_ok(call->words[0])) {
		fprintf(call->out, "a name is 1 to 63 letters, digits, '.', '_' or '-', the first "
				   "a letter\n");
		return -EINVAL;
	}
	snprintf(spec.name, sizeof(spec.name), "%s", call->words[0]);
	for (int i = 1; i < call->count; i += 2) {
		if (strncmp(call->words[i], "--", 2) != 0 || i + 1 == call->count) {
			fprintf(call->out, "options are --NAME VALUE, not %s\n", call->words[i]);
			return -EINVAL;
		}
		if (!spec_set(&spec, call->words[i] + 2, call->words[i + 1], error, sizeof(error)))
			return answer(call, -EINVAL, error);
	}
	rc = host_create(&spec, &idle, error);
	if (rc == 0)
		fprintf(call->out, "%d\n", spec.domid);
	return answer(call, rc, error);
}

static int do_destroy(struct call *call)
{
	char error[HOST_ERROR_MAX];

	return answer(call, host_destroy(call->words[0], error), error);
}

static int do_reboot(struct call *call)
{
	char error[HOST_ERROR_MAX];
	int domid;
	int rc = host_reboot(call->words[0], &domid, error);

	if (rc == 0)
		fprintf(call->out, "%d\n", domid);
	return answer(call, rc, error);
}

static int with_mib(struct call *call, int (*set)(const char *name, uint64_t mib, char *error))
{
	char error[HOST_ERROR_MAX];
	uint64_t mib;

	if (!spec_number(call->words[1], UINT64_MAX / 1024 / 1024, &mib))
		return answer(call, -EINVAL, "a size is a number of MiB");
	return answer(call, set(call->words[0], mib, error), error);
}

static int do_mem_set(struct call *call)
{
	return with_mib(call, host_mem_set);
}

static int do_mem_max(struct call *call)
{
	return with_mib(call, host_mem_max);
}

static const char *state_name(const struct state_domain *domain)
{
	if (domain->dying)
		return "dying";
	if (domain->shutdown)
		return domain->shutdown_reason == SHUTDOWN_crash ? "crashed" : "shutdown";
	return domain->paused ? "paused" : "running";
}

static int compare_domids(const void *a, const void *b)
{
	return (*(struct guest *const *)a)->spec.domid - (*(struct guest *const *)b)->spec.domid;
}

static void list_row(FILE *out, const struct guest *guest, bool json, bool first)
{
	struct state_domain domain = { .used = false };
	char uuid[SPEC_UUID_LEN];

	state_get(&bed.state, guest->spec.domid, &domain);
	spec_uuid_text(guest->spec.uuid, uuid);
	fprintf(out,
		json ? "%s{\"domid\":%d,\"name\":\"%s\",\"uuid\":\"%s\",\"type\":\"%s\","
		       "\"state\":\"%s\",\"allocated_kib\":%" PRIu64 ",\"cap_kib\":%" PRIu64
		       ",\"target_kib\":%" PRIu64 ",\"static_max_kib\":%" PRIu64
		       ",\"current_kib\":%" PRIu64 ",\"reporter\":\"%s\"}"
		     : "%s%5d %-16s %s %-4s %-8s %9" PRIu64 " %9" PRIu64 " %9" PRIu64 " %9" PRIu64
		       " %9" PRIu64 " %s\n",
		json && !first ? ",\n" : "", guest->spec.domid, guest->spec.name, uuid,
		spec_type_name(guest->spec.type), state_name(&domain),
		domain.tot_pages * STATE_PAGE_KIB, domain.max_pages * STATE_PAGE_KIB,
		guest->target_key_kib, guest->spec.static_max_kib, guest->balloon.current_kib,
		guest->daemon > 0	? "daemon"
		: guest->poster != NULL ? "poster"
					: "none");
}

static int do_list(struct call *call)
{
	bool json = call->count > 0 && strcmp(call->words[0], "--json") == 0;

	qsort(bed.guests, bed.guest_count, sizeof(bed.guests[0]), compare_domids);
	if (json)
		fprintf(call->out, "[");
	else
		fprintf(call->out, "%5s %-16s %-36s %-4s %-8s %9s %9s %9s %9s %9s %s\n", "domid",
			"name", "uuid", "type", "state", "allocated", "cap", "target", "staticmax",
			"current", "reporter");
	for (unsigned int i = 0; i < bed.guest_count; i++)
		list_row(call->out, bed.guests[i], json, i == 0);
	if (json)
		fprintf(call->out, "]\n");
	return 0;
}

static int do_workload(struct call *call)
{
	struct guest *guest = guest_find(call->words[0]);
	struct workload workload;
	char error[HOST_ERROR_MAX];

	if (guest == NULL)
		return no_guest(call);
	if (!workload_parse(&workload, call->words + 1, (size_t)call->count - 1, error,
			    sizeof(error)))
		return answer(call, -EINVAL, error);
	workload.start_ms = loop_now_ms();
	guest->workload = workload;
	/* The service manager starts it: whatever was killed before doesn't hold it up. */
	guest->kernel.killed_until_ms = 0;
	return 0;
}

static int do_stats(struct call *call)
{
	struct guest *guest = guest_find(call->words[0]);
	char workload[256];

	if (guest == NULL)
		return no_guest(call);
	workload_describe(&guest->workload, workload, sizeof(workload));
	fprintf(call->out,
		"workload=%s\ncrashed=%d\ndaemon_pid=%d\ncurrent_kib=%" PRIu64
		"\ntarget_kib=%" PRIu64 "\nmemtotal_kib=%" PRIu64 "\ndemand_kib=%" PRIu64
		"\ncommitted_kib=%" PRIu64 "\nanon_kib=%" PRIu64 "\nswapped_kib=%" PRIu64
		"\nfree_kib=%" PRIu64 "\navailable_kib=%" PRIu64 "\npsi=%.0f\nrefusals=%" PRIu64
		"\ngave_up=%d\nhotplugs=%u\ntarget_writes=%" PRIu64 "\nrefused_writes=%" PRIu64
		"\nrefused_requests=%" PRIu64 "\nreread_kib=%" PRIu64 "\nhugetlb_kib=%" PRIu64
		"\narc_kib=%" PRIu64 "\nlocked_kib=%" PRIu64 "\ncache_kib=%" PRIu64
		"\ncached_kib=%" PRIu64 "\noom_kills=%" PRIu64 "\nreports=%" PRIu64 "\n",
		workload, guest->crashed, (int)guest->daemon, guest->balloon.current_kib,
		guest->balloon.target_kib, guest->kernel.total_kib, guest->kernel.demand_kib,
		guest->kernel.committed_kib, guest->kernel.anon_kib, guest->kernel.swapped_kib,
		guest->kernel.free_kib, guest->kernel.available_kib, guest->kernel.some.avg10 * 100,
		guest->balloon.refusals, guest->balloon.state == BALLOON_CANCELED,
		guest->balloon.hotplugs, guest->target_writes, guest->refused_writes,
		guest->kernel.refused, guest->kernel.counters.refault, guest->kernel.hugetlb_kib,
		guest->kernel.arc_kib, guest->kernel.locked_kib, guest->kernel.cache_kib,
		guest->kernel.cached_kib, guest->kernel.oom_kills,
		guest->poster != NULL ? poster_reports(guest->poster) : 0);
	return 0;
}

static int do_guest_env(struct call *call)
{
	struct guest *guest = guest_find(call->words[0]);
	char path[BED_SOCKET_MAX + 16];
	int rc;

	if (guest == NULL)
		return no_guest(call);
	rc = guest_socket(guest, path, sizeof(path));
	if (rc == 0)
		fprintf(call->out, "XENSTORED_PATH=%s\n", path);
	return answer(call, rc, strerror(-rc));
}

static int do_host_free(struct call *call)
{
	struct state *state = bed.state.shared;
	uint64_t held = 0, domains = 0;

	state_lock(state);
	for (uint32_t i = 0; i < state->domid_end; i++) {
		held += state->domain[i].used ? state->domain[i].tot_pages : 0;
		domains += state->domain[i].used;
	}
	fprintf(call->out,
		"total_kib=%" PRIu64 "\nfree_kib=%" PRIu64 "\nallocated_kib=%" PRIu64
		"\noverhead_kib=%" PRIu64 "\ndomains=%" PRIu64 "\n",
		state->total_pages * STATE_PAGE_KIB, state->free_pages * STATE_PAGE_KIB,
		held * STATE_PAGE_KIB,
		(state->xen_pages + (domains - 1) * STATE_DOMAIN_PAGES) * STATE_PAGE_KIB, domains);
	state_unlock(state);
	return 0;
}

static int do_totals(struct call *call)
{
	uint64_t ooms = 0, crashed = 0, refusals = 0, reports = 0;

	for (unsigned int i = 0; i < bed.guest_count; i++) {
		const struct guest *guest = bed.guests[i];

		ooms += guest->kernel.oom_kills;
		crashed += guest->crashed;
		refusals += guest->balloon.refusals;
		reports += guest->poster != NULL ? poster_reports(guest->poster) : 0;
	}
	fprintf(call->out,
		"guests=%u\noom_kills=%" PRIu64 "\ncrashed=%" PRIu64 "\nrefusals=%" PRIu64
		"\nreports=%" PRIu64 "\n",
		bed.guest_count, ooms, crashed, refusals, reports);
	for (size_t i = 0; i < STATE_CALLS; i++) {
		static const char *const names[STATE_CALLS] = { "getinfo", "physinfo", "setmaxmem",
								"set_pod_target" };

		fprintf(call->out, "calls_%s=%" PRIu64 "\n", names[i], bed.state.shared->calls[i]);
	}
	return 0;
}

static int do_daemon(struct call *call)
{
	static const struct signal_verb {
		const char *name;
		int signal;
	} signals[] = { { "stop", SIGTERM }, { "kill", SIGKILL } };
	struct guest *guest = guest_find(call->words[0]);
	int rc = -EINVAL;

	if (guest == NULL)
		return no_guest(call);
	if (strcmp(call->words[1], "start") == 0)
		rc = guest_daemon_start(guest);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		if (strcmp(call->words[1], signals[i].name) == 0)
			rc = guest_daemon_signal(guest, signals[i].signal);
	}
	return answer(call, rc,
		      rc == -EALREADY ? "its daemon is running"
		      : rc == -ESRCH  ? "its daemon is not running"
		      : rc == -ENOENT ? "it can have no daemon: give --daemon to the bed, and no "
					"poster to the guest"
				      : "say start, stop or kill");
}

/* Behind the guest's back, as xl or a crash would: the bed's model of it goes on. */
static int do_life(struct call *call)
{
	static const struct {
		const char *name;
		int reason;
	} ends[] = { { "shutdown", SHUTDOWN_poweroff },
		     { "suspend", SHUTDOWN_suspend },
		     { "crash", SHUTDOWN_crash } };
	struct guest *guest = guest_find(call->words[0]);
	uint64_t vcpus = 0;
	int domid;

	if (guest == NULL)
		return no_guest(call);
	domid = guest->spec.domid;
	if (strcmp(call->words[1], "pause") == 0)
		return state_pause(&bed.state, domid);
	if (strcmp(call->words[1], "unpause") == 0)
		return state_unpause(&bed.state, domid);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		if (strcmp(call->words[1], ends[i].name) == 0)
			return state_shutdown(&bed.state, domid, (uint8_t)ends[i].reason);
	}
	if (spec_number(call->words[1], 128, &vcpus) && vcpus > 0)
		return state_set_vcpus(&bed.state, domid, (uint32_t)vcpus);
	return answer(call, -EINVAL,
		      "say pause, unpause, shutdown, suspend, crash, or how many virtual CPUs");
}

static int call_signal(void *arg)
{
	return host_store_signal(*(int *)arg);
}

/* The process is gone when that shows: its end is noticed on the loop's thread. */
static int call_store_gone(void *arg)
{
	(void)arg;
	return bed.xenstored == 0;
}

static int do_xenstored(struct call *call)
{
	static const struct signal_verb {
		const char *name;
		int signal;
	} signals[] = { { "stop", SIGSTOP }, { "cont", SIGCONT }, { "kill", SIGKILL } };
	char error[HOST_ERROR_MAX];
	int rc;

	if (strcmp(call->words[0], "start") == 0)
		return answer(call, host_store_start(error), error);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		int signal = signals[i].signal;

		if (strcmp(call->words[0], signals[i].name) != 0)
			continue;
		rc = loop_call(call_signal, &signal);
		while (rc == 0 && signal == SIGKILL && !loop_call(call_store_gone, NULL))
			usleep(1000);
		return answer(call, rc, "xenstored is not running");
	}
	return answer(call, -EINVAL, "say start, stop, cont or kill");
}

static int do_xen_fail(struct call *call)
{
	uint64_t count;
	enum state_call which = strcmp(call->words[0], "setmaxmem") == 0 ? STATE_CALL_SETMAXMEM
				: strcmp(call->words[0], "set_pod_target") == 0
					? STATE_CALL_POD_TARGET
				: strcmp(call->words[0], "getinfo") == 0  ? STATE_CALL_GETINFO
				: strcmp(call->words[0], "physinfo") == 0 ? STATE_CALL_PHYSINFO
									  : STATE_CALLS;

	if (which == STATE_CALLS || !spec_number(call->words[1], 1000000, &count))
		return answer(call, -EINVAL,
			      "say setmaxmem, set_pod_target, getinfo or physinfo, and a count");
	state_lock(bed.state.shared);
	bed.state.shared->failures[which] = (uint32_t)count;
	state_unlock(bed.state.shared);
	return 0;
}

static const struct verb {
	const char *name;
	const char *args;
	const char *help;
	int min, max;
	bool waits; /* for xenstored: not on the loop's thread */
	int (*run)(struct call *call);
} verbs[] = {
	{ "create", "NAME [--OPTION VALUE...]", "options as of a guest above; prints the domid", 1,
	  31, true, do_create },
	{ "destroy", "GUEST", "as xl destroy; GUEST is a name or a domid", 1, 1, true, do_destroy },
	{ "reboot", "GUEST", "same name and UUID, new domid, which it prints", 1, 1, true,
	  do_reboot },
	{ "list", "[--json]", "sizes in KiB", 0, 1, false, do_list },
	{ "workload", "GUEST KIND [ARGS...] [+ KIND [ARGS...]]", "what it does from now on", 2, 20,
	  false, do_workload },
	{ "mem-set", "GUEST MIB", "as xl mem-set", 2, 2, true, do_mem_set },
	{ "mem-max", "GUEST MIB", "as xl mem-max", 2, 2, true, do_mem_max },
	{ "stats", "GUEST", "what its kernel has seen", 1, 1, false, do_stats },
	{ "totals", "", "sums over all guests, and the hypercalls of xenstored and the agent", 0, 0,
	  false, do_totals },
	{ "guest-env", "GUEST", "a variable that makes any xenstore client act as that guest", 1, 1,
	  false, do_guest_env },
	{ "host-free", "", "where the host's memory is", 0, 0, false, do_host_free },
	{ "daemon", "GUEST start|stop|kill", "its xenballoon-guest", 2, 2, false, do_daemon },
	{ "life", "GUEST pause|unpause|shutdown|suspend|crash|VCPUS",
	  "what the hypervisor says of it", 2, 2, false, do_life },
	{ "xenstored", "stop|cont|kill|start", "SIGSTOP, SIGCONT, SIGKILL, and a new one", 1, 1,
	  true, do_xenstored },
	{ "xen-fail", "CALL COUNT",
	  "the next COUNT of setmaxmem, set_pod_target, getinfo or physinfo fail (ENOMEM)", 2, 2,
	  false, do_xen_fail },
};

void verbs_help(FILE *out)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		fprintf(out, "  %s %s\n        %s\n", verbs[i].name, verbs[i].args, verbs[i].help);
}

struct bound {
	const struct verb *verb;
	struct call *call;
};

static int call_verb(void *arg)
{
	struct bound *bound = arg;

	return bound->verb->run(bound->call);
}

int verbs_run(char **words, int count, FILE *out)
{
	struct call call = { words + 1, count - 1, out };
	struct bound bound = { verbs, &call };
	const struct verb *stop = verbs + sizeof(verbs) / sizeof(verbs[0]);

	while (count > 0 && bound.verb < stop && strcmp(bound.verb->name, words[0]) != 0)
		bound.verb++;
	if (count == 0 || bound.verb == stop) {
		fprintf(out, "no such command; there are:\n");
		verbs_help(out);
		return -EINVAL;
	}
	if (call.count < bound.verb->min || call.count > bound.verb->max) {
		fprintf(out, "say: %s %s\n", bound.verb->name, bound.verb->args);
		return -EINVAL;
	}
	return bound.verb->waits ? call_verb(&bound) : loop_call(call_verb, &bound);
}
