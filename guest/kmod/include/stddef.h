/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Stands in for the C library's header where the shared sources are built into the kernel module.
 */
#include <linux/stddef.h>
#include <linux/types.h>
