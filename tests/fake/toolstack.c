/* SPDX-License-Identifier: MIT */
/*
 * Plays xl (libxl 4.17: libxl_create.c, libxl_dom.c, libxl_mem.c): same nodes, same owners, same
 * order. Called from the threads of commands and of the start.
 */
#include "toolstack.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <xenstore.h>

#include "state.h"

/* LIBXL_MAXMEM_CONSTANT: a cap is always that much above the target. */
#define CAP_EXTRA_KIB 1024
#define DOM0_MIN_MIB  128

#define VALUE_MAX 256
#define PATH_LEN  256

/* Who may do what with a node: as its parent, dom0's and read by the guest, the guest's, dom0's. */
enum owner { INHERITED, READABLE, GUESTS, DOM0S };

/*
 * In paths and values %i is the domid, %n the name, %u the UUID, %x the static maximum and %t the
 * target in KiB, %m the target in MiB, %v the video RAM in KiB, %y the type, %s the time.
 */
static const struct node {
	const char *path;
	const char *value;
	enum owner owner;
} nodes[] = {
	{ "/local/domain/%i", "", READABLE },
	{ "/vm/%u", "", READABLE },
	{ "/libxl/%i", "", DOM0S },
	{ "/libxl/%i/device", "", DOM0S },
	{ "/libxl/%i/type", "%y", INHERITED },
	{ "/local/domain/%i/vm", "/vm/%u", INHERITED },
	{ "/local/domain/%i/name", "%n", INHERITED },
	{ "/vm/%u/name", "%n", INHERITED },
	{ "/local/domain/%i/cpu", "", READABLE },
	{ "/local/domain/%i/memory", "", READABLE },
	{ "/local/domain/%i/device", "", READABLE },
	{ "/local/domain/%i/control", "", READABLE },
	{ "/local/domain/%i/control/shutdown", "", GUESTS },
	{ "/local/domain/%i/control/feature-poweroff", "", GUESTS },
	{ "/local/domain/%i/control/feature-reboot", "", GUESTS },
	{ "/local/domain/%i/control/feature-suspend", "", GUESTS },
	{ "/local/domain/%i/control/sysrq", "", GUESTS },
	{ "/local/domain/%i/device/suspend/event-channel", "", GUESTS },
	{ "/local/domain/%i/data", "", GUESTS },
	{ "/local/domain/%i/drivers", "", GUESTS },
	{ "/local/domain/%i/feature", "", GUESTS },
	{ "/local/domain/%i/attr", "", GUESTS },
	{ "/local/domain/%i/error", "", GUESTS },
	{ "/vm/%u/uuid", "%u", INHERITED },
	{ "/local/domain/%i/control/platform-feature-multiprocessor-suspend", "1", INHERITED },
	{ "/local/domain/%i/control/platform-feature-xs_reset_watches", "1", INHERITED },
	{ "/local/domain/%i/memory/static-max", "%x", INHERITED },
	{ "/local/domain/%i/memory/target", "%t", INHERITED },
	{ "/local/domain/%i/memory/videoram", "%v", INHERITED },
	{ "/local/domain/%i/domid", "%i", INHERITED },
	{ "/local/domain/%i/store/port", "1", INHERITED },
	{ "/local/domain/%i/store/ring-ref", "1", INHERITED },
	{ "/local/domain/%i/cpu/0/availability", "online", INHERITED },
	{ "/vm/%u/image/ostype", "linux", INHERITED },
	{ "/vm/%u/memory", "%m", INHERITED },
	{ "/vm/%u/start_time", "%s", INHERITED },
	{ "/local/domain/%i/console/backend", "/local/domain/0/backend/console/%i/0", INHERITED },
	{ "/local/domain/%i/console/backend-id", "0", INHERITED },
	{ "/local/domain/%i/console/type", "xenconsoled", INHERITED },
	{ "/local/domain/%i/console/output", "pty", INHERITED },
};

