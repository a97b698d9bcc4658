// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * The file `balloon` in xenfs, which is /proc/xen/balloon where xenfs is mounted there, as in 2008.
 * /proc/xen itself is a mount point that procfs keeps empty, so the file is xenfs's: its superblock
 * is one for all mounts, those in other places and those to come included.
 */
#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "selfballoon.h"

#define NAME	 "balloon"
#define TEXT_MAX 32

static struct vfsmount *mount;
static int mount_users;
static struct dentry *entry;

static int show(struct seq_file *file, void *data)
{
	struct selfballoon_state state;

	selfballoon_show(&state);
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

static ssize_t write(struct file *file, const char __user *from, size_t len, loff_t *offset)
{
	char text[TEXT_MAX];
	int err;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (len == 0 || len >= sizeof(text) || *offset != 0)
		return -EINVAL;
	if (copy_from_user(text, from, len))
		return -EFAULT;
	text[len] = '\0';
	err = obey(strim(text));
	return err ? err : len;
}

static const struct file_operations operations = {
	.owner = THIS_MODULE,
	.open = open,
	.read = seq_read,
	.write = write,
	.llseek = seq_lseek,
	.release = single_release,
};

static int fill(struct dentry *dentry)
{
	struct inode *inode = new_inode(dentry->d_sb);

	if (!inode)
		return -ENOMEM;
	inode->i_ino = get_next_ino();
	inode->i_mode = S_IFREG | 0644;
	inode->i_atime = inode->i_mtime = inode->i_ctime = current_time(inode);
	inode->i_fop = &operations;
	d_instantiate(dentry, inode);
	return 0;
}

/* The reference that the lookup gives keeps the name until file_stop(). */
static int add(struct dentry *root)
{
	int err;

	inode_lock(d_inode(root));
	entry = lookup_one_len(NAME, root, strlen(NAME));
	err = PTR_ERR_OR_ZERO(entry);
	if (!err) {
		err = d_really_is_positive(entry) ? -EEXIST : fill(entry);
		if (err)
			dput(entry);
	}
	inode_unlock(d_inode(root));
	return err;
}

int file_start(void)
{
	struct file_system_type *type = get_fs_type("xenfs");
	int err;

	if (!type)
		return -ENODEV;
	err = simple_pin_fs(type, &mount, &mount_users);
	module_put(type->owner);
	if (err)
		return err;
	err = add(mount->mnt_root);
	if (err)
		simple_release_fs(&mount, &mount_users);
	return err;
}

/* Nobody has it open, for that would hold the module. simple_unlink() drops what add() kept. */
void file_stop(void)
{
	struct dentry *root = mount->mnt_root;

	dget(entry);
	inode_lock(d_inode(root));
	simple_unlink(d_inode(root), entry);
	d_delete(entry);
	inode_unlock(d_inode(root));
	dput(entry);
	simple_release_fs(&mount, &mount_users);
}
