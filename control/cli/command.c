/* SPDX-License-Identifier: MIT */
/*
 * The table of commands, their help, and how a name finds its row. Called by main.c.
 */
#include "cli_command.h"

#include <string.h>

#include "policy_text.h"

#define WORDS_MAX 4096
#define ONE_WAY	  GROUP_WAY

/* clang-format off */
const struct command commands[] = {
	{ "list", "[GUEST...]", 0, WORDS_MAX, GROUP_WAY | GROUP_FORMAT | GROUP_TABLE, TRAIT_GUESTS, command_list,
	  "all guests, one per line: size, state and why",
	  "One line per guest, and their sum. Choose columns with -o (-o help lists them), order with\n"
	  "--sort, guests by name, pattern or --state.\n"
	  "\n"
	  "  xenballoon list\n"
	  "  xenballoon list 'web*' --state starving,host_full\n"
	  "  xenballoon list -o name,allocated,wanted --sort -allocated\n"
	  "  xenballoon list --csv -o name,uuid,allocated >sizes.csv\n"
	  "  xenballoon -H xen1 -H xen2 list            # a rack; rows get a HOST column\n" },
	{ "show", "[GUEST...]", 0, WORDS_MAX, GROUP_WAY | GROUP_FORMAT, TRAIT_GUESTS, command_show,
	  "everything that is known of one guest, or of the host",
	  "Each value with its meaning. Without GUEST, the host.\n"
	  "A GUEST is a domid, a name, a UUID or a pattern of names such as 'web*', here and everywhere.\n"
	  "\n"
	  "  xenballoon show\n"
	  "  xenballoon show web1\n"
	  "  xenballoon show web1 --json | jq .allocated_kib\n" },
	{ "explain", "GUEST...", 1, WORDS_MAX, GROUP_WAY, TRAIT_GUESTS, command_explain,
	  "why a guest has the size it has, and what would change it",
	  "The reason in words, the numbers behind it, and what to do to change it.\n"
	  "\n"
	  "  xenballoon explain web1\n" },
	{ "advise", "", 0, 0, GROUP_WAY | GROUP_FORMAT, 0, command_advise,
	  "what selfballooning would free, per guest and in total",
	  "Guests report what they want also while selfballooning is off; this shows what turning\n"
	  "it on would free. Nothing is changed.\n"
	  "\n"
	  "  xenballoon advise\n" },
	{ "on", "GUEST...|--all", 0, WORDS_MAX, GROUP_WAY | GROUP_CHANGE | GROUP_ALL, TRAIT_GUESTS,
	  command_on, "turn selfballooning on: guests set their own size",
	  "Turns selfballooning on: the guest gives memory back while it idles and takes it again\n"
	  "when it works, up to its maximum. Its target can't be set meanwhile.\n"
	  "\n"
	  "  xenballoon on web1\n"
	  "  xenballoon on --all --dry-run              # what would happen\n" },
	{ "off", "GUEST...|--all", 0, WORDS_MAX, GROUP_WAY | GROUP_CHANGE | GROUP_ALL | GROUP_OFF, TRAIT_GUESTS,
	  command_off, "turn selfballooning off: guests follow dom0's target",
	  "Turns selfballooning off: the guest stays at the size it has, which becomes its target.\n"
	  "With --restore it gets the target back that it had before selfballooning, also later: the\n"
	  "agent keeps it by UUID until another target is set.\n"
	  "\n"
	  "  xenballoon off web1 web2\n"
	  "  xenballoon off 'web*' --restore\n" },
	{ "target", "GUEST SIZE", 2, 2, GROUP_WAY | GROUP_CHANGE | GROUP_WAIT, TRAIT_GUESTS,
	  command_target, "tell a guest how big to be",
	  "SIZE is a number and K, M, G or T: 512M, 1.5G. Without a unit it is KiB.\n"
	  "What is never allowed is refused; what is unwise too, unless --force is given: a target\n"
	  "below the guest's minimum, growth beyond the host's free memory.\n"
	  "\n"
	  "  xenballoon target web1 512M --wait         # and see it get there\n"
	  "  xenballoon target web1 512M --wait=5m\n"
	  "  xenballoon target web1 64M --dry-run       # would it be allowed?\n" },
	{ "policy", "GUEST [POLICY|--reset]", 1, WORDS_MAX, GROUP_WAY | GROUP_FORMAT | GROUP_DRY | GROUP_POLICY,
	  TRAIT_GUESTS | TRAIT_POLICY, command_policy, "what decides a guest's size: show, order or take back",
	  "POLICY is a policy's name, settings as NAME=VALUE, or both; what it doesn't name is left to\n"
	  "the guest's own configuration, guest.conf. It counts at once, is kept by UUID and put back after\n"
	  "a reboot. Without POLICY: what is ordered, what is in force, and why the two differ.\n"
	  "\n"
	  "  xenballoon policy 'web*'\n"
	  "  xenballoon policy web1 pressure floor=96MiB\n"
	  "  xenballoon policy web1 --reset\n"
	  "\nPolicies and settings, with their defaults:\n" },
	{ "top", "", 0, 0, GROUP_WAY | GROUP_TOP | GROUP_COUNT, 0, command_top,
	  "the guests as live bars; a key switches one",
	  "Bars of what each guest has, its target and what it wants, on the scale of its\n"
	  "maximum. Arrows choose a guest, o switches selfballooning after a question, s and r\n"
	  "order, / filters, q ends. With -b plain text, a picture each -d, -n of them.\n"
	  "--sort takes name, allocated, target, actual, wanted, static_max or state.\n"
	  "\n"
	  "  xenballoon top\n"
	  "  xenballoon top --sort -wanted -d 5s\n"
	  "  xenballoon top -b -n 1\n" },
	{ "watch", "[GUEST...]", 0, WORDS_MAX, GROUP_WAY | GROUP_FORMAT | GROUP_COUNT, TRAIT_GUESTS,
	  command_watch, "follow what changes, one line per change",
	  "Guests that grow, shrink, come and go, and what was asked for by whom, as it happens;\n"
	  "with names, of these guests only. With --json each event is a line of JSON.\n"
	  "An agent that goes away is asked again until it is back.\n"
	  "\n"
	  "  xenballoon watch\n"
	  "  xenballoon watch web1 db1\n"
	  "  xenballoon watch -n 1 web1                 # until something happens to it\n" },
	{ "audit", "", 0, 0, GROUP_WAY | GROUP_FORMAT | GROUP_COUNT | GROUP_FILTER, 0, command_audit,
	  "who asked for what, and how it ended",
	  "The agent's latest decisions, allowed and refused, the newest last (50 unless -n says\n"
	  "otherwise). What it no longer remembers is in its audit file. Operators only.\n"
	  "\n"
	  "  xenballoon audit\n"
	  "  xenballoon audit --domain web1 -n 5\n"
	  "  xenballoon audit --domain 'web*' --action target\n"
	  "  xenballoon audit --result forbidden --json\n" },
	{ "check", "", 0, 0, GROUP_WAY | GROUP_CHECK, TRAIT_PLUGIN, command_check,
	  "a plugin for Nagios and Icinga",
	  "One line and performance data; ends 0 when all is well, 1 on a warning, 2 when\n"
	  "critical, 3 when it can't tell (the agent does not answer, wrong usage).\n"
	  "Thresholds are NAME=RANGE with commas between. A RANGE is as the guidelines of\n"
	  "monitoring plugins have it, or off; it alerts on what is outside of it:\n"
	  "\n"
	  "  10         below 0 or above 10     10:20      below 10 or above 20\n"
	  "  10:        below 10                @10:20     inside: 10 to 20\n"
	  "  '~:10'     above 10, quoted for the shell\n"
	  "\n"
	  "  NAME       what                                by default -w, -c\n"
	  "  free       the host's free memory              snmp.notify_host_free_mib:\n"
	  "                                                 control.reserve_mib:\n"
	  "  unmet      what guests want more, in sum       off, off\n"
	  "  age        time since the agent saw xenstore   60s, 5m\n"
	  "  pressure   of a guest that waits most, percent 10, off\n"
	  "  stuck, silent, refused, host_full, starving,\n"
	  "  crashed    guests in this state                0, off\n"
	  "  capped, no_agent   likewise                    off, off\n"
	  "\n"
	  "Sizes take K, M, G, T or % of the host's memory. For free a number alone is the\n"
	  "least that is enough: 256M is 256M:. -v gives every value and all names, -vv each\n"
	  "range on a line of its own, -vvv each guest with its reason.\n"
	  "\n"
	  "  xenballoon check\n"
	  "  xenballoon check -w free=10%:,silent=2 -c free=64M:,stuck=5 -t 5\n" },
	{ "doctor", "", 0, 0, GROUP_WAY | GROUP_CONFIG, 0, command_doctor,
	  "look whether all is right on this host, and say what to do",
	  "Ways in, xenstore and hypervisor, permissions of guests' keys, other owners of targets,\n"
	  "snmpd, certificates, principals, audit. Best as root in dom0. Ends 1 if something failed.\n"
	  "\n"
	  "  xenballoon doctor\n"
	  "  xenballoon -H xen1 doctor                  # what can be seen from elsewhere\n" },
	{ "token", "make|list|revoke [NAME]", 1, 2, GROUP_TOKEN | GROUP_CONFIG | GROUP_DRY,
	  TRAIT_LOCAL, command_token, "who may ask over HTTP: make, list and revoke tokens",
	  "Works on the principals file of this host's agent, which takes a change over by itself.\n"
	  "A token is printed once, alone on standard output; the file keeps its hash.\n"
	  "\n"
	  "  xenballoon token make alice --role operator --expires 90d\n"
	  "  xenballoon token make web-team --role operator --domains 'web*'\n"
	  "  xenballoon token make grafana --role viewer >grafana.token\n"
	  "  xenballoon token list\n"
	  "  xenballoon token revoke alice\n" },
};
/* clang-format on */

