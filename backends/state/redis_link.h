/*
 * redis_link: one connection to a Redis server or a Sentinel.
 *
 * One thread's own. After any -1 it is good for redis_link_close only.
 */
#ifndef MAILREEVE_REDIS_LINK_H
#define MAILREEVE_REDIS_LINK_H

#include <stdbool.h>

#include "deadline.h"
#include "names.h"
#include "redis_door.h"
#include "secret.h"
#include "tls.h"

struct redis_link;

/* Connects to the first of the name's addresses that answers. tls: NULL, or what TLS goes by, with
 * the name as what the certificate must show; it is not needed afterwards. Returns NULL with err.
 */
struct redis_link *redis_link_open(struct name *name, const struct tls_context *tls,
                                   struct deadline deadline, struct err *err);
void redis_link_close(struct redis_link *link); /* NULL is allowed; does not wait */

/* Who we are to the server. */
struct redis_identity {
    const char *user;              /* "": its default user */
    const struct secret *password; /* empty: it wants none */
    unsigned db;
};

/* AUTH, SELECT, and a look whether it is a master: a replica would answer with what may be old and
 * refuse what is new. One round trip. Returns 0 or -1. */
int redis_link_log_in(struct redis_link *link, const struct redis_identity *identity,
                      struct deadline deadline, struct err *err);

/* Sends a command; replies come in the order of commands. Returns 0 or -1. */
int redis_link_send(struct redis_link *link, const struct bytes *words, size_t count,
                    struct deadline deadline, struct err *err);

/* Reads one reply, to be freed; REDIS_ERROR is one, too. Returns NULL with err. */
struct redis_reply *redis_link_receive(struct redis_link *link, struct deadline deadline,
                                       struct err *err);

/* Sets err to what an error reply says. */
void redis_link_refused(const struct redis_link *link, const struct redis_reply *reply,
                        struct err *err);

/* Whether an error reply says that the server has no room for what was asked: nothing was done, and
 * the connection is as good as before. */
bool redis_link_is_full(const struct redis_reply *reply);

/* Nobody has asked and nothing was received: a server that has closed the connection meanwhile, or
 * says what nobody asked for, makes it not quiet. */
bool redis_link_is_quiet(const struct redis_link *link);

#endif
