/* SPDX-License-Identifier: MIT */
/*
 * Makes of options how agents are reached and what is shown to them. Knows no HTTP library. Called
 * by main.c.
 */
#include "cli_way.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#include "address.h"
#include "cli_options.h"

#define PROGRAM	   "xenballoon"
#define SECRET_MAX 4096

static bool has_scheme(const char *text)
{
	return !strncmp(text, "http://", 7) || !strncmp(text, "https://", 8);
}

/* The host of a URL without its port. */
static size_t host_of(const char *url, const char **host)
{
	*host = strstr(url, "://") + 3;
	if (**host == '[')
		return strcspn(*host, "]") + 1;
	return strcspn(*host, ":/");
}

static bool is_loopback(const char *url)
{
	static const char *const names[] = { "localhost", "[::1]" };
	const char *host;
	size_t len = host_of(url, &host);

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (len == strlen(names[i]) && !strncmp(host, names[i], len))
			return true;
	return !strncmp(host, "127.", 4) && strspn(host, "0123456789.") == len;
}

/* Nothing that would end the host's part early, or speak to another host than it shows. */
static bool url_sound(const char *url)
{
	const char *host, *at;
	size_t len = host_of(url, &host);

	if (!len)
		return false;
	for (at = url; *at; at++)
		if ((unsigned char)*at <= ' ' || *at == 0x7f || strchr("@?#\\", *at))
			return false;
	/* A path is a proxy's: it leads to the agent's own root. */
	at = strchr(host, '/');
	return !at || (!strstr(at, "//") && !strstr(at, "/."));
}

/* A host with or without a port; false, with nothing that a host may look like in the URL. */
static bool complete_url(struct way *way, const char *text)
{
	struct address address;
	bool parsed = address_parse(text, &address) && *address.host;

	snprintf(way->url, sizeof(way->url), "http%s://%s%s%s",
		 address_is_loopback(&address) ? "" : "s", address.v6 ? "[" : "",
		 parsed ? address.host : "", address.v6 ? "]" : "");
	snprintf(way->url + strlen(way->url), sizeof(way->url) - strlen(way->url), ":%u",
		 address.has_port ? address.port : WAY_PORT);
	return parsed;
}

static bool make_url(struct way *way, const char *host)
{
	bool complete = true;
	size_t len;

	if (has_scheme(host))
		snprintf(way->url, sizeof(way->url), "%.*s", ADDRESS_HOST_MAX, host);
	else
		complete = complete_url(way, host);
	if (!complete || strlen(host) > ADDRESS_HOST_MAX || !url_sound(way->url)) {
		fprintf(stderr,
			PROGRAM
			": \"%.80s\" must be a host, HOST:PORT, or http(s)://HOST[:PORT][/PATH]\n",
			host);
		return false;
	}
	len = strlen(way->url);
	if (way->url[len - 1] == '/')
		way->url[len - 1] = '\0';
	snprintf(way->label, sizeof(way->label), "%.*s", WAY_LABEL_MAX,
		 has_scheme(host) ? way->url : host);
	return true;
}

static bool make_socket(struct way *way, const char *path)
{
	if (strlen(path) >= sizeof(((struct sockaddr_un *)NULL)->sun_path)) {
		fprintf(stderr, PROGRAM ": --socket: the path is longer than a socket's may be\n");
		return false;
	}
	way->socket = path;
	snprintf(way->url, sizeof(way->url), "http://localhost");
	snprintf(way->label, sizeof(way->label), "%s", path);
	return true;
}

static int make_ways(const struct options *options, struct way *ways)
{
	if (!!options->socket + !!options->url + !!options->host_count > 1) {
		fprintf(stderr, PROGRAM ": choose one of --socket, --url and -H\n");
		return -1;
	}
	for (size_t i = 0; i < options->host_count; i++)
		if (!make_url(&ways[i], options->host[i]))
			return -1;
	if (options->host_count)
		return (int)options->host_count;
	if (options->url && !has_scheme(options->url)) {
		fprintf(stderr, PROGRAM ": --url must begin with http:// or https://\n");
		return -1;
	}
	if (options->url)
		return make_url(ways, options->url) ? 1 : -1;
	return make_socket(ways, options->socket ? options->socket : WAY_SOCKET) ? 1 : -1;
}

