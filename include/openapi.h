/* SPDX-License-Identifier: MIT */
/*
 * The description of the HTTP API, OpenAPI 3.1, made from the tables that the API itself is made
 * of: routes[], the metric table, control_results[].
 */
#ifndef XENBALLOON_OPENAPI_H
#define XENBALLOON_OPENAPI_H

#include "text.h"

/* Appends the whole document. */
void openapi_put(struct text *text);

/* Appends its member `schemas`, with its key: the bodies of requests and answers. */
void openapi_put_schemas(struct text *text);

/* How a schema is pointed to. */
#define OPENAPI_SCHEMA(name) "{\"$ref\":\"#/components/schemas/" name "\"}"

#endif
