/* SPDX-License-Identifier: MIT */
/*
 * Keeps the SNMP engine's state: DIR/xenballoon.conf, in net-snmp's own form. net-snmp takes a file
 * away before it writes the next one and looks at no error, so it gets a folder of its own for
 * that. Knows of that form only what tells a whole file from a damaged one.
 */
#include "mib_keep.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <net-snmp/net-snmp-config.h>

#include <net-snmp/net-snmp-includes.h>

#include "file.h"
#include "log.h"
#include "mib_listen.h"
#include "mib_user.h"

#define STATE	      MIB_APPLICATION ".conf"
#define BACKUP	      MIB_APPLICATION ".0.conf" /* of net-snmp, in the layout before this one */
#define OWN_FOLDER    "net-snmp"
#define STATE_MAX     (16 << 20)
#define NAME_SAVED    1024 /* of a user, two digits a byte; one that is longer is not looked for */
#define MAX_ENGINE_ID 32   /* RFC 3411: snmpEngineID */
#define TURN_MS	      1000
#define USER_WORDS    12 /* of a line usmUser */

/* What a file of net-snmp's state says, as far as it matters whether it is whole. */
struct found {
	int error; /* -ENOENT: there is none; -EBADMSG: damaged */
	char *text;
	size_t len;
	size_t users;
};

static int folder = -1;
static char directory[256]; /* of that folder */
static char *taken;	    /* what snmp-user had added when net-snmp read it */
static bool refused;	    /* ... and net-snmp did not take some of it */
static atomic_int failing;  /* why the last store failed */

static const char *skip_word(const char *at)
{
	if (*at != '"')
		return at + strcspn(at, " \t\n");
	at++;
	at += strcspn(at, "\"\n");
	return at + (*at == '"');
}

/* The nth word of a line, from 0; how many there are before it, n if it is there. */
static size_t find_word(const char *line, size_t n, const char **word, size_t *len)
{
	size_t count = 0;

	for (line += strspn(line, " \t"); *line && *line != '\n'; line += strspn(line, " \t")) {
		*word = line;
		line = skip_word(line);
		*len = (size_t)(line - *word);
		if (count == n)
			break;
		count++;
	}
	return count;
}

static size_t count_words(const char *line)
{
	const char *word;
	size_t len;

	return find_word(line, SIZE_MAX, &word, &len);
}

static bool word_is(const char *line, size_t n, const char *expected)
{
	const char *word = "";
	size_t len = 0;

	return find_word(line, n, &word, &len) == n && len == strlen(expected) &&
	       !strncmp(word, expected, len);
}

static const char *next_line(const char *line)
{
	const char *end = strchr(line, '\n');

	return end ? end + 1 : line + strlen(line);
}

/* 1 if the line begins with this word, and makes *good false if it has not so many. */
static size_t is_line(const char *line, const char *word, size_t words, bool *good)
{
	if (!word_is(line, 0, word))
		return 0;
	*good &= count_words(line) == words;
	return 1;
}

/*
 * A whole file has its ID and its count once each, or is an administrator's with createUser alone.
 * A write that failed shows in a line that never ended, or in one that runs on in the next.
 */
static bool is_whole(struct found *found)
{
	size_t ids = 0, boots = 0;
	bool good = found->len && found->text[found->len - 1] == '\n' &&
		    strlen(found->text) == found->len;
	bool created = false;

	for (const char *line = found->text; good && *line; line = next_line(line)) {
		ids += is_line(line, "oldEngineID", 2, &good);
		boots += is_line(line, "engineBoots", 2, &good);
		found->users += is_line(line, "usmUser", USER_WORDS, &good);
		created |= word_is(line, 0, "createUser");
	}
	if (ids + boots == 0)
		return good && created && !found->users;
	return good && ids == 1 && boots == 1;
}

static struct found look_at(int at, const char *name)
{
	struct found found = { 0 };

	found.error = file_read(at, name, STATE_MAX, FILE_NO_LINK, &found.text, &found.len, NULL);
	if (!found.error && !is_whole(&found))
		found.error = -EBADMSG;
	return found;
}

