/* SPDX-License-Identifier: MIT */
/*
 * One request on its connection, as the HTTP server's own files see it.
 */
#ifndef XENBALLOON_HTTP_CALL_H
#define XENBALLOON_HTTP_CALL_H

#include "auth.h"
#include "config.h"
#include "http_connection.h"
#include "route.h"

struct MHD_Connection;
struct MHD_Daemon;
struct MHD_Response;

/* Longest request body that is taken, in bytes. */
#define HTTP_BODY_MAX 65536

/* Memory for the headers of a request, and how long a connection may be silent. */
#define HTTP_HEADERS_MAX 16384
#define HTTP_IDLE_S	 20U /* beyond the usual scrape interval of 15 s */

/* A token may also come here, where Authorization is a proxy's own. */
#define HTTP_TOKEN_HEADER "X-Xenballoon-Token"

struct http_call {
	struct exchange exchange; /* first: the handlers' view */
	struct MHD_Connection *connection;
	struct http_connection *place; /* NULL where there was no memory for a record */
	struct text body;
	size_t received; /* bytes of body, those beyond the limit too */
	struct reply reply;
	bool head;		   /* the method is HEAD */
	bool answered;		   /* reply is ready to be sent */
	enum auth_verdict verdict; /* on the credential that came with it, if one did */
	bool proving;		   /* its password is being checked, and nothing else was yet */
	bool password_right;	   /* the outcome */

	/* http_wait.c's own, under its lock. */
	bool waiting;
	unsigned int references;
	struct http_call *previous, *next;
};

/* A call with one reference, the connection's; NULL if out of memory. */
struct http_call *http_call_new(struct MHD_Connection *connection, enum control_interface via);
void http_call_release(struct http_call *call);

/*
 * Starts a server thread on a listening socket, which it takes over, for one way in: VIA_HTTP or
 * VIA_UNIX; it may have its share of the connections. NULL if it can't.
 */
struct MHD_Daemon *http_serve(int socket, enum control_interface via, bool tls,
			      unsigned int shares);

/* What libmicrohttpd calls when a connection begins and when it ends; http_connection.c's. */
enum MHD_ConnectionNotificationCode;
void http_on_connection(void *context, struct MHD_Connection *connection, void **record,
			enum MHD_ConnectionNotificationCode what);

/* Stops the waiting: those who wait are answered 503 and nobody can wait any more. */
void http_wait_end(void);
void http_wait_begin(void);

/*
 * Judges a request by its headers alone, before its body is read.
 */
enum http_verdict {
	HTTP_PASSES,
	HTTP_REFUSED, /* *reply says why; audited */
	HTTP_WAITS    /* call->proving: http_check_proved() is to follow when it is woken */
};

/* *close: the connection can't be trusted to be in step any more. */
enum http_verdict http_check(struct http_call *call, const char *method, const char *path,
			     const char *version, struct reply *reply, bool *close);
enum http_verdict http_check_proved(struct http_call *call, struct reply *reply);

/*
 * Who asks, as far as the connection tells: the address, or the peer of the Unix socket with user
 * name and role. Then, by the credential that came with the request, if one did.
 */
enum http_proof {
	HTTP_PROVED,  /* call->verdict and who asks are known */
	HTTP_PROVING, /* the request waits */
	HTTP_BUSY     /* too many passwords are being checked */
};

void http_find_asker(struct http_call *call);
enum http_proof http_prove(struct http_call *call, const struct config *config);

/*
 * Whether the agent's own page asks, or no page at all: by Sec-Fetch-Site, Origin and Host as they
 * came (NULL: not sent) and the names of http.names.
 */
bool http_origin_own(const char *names, const char *site, const char *origin, const char *host);

/*
 * Refuses a request that has its route: with the status of the result, or as malformed with one of
 * its own. Audited and counted if it would have changed something; strangers who ask too fast get
 * 429 instead.
 */
void http_refuse(const struct http_call *call, struct reply *reply, enum control_result result,
		 const char *detail);
void http_refuse_wrong(const struct http_call *call, struct reply *reply, const char *detail);
void http_refuse_body(const struct http_call *call, struct reply *reply, int status,
		      const char *detail);
void http_refuse_length(const struct http_call *call, struct reply *reply); /* > HTTP_BODY_MAX */

/*
 * A wrong credential came from this address. How many seconds it is to wait now, more from time to
 * time; 0: it has not sent many. For one thread at a time.
 */
unsigned int http_guard_wrong(const char *address);

/*
 * A token bucket for all requests: room for `burst`, one more each interval_ns, 0 being any rate.
 * 0: the request may pass; else how many seconds to wait. For one thread at a time.
 */
unsigned int http_rate_wait(uint64_t interval_ns, uint64_t burst);

/*
 * Has a password checked while the request waits; http_proved() will wake it. False: so many wait
 * already, or the server is stopping, and nothing was begun.
 */
bool http_password_submit(struct http_call *call, const char *user, const char *password);
void http_password_end(void); /* after http_wait_end() */

/* Wakes a request that waits for its password, from any thread; once for each submission. */
void http_proved(struct http_call *call, bool right);

/* Turns a reply into a response, compressed if the client takes that; NULL if out of memory. */
struct MHD_Response *http_response(struct http_call *call, struct reply *reply, bool close);

/* The response that sends a listener's events; takes it over; NULL if out of memory. */
struct MHD_Response *http_stream(struct http_call *call, struct events_listener *listener);

/* Compresses text in place. False, nothing changed: it is too short or there is no memory. */
bool http_gzip(struct text *text);

/*
 * Opens a listening socket at ADDRESS:PORT, [V6]:PORT or :PORT, numeric, or takes the one that
 * systemd has opened there. The descriptor, or a negative errno.
 */
int http_listen(const char *address);

/*
 * Opens a listening Unix socket: its owner's, and the group's if there is such a group, whose
 * members are operators. What a killed agent left at that path is replaced. The descriptor, or a
 * negative errno (logged).
 */
int http_socket_open(const char *path, const char *group);
void http_socket_remove(const char *path);

/* Who is at the other end of a connection: user name, role (at least viewer), uid and pid. */
void http_socket_peer(int fd, struct principal *who);

#endif
