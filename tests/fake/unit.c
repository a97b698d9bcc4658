/* SPDX-License-Identifier: MIT */
/*
 * Reads what systemd.exec(5) says of CapabilityBoundingSet= and NoNewPrivileges=. setpriv(1) does
 * it to the process, and knows the names of capabilities.
 */
#include "unit.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SETPRIV "/usr/bin/setpriv"

static void add(struct unit *unit, const char *word)
{
	size_t len = strlen(unit->bounding);

	snprintf(unit->bounding + len, sizeof(unit->bounding) - len, "%s%s", len > 0 ? "," : "",
		 word);
}

/* "CAP_SYS_ADMIN" is setpriv's "sys_admin". */
static void add_capability(struct unit *unit, char sign, const char *name)
{
	char word[64];
	size_t n = 1;

	word[0] = sign;
	if (strncasecmp(name, "CAP_", 4) == 0)
		name += 4;
	for (; *name != '\0' && n + 1 < sizeof(word); name++)
		word[n++] = (char)tolower((unsigned char)*name);
	word[n] = '\0';
	add(unit, word);
}

/*
 * The first line says all that is left, or with a ~ what is taken from all; later ones add or take.
 * An empty one takes all.
 */
static void bound(struct unit *unit, char *value)
{
	char sign = value[0] == '~' ? '-' : '+';
	char *rest = NULL;

	if (value[0] == '\0')
		unit->bounding[0] = '\0';
	if (unit->bounding[0] == '\0' && sign == '+')
		add(unit, "-all");
	for (char *word = strtok_r(value + (sign == '-'), " \t", &rest); word != NULL;
	     word = strtok_r(NULL, " \t", &rest))
		add_capability(unit, sign, word);
}

static bool yes(const char *value)
{
	static const char *const words[] = { "yes", "true", "on", "1" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcasecmp(value, words[i]) == 0)
			return true;
	}
	return false;
}

static void take(struct unit *unit, char *line)
{
	char *value = strchr(line, '=');

	if (line[0] == '#' || line[0] == ';' || value == NULL)
		return;
	*value++ = '\0';
	if (strcmp(line, "CapabilityBoundingSet") == 0)
		bound(unit, value);
	else if (strcmp(line, "NoNewPrivileges") == 0)
		unit->no_new_privs = yes(value);
}

/* Joins a line that ends with a backslash and the next. False at the end. */
static bool read_line(FILE *file, char *line, size_t size)
{
	size_t len = 0;

	line[0] = '\0';
	while (fgets(line + len, (int)(size - len), file) != NULL) {
		len = strcspn(line, "\n");
		line[len] = '\0';
		if (len == 0 || line[len - 1] != '\\')
			return true;
		line[len - 1] = ' ';
	}
	return len > 0;
}

bool unit_load(struct unit *unit, const char *path, char *error, size_t size)
{
	FILE *file = fopen(path, "re");
	bool service = false;
	char line[2048];

	*unit = (struct unit){ .no_new_privs = false };
	if (file == NULL) {
		snprintf(error, size, "no unit at %s: %s", path, strerror(errno));
		return false;
	}
	while (read_line(file, line, sizeof(line))) {
		if (line[0] == '[')
			service = strcmp(line, "[Service]") == 0;
		else if (service)
			take(unit, line);
	}
	fclose(file);
	return true;
}

size_t unit_words(const struct unit *unit, const char **words)
{
	size_t n = 0;

	if (unit->bounding[0] == '\0' && !unit->no_new_privs)
		return 0;
	words[n++] = SETPRIV;
	if (unit->bounding[0] != '\0') {
		words[n++] = "--bounding-set";
		words[n++] = unit->bounding;
	}
	if (unit->no_new_privs)
		words[n++] = "--no-new-privs";
	return n;
}
