/* SPDX-License-Identifier: MIT */
/*
 * The only way to change a guest: request, authorise, check, apply, audit. HTTP, SNMP and the
 * command line all build a struct control_request and hand it to control_submit() or
 * control_call().
 */
#ifndef XENBALLOON_CONTROL_H
#define XENBALLOON_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "snapshot.h"

struct config;
struct store;
struct hypervisor;

/* The smallest target for any guest, KiB. */
#define CONTROL_TARGET_MIN_KIB 4096

/* Requests in one call. */
#define CONTROL_REQUESTS_MAX 4096

enum control_action { CONTROL_SELFBALLOON, CONTROL_TARGET, CONTROL_POLICY, CONTROL_ACTION_COUNT };

enum control_interface { VIA_UNIX, VIA_HTTP, VIA_SNMP, VIA_AGENTX, VIA_COUNT };

enum control_role { ROLE_NONE, ROLE_VIEWER, ROLE_OPERATOR };

/* Who asks, and by which way in. */
struct principal {
	char name[64]; /* "" when nobody has proved who they are */
	enum control_role role;
	enum control_interface via;
	char address[64]; /* where from, as text */
	/*
	 * An operator's reach: patterns of names (pattern.h), or whole UUIDs, with commas between,
	 * one of which a domain must match; "" is all. See principal_file.h.
	 */
	char domains[256];
	/* What proved them, to see whether it still does: see auth.h and password.h. */
	uint64_t credential, password;
};

/*
 * How a request ended. control_results[] gives its name, HTTP status and SNMP error, so that every
 * way in answers alike.
 */
enum control_result {
	RESULT_OK,		/* applied */
	RESULT_CHECKED,		/* dry run: would be applied */
	RESULT_UNAUTHENTICATED, /* no valid credential */
	RESULT_FORBIDDEN,	/* known, but not an operator (for this domain) */
	RESULT_NOT_FOUND,	/* no such domain, or not the one that was meant */
	RESULT_AMBIGUOUS,	/* several domains bear that name or UUID */
	RESULT_DOM0,		/* dom0 is never a subject */
	RESULT_MALFORMED,	/* the request itself makes no sense */
	RESULT_HARD_LIMIT,	/* outside what is ever allowed */
	RESULT_SOFT_LIMIT,	/* outside what is wise; `force` passes */
	RESULT_SELFBALLOONING,	/* a target, while the guest sizes itself */
	RESULT_FOREIGN,		/* another manager owns the target */
	RESULT_UNAVAILABLE,	/* store or hypervisor down, queue full or time out */
	RESULT_FAILED,		/* applying failed; what was done has been undone */
	RESULT_DEPENDENCY,	/* nothing wrong with it, but another of the same call failed */
	RESULT_STALE,		/* the domain is no longer as the one who asks saw it */
	RESULT_COUNT
};

struct control_result_row {
	const char *name;  /* label value and audit word, e.g. "soft_limit" */
	const char *title; /* short sentence for problem documents */
	int http_status;
	int snmp_error; /* SNMPv2 error-status number, RFC 3416 */
};

extern const struct control_result_row control_results[RESULT_COUNT];

const char *control_action_name(enum control_action action); /* "selfballoon", "target", "policy" */
const char *
control_interface_name(enum control_interface via);    /* "unix", "http", "snmp", "agentx" */
const char *control_role_name(enum control_role role); /* "none", "viewer", "operator" */

struct control_request {
	struct principal who;
	enum control_action action;
	char subject[SNAPSHOT_NAME_MAX + 1];  /* as people name it, see naming.h */
	uint32_t domid;			      /* the one that is meant, whatever subject says; 0: */
	char uuid[SNAPSHOT_UUID_SIZE];	      /* the one that subject names */
	uint64_t value;			      /* KiB for a target; 0 or 1 for selfballoon */
	char policy[CONTRACT_POLICY_MAX + 1]; /* for a policy: the order; "" takes it back */
	bool dry_run;
	bool force;
	char match[256]; /* "", or an If-Match header (tag.h) that the domain has to pass */
	bool unsaid;	 /* refused before it had said what value it wants */
	bool restore;	 /* with selfballoon off: the target from before it was turned on */
};

