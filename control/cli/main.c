/* SPDX-License-Identifier: MIT */
/*
 * xenballoon, the command line: reads the options, finds the command, runs it, ends with its code.
 */
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli_client.h"
#include "cli_command.h"
#include "cli_term.h"

/* What bash completion asks for; no command, as it is not for people. */
#define WORDS_OPTION "--completion-words"

static int print_words(const char *name)
{
	const struct command *command = name ? command_find(name) : NULL;

	if (command) {
		options_words(command->groups, stdout);
		return EXIT_DONE;
	}
	options_words(GROUP_WAY, stdout);
	for (size_t i = 0; i < command_count; i++)
		printf("%s\n", commands[i].name);
	return EXIT_DONE;
}

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
	fprintf(stderr, "xenballoon: usage: xenballoon %s %s\n  xenballoon %s --help explains it\n",
		command->name, command->words, command->name);
	return false;
}

static int run(const struct command *command, struct options *options, size_t count, char **words)
{
	struct cli cli = { .options = options };
	struct proof proof = { 0 };
	int ways, code = EXIT_USAGE;

	if (options->json || options->csv)
		term_no_color();
	if (command->local)
		return command->run(&cli, count, words);
	options_environment(options);
	ways = way_open(options, cli.ways, &proof);
	if (ways < 0)
		return EXIT_USAGE;
	cli.way_count = (size_t)ways;
	if (client_open(&proof))
		code = command->run(&cli, count, words);
	client_close();
	way_close(&proof);
	return code;
}

/* What was written must have arrived: a full disk is no success. */
static int finish(int code)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return code;
	perror("xenballoon: standard output");
	return code == EXIT_DONE ? EXIT_NO_ANSWER : code;
}

int main(int argc, char **argv)
{
	struct options options = { 0 };
	const struct command *command;
	int at;

	setlocale(LC_ALL, "");
	signal(SIGPIPE, SIG_IGN);
	term_init();
	if (argc > 1 && !strcmp(argv[1], WORDS_OPTION))
		return print_words(argv[2]);
	at = options_read(&options, GROUP_WAY, true, argc, argv);
	if (at < 0)
		return EXIT_USAGE;
	if (options.version) {
		puts("xenballoon " XENBALLOON_VERSION);
		return finish(EXIT_DONE);
	}
	if (options.help || at == argc || !strcmp(argv[at], "help")) {
		command = options.help || at + 1 >= argc ? NULL : find(argv[at + 1]);
		if (command)
			command_help(command, stdout);
		else
			command_overview(at == argc && !options.help ? stderr : stdout);
		return finish(at == argc && !options.help ? EXIT_USAGE : EXIT_DONE);
	}
	command = find(argv[at]);
	if (!command)
		return EXIT_USAGE;
	argc -= at;
	argv += at;
	at = options_read(&options, command->groups, false, argc, argv);
	if (at < 0)
		return EXIT_USAGE;
	if (options.help) {
		command_help(command, stdout);
		return finish(EXIT_DONE);
	}
	if (!enough(command, (size_t)(argc - at)))
		return EXIT_USAGE;
	return finish(run(command, &options, (size_t)(argc - at), argv + at));
}