static void say_choice(const struct found *state, const char *name, int error)
{
	if (name && !strcmp(name, BACKUP))
		log_warn("snmp.persistent_directory: " STATE " is %s, so " BACKUP " counts",
			 state->error == -ENOENT ? "missing" : "not whole");
	if (error)
		log_error(
			"snmp.persistent_directory: %s/" STATE ": %s; bring it back from a backup, "
			"or remove it: the engine then gets a new ID, and its users must be added "
			"again",
			directory, error == -EBADMSG ? "damaged" : strerror(-error));
}

/*
 * The file to be read; NULL: none, or *error. A backup is there only if net-snmp, writing here
 * itself, was killed before the new file was whole.
 */
static const char *choose(int *error)
{
	struct found state = look_at(folder, STATE), backup = look_at(folder, BACKUP);
	bool fewer = !state.error && state.users < backup.users;
	const char *name = NULL;

	*error = 0;
	if (!backup.error && (state.error || fewer))
		name = BACKUP;
	else if (!state.error)
		name = STATE;
	else
		*error = state.error != -ENOENT ? state.error : backup.error;
	if (*error == -ENOENT)
		*error = 0;
	free(state.text);
	free(backup.text);
	say_choice(&state, name, *error);
	return name;
}

static int open_folder(const struct config *config)
{
	char own[sizeof(directory) + sizeof("/" OWN_FOLDER)];
	int error;

	snprintf(directory, sizeof(directory), "%s", config->snmp_persistent_directory);
	error = file_make_folder(directory, 0700);
	if (!error && access(directory, W_OK | X_OK))
		error = -errno;
	if (!error) {
		folder = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		error = folder < 0 ? -errno : 0;
	}
	if (error) {
		log_error("snmp.persistent_directory: cannot write to %s: %s", directory,
			  strerror(-error));
		return error;
	}
	snprintf(own, sizeof(own), "%s/" OWN_FOLDER, directory);
	netsnmp_ds_set_string(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_PERSISTENT_DIR, own);
	/* It would win over that folder. */
	unsetenv("SNMP_PERSISTENT_FILE");
	return 0;
}

/* The administrator's file last, so that his word about a user is. */
static void name_files(const struct config *config, const char *state)
{
	char *list = NULL;
	size_t len;
	FILE *out = open_memstream(&list, &len);

	if (!out)
		return;
	if (state)
		fprintf(out, "%s/%s,", directory, state);
	if (taken)
		fprintf(out, "%s/" MIB_USER_KEYS ",", directory);
	/* One that is not there yet names nobody; config_files.c has said so. */
	if (access(config->snmp_config, F_OK) == 0)
		fputs(config->snmp_config, out);
	if (!fclose(out))
		netsnmp_ds_set_string(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_OPTIONALCONFIG, list);
	free(list);
}

static char *read_added(void)
{
	char *text;

	file_read(folder, MIB_USER_KEYS, STATE_MAX, FILE_NO_LINK, &text, NULL, NULL);
	return text;
}

int mib_keep_open(const struct config *config)
{
	int error = open_folder(config);
	const char *state;

	atomic_store(&failing, 0);
	refused = false;
	if (error)
		return error;
	/* What those who were killed left may hold pass phrases. */
	if (!file_lock(folder))
		file_sweep(folder);
	file_unlock(folder);
	state = choose(&error);
	if (error)
		return -EBADMSG;
	taken = read_added();
	name_files(config, state);
	return 0;
}

static bool has_user(const char *text, const char *name)
{
	char saved[NAME_SAVED];

	if (strlen(name) > sizeof(saved) / 2 - 2)
		return true;
	read_config_save_octet_string(saved, (const u_char *)name, strlen(name));
	for (const char *line = text; *line; line = next_line(line))
		if (word_is(line, 0, "usmUser") && word_is(line, 4, saved))
			return true;
	return false;
}

static bool has_engine(const char *text)
{
	u_char engine[MAX_ENGINE_ID];
	char saved[2 * sizeof(engine) + 3];
	size_t len = snmpv3_get_engineID(engine, sizeof(engine));

	if (!len)
		return false;
	read_config_save_octet_string(saved, engine, len);
	for (const char *line = text; *line; line = next_line(line))
		if (word_is(line, 0, "oldEngineID"))
			return word_is(line, 1, saved);
	return false;
}