struct control_answer {
	enum control_result result;
	uint32_t domid; /* 0: not known */
	char name[SNAPSHOT_NAME_MAX + 1];
	char uuid[SNAPSHOT_UUID_SIZE];
	struct reading before;
	struct reading after;			     /* what it is now, or would be */
	char policy_before[CONTRACT_POLICY_MAX + 1]; /* the same two of a policy; "": none */
	char policy_after[CONTRACT_POLICY_MAX + 1];
	const char *limit;	   /* the limit that refused, e.g. "static_max", or NULL */
	struct reading would_pass; /* the nearest value that passes all rules without force */
	struct reading would_say;  /* one that passes, too, and reads well: whole or half MiB */
	char detail[256];	   /* one sentence: what was wrong and what would be right */
	char warning[256];	   /* "" or what the operator should know although it was done */
};

/* The limits of a configuration that bear on control_check(). */
struct control_limits {
	uint64_t reserve_kib; /* kept free on the host */
};

/*
 * Authorises and checks one request against a snapshot. Pure: no I/O, nothing changed. Fills
 * *answer, result RESULT_OK when it may be applied.
 *
 * A policy must be one that a guest takes (policy_text.h). Hard limits: "static_max",
 * "lowest_target" (CONTROL_TARGET_MIN_KIB), "selfballoon" (a target while the guest sizes itself),
 * "manager". Soft ones, which `force` passes: "minimum" (what the guest says, or the 2008 floor
 * where it says nothing that can be true) and "host_free" (growth beyond the host's free memory
 * less the reserve). A size need not be whole pages: Xen and the balloon driver round down. With
 * `restore` the target from before selfballooning is held against the same limits.
 */
enum control_result control_check(const struct snapshot *snapshot,
				  const struct control_limits *limits,
				  const struct control_request *request,
				  struct control_answer *answer);

/*
 * The same for requests that are to be applied as one, as if they all took effect at the same
 * moment: "off" and a target for the same domain pass together, in either order, and growth is
 * summed. True if all pass; else those that would have are RESULT_DEPENDENCY.
 */
bool control_check_all(const struct snapshot *snapshot, const struct control_limits *limits,
		       const struct control_request *requests, struct control_answer *answers,
		       size_t count);

/* What a domain's node in xenstore held; more than CONTROL_NODE_MAX bytes count as empty. */
#define CONTROL_NODE_MAX CONTRACT_POLICY_MAX
struct control_node {
	bool existed;
	size_t len;
	char bytes[CONTROL_NODE_MAX + 1];
};

/* The nodes that a change may write. */
enum control_node_name { NODE_TARGET, NODE_SELFBALLOON, NODE_VM_MEMORY, NODE_POLICY, NODE_COUNT };

/* What dom0 decided for a domain, and what came of it; kept by UUID, see decision.h. */
struct control_decided {
	struct reading selfballoon; /* 0 or 1 as an operator said; absent: never decided */
	struct reading former_kib;  /* the target before selfballooning; absent: not known */
	struct reading left_kib;    /* the target that turning it off left instead */
	char policy[CONTRACT_POLICY_MAX + 1]; /* memory/policy as ordered; "": none */
};

/* What one applied change replaced, for control_revert(). */
struct control_undo {
	enum control_action action;
	uint32_t domid;
	char uuid[SNAPSHOT_UUID_SIZE];
	uint64_t cap_kib;
	struct control_node node[NODE_COUNT];
	struct control_decided decided;
	bool valid; /* something was applied and can be put back */
};

