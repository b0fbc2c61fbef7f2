/*
 * login_server: one server of an imap or pop3 source: its gate, and how it is asked from inside.
 *
 * Thread-safe. What a server does before it has heard a name (connect, greeting, TLS) is the same
 * for everybody: a failure there shuts its gate, a success opens it. What it does afterwards may be
 * about one name alone, and whoever can choose that must not be able to shut a server for the
 * others: such a failure is this session's only.
 */
#ifndef MAILREEVE_LOGIN_SERVER_H
#define MAILREEVE_LOGIN_SERVER_H

#include <stdbool.h>

#include "curl_door.h"
#include "login_settings.h"
#include "verify.h"

struct name;
struct login_server;

/* What the servers of a source share; set once, outlives them. */
struct login_servers {
    const char *source; /* its name, for the log */
    const struct login_settings *settings;
    enum login_protocol protocol;
    struct tls_context *tls_context; /* NULL: no TLS */
};

/* text, as configured, outlives the server. Returns NULL with err. */
struct login_server *login_server_open(const struct login_servers *shared, const char *text,
                                       struct err *err);
void login_server_close(struct login_server *server); /* NULL is allowed */
const char *login_server_text(const struct login_server *server);
const struct name *login_server_name(const struct login_server *server);

/* Stands in line until the request's deadline (or, if there is another server to ask, for the time
 * that connecting may take), connects and asks. err tells unless the password is right. A server
 * that refuses us is logged once a minute. */
enum login_judgement login_server_ask(struct login_server *server,
                                      const struct verify_request *request, bool is_last,
                                      struct err *err);

/* Adds the server to the load. */
void login_server_load(struct login_server *server, struct source_load *load);

#endif
