/* SPDX-License-Identifier: MIT */
/*
 * Adds SNMPv3 users: keys where an agent takes them over, groups and views to its SNMP
 * configuration. A pass phrase is never shown. Knows the files' syntax, snmpd.conf(5), not
 * net-snmp. A program of its own, beside the agent.
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

#include "file.h"
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
	int folder;   /* snmp.persistent_directory, held */
	char *text;   /* of the configuration as it is */
	char *keys;   /* of those who wait to be taken over */
	char *rights; /* theirs */
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

/* The whole file, "" where there is none yet; *text is to be given to free(). */
static int read_text(int folder, const char *name, char **text)
{
	int error = file_read(folder, name, CONFIG_MAX_BYTES, 0, text, NULL, NULL);

	if (error == -ENOENT)
		*text = calloc(1, 1);
	return *text ? 0 : error == -ENOENT ? -ENOMEM : error;
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

/* Those who wait to be taken over but for one of this name, whose rights were never written. */
static void write_keys(FILE *file, const struct addition *addition)
{
	char same[NAME_MAX_BYTES + 16];

	snprintf(same, sizeof(same), "createUser %s", addition->name);
	for (const char *line = addition->keys; *line; line += strcspn(line, "\n") + 1) {
		size_t len = strcspn(line, "\n");
		char *one = strndup(line, len);

		if (one && !says(one, same))
			fprintf(file, "%s\n", one);
		free(one);
		if (!line[len])
			break;
	}
	fprintf(file, "createUser %s SHA-256 ", addition->name);
	write_quoted(file, addition->auth);
	fputs(" AES-256 ", file);
	write_quoted(file, addition->priv);
	fputc('\n', file);
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

static void write_rights(FILE *file, const struct addition *addition)
{
	bool steers = addition->role == ROLE_OPERATOR;
	const char *group = steers ? "xboperators" : "xbviewers";
	char access[64];

	write_views(file, addition);
	fprintf(file, "group %s usm %s\n", group, addition->name);
	snprintf(access, sizeof(access), "access %s", group);
	if (!says(addition->text, access))
		fprintf(file, "access %s \"\" usm priv exact xbread %s none\n", group,
			steers ? "xbwrite" : "none");
}

/* What is there, ended, and the new rights behind it. */
static void write_config(FILE *file, const struct addition *addition)
{
	size_t len = strlen(addition->text);

	fputs(addition->text, file);
	if (len && addition->text[len - 1] != '\n')
		fputc('\n', file);
	write_rights(file, addition);
}

static void write_new_rights(FILE *file, const struct addition *addition)
{
	fputs(addition->rights, file);
	write_rights(file, addition);
}

static int replace(int folder, const char *name, mode_t mode, const struct addition *addition,
		   void (*write)(FILE *file, const struct addition *addition))
{
	struct file_content content = { .mode = mode };
	char *text = NULL;
	FILE *file = open_memstream(&text, &content.len);
	int error = file ? 0 : -ENOMEM;

	if (file) {
		write(file, addition);
		error = fclose(file) ? -ENOMEM : 0;
	}
	snprintf(content.name, sizeof(content.name), "%s", name);
	content.text = text;
	if (!error)
		error = file_replace(folder, &content);
	if (text)
		explicit_bzero(text, content.len);
	free(text);
	return error;
}

static void write_old_keys(FILE *file, const struct addition *addition)
{
	fputs(addition->keys, file);
}

static void write_old_rights(FILE *file, const struct addition *addition)
{
	fputs(addition->rights, file);
}

static void write_old_config(FILE *file, const struct addition *addition)
{
	fputs(addition->text, file);
}

/* Also what failed last: it may be there, though not for sure on disk. */
static void put_back(const struct addition *addition, const struct file_place *place)
{
	int error = replace(place->folder, place->name, 0640, addition, write_old_config);

	if (!error)
		error = replace(addition->folder, MIB_USER_KEYS, 0600, addition, write_old_keys);
	if (!error)
		error = replace(addition->folder, MIB_USER_RIGHTS, 0600, addition,
				write_old_rights);
	if (error)
		refuse(0, "what was written of it stays, in %s and in %s: %s", place->path,
		       addition->config->snmp_persistent_directory, strerror(-error));
}

/* Keys without rights let nobody in, so these are the last to be written. */
static int write_all(const struct addition *addition, const struct file_place *place)
{
	const char *where = addition->config->snmp_persistent_directory;
	int error = replace(addition->folder, MIB_USER_RIGHTS, 0600, addition, write_new_rights);

	if (!error)
		error = replace(addition->folder, MIB_USER_KEYS, 0600, addition, write_keys);
	if (!error) {
		where = place->path;
		error = replace(place->folder, place->name, 0640, addition, write_config);
	}
	if (!error)
		return 0;
	refuse(error, "%s: %s", where, strerror(-error));
	put_back(addition, place);
	return error;
}

static int write_in_place(const struct addition *addition)
{
	struct file_place place;
	int error = file_place_open(&place, addition->config->snmp_config);

	if (error)
		refuse(error, "%s: %s", addition->config->snmp_config, strerror(-error));
	else
		error = write_all(addition, &place);
	file_place_close(&place);
	return error;
}

static int read_config_text(struct addition *addition)
{
	const char *path = addition->config->snmp_config;
	int error = read_text(AT_FDCWD, path, &addition->text);

	if (error)
		return refuse(error, "%s: %s", path, strerror(-error));
	return known(addition) ? refuse(-EEXIST, "%s already has a user %s", path, addition->name)
			       : 0;
}

static int read_all(struct addition *addition)
{
	int error = read_config_text(addition);

	if (error)
		return error;
	error = read_text(addition->folder, MIB_USER_KEYS, &addition->keys);
	if (!error)
		error = read_text(addition->folder, MIB_USER_RIGHTS, &addition->rights);
	return error ? refuse(error, "%s: %s", addition->config->snmp_persistent_directory,
			      strerror(-error))
		     : 0;
}

/* Two who add at the same time, and an agent that takes over, wait for each other. */
static int hold_folder(struct addition *addition)
{
	const char *directory = addition->config->snmp_persistent_directory;
	int error = file_make_folder(directory, 0700);

	if (!error) {
		addition->folder = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		error = addition->folder < 0 ? -errno : file_lock(addition->folder);
	}
	return error ? refuse(error, "%s: %s", directory, strerror(-error)) : 0;
}

static void forget(char *text)
{
	if (text)
		explicit_bzero(text, strlen(text));
	free(text);
}

static int add(struct addition *addition)
{
	int error = hold_folder(addition);

	if (!error)
		error = read_all(addition);
	if (!error)
		error = write_in_place(addition);
	if (addition->folder >= 0)
		close(addition->folder);
	forget(addition->text);
	forget(addition->keys);
	forget(addition->rights);
	addition->text = addition->keys = addition->rights = NULL;
	return error;
}

static int say_added(const struct addition *addition)
{
	printf("user %s added as %s; an agent that runs lets it in within seconds\n",
	       addition->name, control_role_name(addition->role));
	return fflush(stdout) ? refuse(-errno, "the user is added, but standard output: %s",
				       strerror(errno))
			      : 0;
}

int mib_user_add(const struct config *config, const char *name, enum control_role role)
{
	struct addition addition = { .config = config, .name = name, .role = role, .folder = -1 };
	int error;

	if (!name_ok(name))
		return refuse(-EINVAL,
			      "a user's name is a letter and up to %d more of letters, digits, "
			      "'.', '_' and '-'",
			      NAME_MAX_BYTES - 1);
	if (!config->snmp_config[0])
		return refuse(-EINVAL, "snmp.config names no file; set it in agent.yml first");
	/* Before somebody types phrases in vain; it is read again when nobody else can change it.
	 */
	error = read_config_text(&addition);
	forget(addition.text);
	if (!error)
		error = ask_phrases(&addition);
	if (!error)
		error = add(&addition);
	if (!error)
		error = say_added(&addition);
	explicit_bzero(&addition, sizeof(addition));
	return error;
}