const size_t command_count = sizeof(commands) / sizeof(*commands);

const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < command_count; i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

#define NAME_MAX_LEN 15

static size_t least(size_t a, size_t b, size_t c)
{
	size_t two = a < b ? a : b;

	return two < c ? two : c;
}

/* How many letters must be changed, added or dropped to make b of a (Levenshtein). */
static size_t edits(const char *a, const char *b)
{
	size_t row[NAME_MAX_LEN + 1], len = strlen(b);

	for (size_t k = 0; k <= len; k++)
		row[k] = k;
	for (size_t i = 1; a[i - 1]; i++) {
		size_t corner = row[0];

		row[0] = i;
		for (size_t k = 1; k <= len; k++) {
			size_t changed = corner + (a[i - 1] != b[k - 1]);

			corner = row[k];
			row[k] = least(row[k] + 1, row[k - 1] + 1, changed);
		}
	}
	return row[len];
}

const struct command *command_nearest(const char *name)
{
	const struct command *nearest = NULL;
	size_t best = 3; /* more is another word */

	if (strlen(name) > NAME_MAX_LEN)
		return NULL;
	for (size_t i = 0; i < command_count; i++) {
		size_t distance = edits(name, commands[i].name);

		if (*name && !strncmp(name, commands[i].name, strlen(name)))
			distance = 1;
		if (distance < best && distance < strlen(commands[i].name)) {
			best = distance;
			nearest = &commands[i];
		}
	}
	return nearest;
}

