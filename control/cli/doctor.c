/* SPDX-License-Identifier: MIT */
/*
 * `doctor`: looks at all that has to be right for xenballoon to work on a host, and says what to do
 * where it is not. Only reads. The checks of the host's own files are doctor_host.c's.
 */
#include "cli_doctor.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#include "cli_agent.h"
#include "cli_command.h"
#include "cli_size.h"
#include "cli_term.h"

#define AGE_WARN_MS   (60 * 1000)
#define AGE_FAIL_MS   (300 * 1000)
#define EXPIRY_WARN_S (14 * 86400)
#define NAMES_MAX     5

static const struct {
	const char *word;
	enum term_color color;
} findings[FINDING_COUNT] = {
	[FINDING_OK] = { "ok", TERM_GOOD },
	[FINDING_WARN] = { "warn", TERM_WARN },
	[FINDING_FAIL] = { "FAIL", TERM_BAD },
};

void doctor_say(struct doctor *doctor, enum finding finding, const char *todo, const char *format,
		...)
{
	char text[768], *shown;
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	shown = term_escape(text);
	printf("%s%-4s%s  %-12s  %s\n", term_color(findings[finding].color), findings[finding].word,
	       term_color(TERM_PLAIN), doctor->check, shown);
	free(shown);
	if (todo && finding != FINDING_OK)
		printf("%20s%s-> %s%s\n", "", term_color(TERM_BOLD), todo, term_color(TERM_PLAIN));
	fflush(stdout);
	doctor->found[finding]++;
}

static void check_config(struct doctor *doctor)
{
	const char *config = doctor->cli->options->config;
	char error[512];

	if (!doctor->cli->ways[0].socket && !doctor->cli->options->config) {
		doctor_say(doctor, FINDING_OK, NULL,
			   "asked over the network: this host's files are left alone");
		return;
	}
	doctor->settings = agent_settings(config, error, sizeof(error));
	if (doctor->settings && !config && access(AGENT_CONFIG, F_OK) != 0)
		doctor_say(doctor, FINDING_OK, NULL,
			   "there is no " AGENT_CONFIG ": the agent has its defaults");
	else if (doctor->settings)
		doctor_say(doctor, FINDING_OK, NULL, "%s is sound", config ? config : AGENT_CONFIG);
	else
		doctor_say(doctor, FINDING_FAIL,
			   "xenballoon-agent --config.check says more; another file: --config FILE",
			   "%s", error);
}

/* Whether an agent answers at all on one way in. */
static void check_way(struct doctor *doctor, const struct way *way, const char *setting)
{
	struct client_call call = { .way = way, .method = "GET", .path = "/-/ready" };

	client_run(&call, 1);
	if (call.status)
		doctor_say(doctor, FINDING_OK, NULL, "the agent answers on %s", way->label);
	else
		doctor_say(doctor, FINDING_FAIL,
			   "systemctl status xenballoon-agent; journalctl -u xenballoon-agent",
			   "no answer on %s%s%s: %s", setting, *setting ? " " : "", way->label,
			   call.error);
	client_free(&call, 1);
}

/* Ready, and yet: each further line of the answer is a remark. */
static void pass_remarks_on(struct doctor *doctor, const struct client_call *call)
{
	const char *at = call->body, *end = at + call->body_len, *line_end;
	bool first = true;

	for (; at && at < end; at = line_end + 1, first = false) {
		line_end = memchr(at, '\n', (size_t)(end - at));
		line_end = line_end ? line_end : end;
		if (!first)
			doctor_say(doctor, FINDING_WARN, "journalctl -u xenballoon-agent", "%.*s",
				   (int)(line_end - at), at);
	}
}

/* What the agent itself tries before it says that it can do its whole work. */
static void check_ready(struct doctor *doctor)
{
	struct client_call call = { .way = &doctor->cli->ways[0],
				    .method = "GET",
				    .path = "/-/ready" };

	client_run(&call, 1);
	if (call.status == 200)
		doctor_say(doctor, FINDING_OK, NULL, "the agent can do its whole work");
	if (call.status == 200)
		pass_remarks_on(doctor, &call);
	else if (call.status)
		doctor_say(doctor, FINDING_FAIL, "journalctl -u xenballoon-agent", "%s",
			   guest_text(call.answer, "detail"));
	client_free(&call, 1);
}

