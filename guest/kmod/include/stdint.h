/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Stands in for the C library's header where the shared sources are built into the kernel module.
 */
#include <linux/types.h>
#ifndef UINT64_C
#define UINT64_C(n) n##ULL
#endif
#ifndef UINT32_MAX
#define UINT32_MAX U32_MAX
#endif
