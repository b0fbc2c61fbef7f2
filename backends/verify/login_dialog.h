/*
 * login_dialog: what a client says to log in at an IMAP or POP3 server, line by line, and what the
 * server's answers make of it.
 *
 * Pure: the caller sends and receives. One login. Passwords go as SASL PLAIN (RFC 4616) or as the
 * protocol's own command: IMAP's LOGIN with literals, which take any byte, or USER and PASS.
 * Whatever comes before the password was said is never a yes, and a no only where POP3 says that it
 * does not know the name. What is to be said is in a secret, for it may hold the password.
 */
#ifndef MAILREEVE_LOGIN_DIALOG_H
#define MAILREEVE_LOGIN_DIALOG_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"
#include "login_reply.h"
#include "secret.h"

enum login_mechanism { LOGIN_PLAIN = 0, LOGIN_COMMAND };
#define LOGIN_MECHANISM_BIT(mechanism) (1u << (unsigned)(mechanism))

enum { LOGIN_ASIDES_MAX = 64 };

enum login_step {
    LOGIN_STEP_DONE = 0, /* judgement is what it came to; err tells why it is not LOGIN_RIGHT */
    LOGIN_STEP_SAY,      /* say is to be sent, then the next line read */
    LOGIN_STEP_LISTEN,   /* the next line is to be read */
};

/* The caller sets protocol to password, which are borrowed; the rest starts all zero. */
struct login_dialog {
    enum login_protocol protocol;
    unsigned mechanisms; /* mask of LOGIN_MECHANISM_BIT(): PLAIN is preferred */
    const struct login_offer *offer;
    const char *user;
    const struct secret *password;

    const struct login_stage *stage; /* what was said last */
    unsigned asides;
    struct secret say;
    enum login_judgement judgement;
};

enum login_step login_dialog_begin(struct login_dialog *dialog, struct err *err);

/* Takes one line of the server's, without its line end. */
enum login_step login_dialog_hear(struct login_dialog *dialog, const char *line, size_t length,
                                  struct err *err);

/* The words for going away. */
const char *login_dialog_goodbye(enum login_protocol protocol);

/* Wipes what was said. */
void login_dialog_fini(struct login_dialog *dialog);

#endif
