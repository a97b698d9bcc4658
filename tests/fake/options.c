/* SPDX-License-Identifier: MIT */
/*
 * `xenbed run`'s options: one table for parsing and for help. Called by main.c.
 */
#include "options.h"

#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bed.h"

static char default_xenstored[BED_PATH_MAX];

static bool set_dir(struct bed_options *o, const char *value)
{
	o->dir = value;
	return true;
}

static bool set_guests(struct bed_options *o, const char *value)
{
	uint64_t n;

	if (!spec_number(value, BED_GUESTS_MAX, &n))
		return false;
	o->guests = (unsigned int)n;
	o->guests_given = true;
	return true;
}

static bool set_host(struct bed_options *o, const char *value)
{
	if (!spec_number(value, UINT64_C(16) * 1024 * 1024, &o->host_kib))
		return false;
	o->host_kib *= 1024;
	return true;
}

static bool set_dom0(struct bed_options *o, const char *value)
{
	if (!spec_number(value, UINT64_C(16) * 1024 * 1024, &o->dom0_kib))
		return false;
	o->dom0_kib *= 1024;
	return true;
}

static bool set_daemon(struct bed_options *o, const char *value)
{
	o->daemon = value;
	return true;
}

static bool set_unit(struct bed_options *o, const char *value)
{
	o->unit = value;
	return true;
}

static bool set_daemons(struct bed_options *o, const char *value)
{
	uint64_t n;

	if (!spec_number(value, BED_DAEMONS_MAX, &n))
		return false;
	o->daemons = (unsigned int)n;
	return true;
}

static bool set_script(struct bed_options *o, const char *value)
{
	o->script = value;
	return true;
}

static bool set_seed(struct bed_options *o, const char *value)
{
	uint64_t n;

	if (!spec_number(value, UINT32_MAX, &n))
		return false;
	o->seed = (uint32_t)n;
	return true;
}

static bool set_xenstored(struct bed_options *o, const char *value)
{
	o->xenstored = value;
	return true;
}

static bool set_trace(struct bed_options *o, const char *value)
{
	(void)value;
	o->trace = true;
	return true;
}

static bool set_die_with_parent(struct bed_options *o, const char *value)
{
	(void)value;
	o->die_with_parent = true;
	return true;
}

static const struct option {
	const char *name;
	const char *arg; /* NULL: a switch; also what is right, for refusals */
	const char *help;
	bool (*set)(struct bed_options *o, const char *value);
} table[] = {
	{ "dir", "DIR", "where everything of this bed goes; needed", set_dir },
	{ "guests", "0..4096", "how many (else the script's, else none)", set_guests },
	{ "host-mib", "MIB", "the host's memory (2048)", set_host },
	{ "dom0-mib", "MIB", "dom0's (128)", set_dom0 },
	{ "daemon", "PATH", "the xenballoon-guest to run in guests (none: the bed posts)",
	  set_daemon },
	{ "daemons", "0..64", "in how many of them; the bed posts for the rest (64)", set_daemons },
	{ "unit", "FILE", "a systemd unit: daemons have the capabilities that it leaves (all)",
	  set_unit },
	{ "script", "FILE", "guests and workloads, see below", set_script },
	{ "seed", "NUMBER", "of UUIDs and of when bursts fall (1)", set_seed },
	{ "xenstored", "PATH", "Debian's, unmodified (below build/debs)", set_xenstored },
	{ "trace", NULL, "xenstored writes DIR/xenstored.trace", set_trace },
	{ "die-with-parent", NULL, "end when the process that started this one ends",
	  set_die_with_parent },
};

static const char *form_of(const struct option *option)
{
	return option->arg != NULL ? option->arg : "";
}

void options_help(FILE *out)
{
	char text[4096];

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		fprintf(out, "  --%s %s\n        %s\n", table[i].name, form_of(&table[i]),
			table[i].help);
	spec_help(text, sizeof(text));
	fprintf(out, "and, as --NAME VALUE, what a guest is when nothing else is said:\n%s", text);
}

static bool set_option(struct bed_options *o, const struct option *option, const char *value)
{
	if (option->set(o, value))
		return true;
	fprintf(stderr, "xenbed: --%s is %s, not \"%s\"\n", option->name, option->arg, value);
	return false;
}

static const struct option *find(const char *name)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (strcmp(name, table[i].name) == 0)
			return &table[i];
	}
	return NULL;
}

/* One of a guest's, see spec.h. */
static bool set_guest_option(struct bed_options *o, const char *name, const char *value)
{
	char error[256];

	if (spec_set(&o->guest, name, value, error, sizeof(error)))
		return true;
	fprintf(stderr, "xenbed: %s; see xenbed --help\n", error);
	return false;
}

/* Takes argv[*i], and the value after it if the option has one. */
static bool take(struct bed_options *o, int argc, char **argv, int *i)
{
	const char *word = argv[*i];
	const struct option *option = strncmp(word, "--", 2) == 0 ? find(word + 2) : NULL;

	if (option != NULL && option->arg == NULL)
		return option->set(o, NULL);
	if (strncmp(word, "--", 2) != 0 || *i + 1 == argc) {
		fprintf(stderr, "xenbed: options are --NAME VALUE, not \"%s\"; see xenbed --help\n",
			word);
		return false;
	}
	(*i)++;
	return option != NULL ? set_option(o, option, argv[*i])
			      : set_guest_option(o, word + 2, argv[*i]);
}

/*
 * This program is build/tests/fake/xenbed; packages are unpacked below build/debs. A pattern that
 * nothing matches is the answer, too, for check() to say.
 */
static const char *find_xenstored(void)
{
	char exe[BED_PATH_MAX / 2] = "", pattern[BED_PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	char *slash = n > 0 ? strrchr(exe, '/') : NULL;
	glob_t found;

	if (slash == NULL)
		return "";
	*slash = '\0';
	snprintf(pattern, sizeof(pattern),
		 "%s/../../debs/xen-utils-[0-9]*/usr/lib/xen-[0-9]*/bin/xenstored", exe);
	if (glob(pattern, GLOB_NOCHECK, NULL, &found) == 0) {
		snprintf(default_xenstored, sizeof(default_xenstored), "%s", found.gl_pathv[0]);
		globfree(&found);
	}
	return default_xenstored;
}

static bool check(const struct bed_options *o)
{
	if (o->dir == NULL) {
		fprintf(stderr, "xenbed: say --dir DIR\n");
		return false;
	}
	if (access(o->xenstored, X_OK) < 0) {
		fprintf(stderr, "xenbed: no xenstored at %s: run make deps\n", o->xenstored);
		return false;
	}
	if (o->daemon != NULL && access(o->daemon, X_OK) < 0) {
		fprintf(stderr, "xenbed: no guest daemon at %s\n", o->daemon);
		return false;
	}
	return true;
}

bool options_parse(struct bed_options *options, int argc, char **argv)
{
	*options = (struct bed_options){
		.host_kib = 2048 * 1024,
		.dom0_kib = 128 * 1024,
		.daemons = BED_DAEMONS_MAX,
		.seed = 1,
		.guest = spec_default(),
	};
	for (int i = 0; i < argc; i++) {
		if (!take(options, argc, argv, &i))
			return false;
	}
	if (options->xenstored == NULL)
		options->xenstored = find_xenstored();
	return check(options);
}
