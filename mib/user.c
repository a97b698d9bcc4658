/* SPDX-License-Identifier: MIT */
/*
 * Adds SNMPv3 users: keys for the agent's next start, groups and views to its SNMP configuration. A
 * pass phrase is never shown. Knows the files' syntax, snmpd.conf(5), not net-snmp. Called by
 * main.c.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "mib_user.h"

#define NAME_MAX_BYTES	 32 /* SnmpEngine's usmUserName: RFC 3414 */
#define PHRASE_MIN_BYTES 8  /* RFC 3414, 11.2 */
#define PHRASE_MAX_BYTES 127
#define CONFIG_MAX_BYTES (1 << 20)

/* All that the next start needs, and what the view files may already say. */
struct addition {
	const struct config *config;
	const char *name;
	enum control_role role;
	char auth[PHRASE_MAX_BYTES + 2];
	char priv[PHRASE_MAX_BYTES + 2];
	char *text; /* of the configuration as it is */
};

__attribute__((format(printf, 2, 3))) static int refuse(int error, const char *format, ...)
{
	va_list arguments;

	fputs("xenballoon-agent: snmp-user: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	return error;
}

static bool name_ok(const char *name)
{
	size_t len = strlen(name);

	for (const char *c = name; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("._-", *c))
			return false;
	return len > 0 && len <= NAME_MAX_BYTES && isalpha((unsigned char)name[0]);
}

static int check_phrase(const char *phrase)
{
	size_t len = strlen(phrase);

	for (const char *c = phrase; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return refuse(-EINVAL, "a pass phrase holds no control characters");
	if (len < PHRASE_MIN_BYTES || len > PHRASE_MAX_BYTES)
		return refuse(-EINVAL, "a pass phrase has %d to %d bytes", PHRASE_MIN_BYTES,
			      PHRASE_MAX_BYTES);
	return 0;
}

/* One line without its end; false if there is none or it is too long. */
static bool read_line(char *line, size_t size)
{
	char *end;

	if (!fgets(line, (int)size, stdin))
		return false;
	end = strchr(line, '\n');
	if (end)
		*end = '\0';
	return end || strlen(line) + 1 < size;
}

static bool ask(const char *what, char *line, size_t size)
{
	struct termios shown, hidden;
	bool terminal = tcgetattr(STDIN_FILENO, &shown) == 0, got;

	if (!terminal)
		return read_line(line, size);
	fprintf(stderr, "%s: ", what);
	hidden = shown;
	hidden.c_lflag &= ~(tcflag_t)ECHO;
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
	got = read_line(line, size);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
	fputc('\n', stderr);
	return got;
}

static int ask_phrases(struct addition *addition)
{
	char again[sizeof(addition->auth)];
	bool same = true;
	int error;

	if (!ask("Authentication pass phrase", addition->auth, sizeof(addition->auth)))
		return refuse(-EINVAL, "give the authentication pass phrase, then the one for "
				       "privacy, a line each");
	error = check_phrase(addition->auth);
	if (error)
		return error;
	if (isatty(STDIN_FILENO))
		same = ask("The same again", again, sizeof(again)) &&
		       strcmp(again, addition->auth) == 0;
	explicit_bzero(again, sizeof(again));
	if (!same)
		return refuse(-EINVAL, "the two differ; nothing has been added");
	if (!ask("Pass phrase for privacy (empty: the same)", addition->priv,
		 sizeof(addition->priv)) ||
	    !addition->priv[0])
		memcpy(addition->priv, addition->auth, sizeof(addition->priv));
	return check_phrase(addition->priv);
}

/* The whole file, nothing where there is none yet; *text is the caller's to free. */
static int read_file(const char *path, char **text)
{
	FILE *file = fopen(path, "r");
	size_t len;

	*text = NULL;
	if (!file && errno == ENOENT)
		*text = calloc(1, 1);
	if (!file)
		return *text ? 0 : -errno;
	*text = calloc(1, CONFIG_MAX_BYTES + 1);
	len = *text ? fread(*text, 1, CONFIG_MAX_BYTES, file) : 0;
	fclose(file);
	return !*text ? -ENOMEM : len == CONFIG_MAX_BYTES ? -EFBIG : 0;
}

/* Whether some line is made of these words, perhaps with more behind; '*' is any one word. */
static bool says(const char *text, const char *words)
{
	for (const char *line = text; line && *line; line = strchr(line, '\n')) {
		const char *at = line += *line == '\n', *word = words;
		bool fits = true;

		while (fits && *word) {
			size_t want = strcspn(word, " "), have;

			at += strspn(at, " \t");
			have = strcspn(at, " \t\n\"");
			fits = have > 0 &&
			       (*word == '*' || (have == want && !strncmp(at, word, want)));
			at += have;
			word += want + (word[want] == ' ');
		}
		if (fits)
			return true;
	}
	return false;
}

static bool known(const struct addition *addition)
{
	static const char *const forms[] = { "createUser %s", "rouser %s", "rwuser %s",
					     "group * usm %s" };
	char words[NAME_MAX_BYTES + 32];

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(words, sizeof(words), forms[i], addition->name);
#pragma GCC diagnostic pop
		if (says(addition->text, words))
			return true;
	}
	return false;
}

/* Opens for appending; a new file gets this mode. */
static FILE *append_to(const char *path, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, mode);

	return fd < 0 ? NULL : fdopen(fd, "a");
}

