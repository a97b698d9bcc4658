/* SPDX-License-Identifier: MIT */
/*
 * All that a guest can say of itself, gathered once for a person: its keys, its configuration, its
 * kernel, and what its policy makes of them, whether or not a daemon runs.
 */
#ifndef XENBALLOON_PICTURE_H
#define XENBALLOON_PICTURE_H

#include "daemon.h"
#include "kernel.h"
#include "settings.h"

struct picture {
	struct reading keys[KEY_COUNT];
	struct stats stats;
	char word[CONTRACT_POLICY_MAX + 1]; /* dom0's on policy; "": none */
	bool word_obeyed;
	struct settings settings;
	struct sample sample;
	struct decision decision;    /* zeroed without a balloon driver */
	enum contract_driver driver; /* what is wrong with it, seen here or by the daemon */
};

/* Prints what is wrong with the balloon driver and what mends it; false if nothing is. */
bool picture_driver(const struct picture *picture, FILE *out);

/* 0, or a negative errno after a sentence on standard error. */
int picture_take(const struct places *places, struct picture *picture);

#endif
