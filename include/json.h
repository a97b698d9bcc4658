/* SPDX-License-Identifier: MIT */
/*
 * JSON, both ways. Out: straight into a text, so that a list of thousands of guests costs no
 * allocation per value. In: the bodies of requests to change something, checked field by field.
 */
#ifndef XENBALLOON_JSON_H
#define XENBALLOON_JSON_H

#include "control.h"
#include "metric.h"
#include "text.h"

/*
 * Writing. Each puts a comma where one is due; key is NULL inside a list and at the top. Strings
 * are foreign bytes: they come out as valid UTF-8, escaped.
 */
void json_put_open(struct text *text, const char *key, char bracket); /* '{' or '[' */
void json_put_close(struct text *text, char bracket);		      /* '}' or ']' */
void json_put_string(struct text *text, const char *key, const char *value);
void json_put_number(struct text *text, const char *key, uint64_t value);
void json_put_bool(struct text *text, const char *key, bool value);
void json_put_null(struct text *text, const char *key);
void json_put_raw(struct text *text, const char *key, const char *json); /* is JSON already */

/* A reading: null unless it is good; true or false for UNIT_BOOL. */
void json_put_reading(struct text *text, const char *key, enum metric_unit unit,
		      struct reading reading);

/* The host; all guests; one guest, as documents of the API. */
void json_put_host(struct text *text, const struct snapshot *snapshot, int64_t age_ms);
void json_put_domains(struct text *text, const struct snapshot *snapshot, int64_t age_ms);
void json_put_domain(struct text *text, const struct domain *domain);

/* The members of an answer to a request: whom it was about, what it was and is. */
void json_put_answer(struct text *text, const struct control_request *request,
		     const struct control_answer *answer);

/* Guests that one request may list. */
#define JSON_DOMAINS_MAX 4096

enum json_kind {
	JSON_SELFBALLOON,
	JSON_TARGET,
	JSON_SELFBALLOON_MANY,
	JSON_POLICY,
	JSON_KIND_COUNT
};

/* What a request to change something says. */
struct json_change {
	bool enabled;
	uint64_t target_kib;
	bool dry_run;
	bool force;
	bool restore;
	char policy[CONTRACT_POLICY_MAX + 1];
	char **domains; /* NULL: the request has no list */
	size_t count;
};

/*
 * Reads a body of this kind. False with a sentence in error that says what is wrong and what would
 * be right: no JSON, twice the same field, an unknown, missing or mistyped one. *change is to be
 * given to json_change_free() in any case.
 */
bool json_change_parse(const char *body, size_t len, enum json_kind kind,
		       struct json_change *change, char *error, size_t size);

/* The same from a form: 1 or 0 (true, on, yes; false, off, no), domains once for each guest. */
bool json_change_parse_form(const char *body, size_t len, enum json_kind kind,
			    struct json_change *change, char *error, size_t size);
void json_change_free(struct json_change *change);

#endif
