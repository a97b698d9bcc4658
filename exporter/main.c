/* SPDX-License-Identifier: MIT */
/*
 * xenballoon-agent: starts the parts in order and stops them in reverse. Between, the main thread
 * waits for signals, ends commands past their deadline and feeds the watchdog.
 */
#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <systemd/sd-daemon.h>

#include "audit.h"
#include "clock.h"
#include "collector.h"
#include "config.h"
#include "decision.h"
#include "events.h"
#include "http.h"
#include "inherit.h"
#include "log.h"
#include "mib.h"
#include "mib_user.h"

#define CONFIG_PATH "/etc/xenballoon/agent.yml"
#define TURN_MS	    100
#define EXIT_USAGE  2

static atomic_bool reload_wanted;

static const char usage[] =
	"Usage: xenballoon-agent [OPTION]...\n"
	"       xenballoon-agent snmp-user add NAME --role viewer|operator [--config FILE]\n"
	"Runs in dom0: shows every guest's memory by SNMP and to Prometheus, and lets an\n"
	"authenticated operator switch selfballooning and set targets.\n"
	"\n"
	"  --config FILE       read FILE instead of " CONFIG_PATH "\n"
	"  --config.check      check the configuration, say what is wrong, and end\n"
	"  --config.describe   print every setting with its default and meaning, and end\n"
	"  --config.show       print what each setting is, and end\n"
	"  --help              print this and end\n"
	"  --version           print the version and end\n"
	"  --web.listen-address ADDRESS:PORT  listen there, not on http.listen; may be repeated\n"
	"  --web.systemd-socket  end unless systemd has passed sockets, which are used anyway\n"
	"  --role ROLE         of a user that snmp-user adds: viewer or operator\n"
	"\n"
	"Signals: SIGHUP reads the configuration again, all or nothing; SIGTERM ends.\n"
	"Exit status: 0 ended as asked, 1 could not start or run, 2 wrong usage.\n"
	"\n"
	"Then:  curl http://127.0.0.1:10047/metrics\n"
	"       snmptable -v3 ... 127.0.0.1:1161 XENBALLOON-MIB::xbDomainTable\n"
	"More:  man xenballoon-agent\n";

struct options {
	const char *config_path;
	bool config_needed; /* it was named, or has been there */
	bool check;
	bool show;
	enum control_role role; /* of snmp-user */
	const char *user;	/* to be added; NULL: run */
	bool activated;		/* sockets must have come from systemd */
	char listen[sizeof(((struct config *)0)->http_listen)]; /* with commas between */
};

enum option_id {
	OPTION_CONFIG = 256,
	OPTION_CHECK,
	OPTION_DESCRIBE,
	OPTION_SHOW,
	OPTION_HELP,
	OPTION_VERSION,
	OPTION_ROLE,
	OPTION_LISTEN,
	OPTION_ACTIVATED
};

static const struct option long_options[] = {
	{ "config", required_argument, NULL, OPTION_CONFIG },
	{ "config.check", no_argument, NULL, OPTION_CHECK },
	{ "config.describe", no_argument, NULL, OPTION_DESCRIBE },
	{ "config.show", no_argument, NULL, OPTION_SHOW },
	{ "help", no_argument, NULL, OPTION_HELP },
	{ "version", no_argument, NULL, OPTION_VERSION },
	{ "role", required_argument, NULL, OPTION_ROLE },
	{ "web.listen-address", required_argument, NULL, OPTION_LISTEN },
	{ "web.systemd-socket", no_argument, NULL, OPTION_ACTIVATED },
	{ 0 },
};

static enum control_role role_of(const char *name)
{
	for (enum control_role role = ROLE_VIEWER; role <= ROLE_OPERATOR; role++)
		if (!strcmp(control_role_name(role), name))
			return role;
	return ROLE_NONE;
}

static void read_user(int count, char **words, struct options *options)
{
	if (count != 3 || strcmp(words[1], "add") != 0 || options->role == ROLE_NONE) {
		fputs("Usage: xenballoon-agent snmp-user add NAME --role viewer|operator\n",
		      stderr);
		exit(EXIT_USAGE);
	}
	options->user = words[2];
}

