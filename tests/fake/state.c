/* SPDX-License-Identifier: MIT */
/*
 * The fake hypervisor: domains, pages, caps, event channels, all in one mapped file. Knows nothing
 * of xenstore or of what a guest does with its memory. Called by the bed and by the preloaded
 * library that answers libxenctrl's calls.
 */
#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define STATE_MAGIC 0x58424544u
/* What Xen 4.17 kept for itself of 2 GiB. */
#define XEN_KIB		  (24 * 1024)
#define STATE_RINGS_BYTES ((off_t)STATE_DOMAINS * 4096)

static int open_at(const char *dir, const char *name, int flags)
{
	char path[4096];
	int fd;

	if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, flags | O_CLOEXEC, 0600);
	return fd < 0 ? -errno : fd;
}

static int make_sized(const char *dir, const char *name, off_t size)
{
	int fd = open_at(dir, name, O_RDWR | O_CREAT | O_TRUNC);
	int rc;

	if (fd < 0)
		return fd;
	rc = ftruncate(fd, size) < 0 ? -errno : 0;
	close(fd);
	return rc;
}

static int make_fifo(const char *dir, const char *name)
{
	char path[4096];

	if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	return mkfifo(path, 0600) < 0 && errno != EEXIST ? -errno : 0;
}

static void init_lock(pthread_mutex_t *lock)
{
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(lock, &attr);
	pthread_mutexattr_destroy(&attr);
}

int state_create(const char *dir, uint64_t host_kib, uint64_t dom0_kib)
{
	struct state_map map;
	struct state *state;
	int rc;

	if ((rc = make_sized(dir, "state", sizeof(struct state))) < 0 ||
	    (rc = make_sized(dir, "rings", STATE_RINGS_BYTES)) < 0 ||
	    (rc = make_sized(dir, "hypervisor.log", 0)) < 0 ||
	    (rc = make_fifo(dir, "to-store")) < 0 || (rc = make_fifo(dir, "to-guests")) < 0 ||
	    (rc = state_open(&map, dir)) < 0)
		return rc;
	state = map.shared;
	init_lock(&state->lock);
	state->total_pages = host_kib / STATE_PAGE_KIB;
	state->xen_pages = XEN_KIB / STATE_PAGE_KIB;
	state->domain[0] = (struct state_domain){
		.used = true,
		.tot_pages = dom0_kib / STATE_PAGE_KIB,
		.max_pages = dom0_kib / STATE_PAGE_KIB,
	};
	state->domid_end = 1;
	state->domid_next = 1;
	if (state->total_pages < state->xen_pages + state->domain[0].tot_pages)
		rc = -ENOMEM;
	else
		state->free_pages =
			state->total_pages - state->xen_pages - state->domain[0].tot_pages;
	state->magic = STATE_MAGIC;
	state_close(&map);
	return rc;
}

int state_open(struct state_map *map, const char *dir)
{
	int fd = open_at(dir, "state", O_RDWR);
	void *page;

	*map = (struct state_map){ .log_fd = -1, .trace_fd = -1 };
	if (fd < 0)
		return fd;
	page = mmap(NULL, sizeof(struct state), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (page == MAP_FAILED)
		return -errno;
	map->shared = page;
	map->log_fd = open_at(dir, "hypervisor.log", O_WRONLY | O_APPEND);
	map->trace_fd = open_at(dir, "xenstored.trace", O_RDONLY);
	/* Open for reading too: no end of file when the other side is away. */
	map->store_fd = open_at(dir, "to-store", O_RDWR | O_NONBLOCK);
	map->guest_fd = open_at(dir, "to-guests", O_RDWR | O_NONBLOCK);
	map->rings_fd = open_at(dir, "rings", O_RDWR);
	if (map->store_fd >= 0 && map->guest_fd >= 0 && map->rings_fd >= 0)
		return 0;
	state_close(map);
	return -EIO;
}

void state_close(struct state_map *map)
{
	int *fds[] = { &map->log_fd, &map->trace_fd, &map->store_fd, &map->guest_fd,
		       &map->rings_fd };

	munmap(map->shared, sizeof(struct state));
	map->shared = NULL;
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		if (*fds[i] >= 0)
			close(*fds[i]);
		*fds[i] = -1;
	}
}

void state_lock(struct state *state)
{
	/* What a dying process may have left half done is one domain's count: go on. */
	if (pthread_mutex_lock(&state->lock) == EOWNERDEAD)
		pthread_mutex_consistent(&state->lock);
}

void state_unlock(struct state *state)
{
	pthread_mutex_unlock(&state->lock);
}

/* The domain if it is there, else NULL. Call with the lock held. */
static struct state_domain *find(struct state *state, int domid)
{
	if (domid < 0 || domid >= STATE_DOMAINS || !state->domain[domid].used)
		return NULL;
	return &state->domain[domid];
}

