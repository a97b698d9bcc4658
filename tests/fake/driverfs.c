/* SPDX-License-Identifier: MIT */
/*
 * Serves driver/GUEST/ by libfuse's low-level interface on the bed's own loop. What stands in the
 * files is driver_text.c's; here is who may write them. A writer waits in its system call until it
 * is answered, so its capabilities can't change meanwhile, nor its id name somebody else.
 */
#define FUSE_USE_VERSION 35

#include "driverfs.h"

#include <errno.h>
#include <fcntl.h>
#include <fuse3/fuse_lowlevel.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bed.h"
#include "guest.h"
#include "guestfs_text.h"
#include "loop.h"

/*
 * Inodes: the root's 1, and for each guest a block by its domid: its folder, its info/, its files.
 */
#define BLOCK	    64
#define NODE_FOLDER 0
#define NODE_INFO   1
#define NODE_FILES  2

static struct fuse_session *session;
static struct source requests;
static struct fuse_buf request;

static fuse_ino_t ino_of(const struct guest *guest, unsigned int node)
{
	return ((fuse_ino_t)guest->spec.domid + 1) * BLOCK + node;
}

static struct guest *guest_of(fuse_ino_t ino)
{
	fuse_ino_t domid = ino / BLOCK - 1;
	struct guest *guest = ino >= BLOCK && domid < STATE_DOMAINS ? bed.by_domid[domid] : NULL;

	return guest != NULL && guest->fs != NULL ? guest : NULL;
}

static const struct guestfs_file *file_of(fuse_ino_t ino)
{
	unsigned int node = (unsigned int)(ino % BLOCK);

	return ino >= BLOCK && node >= NODE_FILES ? &driver_files[node - NODE_FILES] : NULL;
}

/* What chmod gave it, or the driver. */
static mode_t mode_of(const struct guest *guest, fuse_ino_t ino)
{
	const struct guestfs_file *file = file_of(ino);
	mode_t changed = guest->driver_modes[file - driver_files];

	if (changed != 0)
		return S_IFREG | (changed & 07777);
	return S_IFREG | (file->parse != NULL ? 0644 : 0444);
}

static bool attributes(fuse_ino_t ino, struct stat *st)
{
	const struct guest *guest = guest_of(ino);

	*st = (struct stat){ .st_ino = ino, .st_nlink = 1 };
	if (ino != FUSE_ROOT_ID && guest == NULL)
		return false;
	if (file_of(ino) == NULL) {
		st->st_mode = S_IFDIR | 0755;
		return true;
	}
	st->st_mode = mode_of(guest, ino);
	st->st_size = GUESTFS_TEXT_MAX; /* as in sysfs */
	return true;
}

static void do_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct stat st;

	(void)fi;
	if (attributes(ino, &st))
		fuse_reply_attr(req, &st, 0);
	else
		fuse_reply_err(req, ENOENT);
}

/* To cut a file of sysfs off, as a shell does before it writes, changes nothing; its mode may. */
static void do_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr, int to_set,
		       struct fuse_file_info *fi)
{
	struct guest *guest = guest_of(ino);

	if (guest != NULL && file_of(ino) != NULL && (to_set & FUSE_SET_ATTR_MODE))
		guest->driver_modes[file_of(ino) - driver_files] = attr->st_mode | S_IFREG;
	do_getattr(req, ino, fi);
}

static fuse_ino_t find_guest(const char *name)
{
	struct guest *guest = guest_find(name);

	return guest != NULL && guest->fs != NULL && strcmp(guest->spec.name, name) == 0
		       ? ino_of(guest, NODE_FOLDER)
		       : 0;
}

/* prefix: "info/" or "". */
static fuse_ino_t find_file(const struct guest *guest, const char *prefix, const char *name)
{
	size_t len = strlen(prefix);

	if (len == 0 && strcmp(name, "info") == 0)
		return ino_of(guest, NODE_INFO);
	for (unsigned int i = 0; driver_files[i].path != NULL; i++) {
		if (strncmp(driver_files[i].path, prefix, len) == 0 &&
		    strcmp(driver_files[i].path + len, name) == 0)
			return ino_of(guest, NODE_FILES + i);
	}
	return 0;
}

