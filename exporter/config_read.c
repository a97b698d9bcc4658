/* SPDX-License-Identifier: MIT */
/*
 * Reads agent.yml into a struct config: sections of settings, each once. Which settings there are
 * is setting.c's, what YAML is tree.c's. Called by config.c alone.
 */
#include "config_read.h"

#include <stdio.h>
#include <string.h>

#include "tree.h"

struct reader {
	const char *path;
	struct config *config;
	size_t *line;			    /* where each was set; 0: not in the file */
	size_t section_line[SETTING_COUNT]; /* the same, by a section's first setting */
	char *error;
	size_t error_size;
};

#define fail(reader, line, ...)                                                                    \
	tree_fail((reader)->error, (reader)->error_size, (reader)->path, line, __VA_ARGS__)

/* Length of the section's name in a path; the key follows the dot. */
static size_t section_length(const struct setting *setting)
{
	return strcspn(setting->path, ".");
}

static bool same_section(const struct setting *one, const struct setting *other)
{
	size_t len = section_length(one);

	return len == section_length(other) && strncmp(one->path, other->path, len) == 0;
}

static const char *key_of(const struct setting *setting)
{
	return setting->path + section_length(setting) + 1;
}

/* All sections, or all keys of one (named by its first setting), as a list for people. */
static void list_names(const struct setting *section, char *text, size_t size)
{
	size_t at = 0;

	text[0] = '\0';
	for (size_t i = 0; i < SETTING_COUNT && at < size; i++) {
		const struct setting *row = &settings[i];
		const char *name = section ? key_of(row) : row->path;
		size_t len = section ? strlen(name) : section_length(row);

		if (section ? !same_section(row, section) : i && same_section(row, row - 1))
			continue;
		at += (size_t)snprintf(text + at, size - at, "%s%.*s", at ? ", " : "", (int)len,
				       name);
	}
}

/* The items of a list of texts with commas between. False: it is none, or too long. */
static bool join(const struct tree *list, char *text, size_t size)
{
	size_t len = 0;

	text[0] = '\0';
	for (const struct tree *item = list->first; item; item = item->next) {
		if (item->kind != TREE_TEXT || strchr(item->text, ',') || !*item->text)
			return false;
		len += (size_t)snprintf(text + len, size - len, "%s%s", len ? "," : "", item->text);
		if (len >= size)
			return false;
	}
	return list->kind == TREE_LIST;
}

static bool read_value(struct reader *reader, const struct setting *setting,
		       const struct tree *node)
{
	size_t *line = &reader->line[setting - settings];
	const char *text = node->kind == TREE_TEXT ? node->text : NULL;
	char right[128], list[sizeof(((struct config *)0)->http_listen)];
	const char *wanted;

	if (*line)
		return fail(reader, node->line, "%s was already set in line %zu; keep one",
			    setting->path, *line);
	*line = node->line;
	setting_describe_range(setting, right, sizeof(right));
	if (setting->kind == SETTING_LIST && join(node, list, sizeof(list)))
		text = list;
	if (!text)
		return fail(reader, node->line, "%s needs one value: %s", setting->path, right);
	if (setting->kind != SETTING_TEXT && setting->kind != SETTING_LIST &&
	    setting->kind != SETTING_CHOICE && !node->plain)
		return fail(reader, node->line, "%s is a text: must be %s, without quotes",
			    setting->path, right);
	wanted = setting_store(setting, reader->config, text, right, sizeof(right));
	return !wanted ||
	       fail(reader, node->line, "%s is \"%.80s\": must be %s", setting->path, text, wanted);
}

/* The setting of this section that a node's key names, or NULL with the error set. */
static const struct setting *find_setting(struct reader *reader, const struct setting *section,
					  const struct tree *node)
{
	char names[256];

	for (size_t i = 0; i < SETTING_COUNT; i++)
		if (same_section(&settings[i], section) &&
		    strcmp(key_of(&settings[i]), node->key) == 0)
			return &settings[i];
	list_names(section, names, sizeof(names));
	fail(reader, node->line, "unknown setting \"%.40s\" in %.*s: it has %s", node->key,
	     (int)section_length(section), section->path, names);
	return NULL;
}

/* The first setting of the section that a node's key names, or NULL with the error set. */
static const struct setting *find_section(struct reader *reader, const struct tree *node)
{
	char names[128];

	for (size_t i = 0; i < SETTING_COUNT; i++)
		if (strlen(node->key) == section_length(&settings[i]) &&
		    strncmp(node->key, settings[i].path, section_length(&settings[i])) == 0)
			return &settings[i];
	list_names(NULL, names, sizeof(names));
	fail(reader, node->line, "unknown section \"%.40s\": there are %s", node->key, names);
	return NULL;
}

/* A section may come once, so that no setting hides in a second one. */
static bool read_section(struct reader *reader, const struct setting *section,
			 const struct tree *node)
{
	size_t *line = &reader->section_line[section - settings];

	if (*line)
		return fail(reader, node->line, "%.*s already began in line %zu; join them",
			    (int)section_length(section), section->path, *line);
	*line = node->line;
	if (node->kind != TREE_MAP && node->kind != TREE_NOTHING)
		return fail(reader, node->line,
			    "%.*s must hold settings, `key: value` in a line each",
			    (int)section_length(section), section->path);
	for (const struct tree *child = node->first; child; child = child->next) {
		const struct setting *setting = find_setting(reader, section, child);

		if (!setting || !read_value(reader, setting, child))
			return false;
	}
	return true;
}

static bool read_sections(struct reader *reader, const struct tree *tree)
{
	if (tree->kind != TREE_MAP && tree->kind != TREE_NOTHING)
		return fail(reader, tree->line,
			    "must hold sections, such as `http:`, each with settings below it");
	for (const struct tree *child = tree->first; child; child = child->next) {
		const struct setting *section = find_section(reader, child);

		if (!section || !read_section(reader, section, child))
			return false;
	}
	return true;
}

bool config_read(const char *path, struct config *config, size_t line[SETTING_COUNT], char *error,
		 size_t size)
{
	struct reader reader = {
		.path = path, .config = config, .line = line, .error = error, .error_size = size
	};
	struct tree *tree = tree_read(path, error, size);
	bool good = tree && read_sections(&reader, tree);

	tree_free(tree);
	return good;
}