static void check_ways(struct doctor *doctor)
{
	char value[512];

	check_way(doctor, &doctor->cli->ways[0], "");
	if (!doctor->settings)
		return;
	if (agent_setting(doctor->settings, "http.socket", value, sizeof(value)) && *value &&
	    (!doctor->cli->ways[0].socket || strcmp(value, doctor->cli->ways[0].socket) != 0)) {
		struct way way = { .socket = value, .url = "http://localhost" };

		snprintf(way.label, sizeof(way.label), "%.*s", WAY_LABEL_MAX, value);
		check_way(doctor, &way, "http.socket");
	}
	if (!agent_setting(doctor->settings, "http.listen", value, sizeof(value)) || !*value)
		doctor_say(doctor, FINDING_WARN, "set http.listen, or Prometheus can't scrape it",
			   "http.listen is empty");
}

static void check_who(struct doctor *doctor)
{
	struct client_call call = { .way = &doctor->cli->ways[0],
				    .method = "GET",
				    .path = "/api/v1/whoami" };
	const char *role, *name;

	client_run(&call, 1);
	role = guest_text(call.answer, "role");
	name = guest_text(call.answer, "name");
	if (call.status == 200 && !strcmp(role, "operator"))
		doctor_say(doctor, FINDING_OK, NULL, "you are %s, an operator", name);
	else if (call.status == 200)
		doctor_say(doctor, FINDING_WARN,
			   "become root or join the group xenballoon; elsewhere name a token: "
			   "--token-file",
			   "you are %s, who can change nothing",
			   *name ? name : "nobody the agent knows");
	else if (call.status)
		doctor_say(doctor, FINDING_FAIL, "xenballoon token list", "%s",
			   guest_text(call.answer, "detail"));
	client_free(&call, 1);
}

static void check_stores(struct doctor *doctor)
{
	const json_t *host = doctor->guests.hosts[0].answer;

	if (doctor->guests.hosts[0].status != 200)
		return;
	if (guest_true(host, "store_up"))
		doctor_say(doctor, FINDING_OK, NULL, "xenstored answers the agent");
	else
		doctor_say(doctor, FINDING_FAIL, "pgrep -a xenstored; xenstore-ls -p /local",
			   "xenstored does not answer the agent: nothing can be changed");
	if (guest_true(host, "hypervisor_up"))
		doctor_say(doctor, FINDING_OK, NULL, "the hypervisor (Xen %s) answers the agent",
			   guest_text(host, "xen_version"));
	else
		doctor_say(doctor, FINDING_FAIL, "xl info; the agent must run as root in dom0",
			   "the hypervisor does not answer the agent");
}

static void check_age(struct doctor *doctor)
{
	char text[SIZE_TEXT];
	uint64_t age_ms;

	if (doctor->guests.hosts[0].status != 200)
		return;
	if (!guest_number(doctor->guests.hosts[0].answer, "age_ms", &age_ms)) {
		doctor_say(doctor, FINDING_FAIL, "journalctl -u xenballoon-agent",
			   "the agent has not seen the host yet");
		return;
	}
	doctor_say(doctor,
		   age_ms > AGE_FAIL_MS	  ? FINDING_FAIL
		   : age_ms > AGE_WARN_MS ? FINDING_WARN
					  : FINDING_OK,
		   "xenstored may hang: xenstore-ls /local; journalctl -u xenballoon-agent",
		   "what the agent shows is %s old", duration_text(text, age_ms / 1000));
}

/* The names of the guests in a state, "web1, web2, ...", and how many they are. */
static size_t name_guests(const struct guests *guests, const char *state, char *text, size_t size)
{
	size_t count = 0, used = 0;

	*text = '\0';
	for (size_t i = 0; i < guests->count; i++) {
		const json_t *guest = guests->guest[i].object;

		if (strcmp(guest_text(guest, "state"), state) != 0)
			continue;
		if (count < NAMES_MAX && used < size)
			used += (size_t)snprintf(text + used, size - used, "%s%.64s",
						 count ? ", " : "", guest_text(guest, "name"));
		else if (count == NAMES_MAX && used < size)
			used += (size_t)snprintf(text + used, size - used, ", ...");
		count++;
	}
	return count;
}