static void do_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct fuse_entry_param entry = { .ino = 0 };
	struct guest *guest = guest_of(parent);

	if (parent == FUSE_ROOT_ID)
		entry.ino = find_guest(name);
	else if (guest != NULL)
		entry.ino = find_file(guest, parent % BLOCK == NODE_INFO ? "info/" : "", name);
	if (entry.ino != 0 && attributes(entry.ino, &entry.attr))
		fuse_reply_entry(req, &entry);
	else
		fuse_reply_err(req, ENOENT);
}

/* A listing under way: full once an entry didn't fit, after those that were already told. */
struct listing {
	fuse_req_t req;
	char text[GUESTFS_TEXT_MAX];
	size_t room, len;
	off_t told, next;
	bool full;
};

static void list(struct listing *listing, const char *name, fuse_ino_t ino)
{
	struct stat st;
	size_t size;

	if (listing->full || listing->next++ < listing->told || !attributes(ino, &st))
		return;
	size = fuse_add_direntry(listing->req, listing->text + listing->len,
				 listing->room - listing->len, name, &st, listing->next);
	listing->full = size > listing->room - listing->len;
	listing->len += listing->full ? 0 : size;
}

static void list_guests(struct listing *listing)
{
	for (unsigned int i = 0; i < bed.guest_count; i++)
		list(listing, bed.guests[i]->spec.name, ino_of(bed.guests[i], NODE_FOLDER));
}

static void list_files(struct listing *listing, const struct guest *guest, bool info)
{
	if (!info)
		list(listing, "info", ino_of(guest, NODE_INFO));
	for (unsigned int i = 0; driver_files[i].path != NULL; i++) {
		const char *path = driver_files[i].path;
		const char *slash = strchr(path, '/');

		if ((slash != NULL) == info)
			list(listing, slash != NULL ? slash + 1 : path,
			     ino_of(guest, NODE_FILES + i));
	}
}

static void do_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
		       struct fuse_file_info *fi)
{
	struct listing listing = { .req = req, .told = off };
	const struct guest *guest = guest_of(ino);

	(void)fi;
	listing.room = size < sizeof(listing.text) ? size : sizeof(listing.text);
	if (ino == FUSE_ROOT_ID)
		list_guests(&listing);
	else if (guest != NULL)
		list_files(&listing, guest, ino % BLOCK == NODE_INFO);
	fuse_reply_buf(req, listing.text, listing.len);
}

/* A domid may be used again: who opened the file of a guest that is gone holds nothing. */
static struct guest *opened(fuse_ino_t ino, const struct fuse_file_info *fi)
{
	struct guest *guest = guest_of(ino);

	return guest != NULL && (uint64_t)guest->boot_ms == fi->fh ? guest : NULL;
}

static void do_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct guest *guest = guest_of(ino);

	if (guest == NULL || file_of(ino) == NULL) {
		fuse_reply_err(req, guest == NULL ? ENODEV : EISDIR);
		return;
	}
	fi->fh = (uint64_t)guest->boot_ms;
	fi->direct_io = 1;
	fuse_reply_open(req, fi);
}

static void do_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
		    struct fuse_file_info *fi)
{
	struct guest *guest = opened(ino, fi);
	char text[GUESTFS_TEXT_MAX];
	size_t len, from;

	if (guest == NULL) {
		fuse_reply_err(req, ENODEV);
		return;
	}
	len = file_of(ino)->render(guest, text, sizeof(text));
	from = (size_t)off < len ? (size_t)off : len;
	fuse_reply_buf(req, text + from, len - from < size ? len - from : size);
}

static bool same_user_namespace(const char *process)
{
	char path[64];
	struct stat own, its;

	snprintf(path, sizeof(path), "%s/ns/user", process);
	return stat("/proc/self/ns/user", &own) == 0 && stat(path, &its) == 0 &&
	       own.st_dev == its.st_dev && own.st_ino == its.st_ino;
}

