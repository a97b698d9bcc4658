/* SPDX-License-Identifier: MIT */
/*
 * A policy in words, as dom0 orders it in memory/policy and as a guest reports it: `[POLICY]
 * [SETTING=VALUE]...`. By the table of the guest's settings, so that dom0 refuses what a guest
 * would. Pure; used by the guest's daemon, the agent and the command line.
 */
#ifndef XENBALLOON_POLICY_TEXT_H
#define XENBALLOON_POLICY_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "contract.h"

/* A policy in words, with its terminator. */
#define POLICY_TEXT_SIZE (CONTRACT_POLICY_MAX + 1)

/* Whether a guest takes these words, "" among them; else false and a sentence in error. */
bool policy_text_valid(const char *text, char *error, size_t size);

/* The same words with one blank between; what is too long is cut. */
void policy_text_tidy(const char *text, char tidy[POLICY_TEXT_SIZE]);

/*
 * The name of the first word that isn't taken, [a-z0-9_]: of a setting, "policy", "twice" for one
 * that is said twice, "length", or "text" for what is no name; "" if all are.
 */
void policy_text_refused(const char *text, char name[CONTRACT_REFUSES_MAX + 1]);

/* What a guest reports as being in force; "" if it doesn't say. */
void policy_text_in_force(const struct stats *stats, char text[POLICY_TEXT_SIZE]);

/*
 * Whether what a guest reports is what was ordered, as far as that goes: settings that were not
 * ordered, or that it doesn't speak of, are its own. Else false and the name of the first that
 * differs, "policy" or a setting's.
 */
bool policy_text_follows(const struct stats *stats, const char *ordered,
			 char name[CONTRACT_REFUSES_MAX + 1]);

/* The settings with their ranges and meanings, a line each, for help; and the words, for
 * completion. */
void policy_text_describe(FILE *out);
void policy_text_words(FILE *out);

#endif