static int free_domid(struct state *state)
{
	for (uint32_t i = 0; i < STATE_DOMAINS - 1; i++) {
		uint32_t domid = 1 + (state->domid_next - 1 + i) % (STATE_DOMAINS - 1);

		if (!state->domain[domid].used)
			return (int)domid;
	}
	return -ENOMEM;
}

static uint64_t monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static int create_locked(struct state *state, int *domid, const uint8_t uuid[16], bool hvm)
{
	struct state_domain *domain;

	if (*domid < 0 && (*domid = free_domid(state)) < 0)
		return *domid;
	if (*domid == 0 || *domid >= STATE_DOMAINS)
		return -EINVAL;
	if (find(state, *domid) != NULL)
		return -EEXIST;
	if (state->free_pages < STATE_DOMAIN_PAGES)
		return -ENOMEM;
	state->free_pages -= STATE_DOMAIN_PAGES;
	domain = &state->domain[*domid];
	*domain = (struct state_domain){
		.used = true, .hvm = hvm, .paused = true, .vcpus = 1, .born_ns = monotonic_ns()
	};
	memcpy(domain->uuid, uuid, sizeof(domain->uuid));
	if (state->domid_end <= (uint32_t)*domid)
		state->domid_end = (uint32_t)*domid + 1;
	state->domid_next = (uint32_t)*domid + 1;
	return 0;
}

int state_domain_create(struct state_map *map, int *domid, const uint8_t uuid[16], bool hvm)
{
	int rc;

	state_lock(map->shared);
	rc = create_locked(map->shared, domid, uuid, hvm);
	state_unlock(map->shared);
	return rc;
}

uint64_t state_populate(struct state_map *map, int domid, uint64_t pages)
{
	struct state *state = map->shared;
	struct state_domain *domain;

	state_lock(state);
	domain = find(state, domid);
	if (domain == NULL || domain->dying || domain->tot_pages >= domain->max_pages)
		pages = 0;
	else if (pages > domain->max_pages - domain->tot_pages)
		pages = domain->max_pages - domain->tot_pages;
	if (pages > state->free_pages)
		pages = state->free_pages;
	if (pages > 0) {
		domain->tot_pages += pages;
		state->free_pages -= pages;
	}
	state_unlock(state);
	return pages;
}

uint64_t state_release(struct state_map *map, int domid, uint64_t pages)
{
	struct state_domain *domain;

	state_lock(map->shared);
	domain = find(map->shared, domid);
	if (domain == NULL)
		pages = 0;
	else if (pages > domain->tot_pages)
		pages = domain->tot_pages;
	if (pages > 0) {
		domain->tot_pages -= pages;
		map->shared->free_pages += pages;
	}
	state_unlock(map->shared);
	return pages;
}

static int set_paused(struct state_map *map, int domid, bool paused)
{
	struct state_domain *domain;

	state_lock(map->shared);
	domain = find(map->shared, domid);
	if (domain != NULL)
		domain->paused = paused;
	state_unlock(map->shared);
	return domain != NULL ? 0 : -ESRCH;
}

int state_unpause(struct state_map *map, int domid)
{
	return set_paused(map, domid, false);
}

int state_pause(struct state_map *map, int domid)
{
	return set_paused(map, domid, true);
}

int state_set_vcpus(struct state_map *map, int domid, uint32_t vcpus)
{
	struct state_domain *domain;

	state_lock(map->shared);
	domain = find(map->shared, domid);
	if (domain != NULL)
		domain->vcpus = vcpus;
	state_unlock(map->shared);
	return domain != NULL ? 0 : -ESRCH;
}

int state_shutdown(struct state_map *map, int domid, uint8_t reason)
{
	struct state_domain *domain;

	state_lock(map->shared);
	domain = find(map->shared, domid);
	if (domain != NULL) {
		domain->shutdown = true;
		domain->shutdown_reason = reason;
	}
	state_unlock(map->shared);
	state_event_to_store(map, STATE_PORT_VIRQ);
	return domain != NULL ? 0 : -ESRCH;
}

int state_kill(struct state_map *map, int domid)
{
	struct state *state = map->shared;
	struct state_domain *domain;

	if (domid == 0)
		return -EINVAL;
	state_lock(state);
	domain = find(state, domid);
	if (domain != NULL && !domain->dying) {
		domain->dying = true;
		state->free_pages += domain->tot_pages;
		domain->tot_pages = 0;
	}
	state_unlock(state);
	state_event_to_store(map, STATE_PORT_VIRQ);
	return domain != NULL ? 0 : -ESRCH;
}

int state_reap(struct state_map *map, int domid)
{
	struct state *state = map->shared;
	struct state_domain *domain;

	state_lock(state);
	domain = find(state, domid);
	if (domain != NULL && domain->dying) {
		domain->used = false;
		state->free_pages += STATE_DOMAIN_PAGES;
		while (!state->domain[state->domid_end - 1].used)
			state->domid_end--;
	}
	state_unlock(state);
	return domain != NULL ? 0 : -ESRCH;
}

