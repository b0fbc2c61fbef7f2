/*
 * smtp_server: one server of an smtp source: its gate, and how it is asked from inside.
 *
 * Thread-safe. What a server does before it has heard what it is asked (connect, greeting, TLS) is
 * the same for everybody: a failure there shuts its gate, a success opens it. What it does
 * afterwards may be about one name or address alone, and whoever can choose those must not be able
 * to shut a server for the others: such a failure is this session's only.
 */
#ifndef MAILREEVE_SMTP_SERVER_H
#define MAILREEVE_SMTP_SERVER_H

#include <stdbool.h>

#include "smtp_client.h"
#include "smtp_settings.h"
#include "verify.h"

struct name;
struct smtp_server;

/* What the servers of a source share; set once, outlives them. */
struct smtp_servers {
    const char *source; /* its name, for the log */
    const struct smtp_settings *settings;
    struct tls_context *tls_context; /* NULL: no TLS */
    char helo[256];
};

/* text, as configured, outlives the server. Returns NULL with err. */
struct smtp_server *smtp_server_open(const struct smtp_servers *shared, const char *text,
                                     struct err *err);
void smtp_server_close(struct smtp_server *server); /* NULL is allowed */
const char *smtp_server_text(const struct smtp_server *server);
const struct name *smtp_server_name(const struct smtp_server *server);

/* Adds this server to what the source holds. */
void smtp_server_load(const struct smtp_server *server, struct source_load *load);

enum smtp_subject { SMTP_ABOUT_PASSWORD = 0, SMTP_ABOUT_RECIPIENT };
enum { SMTP_SUBJECTS = 2 };

/* What a greeted server is asked, and what a person is told where it refuses to be asked that. */
struct smtp_question {
    enum smtp_judgement (*ask)(void *context, struct conn *conn, const struct smtp_reply *offer,
                               struct deadline deadline, struct err *err);
    void *context;
    enum smtp_subject subject;
};

/* Stands in line until the deadline (or, if there is another server to ask, for the time that
 * connecting may take), connects and asks. err tells unless it is SMTP_YES. A server that refuses
 * us is logged once a minute and subject. */
enum smtp_judgement smtp_server_ask(struct smtp_server *server,
                                    const struct smtp_question *question, bool is_last,
                                    struct deadline deadline, struct err *err);

#endif
