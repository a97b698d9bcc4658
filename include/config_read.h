/* SPDX-License-Identifier: MIT */
/*
 * The reader of agent.yml, for config.c alone; everyone else takes config_load() of config.h.
 */
#ifndef XENBALLOON_CONFIG_READ_H
#define XENBALLOON_CONFIG_READ_H

#include "setting.h"

/*
 * Sets in *config what the file at path says, of at most 64 KiB, and in line[] where it says it (0:
 * nowhere). False, with "path:LINE: what is wrong and what would be right" in error, at the first
 * mistake.
 */
bool config_read(const char *path, struct config *config, size_t line[SETTING_COUNT], char *error,
		 size_t size);

#endif