int state_get(struct state_map *map, int domid, struct state_domain *copy)
{
	struct state_domain *domain;

	state_lock(map->shared);
	domain = find(map->shared, domid);
	if (domain != NULL)
		*copy = *domain;
	state_unlock(map->shared);
	return domain != NULL ? 0 : -ESRCH;
}

/*
 * One line: nanoseconds, call, domid, KiB, result, and how long xenstored's trace was at that
 * moment: what the store was told before stands before that place in the trace, the rest after.
 */
static void log_limit(const struct state_map *map, const char *call, int domid, uint64_t kib,
		      int result)
{
	struct stat trace = { .st_size = 0 };
	struct timespec now;
	char line[160];
	int n;

	if (map->log_fd < 0)
		return;
	if (map->trace_fd >= 0)
		fstat(map->trace_fd, &trace);
	clock_gettime(CLOCK_REALTIME, &now);
	n = snprintf(line, sizeof(line),
		     "%lld%09ld %s domid=%d kib=%" PRIu64 " result=%d trace=%lld\n",
		     (long long)now.tv_sec, now.tv_nsec, call, domid, kib, result,
		     (long long)trace.st_size);
	if (write(map->log_fd, line, (size_t)n) != n)
		return; /* a full disk must not fail the call */
}

int state_setmaxmem(struct state_map *map, int domid, uint64_t kib, bool bed)
{
	struct state_domain *domain;
	int rc = 0;

	if (!bed && state_count_call(map->shared, STATE_CALL_SETMAXMEM))
		rc = -ENOMEM;
	state_lock(map->shared);
	domain = find(map->shared, domid);
	if (domain == NULL || domain->dying)
		rc = -ESRCH;
	else if (rc == 0)
		/* As in Xen, a cap below what the domain holds is no error: it bars growth. */
		domain->max_pages = kib / STATE_PAGE_KIB;
	state_unlock(map->shared);
	log_limit(map, "setmaxmem", domid, kib, rc);
	return rc;
}

int state_set_pod_target(struct state_map *map, int domid, uint64_t pages, bool bed)
{
	struct state_domain *domain;
	int rc = 0;

	if (!bed && state_count_call(map->shared, STATE_CALL_POD_TARGET))
		rc = -ENOMEM;
	state_lock(map->shared);
	domain = find(map->shared, domid);
	if (domain == NULL || domain->dying)
		rc = -ESRCH;
	else if (!domain->hvm || pages > domain->max_pages)
		rc = -EINVAL;
	else if (rc == 0)
		domain->pod_pages = pages;
	state_unlock(map->shared);
	log_limit(map, "set_pod_target", domid, pages * STATE_PAGE_KIB, rc);
	return rc;
}

bool state_count_call(struct state *state, enum state_call call)
{
	bool fail;

	state_lock(state);
	state->calls[call]++;
	fail = state->failures[call] > 0;
	if (fail)
		state->failures[call]--;
	state_unlock(state);
	return fail;
}

/* Each number is in a FIFO at most once, so the bed's 4,096 domains never fill one. */
static void raise_event(atomic_uchar *pending, int fd, uint32_t number)
{
	if (atomic_exchange(pending, 1) != 0)
		return;
	while (write(fd, &number, sizeof(number)) < 0 && (errno == EINTR || errno == EAGAIN))
		sched_yield();
}

void state_event_to_store(struct state_map *map, uint32_t port)
{
	if (port < STATE_PORT_FIRST + STATE_DOMAINS)
		raise_event(&map->shared->to_store[port], map->store_fd, port);
}

void state_event_to_guest(struct state_map *map, uint32_t domid)
{
	if (domid < STATE_DOMAINS)
		raise_event(&map->shared->to_guest[domid], map->guest_fd, domid);
}

static int next_event(int fd, atomic_uchar *pending, uint32_t count)
{
	uint32_t number;

	if (read(fd, &number, sizeof(number)) != sizeof(number) || number >= count)
		return -EAGAIN;
	/* Before the work, so that an event raised during the work is not lost. */
	atomic_store(&pending[number], 0);
	return (int)number;
}

int state_next_for_store(struct state_map *map)
{
	return next_event(map->store_fd, map->shared->to_store, STATE_PORT_FIRST + STATE_DOMAINS);
}

int state_next_for_guest(struct state_map *map)
{
	return next_event(map->guest_fd, map->shared->to_guest, STATE_DOMAINS);
}

void state_forget_events(struct state_map *map)
{
	while (state_next_for_store(map) >= 0 || state_next_for_guest(map) >= 0)
		;
}

void *state_map_ring(struct state_map *map, int domid)
{
	void *page;

	if (domid < 0 || domid >= STATE_DOMAINS)
		return NULL;
	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, map->rings_fd,
		    (off_t)domid * 4096);
	return page == MAP_FAILED ? NULL : page;
}