static const struct node dom0_nodes[] = {
	{ "/local/domain/0", "", DOM0S },
	{ "/local/domain/0/domid", "0", INHERITED },
	{ "/local/domain/0/name", "Domain-0", INHERITED },
	{ "/local/domain/0/vm", "/vm/%u", INHERITED },
	{ "/vm/%u/name", "Domain-0", INHERITED },
	{ "/vm/%u/uuid", "%u", INHERITED },
	{ "/local/domain/0/memory/static-max", "%x", INHERITED },
	{ "/local/domain/0/memory/target", "%t", INHERITED },
	{ "/local/domain/0/memory/freemem-slack", "1024", INHERITED },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct xs_handle *toolstack_open(void)
{
	return xs_open(0);
}

void toolstack_close(struct xs_handle *xs)
{
	if (xs != NULL)
		xs_close(xs);
}

static int substitute(char letter, const struct guest_spec *spec, uint64_t target_kib, char *out,
		      size_t size)
{
	char uuid[SPEC_UUID_LEN];

	switch (letter) {
	case 'i':
		return snprintf(out, size, "%d", spec->domid);
	case 'n':
		return snprintf(out, size, "%s", spec->name);
	case 'u':
		spec_uuid_text(spec->uuid, uuid);
		return snprintf(out, size, "%s", uuid);
	case 'x':
		return snprintf(out, size, "%" PRIu64, spec->static_max_kib);
	case 't':
		return snprintf(out, size, "%" PRIu64, target_kib);
	case 'm':
		return snprintf(out, size, "%" PRIu64, target_kib / 1024);
	case 'y':
		return snprintf(out, size, "%s", spec_type_name(spec->type));
	case 'v':
		return snprintf(out, size, "%" PRIu64,
				spec->type == SPEC_HVM ? spec->video_kib : 0);
	default:
		return snprintf(out, size, "%lld.00", (long long)time(NULL));
	}
}

static void expand(const char *text, const struct guest_spec *spec, uint64_t target_kib, char *out,
		   size_t size)
{
	size_t n = 0;

	for (; *text != '\0' && n + 1 < size; text++) {
		if (*text == '%')
			n += (size_t)substitute(*++text, spec, target_kib, out + n, size - n);
		else
			out[n++] = *text;
	}
	out[n < size ? n : size - 1] = '\0';
}

static bool set_owner(struct xs_handle *xs, xs_transaction_t t, const char *path, enum owner owner,
		      int domid)
{
	struct xs_permissions perms[2] = { { .id = 0, .perms = XS_PERM_NONE },
					   { .id = (unsigned int)domid, .perms = XS_PERM_READ } };

	if (owner == INHERITED)
		return true;
	if (owner == GUESTS)
		perms[0].id = (unsigned int)domid;
	return xs_set_permissions(xs, t, path, perms, owner == READABLE ? 2 : 1);
}

static bool write_node(struct xs_handle *xs, xs_transaction_t t, const struct node *node,
		       const struct guest_spec *spec, uint64_t target_kib)
{
	char path[PATH_LEN], value[VALUE_MAX];

	expand(node->path, spec, target_kib, path, sizeof(path));
	expand(node->value, spec, target_kib, value, sizeof(value));
	return xs_write(xs, t, path, value, (unsigned int)strlen(value)) &&
	       set_owner(xs, t, path, node->owner, spec->domid);
}

/* A table of nodes in one transaction, again when somebody else was quicker. */
static int write_nodes(struct xs_handle *xs, const struct node *table, size_t count,
		       const struct guest_spec *spec, uint64_t target_kib)
{
	xs_transaction_t t;
	bool ok;
	size_t i;

	do {
		t = xs_transaction_start(xs);
		if (t == XBT_NULL)
			return -errno;
		for (i = 0, ok = true; i < count && ok; i++)
			ok = write_node(xs, t, &table[i], spec, target_kib);
		if (!ok) {
			int rc = -errno;

			xs_transaction_end(xs, t, true);
			return rc;
		}
		ok = xs_transaction_end(xs, t, false);
	} while (!ok && errno == EAGAIN);
	return ok ? 0 : -errno;
}

int toolstack_init_dom0(struct xs_handle *xs, struct state_map *state)
{
	struct guest_spec spec = { .domid = 0 };
	struct state_domain dom0;
	int rc = state_get(state, 0, &dom0);

	if (rc < 0)
		return rc;
	spec.static_max_kib = dom0.max_pages * STATE_PAGE_KIB;
	return write_nodes(xs, dom0_nodes, COUNT(dom0_nodes), &spec,
			   dom0.tot_pages * STATE_PAGE_KIB);
}

int toolstack_build(struct state_map *state, struct guest_spec *spec)
{
	uint64_t counted_kib = spec_target_kib(spec) - spec_diff_kib(spec);
	uint64_t pages = (counted_kib + spec_extra_kib(spec)) / STATE_PAGE_KIB;
	int rc = state_domain_create(state, &spec->domid, spec->uuid, spec->type != SPEC_PV);

	if (rc < 0)
		return rc;
	state_setmaxmem(state, spec->domid, spec->memory_kib + CAP_EXTRA_KIB, true);
	if (state_populate(state, spec->domid, pages) == pages)
		return 0;
	state_kill(state, spec->domid);
	state_reap(state, spec->domid);
	return -ENOMEM;
}

int toolstack_write_nodes(struct xs_handle *xs, const struct guest_spec *spec, uint64_t target_kib)
{
	return write_nodes(xs, nodes, COUNT(nodes), spec, target_kib);
}

int toolstack_introduce(struct xs_handle *xs, int domid)
{
	return xs_introduce_domain(xs, (unsigned int)domid, 0,
				   STATE_PORT_FIRST + (unsigned int)domid)
		       ? 0
		       : -errno;
}

int toolstack_destroy(struct xs_handle *xs, struct state_map *state, const struct guest_spec *spec)
{
	static const char *const roots[] = { "/vm/%u", "/local/domain/%i", "/libxl/%i" };
	char path[PATH_LEN];
	int rc;

	for (size_t i = 0; i < COUNT(roots); i++) {
		expand(roots[i], spec, 0, path, sizeof(path));
		if (!xs_rm(xs, XBT_NULL, path) && errno != ENOENT)
			return -errno;
	}
	rc = state_kill(state, spec->domid);
	if (rc < 0)
		return rc;
	/* Its domid may be used again at once, so xenstored must know first. */
	while (xs_is_domain_introduced(xs, (unsigned int)spec->domid))
		usleep(500);
	return state_reap(state, spec->domid);
}

static uint64_t read_kib(struct xs_handle *xs, xs_transaction_t t, int domid, const char *key)
{
	char path[PATH_LEN];
	unsigned int len;
	uint64_t kib = 0;
	char *value;

	snprintf(path, sizeof(path), "/local/domain/%d/memory/%s", domid, key);
	value = xs_read(xs, t, path, &len);
	if (value == NULL || !spec_number(value, UINT64_MAX / 1024, &kib))
		kib = 0;
	free(value);
	return kib;
}

uint64_t toolstack_target_kib(struct xs_handle *xs, int domid)
{
	return read_kib(xs, XBT_NULL, domid, "target");
}

static bool write_number(struct xs_handle *xs, xs_transaction_t t, const char *path, uint64_t n)
{
	char value[VALUE_MAX];

	snprintf(value, sizeof(value), "%" PRIu64, n);
	return xs_write(xs, t, path, value, (unsigned int)strlen(value));
}

/* The two keys that hold a target: the balloon's in KiB, the VM's in MiB. */
static bool write_target(struct xs_handle *xs, xs_transaction_t t, int domid, uint64_t kib)
{
	char path[PATH_LEN], vm_key[PATH_LEN + 8];
	unsigned int len;
	char *vm;
	bool ok;

	snprintf(path, sizeof(path), "/local/domain/%d/memory/target", domid);
	if (!write_number(xs, t, path, kib))
		return false;
	snprintf(path, sizeof(path), "/local/domain/%d/vm", domid);
	vm = xs_read(xs, t, path, &len);
	if (vm == NULL)
		return false;
	snprintf(vm_key, sizeof(vm_key), "%.*s/memory", PATH_LEN - 1, vm);
	free(vm);
	ok = write_number(xs, t, vm_key, kib / 1024);
	return ok;
}

/* One try of xl mem-set: -EAGAIN if another client interfered. */
static int try_mem_set(struct xs_handle *xs, struct state_map *state, int domid, uint64_t kib,
		       char *error, size_t size)
{
	xs_transaction_t t = xs_transaction_start(xs);
	struct state_domain domain;
	uint64_t static_max;
	int rc;

	if (t == XBT_NULL)
		return -errno;
	static_max = read_kib(xs, t, domid, "static-max");
	if (kib > static_max) {
		snprintf(error, size,
			 "%" PRIu64 " KiB is above the static maximum, %" PRIu64 " KiB", kib,
			 static_max);
		rc = -EINVAL;
	} else {
		rc = state_get(state, domid, &domain);
	}
	if (rc == 0)
		rc = state_setmaxmem(state, domid,
				     kib + read_kib(xs, t, domid, "videoram") + CAP_EXTRA_KIB,
				     true);
	if (rc == 0 && domain.hvm)
		rc = state_set_pod_target(state, domid, kib / STATE_PAGE_KIB, true);
	if (rc == 0 && !write_target(xs, t, domid, kib))
		rc = -errno;
	if (!xs_transaction_end(xs, t, rc < 0) && rc == 0)
		rc = -errno;
	return rc;
}

int toolstack_mem_set(struct xs_handle *xs, struct state_map *state, int domid, uint64_t mib,
		      char *error, size_t size)
{
	int rc;

	if (domid == 0 && mib < DOM0_MIN_MIB) {
		snprintf(error, size, "dom0 keeps at least %d MiB", DOM0_MIN_MIB);
		return -EINVAL;
	}
	do {
		rc = try_mem_set(xs, state, domid, mib * 1024, error, size);
	} while (rc == -EAGAIN);
	return rc;
}

int toolstack_mem_max(struct xs_handle *xs, struct state_map *state, int domid, uint64_t mib,
		      char *error, size_t size)
{
	uint64_t target = read_kib(xs, XBT_NULL, domid, "target");

	if (mib * 1024 < target) {
		snprintf(error, size, "%" PRIu64 " KiB is below the target, %" PRIu64 " KiB",
			 mib * 1024, target);
		return -EINVAL;
	}
	return state_setmaxmem(state, domid, mib * 1024 + CAP_EXTRA_KIB, true);
}