/*
 * Applies checked requests, all or none, on the collector thread: re-checks each UUID inside the
 * transaction, sets caps before targets when growing and after them when shrinking, undoes what was
 * done if a step fails. answers[] come in as control_check() left them; each result becomes
 * RESULT_OK or the failure. undos may be NULL; two requests for one domain share the first's.
 * expired (may be NULL) says when nobody waits any more: nothing stays applied then.
 *
 * On: cap = static max + slack, then selfballoon = 1. Off: selfballoon = 0; a guest that was let
 * grow stays where it is: target = what the hypervisor says it holds less its overhead
 * (snapshot.h); cap = target + videoram + slack. Target: cap likewise; /vm/<uuid>/memory and a
 * populate-on-demand target follow, as with `xl mem-set`. Policy: memory/policy, or its removal.
 * Off with `restore`: as off, and the target from before selfballooning, where one is kept.
 */
void control_apply(struct store *store, struct hypervisor *hypervisor,
		   const struct control_request *requests, struct control_answer *answers,
		   struct control_undo *undos, size_t count, bool (*expired)(void *),
		   void *context);

/*
 * Checks, applies, audits and counts `count` requests as one transaction, and calls done() exactly
 * once, from any thread, with the answers in the order asked (valid during the call only).
 * timeout_ms bounds the wait; when it passes, results are RESULT_UNAVAILABLE. If any request of
 * several is refused, none is applied, and those that were not at fault are RESULT_DEPENDENCY; if
 * any is a dry run, all are. More than CONTROL_REQUESTS_MAX are refused. undos is NULL when nothing
 * was applied; out of memory, count is 0 and answers NULL.
 */
typedef void control_done(void *context, const struct control_answer *answers,
			  const struct control_undo *undos, size_t count);
void control_submit(const struct control_request *requests, size_t count, int timeout_ms,
		    control_done *done, void *context);

/* The same, waiting for the end. undos may be NULL. Not for the collector thread. */
void control_call(const struct control_request *requests, struct control_answer *answers,
		  struct control_undo *undos, size_t count, int timeout_ms);

/*
 * Puts back what control_call() did, byte for byte (SNMP's UNDO phase), dom0's decision with it;
 * audited and counted as a request each. 0 or a negative errno; -EACCES: not an operator.
 */
int control_revert(const struct control_undo *undos, size_t count, const struct principal *who,
		   int timeout_ms);

/*
 * Audits and counts a refusal that never became a whole request (bad credential, malformed body).
 * request and answer as far as known.
 */
void control_refused(const struct control_request *request, const struct control_answer *answer);

/* Counts so far, for control_requests_total{interface,action,result}. */
uint64_t control_count(enum control_interface via, enum control_action action,
		       enum control_result result);

/*
 * For the collector, on its thread, when a domain appeared (keys granted) and for each domain when
 * the agent starts. Ends what a crash of the agent left half done: cap, target and selfballoon are
 * again what they were before that change. Then puts back what dom0 had decided for the UUID, in a
 * domain in which it isn't in force yet, as it has another domid than when the decision was last
 * put in force. In a domain that has it in force, an empty `selfballoon` alone is written again: a
 * 0 there is the guest's own, a lower cap another tool's. 0 or a negative errno.
 */
int control_restore(struct store *store, struct hypervisor *hypervisor, uint32_t domid,
		    const char *uuid);

/*
 * For the collector, on its thread: the target that this UUID had before selfballooning; absent
 * where none is kept.
 */
struct reading control_former_target(const char *uuid);

/*
 * Has what dom0 has decided so far on disk. 0 or a negative errno, logged once until it succeeds
 * again; then it is still to be done. Collector thread.
 */
int control_keep(void);

/*
 * Raises the target of each guest that is silent while selfballooning is on, as far as its cap lets
 * it, unless control.silent_may_grow is false. Each raise is audited. Collector thread.
 */
void control_free_silent(struct store *store, struct hypervisor *hypervisor);

/* The guest itself set selfballoon to 1 and control.guest_may_grow is true: raise its cap. */
int control_guest_enabled(struct store *store, struct hypervisor *hypervisor, uint32_t domid,
			  const char *uuid);

#endif