/* One more; what doesn't fit is no address by then. */
static void add_listen(struct options *options, const char *address)
{
	size_t used = strlen(options->listen);

	snprintf(options->listen + used, sizeof(options->listen) - used, "%s%s", used ? "," : "",
		 address);
}

/* Ends the program itself where that is what was asked. */
static void read_options(int argc, char **argv, struct options *options)
{
	int option;

	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		switch (option) {
		case OPTION_CONFIG:
			options->config_path = optarg;
			options->config_needed = true;
			break;
		case OPTION_CHECK:
			options->check = true;
			break;
		case OPTION_SHOW:
			options->show = true;
			break;
		case OPTION_DESCRIBE:
			config_describe(stdout);
			exit(EXIT_SUCCESS);
		case OPTION_HELP:
			fputs(usage, stdout);
			exit(EXIT_SUCCESS);
		case OPTION_VERSION:
			puts("xenballoon-agent " XENBALLOON_VERSION);
			exit(EXIT_SUCCESS);
		case OPTION_LISTEN:
			add_listen(options, optarg);
			break;
		case OPTION_ACTIVATED:
			options->activated = true;
			break;
		case OPTION_ROLE:
			options->role = role_of(optarg);
			break;
		default:
			fputs("Try: xenballoon-agent --help\n", stderr);
			exit(EXIT_USAGE);
		}
	}
	if (optind < argc && !strcmp(argv[optind], "snmp-user")) {
		read_user(argc - optind, argv + optind, options);
	} else if (optind < argc) {
		fprintf(stderr, "xenballoon-agent: %s: takes options only; try --help\n",
			argv[optind]);
		exit(EXIT_USAGE);
	}
}

/* What systemd has opened, or else what the command line names, counts for the file's addresses. */
static bool take_sockets(const struct options *options)
{
	int count = inherit_sockets();

	if (!count && options->activated)
		log_error("--web.systemd-socket: systemd has passed no socket; is there a .socket "
			  "unit?");
	config_override(*inherit_listen() ? inherit_listen() : options->listen, inherit_path());
	return count > 0 || (!count && !options->activated);
}

static void want_reload(void)
{
	atomic_store(&reload_wanted, true);
}

static bool open_audit(const struct config *config, char *error, size_t size)
{
	int failed = audit_open(config->audit_file);

	if (!failed)
		audit_set(config->audit_journal, config->audit_sync);
	else
		snprintf(error, size, "%s: %s; audit.file must be writable", config->audit_file,
			 strerror(-failed));
	return !failed;
}

/*
 * No file is as good as an empty one, unless it was named. One that has gone since is a fault: its
 * settings must not turn into defaults unseen.
 */
static struct config *load(struct options *options, char *error, size_t size)
{
	bool absent = !options->config_needed && access(options->config_path, F_OK) != 0 &&
		      errno == ENOENT;
	struct config *config = config_load(absent ? NULL : options->config_path, error, size);

	if (config && !absent)
		options->config_needed = true;
	return config;
}

static const char *source_of(const struct options *options)
{
	return options->config_needed ? options->config_path
				      : "no " CONFIG_PATH ", so the defaults";
}

/* All or nothing: a configuration with a fault leaves the running one as it is. */
static void reload(struct options *options)
{
	char error[512];
	struct config *next = load(options, error, sizeof(error));
	const struct config *running = config_acquire();
	bool fits = next && config_can_reload(running, next, error, sizeof(error)) &&
		    open_audit(next, error, sizeof(error));
	char failed[512];

	/* logrotate counts on the signal whatever the configuration has become. */
	if (!fits && !open_audit(running, failed, sizeof(failed)))
		log_error("%s", failed);
	config_release(running);
	config_note_reload(fits);
	if (!fits) {
		log_error("configuration not reloaded: %s", error);
		config_free(next);
		return;
	}
	log_set_level(next->log_level);
	config_publish(next);
	log_info("configuration reloaded: %s", source_of(options));
}

static void reload_as_service(struct options *options)
{
	atomic_store(&reload_wanted, false);
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)clock_ms() * 1000);
	reload(options);
	sd_notify(0, "READY=1");
}