/* capable(CAP_SYS_ADMIN), of the thread with that id. */
static bool may_administer(pid_t tid)
{
	char process[32], path[64], line[256];
	unsigned long long effective = 0;
	FILE *file;

	snprintf(process, sizeof(process), "/proc/%d", (int)tid);
	snprintf(path, sizeof(path), "%s/status", process);
	file = tid > 0 ? fopen(path, "re") : NULL;
	if (file == NULL)
		return false;
	while (fgets(line, sizeof(line), file) != NULL &&
	       sscanf(line, "CapEff: %llx", &effective) != 1)
		;
	fclose(file);
	return (effective >> CAP_SYS_ADMIN & 1) && same_user_namespace(process);
}

static int refuse(struct guest *guest, const char *path, pid_t tid)
{
	if (guest->refused_writes++ == 0)
		guest_log(guest, "refused process %d to write %s: %s", (int)tid, path,
			  guest->spec.refuse ? "target_kb=refuse" : "it lacks CAP_SYS_ADMIN");
	return -EPERM;
}

static int store(struct guest *guest, const struct guestfs_file *file, const char *text, pid_t tid)
{
	if (file->parse == NULL)
		return -EIO;
	if (file->admin && (guest->spec.refuse || !may_administer(tid)))
		return refuse(guest, file->path, tid);
	return file->parse(guest, text);
}

static void do_write(fuse_req_t req, fuse_ino_t ino, const char *data, size_t size, off_t off,
		     struct fuse_file_info *fi)
{
	struct guest *guest = opened(ino, fi);
	char text[64];
	int rc;

	(void)off; /* as in sysfs, each write is a value */
	if (guest == NULL) {
		fuse_reply_err(req, ENODEV);
		return;
	}
	snprintf(text, sizeof(text), "%.*s", (int)(size < sizeof(text) ? size : sizeof(text)),
		 data);
	rc = store(guest, file_of(ino), text, fuse_req_ctx(req)->pid);
	if (rc < 0)
		fuse_reply_err(req, -rc);
	else
		fuse_reply_write(req, size);
}

/* Requests are small: they are read into memory, by one call that doesn't wait. */
static void do_init(void *userdata, struct fuse_conn_info *conn)
{
	(void)userdata;
	conn->want &= ~(unsigned int)(FUSE_CAP_SPLICE_READ | FUSE_CAP_SPLICE_WRITE);
}

static const struct fuse_lowlevel_ops operations = {
	.init = do_init,
	.lookup = do_lookup,
	.getattr = do_getattr,
	.setattr = do_setattr,
	.readdir = do_readdir,
	.open = do_open,
	.read = do_read,
	.write = do_write,
};

static void requests_ready(struct source *source, uint32_t events)
{
	(void)source, (void)events;
	while (!fuse_session_exited(session) && fuse_session_receive_buf(session, &request) > 0)
		fuse_session_process_buf(session, &request);
	if (fuse_session_exited(session))
		loop_remove(&requests);
}

static int watch_requests(void)
{
	int fd = dup(fuse_session_fd(session));

	if (fd < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 || fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
		return -errno;
	requests = (struct source){ .fd = fd, .ready = requests_ready };
	return loop_add(&requests, EPOLLIN);
}

void driverfs_clean(const char *path)
{
	umount2(path, MNT_DETACH);
	rmdir(path);
}

int driverfs_start(const char *path)
{
	char *argv[] = { (char[]){ "xenbed" }, (char[]){ "-o" },
			 (char[]){ "allow_other,default_permissions,fsname=xenbed" } };
	struct fuse_args args = FUSE_ARGS_INIT(3, argv);

	/* libfuse complains by itself; here nothing is wrong. */
	if (geteuid() != 0 || access("/dev/fuse", R_OK | W_OK) < 0)
		return -EACCES;
	driverfs_clean(path);
	if (mkdir(path, 0755) < 0)
		return -errno;
	session = fuse_session_new(&args, &operations, sizeof(operations), NULL);
	if (session == NULL)
		return -ENOMEM;
	if (fuse_session_mount(session, path) == 0)
		return watch_requests();
	fuse_session_destroy(session);
	session = NULL;
	rmdir(path);
	return -EPERM;
}

bool driverfs_runs(void)
{
	return session != NULL;
}

void driverfs_stop(void)
{
	if (session != NULL)
		fuse_session_unmount(session);
}
