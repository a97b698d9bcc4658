/* SPDX-License-Identifier: MIT */
/*
 * What an operator in the guest may do: switch selfballooning, and see what the guest sees.
 */
#ifndef XENBALLOON_OPERATE_H
#define XENBALLOON_OPERATE_H

#include "daemon.h"

/* Each says on standard error what is wrong and gives an exit status. */
int operate_on(const struct places *places);
int operate_off(const struct places *places);
int operate_status(const struct places *places);
int operate_explain(const struct places *places);

#endif
