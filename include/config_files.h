/* SPDX-License-Identifier: MIT */
/*
 * The files that agent.yml names and the agent reads itself, for config.c alone: who there is and
 * how they prove it.
 */
#ifndef XENBALLOON_CONFIG_FILES_H
#define XENBALLOON_CONFIG_FILES_H

#include "config.h"
#include "stamp.h"

#define CONFIG_FILES_MAX 5 /* principals, web.config.yml, certificate, key, authority */

/*
 * Reads them into *config and checks how they go together with its settings; stamps[] is what each
 * looked like just before. False, with a sentence in why and the place of the setting at fault in
 * *offset; what was read is to be freed all the same.
 */
bool config_files_read(struct config *config, struct stamp stamps[CONFIG_FILES_MAX], size_t *offset,
		       char *why, size_t size);
void config_files_free(struct config *config);

/* What was read is another configuration's, too, and that one's to free. */
void config_files_forget(struct config *config);

/* Likewise, but for the principals, which are its own and freed. */
void config_files_return(struct config *config);

/* Whether the file of principals is there and can't be taken over; why says what is wrong. */
bool config_files_principals_broken(const struct config *config, char *why, size_t size);

/* What they look like just now. */
void config_files_stamp(const struct config *config, struct stamp stamps[CONFIG_FILES_MAX]);

#endif
