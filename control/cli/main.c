/* SPDX-License-Identifier: MIT */
/*
 * xenballoon, the command line: reads the options, finds the command, runs it, ends with its code.
 */
#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli_client.h"
#include "cli_command.h"
#include "cli_term.h"
#include "cli_words.h"

/* What completion asks for; no command, as it is not for people. */
#define WORDS_OPTION "--completion-words"
#define VERSION_LINE "xenballoon " XENBALLOON_VERSION

static const struct command *find(const char *name)
{
	const struct command *command = command_find(name);
	const struct command *nearest = command ? NULL : command_nearest(name);

	if (command)
		return command;
	fprintf(stderr, "xenballoon: there is no command \"%.40s\"%s%s%s\n", name,
		nearest ? "; did you mean " : "", nearest ? nearest->name : "",
		nearest ? "?" : "; xenballoon --help lists them");
	return NULL;
}

static bool enough(const struct command *command, size_t count)
{
	if (count >= command->least && count <= command->most)
		return true;
	fprintf(stderr,
		"xenballoon: usage: xenballoon %s%s%s\n  xenballoon %s --help explains it\n",
		command->name, *command->words ? " " : "", command->words, command->name);
	return false;
}

static int run(const struct command *command, struct options *options, size_t count, char **words)
{
	struct cli cli = { .options = options };
	struct proof proof = { 0 };
	int ways, code = EXIT_NO_ANSWER;

	if (options->json || options->csv)
		term_no_color();
	if (command->traits & TRAIT_LOCAL)
		return command->run(&cli, count, words);
	options_environment(options);
	ways = way_open(options, cli.ways, &proof);
	if (ways < 0)
		return EXIT_BAD_OPTION;
	cli.way_count = (size_t)ways;
	if (client_open(&proof))
		code = command->run(&cli, count, words);
	client_close();
	way_close(&proof);
	return code;
}

/* What was written must have arrived: a full disk is no success; who reads no more is. */
static int finish(int code)
{
	errno = 0;
	if (fflush(stdout) == 0 && !ferror(stdout))
		return code;
	if (errno == EPIPE || errno == 0)
		return code;
	perror("xenballoon: standard output");
	return code == EXIT_DONE ? EXIT_NO_ANSWER : code;
}

static int run_words(const struct command *command, struct options *options, int argc, char **argv)
{
	int at = options_read(options, command->groups, false, argc, argv), code;

	if (at < 0)
		return EXIT_BAD_OPTION;
	/* By the guidelines of monitoring plugins, neither is a service that is well. */
	code = command->traits & TRAIT_PLUGIN ? EXIT_PLUGIN_UNKNOWN : EXIT_DONE;
	if (options->version)
		puts(VERSION_LINE);
	else if (options->help)
		command_help(command, stdout);
	else if (!enough(command, (size_t)(argc - at)))
		code = EXIT_BAD_OPTION;
	else
		code = run(command, options, (size_t)(argc - at), argv + at);
	return code;
}

/* The program's complaints as one line; a '|' would begin performance data. */
static void print_unknown(char *complaints)
{
	const char *between = " -";

	fputs("XENBALLOON UNKNOWN", stdout);
	for (char *line = strtok(complaints, "\n"); line; line = strtok(NULL, "\n")) {
		line += strncmp(line, "xenballoon: ", 12) ? strspn(line, " ") : 12;
		for (char *at = line; (at = strchr(at, '|'));)
			*at = '/';
		printf("%s %s", between, line);
		between = ";";
	}
	putchar('\n');
}

/* Monitoring takes 2 for critical, and reads standard output only. */
static int run_plugin(const struct command *command, struct options *options, int argc, char **argv)
{
	FILE *errors = stderr;
	char *complaints;
	size_t len;
	int code;

	stderr = open_memstream(&complaints, &len);
	if (!stderr)
		abort();
	code = run_words(command, options, argc, argv);
	fclose(stderr);
	stderr = errors;
	if (code != EXIT_BAD_OPTION) {
		fputs(complaints, stderr);
	} else {
		print_unknown(complaints);
		code = EXIT_PLUGIN_UNKNOWN;
	}
	free(complaints);
	return code;
}

static int run_command(const struct command *command, struct options *options, int argc,
		       char **argv)
{
	int code = command->traits & TRAIT_PLUGIN ? run_plugin(command, options, argc, argv)
						  : run_words(command, options, argc, argv);

	return code == EXIT_BAD_OPTION ? EXIT_USAGE : code;
}

static int help(const char *name)
{
	const struct command *command = name ? find(name) : NULL;

	if (command)
		command_help(command, stdout);
	else if (!name)
		command_overview(stdout);
	return command || !name ? EXIT_DONE : EXIT_USAGE;
}

int main(int argc, char **argv)
{
	struct options options = { 0 };
	const struct command *command;
	int at;

	setlocale(LC_ALL, "");
	signal(SIGPIPE, SIG_IGN);
	term_init();
	if (argc > 1 && !strcmp(argv[1], WORDS_OPTION)) {
		words_print(argv[2], stdout);
		return EXIT_DONE;
	}
	at = options_read(&options, GROUP_WAY, true, argc, argv);
	if (at < 0)
		return EXIT_USAGE;
	if (options.version) {
		puts(VERSION_LINE);
		return finish(EXIT_DONE);
	}
	if (options.help)
		return finish(help(at < argc ? argv[at] : NULL));
	if (at == argc) {
		command_overview(stderr);
		return EXIT_USAGE;
	}
	if (!strcmp(argv[at], "help"))
		return finish(help(argv[at + 1]));
	command = find(argv[at]);
	if (!command)
		return EXIT_USAGE;
	return finish(run_command(command, &options, argc - at, argv + at));
}