/* Once a second: a token that was revoked must not open anything for long. */
static void look_at_files(int64_t now_ms)
{
	static int64_t looked_ms;
	char error[512];
	int done;

	if (now_ms - looked_ms < 1000)
		return;
	looked_ms = now_ms;
	done = config_refresh(error, sizeof(error));
	if (done < 0)
		log_error("what was read before stays in force: %s", error);
	else if (done > 0)
		log_info("principals and certificates read again, as a file has changed");
}

static void feed_watchdog(int64_t now_ms)
{
	static int64_t fed_ms;
	uint64_t interval_us;

	if (sd_watchdog_enabled(0, &interval_us) <= 0 ||
	    now_ms - fed_ms < (int64_t)(interval_us / 3000))
		return;
	sd_notify(0, "WATCHDOG=1");
	fed_ms = now_ms;
}

static void run(struct options *options, const sigset_t *signals)
{
	const struct timespec turn = { .tv_nsec = TURN_MS * 1000000L };
	int got = 0;

	while (got != SIGTERM && got != SIGINT) {
		int64_t now_ms = clock_ms();

		collector_expire(now_ms);
		events_turn(now_ms);
		feed_watchdog(now_ms);
		look_at_files(now_ms);
		http_sweep(now_ms);
		if (got == SIGHUP || atomic_load(&reload_wanted))
			reload_as_service(options);
		got = sigtimedwait(signals, NULL, &turn);
	}
	log_info("ending on %s", strsignal(got));
}

/* Signals are the main thread's; threads started from here on inherit the mask. */
static void take_signals(sigset_t *signals)
{
	sigemptyset(signals);
	sigaddset(signals, SIGHUP);
	sigaddset(signals, SIGINT);
	sigaddset(signals, SIGTERM);
	pthread_sigmask(SIG_BLOCK, signals, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static int open_records(void)
{
	const struct config *config = config_acquire();
	int error = decision_open(config->state_directory);
	char failed[512];

	if (error) {
		log_error("%s: %s; state.directory must be writable", config->state_directory,
			  strerror(-error));
	} else if (!open_audit(config, failed, sizeof(failed))) {
		log_error("%s", failed);
		error = -EACCES;
	}
	config_release(config);
	return error;
}

static int start(void)
{
	int error = open_records();

	if (error)
		return error;
	error = collector_start();
	if (error) {
		log_error("can't start the collector: %s", strerror(-error));
		goto records;
	}
	error = http_open();
	if (error)
		goto collector;
	error = mib_start();
	if (error)
		goto socket;
	error = http_start(want_reload);
	if (error)
		goto snmp;
	return 0;
snmp:
	mib_stop();
socket:
	http_close();
collector:
	collector_stop();
records:
	audit_close();
	return error;
}

/* The collector first: it answers all who wait, so that neither SNMP nor HTTP is held up. */
static void stop(void)
{
	int error = collector_stop();

	mib_stop();
	http_stop();
	audit_close();
	if (!error)
		return;
	log_warn("xenstored did not answer; leaving without it");
	_Exit(EXIT_SUCCESS);
}

int main(int argc, char **argv)
{
	struct options options = { .config_path = CONFIG_PATH };
	struct config *config;
	sigset_t signals;
	char error[512];

	read_options(argc, argv, &options);
	if (!take_sockets(&options))
		return EXIT_FAILURE;
	config = load(&options, error, sizeof(error));
	if (!config) {
		fprintf(stderr, "xenballoon-agent: %s\n", error);
		return EXIT_FAILURE;
	}
	if (options.check || options.show) {
		if (options.show)
			config_show(config, stdout);
		else
			printf("%s: fine\n", source_of(&options));
		config_free(config);
		return EXIT_SUCCESS;
	}
	if (options.user) {
		int added = mib_user_add(config, options.user, options.role);

		config_free(config);
		return added ? EXIT_FAILURE : EXIT_SUCCESS;
	}
	log_set_level(config->log_level);
	config_publish(config);
	take_signals(&signals);
	if (start())
		return EXIT_FAILURE;
	sd_notify(0, "READY=1");
	log_info("xenballoon-agent " XENBALLOON_VERSION " is up");
	run(&options, &signals);
	sd_notify(0, "STOPPING=1");
	stop();
	return EXIT_SUCCESS;
}
