// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * The file /proc/xenballoon, and a symbolic link `balloon` to it in xenfs: /proc/xen/balloon where
 * xenfs is mounted there, as in 2008. /proc/xen itself is a mount point that procfs keeps empty.
 *
 * Anybody may hold an inode beyond the unload of this module (O_PATH takes no reference to it), so
 * no inode may point into it. procfs sees to that for its entries: once one is removed, it calls
 * nothing of it any more. The link's operations are the kernel's, its text is allocated.
 */
#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/proc_fs.h>
#include <linux/rcupdate.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/version.h>

#include "selfballoon.h"

#define FILE_NAME "xenballoon"
#define FILE_PATH "/proc/" FILE_NAME
#define LINK_NAME "balloon"
#define TEXT_MAX  32

static struct proc_dir_entry *file_entry;
static struct vfsmount *mount;
static int mount_users;
static struct dentry *link_entry;

static int show(struct seq_file *file, void *data)
{
	struct selfballoon_state state;
	int err = selfballoon_show(&state);

	if (err)
		return err;
	seq_printf(file,
		   "Current allocation: %8llu kB\nRequested target:   %8llu kB\n"
		   "Minimum target:     %8llu kB\nMaximum target:     %8llu kB\n"
		   "Selfballooning:     %8s\n",
		   state.current_kib, state.target_kib, state.floor_kib, state.max_kib,
		   state.on ? "on" : "off");
	return 0;
}

static int open(struct inode *inode, struct file *file)
{
	return single_open(file, show, NULL);
}

/* "1" and "0" are the switch; all else is a size, in bytes unless a suffix says otherwise. */
static int obey(char *word)
{
	unsigned long long bytes;
	char *end;

	if (strcmp(word, "1") == 0 || strcmp(word, "0") == 0)
		return keys_switch(word[0] == '1');
	if (word[0] < '0' || word[0] > '9')
		return -EINVAL;
	bytes = memparse(word, &end);
	if (*end || bytes / 1024 > CONTRACT_KIB_MAX)
		return -EINVAL;
	return selfballoon_set_target(bytes / 1024);
}

/* Who opened the file counts, not who was handed it. */
static ssize_t write(struct file *file, const char __user *from, size_t len, loff_t *offset)
{
	char text[TEXT_MAX];
	int err;

	if (!file_ns_capable(file, &init_user_ns, CAP_SYS_ADMIN))
		return -EPERM;
	if (len == 0 || len >= sizeof(text) || *offset != 0)
		return -EINVAL;
	if (copy_from_user(text, from, len))
		return -EFAULT;
	text[len] = '\0';
	err = obey(strim(text));
	return err ? err : len;
}

static const struct proc_ops operations = {
	.proc_open = open,
	.proc_read = seq_read,
	.proc_write = write,
	.proc_lseek = seq_lseek,
	.proc_release = single_release,
};

/* --- the link in xenfs, whose superblock is one for all its mounts, those to come included --- */

static void set_times(struct inode *inode)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
	simple_inode_init_ts(inode);
#else
	inode->i_atime = inode->i_mtime = inode->i_ctime = current_time(inode);
#endif
}

static struct inode *make_link(struct super_block *sb)
{
	struct inode *inode = new_inode(sb);

	if (!inode)
		return NULL;
	inode->i_ino = get_next_ino();
	inode->i_mode = S_IFLNK | 0777;
	inode->i_op = &simple_symlink_inode_operations;
	inode->i_link = kstrdup(FILE_PATH, GFP_KERNEL);
	set_times(inode);
	if (inode->i_link)
		return inode;
	iput(inode);
	return NULL;
}

/* The name keeps a reference to its dentry until it is removed. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 19, 0)
static int add_name(struct dentry *root, struct inode *inode)
{
	struct dentry *dentry = simple_start_creating(root, LINK_NAME);

	if (IS_ERR(dentry))
		return PTR_ERR(dentry);
	link_entry = d_make_persistent(dentry, inode);
	simple_done_creating(dentry);
	return 0;
}
#else
static bool name_is_taken(struct dentry *root)
{
	struct qstr name = QSTR_INIT(LINK_NAME, strlen(LINK_NAME));
	struct dentry *found;
	bool taken;

	name.hash = full_name_hash(root, name.name, name.len);
	found = d_lookup(root, &name);
	taken = found && d_really_is_positive(found);
	dput(found);
	return taken;
}

static int add_name(struct dentry *root, struct inode *inode)
{
	int err = -EEXIST;

	inode_lock(d_inode(root));
	if (!name_is_taken(root)) {
		link_entry = d_alloc_name(root, LINK_NAME);
		err = link_entry ? 0 : -ENOMEM;
	}
	if (!err)
		d_add(link_entry, inode);
	inode_unlock(d_inode(root));
	return err;
}
#endif

static void drop_link(struct inode *inode)
{
	const char *text = inode->i_link;

	/* Walks that have read the text without a reference have ended; some may hold one. */
	synchronize_rcu();
	if (atomic_read(&inode->i_count) == 1)
		kfree(text);
	iput(inode);
}

static int link_start(void)
{
	struct inode *inode = make_link(mount->mnt_sb);
	int err;

	if (!inode)
		return -ENOMEM;
	err = add_name(mount->mnt_root, inode);
	if (err)
		drop_link(inode);
	return err;
}

/* Whoever holds the inode still keeps a few bytes of text with it, which are lost then. */
static void link_stop(void)
{
	struct inode *inode = d_inode(link_entry);

	ihold(inode);
	simple_recursive_removal(link_entry, NULL);
	drop_link(inode);
}

static int pin_xenfs(void)
{
	struct file_system_type *type = get_fs_type("xenfs");
	int err;

	if (!type)
		return -ENODEV;
	err = simple_pin_fs(type, &mount, &mount_users);
	module_put(type->owner);
	return err;
}

int file_start(void)
{
	int err = pin_xenfs();

	if (err)
		return err;
	file_entry = proc_create(FILE_NAME, 0644, NULL, &operations);
	err = file_entry ? link_start() : -ENOMEM;
	if (!err)
		return 0;
	proc_remove(file_entry);
	simple_release_fs(&mount, &mount_users);
	return err;
}

/* procfs waits for calls that are under way, and ends what is open. */
void file_stop(void)
{
	link_stop();
	proc_remove(file_entry);
	simple_release_fs(&mount, &mount_users);
}