static void check_guests(struct doctor *doctor)
{
	static const struct {
		const char *state, *words, *todo;
		enum finding finding;
	} rows[] = {
		{ "no_agent", "never reported", "in them: systemctl enable --now xenballoon-guest",
		  FINDING_WARN },
		{ "silent", "no longer report", "in them: systemctl status xenballoon-guest",
		  FINDING_WARN },
		{ "refused", "can't balloon",
		  "in them: xenballoon-guest status; journalctl -u xenballoon-guest",
		  FINDING_WARN },
		{ "crashed", "have crashed", "xl dmesg; xl destroy NAME frees their memory",
		  FINDING_WARN },
		{ "starving", "lack memory, and their programs wait for it",
		  "xenballoon on NAME; xenballoon explain NAME", FINDING_WARN },
		{ "stuck", "don't get where they should be", "xenballoon explain NAME",
		  FINDING_WARN },
		{ "host_full", "wait for memory", "xenballoon advise", FINDING_WARN },
	};
	size_t well = doctor->guests.count;
	char names[512];

	if (doctor->guests.calls[0].status != 200)
		return;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		size_t count = name_guests(&doctor->guests, rows[i].state, names, sizeof(names));

		if (count)
			doctor_say(doctor, rows[i].finding, rows[i].todo, "%zu of %zu %s: %s",
				   count, doctor->guests.count, rows[i].words, names);
		well -= count;
	}
	if (well == doctor->guests.count)
		doctor_say(doctor, FINDING_OK, NULL, "all guests report (%zu)", well);
}

/* The certificate that the agent shows, whoever signed it; nobody proves anything to it here. */
static int64_t certificate_end(const char *listen)
{
	struct way way = { .label = "" };
	struct client_call call = {
		.way = &way, .method = "GET", .path = "/-/healthy", .stranger = true
	};
	int64_t end;

	/* Of several addresses the first: they all show the same. */
	snprintf(way.url, sizeof(way.url), "https://%s%.*s", *listen == ':' ? "localhost" : "",
		 (int)strcspn(listen, ","), listen);
	client_run(&call, 1);
	end = call.certificate_s;
	client_free(&call, 1);
	return end;
}

static void check_certificate(struct doctor *doctor)
{
	const char *url = doctor->cli->ways[0].url;
	char value[512], file[512], left[SIZE_TEXT];
	int64_t end, now = (int64_t)time(NULL);

	if (!strncmp(url, "https://", 8)) {
		snprintf(value, sizeof(value), "%s", url + 8);
	} else if (!doctor->settings ||
		   !agent_setting(doctor->settings, "http.web_config", file, sizeof(file)) ||
		   !*file ||
		   !agent_setting(doctor->settings, "http.listen", value, sizeof(value)) ||
		   !*value) {
		return;
	}
	end = certificate_end(value);
	if (!end)
		doctor_say(doctor, FINDING_OK, NULL, "http.listen is without TLS");
	else if (end <= now)
		doctor_say(doctor, FINDING_FAIL, "renew it; the agent takes it over by itself",
			   "the certificate of %s ended %s ago", value,
			   duration_text(left, (uint64_t)(now - end)));
	else
		doctor_say(doctor, end - now < EXPIRY_WARN_S ? FINDING_WARN : FINDING_OK,
			   "renew it; the agent takes it over by itself",
			   "the certificate of %s is good for %s", value,
			   duration_text(left, (uint64_t)(end - now)));
}

static const struct {
	const char *name;
	void (*check)(struct doctor *doctor);
} checks[] = {
	{ "config", check_config },
	{ "agent", check_ways },
	{ "ready", check_ready },
	{ "you", check_who },
	{ "stores", check_stores },
	{ "age", check_age },
	{ "guests", check_guests },
	{ "owners", doctor_owners },
	{ "keys", doctor_keys },
	{ "snmp", doctor_snmp },
	{ "certificate", check_certificate },
	{ "principals", doctor_principals },
	{ "audit", doctor_audit },
};

int command_doctor(struct cli *cli, size_t count, char **words)
{
	struct doctor doctor = { .cli = cli };

	(void)count;
	(void)words;
	if (cli->way_count > 1) {
		fprintf(stderr, "xenballoon: doctor looks at one host at a time\n");
		return EXIT_USAGE;
	}
	guests_ask(cli, &doctor.guests);
	for (size_t i = 0; i < sizeof(checks) / sizeof(*checks); i++) {
		doctor.check = checks[i].name;
		checks[i].check(&doctor);
	}
	printf("\n%zu ok, %zu to look at, %zu failed\n", doctor.found[FINDING_OK],
	       doctor.found[FINDING_WARN], doctor.found[FINDING_FAIL]);
	guests_free(&doctor.guests);
	free(doctor.settings);
	return doctor.found[FINDING_FAIL] ? EXIT_REFUSED : EXIT_DONE;
}
