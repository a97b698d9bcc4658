/* SPDX-License-Identifier: MIT */
/*
 * The page size of the played guest's kernel, for a daemon that asks the C library for it: its
 * numbers of pages are of that size. Only where XENBED_PAGE_KIB says so.
 */
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

long sysconf(int name)
{
	static long (*real)(int name);
	const char *kib = getenv("XENBED_PAGE_KIB");

	if (name == _SC_PAGESIZE && kib != NULL)
		return atol(kib) * 1024;
	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "sysconf");
	return real(name);
}
