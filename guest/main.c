/* SPDX-License-Identifier: MIT */
/*
 * xenballoon-guest: the command line. Options and commands are rows; help comes from the same rows.
 */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "daemon.h"
#include "kernel.h"
#include "operate.h"
#include "settings.h"

static const struct {
	struct option option;
	const char *argument, *help;
} options[] = {
	{ { "procfs", required_argument, NULL, 'p' }, "DIR", "instead of " KERNEL_PROCFS },
	{ { "sysfs", required_argument, NULL, 's' },
	  "DIR",
	  "the balloon driver's directory, instead of\n"
	  "                    " DRIVER_SYSFS },
	{ { "hypervisor", required_argument, NULL, 'y' },
	  "DIR",
	  "with guest_type, instead of " DRIVER_HYPERVISOR },
	{ { "config", required_argument, NULL, 'c' }, "FILE", "instead of " SETTINGS_FILE },
	{ { "module", required_argument, NULL, 'm' },
	  "DIR",
	  "there while the kernel module acts, instead of\n"
	  "                    " DAEMON_MODULE },
	{ { "syslog", no_argument, NULL, 'l' },
	  "",
	  "log to syslog, too, where standard error is lost" },
	{ { "stop-stays", no_argument, NULL, 'S' },
	  "",
	  "SIGTERM leaves the guest as it is, as SIGINT does" },
	{ { "config.check", no_argument, NULL, 'k' },
	  "",
	  "read the configuration, say if it is right, end" },
	{ { "version", no_argument, NULL, 'v' }, "", "say which version this is" },
	{ { "help", no_argument, NULL, 'h' }, "", "this" },
};

#define OPTIONS (sizeof(options) / sizeof(options[0]))

static const struct command {
	const char *name;
	int (*run)(const struct places *places);
	const char *help;
} commands[] = {
	{ "on", operate_on, "this guest sets its own size from now on" },
	{ "off", operate_off, "it stays where it is and follows dom0's target" },
	{ "status", operate_status, "what this guest has, wants and may, and why" },
	{ "explain", operate_explain, "why it has this size, with all the numbers" },
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static int help(void)
{
	printf("usage: xenballoon-guest [options]           run the daemon, in the foreground\n"
	       "       xenballoon-guest [options] COMMAND\n\n"
	       "Gives memory that this Xen guest doesn't need back to the host, takes it again "
	       "when\n"
	       "it is needed, and reports to the agent in dom0 by xenstore. It waits for "
	       "xenstore,\n"
	       "and for the agent to grant this guest its keys.\n\nCommands:\n");
	for (size_t i = 0; i < COMMANDS; i++)
		printf("  %-17s %s\n", commands[i].name, commands[i].help);
	printf("\nOptions:\n");
	for (size_t i = 0; i < OPTIONS; i++)
		printf("  --%-12s %-4s %s\n", options[i].option.name, options[i].argument,
		       options[i].help);
	printf("\nConfiguration, lines of `key value` (default in brackets):\n");
	settings_describe(stdout);
	printf("\nSIGHUP reads it anew; SIGINT ends the daemon and leaves the guest as it is; "
	       "SIGTERM ends it\n"
	       "and, while selfballooning is on, lets the guest grow to what it may have.\n");
	return 0;
}

static int check(const struct places *places)
{
	struct settings settings;
	char error[512];

	if (settings_load(&settings, places->config, error, sizeof(error)) != 0) {
		fprintf(stderr, "xenballoon-guest: %s\n", error);
		return 1;
	}
	printf("%s: right\n", places->config);
	return 0;
}

static int version(void)
{
	printf("xenballoon-guest " XENBALLOON_VERSION "\n");
	return 0;
}

static int wrong_usage(void)
{
	fprintf(stderr, "xenballoon-guest: --help says what there is\n");
	return 2;
}

static int run(const char *name, const struct places *places)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (strcmp(commands[i].name, name) == 0)
			return commands[i].run(places);
	fprintf(stderr, "xenballoon-guest: no command %s\n", name);
	return wrong_usage();
}

int main(int argc, char **argv)
{
	struct places places = { .procfs = KERNEL_PROCFS,
				 .sysfs = DRIVER_SYSFS,
				 .hypervisor = DRIVER_HYPERVISOR,
				 .config = SETTINGS_FILE,
				 .module = DAEMON_MODULE };
	struct option table[OPTIONS + 1] = { 0 };
	bool checking = false;
	int c;

	for (size_t i = 0; i < OPTIONS; i++)
		table[i] = options[i].option;
	while ((c = getopt_long(argc, argv, "", table, NULL)) != -1) {
		switch (c) {
		case 'p':
			places.procfs = optarg;
			break;
		case 's':
			places.sysfs = optarg;
			break;
		case 'y':
			places.hypervisor = optarg;
			break;
		case 'c':
			places.config = optarg;
			break;
		case 'm':
			places.module = optarg;
			break;
		case 'l':
			places.syslog = true;
			break;
		case 'S':
			places.stop_stays = true;
			break;
		case 'k':
			checking = true;
			break;
		case 'v':
			return version();
		case 'h':
			return help();
		default:
			return wrong_usage();
		}
	}
	if (checking)
		return check(&places);
	if (argc - optind > 1)
		return wrong_usage();
	return optind < argc ? run(argv[optind], &places) : daemon_run(&places);
}
