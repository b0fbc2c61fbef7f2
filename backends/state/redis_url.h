/*
 * redis_url: where a Redis server is and as whom it is asked.
 *
 * Pure. "redis://[[user][:password]@]host[:port][/db]" with %XX for bytes that have a meaning in
 * it, or "unix:/path". TLS is a setting of its own, for with sentinels there need be no url;
 * "rediss://", which hiredis has only where it was built with TLS, is understood and refused.
 */
#ifndef MAILREEVE_REDIS_URL_H
#define MAILREEVE_REDIS_URL_H

#include "err.h"
#include "secret.h"

enum { REDIS_PORT = 6379, REDIS_SENTINEL_PORT = 26379, REDIS_USER_MAX = 128, REDIS_DB_MAX = 65535 };

struct redis_url {
    char address[300];             /* "host:port", "[2001:db8::1]:port" or "unix:/path" */
    char user[REDIS_USER_MAX + 1]; /* "": the server's default user */
    struct secret password;        /* empty: none in the url */
    unsigned db;
};

/* Returns 0 (then redis_url_fini is due), or -1 with err, in which the password is not. */
int redis_url_parse(const char *text, struct redis_url *url_r, struct err *err);
void redis_url_fini(struct redis_url *url);

#endif
