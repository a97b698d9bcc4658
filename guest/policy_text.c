/* SPDX-License-Identifier: MIT */
/*
 * Policies in words: whether a guest takes them, which it doesn't, and whether what is in force is
 * what was ordered. Knows no setting by name; settings.c has the table. Pure, any thread.
 */
#include "policy_text.h"

#include <string.h>

#include "settings.h"

static const char blanks[] = " \t\r\n";

/* Steps over the next word: its start and length; false at the end. */
static bool next_word(const char **at, const char **word, size_t *len)
{
	*word = *at + strspn(*at, blanks);
	*len = strcspn(*word, blanks);
	*at = *word + *len;
	return *len > 0;
}

bool policy_text_valid(const char *text, char *error, size_t size)
{
	struct settings settings;

	settings_default(&settings);
	return settings_obey(&settings, text, error, size);
}

void policy_text_tidy(const char *text, char tidy[POLICY_TEXT_SIZE])
{
	size_t used = 0, len;
	const char *word;

	*tidy = '\0';
	while (next_word(&text, &word, &len) && used + !!used + len < POLICY_TEXT_SIZE) {
		used += (size_t)snprintf(tidy + used, POLICY_TEXT_SIZE - used, "%s%.*s",
					 used ? " " : "", (int)len, word);
	}
}

/* The setting that a word is about. */
static void name_of(const char *word, size_t len, char *name, size_t size)
{
	const char *equals = memchr(word, '=', len);
	size_t n = equals ? (size_t)(equals - word) : len;

	if (!equals)
		snprintf(name, size, "policy");
	else if (n == 0 || n >= size || strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789_") < n)
		snprintf(name, size, "text");
	else
		snprintf(name, size, "%.*s", (int)n, word);
}

void policy_text_refused(const char *text, char name[CONTRACT_REFUSES_MAX + 1])
{
	const char *at = text, *word;
	char error[256], one[POLICY_TEXT_SIZE];
	size_t len;

	*name = '\0';
	if (policy_text_valid(text, error, sizeof(error)))
		return;
	snprintf(name, CONTRACT_REFUSES_MAX + 1, "%s",
		 strlen(text) > CONTRACT_POLICY_MAX ? "length" : "twice");
	while (strlen(text) <= CONTRACT_POLICY_MAX && next_word(&at, &word, &len)) {
		snprintf(one, sizeof(one), "%.*s", (int)len, word);
		if (policy_text_valid(one, error, sizeof(error)))
			continue;
		name_of(word, len, name, CONTRACT_REFUSES_MAX + 1);
		break;
	}
}

void policy_text_in_force(const struct stats *stats, char text[POLICY_TEXT_SIZE])
{
	bool settings = *stats->settings && strcmp(stats->settings, "-") != 0;

	snprintf(text, POLICY_TEXT_SIZE, "%s%s%s", stats->policy, settings ? " " : "",
		 settings ? stats->settings : "");
	for (char *comma = text; (comma = strchr(comma, ','));)
		*comma = ' ';
}

bool policy_text_follows(const struct stats *stats, const char *ordered,
			 char name[CONTRACT_REFUSES_MAX + 1])
{
	struct settings order, force;
	char error[256], in_force[POLICY_TEXT_SIZE];
	const char *word;
	size_t len;

	settings_default(&order);
	settings_default(&force);
	policy_text_in_force(stats, in_force);
	/* What this table doesn't know, a newer guest may. */
	if (!settings_obey(&order, ordered, error, sizeof(error)) ||
	    !settings_obey(&force, in_force, error, sizeof(error)))
		return true;
	while (next_word(&ordered, &word, &len)) {
		name_of(word, len, name, CONTRACT_REFUSES_MAX + 1);
		if ((*stats->settings || strcmp(name, "policy") == 0) &&
		    !settings_agree(&order, &force, name))
			return false;
	}
	return true;
}

void policy_text_describe(FILE *out)
{
	settings_describe(out);
}

void policy_text_words(FILE *out)
{
	settings_words(out);
}
