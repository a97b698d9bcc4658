/* SPDX-License-Identifier: MIT */
/*
 * `xenbed ctl`: one command a connection, over a Unix socket in the bed's folder.
 */
#ifndef XENBED_CTL_H
#define XENBED_CTL_H

/* Serves commands at dir/run/ctl, each on a thread of its own. 0 or a negative errno. */
int ctl_listen(const char *sockets);
/* The client: prints what the bed answers; returns the exit status. */
int ctl_run(const char *dir, int argc, char **argv);

#endif