/* Whether all is in the file that net-snmp has in memory. */
static bool is_stored(const struct found *found)
{
	const struct usmUser *user = usm_get_userList();

	if (!has_engine(found->text))
		return false;
	for (; user; user = user->next)
		if (user->userStorageType == ST_NONVOLATILE && !has_user(found->text, user->name))
			return false;
	return true;
}

/* Where net-snmp writes, what it had written there, and what it now writes. */
static struct found let_store(void)
{
	struct found found;

	unlinkat(folder, OWN_FOLDER "/" STATE, 0);
	netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_PERSIST_STATE, 0);
	snmp_store(MIB_APPLICATION);
	netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_PERSIST_STATE, 1);
	found = look_at(folder, OWN_FOLDER "/" STATE);
	if (!found.error && !is_stored(&found))
		found.error = -EBADMSG;
	return found;
}

/* Whether each user that was added is kept now. */
static bool are_kept(const char *text)
{
	bool all = true;

	for (const char *line = taken; *line; line = next_line(line)) {
		char name[NAME_SAVED / 2];
		const char *word;
		size_t len;

		if (!word_is(line, 0, "createUser") || find_word(line, 1, &word, &len) != 1)
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)len, word);
		if (has_user(text, name))
			continue;
		log_error("net-snmp did not take the user %s, whose pass phrases stay in "
			  "%s/" MIB_USER_KEYS,
			  name, directory);
		all = false;
	}
	return all;
}

/* Others may have been added meanwhile: they are taken over next. */
static int forget_added(const char *text)
{
	char *now;
	int error;

	refused = taken && !are_kept(text);
	if (!taken || refused)
		return 0;
	error = file_lock(folder);
	now = error ? NULL : read_added();
	if (now && !strcmp(now, taken)) {
		struct file_move moves[] = { { .to = MIB_USER_RIGHTS, .remove = true },
					     { .to = MIB_USER_KEYS, .remove = true } };

		error = file_settle(folder, moves, 2);
		if (!error)
			log_info("users that were added by snmp-user are taken over");
	}
	file_unlock(folder);
	free(now);
	free(taken);
	taken = NULL;
	return error;
}

static int store(void)
{
	struct found found = let_store();
	struct file_content state = { STATE, found.text, found.len, 0600 };
	int error = found.error;

	if (!error)
		error = file_replace(folder, &state);
	/* That of the layout before; what it said has been read, or was worth less. */
	if (!error && unlinkat(folder, BACKUP, 0) && errno != ENOENT)
		error = -errno;
	if (!error)
		error = forget_added(found.text);
	unlinkat(folder, OWN_FOLDER "/" STATE, 0);
	free(found.text);
	return error;
}

int mib_keep_store(void)
{
	int error = store(), before = atomic_exchange(&failing, error);

	if (error && error != before)
		log_error("snmp.persistent_directory: what the SNMP engine must keep can't be "
			  "stored in "
			  "%s: %s; it is tried again every second",
			  directory,
			  error == -EBADMSG || error == -ENOENT ? "net-snmp wrote only a part of it"
								: strerror(-error));
	if (!error && before)
		log_info("snmp.persistent_directory: the SNMP engine's state is stored again");
	return error;
}

/* While the agent runs: keys, and the rights that its next start finds in snmp.config. */
static void take_over(void)
{
	static const char *const names[] = { MIB_USER_KEYS, MIB_USER_RIGHTS };
	char path[sizeof(directory) + FILE_NAME_MAX];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", directory, names[i]);
		if (access(path, R_OK) == 0)
			read_config_with_type(path, MIB_APPLICATION);
	}
}

void mib_keep_turn(int64_t now_ms)
{
	static int64_t looked_ms;
	char *text;

	if (folder < 0 || now_ms - looked_ms < TURN_MS)
		return;
	looked_ms = now_ms;
	if (file_lock(folder))
		return;
	text = read_added();
	if (text && (!taken || strcmp(text, taken) != 0)) {
		take_over();
		free(taken);
		taken = text;
		text = NULL;
	}
	file_unlock(folder);
	free(text);
	if (atomic_load(&failing) || (taken && !refused))
		mib_keep_store();
}

int mib_keep_failing(void)
{
	return atomic_load(&failing);
}

void mib_keep_close(void)
{
	if (folder >= 0)
		close(folder);
	folder = -1;
	free(taken);
	taken = NULL;
}