static int close_written(FILE *file)
{
	bool failed = ferror(file) || fflush(file) != 0 || fsync(fileno(file)) < 0;

	return ((fclose(file) != 0) | failed) ? -EIO : 0;
}

static void write_quoted(FILE *file, const char *phrase)
{
	fputc('"', file);
	for (; *phrase; phrase++) {
		if (*phrase == '"' || *phrase == '\\')
			fputc('\\', file);
		fputc(*phrase, file);
	}
	fputc('"', file);
}

static int write_keys(const struct addition *addition)
{
	char path[sizeof(addition->config->snmp_persistent_directory) + sizeof(MIB_USER_FILE) + 1];
	FILE *file;

	mkdir(addition->config->snmp_persistent_directory, 0700);
	snprintf(path, sizeof(path), "%s/%s", addition->config->snmp_persistent_directory,
		 MIB_USER_FILE);
	file = append_to(path, 0600);
	if (!file)
		return refuse(-errno, "%s: %s", path, strerror(errno));
	fprintf(file, "createUser %s SHA-256 ", addition->name);
	write_quoted(file, addition->auth);
	fputs(" AES-256 ", file);
	write_quoted(file, addition->priv);
	fputc('\n', file);
	return close_written(file) ? refuse(-EIO, "%s: cannot write all of it", path) : 0;
}

/* The views of the example, where the file has none of that name yet. */
static void write_views(FILE *file, const struct addition *addition)
{
	const char *root = addition->config->snmp_root;

	root += *root == '.';
	if (!says(addition->text, "view xbread"))
		fprintf(file,
			"view xbread included .1.3.6.1.2.1.1\n"
			"view xbread included .1.3.6.1.2.1.236\n"
			"view xbread included .%s\n",
			root);
	if (addition->role == ROLE_OPERATOR && !says(addition->text, "view xbwrite"))
		fprintf(file,
			"# xbDomainTarget, xbDomainSelfballoon, xbDomainPolicyOrdered, "
			"xbControlLock\n"
			"view xbwrite included .%s.1.2.1.8\n"
			"view xbwrite included .%s.1.2.1.12\n"
			"view xbwrite included .%s.1.2.1.24\n"
			"view xbwrite included .%s.1.3.1\n",
			root, root, root, root);
}

static int write_rights(const struct addition *addition)
{
	bool steers = addition->role == ROLE_OPERATOR;
	const char *group = steers ? "xboperators" : "xbviewers";
	const char *path = addition->config->snmp_config;
	char access[64];
	FILE *file = append_to(path, 0640);
	size_t len = strlen(addition->text);

	if (!file)
		return refuse(-errno, "%s: %s", path, strerror(errno));
	if (len && addition->text[len - 1] != '\n')
		fputc('\n', file);
	write_views(file, addition);
	fprintf(file, "group %s usm %s\n", group, addition->name);
	snprintf(access, sizeof(access), "access %s", group);
	if (!says(addition->text, access))
		fprintf(file, "access %s \"\" usm priv exact xbread %s none\n", group,
			steers ? "xbwrite" : "none");
	return close_written(file) ? refuse(-EIO, "%s: cannot write all of it", path) : 0;
}

static int add(struct addition *addition)
{
	int error = ask_phrases(addition);

	if (!error)
		error = write_keys(addition);
	if (!error)
		error = write_rights(addition);
	if (!error)
		printf("user %s added as %s; restart the agent to let it in\n", addition->name,
		       control_role_name(addition->role));
	return error;
}

int mib_user_add(const struct config *config, const char *name, enum control_role role)
{
	struct addition addition = { .config = config, .name = name, .role = role };
	int error;

	if (!name_ok(name))
		return refuse(-EINVAL,
			      "a user's name is a letter and up to %d more of letters, digits, "
			      "'.', '_' and '-'",
			      NAME_MAX_BYTES - 1);
	if (!config->snmp_config[0])
		return refuse(-EINVAL, "snmp.config names no file; set it in agent.yml first");
	error = read_file(config->snmp_config, &addition.text);
	if (error)
		refuse(error, "%s: %s", config->snmp_config, strerror(-error));
	else if (known(&addition))
		error = refuse(-EEXIST, "%s already has a user %s", config->snmp_config, name);
	else
		error = add(&addition);
	free(addition.text);
	explicit_bzero(&addition, sizeof(addition));
	return error;
}