void command_overview(FILE *to)
{
	fputs("Usage: xenballoon [OPTION]... COMMAND [WORD]...\n"
	      "Sees and steers the memory of this Xen host's guests, or of other hosts'.\n\n",
	      to);
	for (size_t i = 0; i < command_count; i++) {
		char left[64];

		snprintf(left, sizeof(left), "%s %s", commands[i].name, commands[i].words);
		fprintf(to, "  %-24s %s\n", left, commands[i].summary);
	}
	fputs("\nHow to reach the agent, and who asks:\n", to);
	options_help(ONE_WAY, to);
	fputs("\nXENBALLOON_URL, XENBALLOON_SOCKET, XENBALLOON_TOKEN_FILE and XENBALLOON_CA stand "
	      "for "
	      "the\n"
	      "options of these names; NO_COLOR switches colour off.\n\n"
	      "Start with:  xenballoon list\n"
	      "             xenballoon advise\n"
	      "             xenballoon COMMAND --help\n"
	      "Exit status: 0 done, 1 refused, 2 wrong usage, 3 no answer, 4 not there in time.\n"
	      "More:        man xenballoon\n",
	      to);
}

void command_help(const struct command *command, FILE *to)
{
	fprintf(to, "Usage: xenballoon %s%s%s [OPTION]...\n\n%s", command->name,
		*command->words ? " " : "", command->words, command->help);
	if (command->traits & TRAIT_POLICY)
		policy_text_describe(to);
	if (command->groups & ~ONE_WAY) {
		fputs("\nOptions:\n", to);
		options_help(command->groups & ~ONE_WAY, to);
	} else {
		fputc('\n', to);
	}
	if (command->groups & ONE_WAY)
		fputs("Those that say how to reach the agent: xenballoon --help\n", to);
}
