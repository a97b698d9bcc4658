/* SPDX-License-Identifier: MIT */
/*
 * SNMP SET as a transaction: all varbinds of a PDU, several columns and domains, become one
 * control_call(), done whole or not at all. SNMP thread only.
 */
#ifndef XENBALLOON_MIB_SET_H
#define XENBALLOON_MIB_SET_H

#include <stdbool.h>

#include "control.h"

struct netsnmp_agent_request_info_s;
struct netsnmp_request_info_s;
struct variable_list;

/* One phase (reqinfo->mode) for the varbinds of one PDU; errors are set on them. */
void mib_set_phase(struct netsnmp_agent_request_info_s *reqinfo,
		   struct netsnmp_request_info_s *requests);

/*
 * What a varbind of a SET asks for: action, subject, value. False if it names nothing that could be
 * changed. For the audit of refusals, too.
 */
bool mib_set_describe(const struct variable_list *varbind, struct control_request *request);

#endif