/* The first line of a stream without its end, to be given to free(); NULL: none that will do. */
static char *read_line(FILE *from)
{
	char line[SECRET_MAX + 2];
	char *copy = NULL;
	size_t len;

	if (fgets(line, sizeof(line), from)) {
		len = strcspn(line, "\r\n");
		if (len && len <= SECRET_MAX) {
			line[len] = '\0';
			copy = strdup(line);
		}
	}
	explicit_bzero(line, sizeof(line));
	return copy;
}

static char *read_secret(const char *path)
{
	FILE *file = fopen(path, "re");
	struct stat about;
	char *secret;

	if (!file) {
		fprintf(stderr, PROGRAM ": %s: %s\n", path, strerror(errno));
		return NULL;
	}
	if (fstat(fileno(file), &about) == 0 && S_ISREG(about.st_mode) && about.st_mode & S_IROTH)
		fprintf(stderr, PROGRAM ": everyone can read %s; chmod 600 it\n", path);
	secret = read_line(file);
	if (!secret)
		fprintf(stderr, PROGRAM ": %s: its first line must be the secret\n", path);
	fclose(file);
	return secret;
}

static char *ask_password(const char *user)
{
	struct termios before, silent;
	FILE *terminal = fopen("/dev/tty", "r+e");
	char *password;

	if (!terminal || tcgetattr(fileno(terminal), &before) != 0) {
		fprintf(stderr,
			PROGRAM ": no terminal to ask for a password on; use --password-file\n");
		if (terminal)
			fclose(terminal);
		return NULL;
	}
	silent = before;
	silent.c_lflag &= ~(tcflag_t)ECHO;
	fprintf(terminal, "Password of %s: ", user);
	fflush(terminal);
	tcsetattr(fileno(terminal), TCSAFLUSH, &silent);
	password = read_line(terminal);
	tcsetattr(fileno(terminal), TCSAFLUSH, &before);
	fputc('\n', terminal);
	fclose(terminal);
	if (!password)
		fprintf(stderr, PROGRAM ": no password given\n");
	return password;
}

static bool make_password(const struct options *options, struct proof *proof)
{
	char *password = options->password_file ? read_secret(options->password_file)
						: ask_password(options->user);

	if (!password)
		return false;
	if (asprintf(&proof->password, "%s:%s", options->user, password) < 0)
		proof->password = NULL;
	explicit_bzero(password, strlen(password));
	free(password);
	return proof->password;
}

/* A header is made of it: printable, no spaces (RFC 6750, 2.1). */
static bool make_token(const char *path, struct proof *proof)
{
	proof->token = read_secret(path);
	if (!proof->token)
		return false;
	for (const char *at = proof->token; *at; at++) {
		if ((unsigned char)*at > ' ' && (unsigned char)*at < 0x7f)
			continue;
		fprintf(stderr, PROGRAM ": %s: a token has no spaces or control characters\n",
			path);
		return false;
	}
	return true;
}

static bool make_proof(const struct options *options, bool tcp, struct proof *proof)
{
	*proof = (struct proof){ .ca = options->ca,
				 .cert = options->cert,
				 .key = options->key,
				 .timeout_s = options->timeout_s ? options->timeout_s : 10 };
	if (!tcp)
		return true;
	if (options->user && !make_password(options, proof))
		return false;
	return !options->token_file || !*options->token_file ||
	       make_token(options->token_file, proof);
}

int way_open(const struct options *options, struct way *ways, struct proof *proof)
{
	int count = make_ways(options, ways);

	if (count < 0)
		return -1;
	if (!make_proof(options, !ways->socket, proof)) {
		way_close(proof);
		return -1;
	}
	for (int i = 0; i < count; i++) {
		if (strncmp(ways[i].url, "http:", 5) || is_loopback(ways[i].url) ||
		    (!proof->token && !proof->password))
			continue;
		fprintf(stderr,
			PROGRAM ": %s is not encrypted: anyone on the way could read the %s; use "
				"https://\n",
			ways[i].url, proof->token ? "token" : "password");
		way_close(proof);
		return -1;
	}
	return count;
}

void way_close(struct proof *proof)
{
	char *secrets[] = { proof->token, proof->password };

	for (size_t i = 0; i < 2; i++) {
		if (secrets[i])
			explicit_bzero(secrets[i], strlen(secrets[i]));
		free(secrets[i]);
	}
	*proof = (struct proof){ 0 };
}
