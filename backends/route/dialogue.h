/*
 * dialogue: what a check says to a mail server and what it wants to hear.
 *
 * Constant data: one table a protocol.
 */
#ifndef MAILREEVE_DIALOGUE_H
#define MAILREEVE_DIALOGUE_H

#include "reply.h"

enum check { CHECK_NONE = 0, CHECK_TCP, CHECK_SMTP, CHECK_IMAP, CHECK_POP3 };

/* Whether the check uses TLS: from the first byte, or once the server has agreed. */
enum check_tls { CHECK_TLS_NONE = 0, CHECK_TLS_STARTTLS, CHECK_TLS_IMPLICIT };

struct dialogue_step {
    const char *name;      /* of the command; "": the greeting */
    const char *text;      /* the line without its end; NULL: the server begins */
    bool names_us;         /* the line goes on with our host's name */
    bool only_starttls;    /* left out unless the check is to use STARTTLS */
    bool begins_tls;       /* TLS begins behind the answer */
    bool may_be_refused;   /* a refusal is an answer as good as any */
    const char *wanted;    /* the answer, for people */
    struct reply expected; /* its form */
};

struct dialogue {
    const char *protocol;
    const struct dialogue_step *steps; /* ends with name NULL */
    const char *goodbye;               /* nobody waits for the answer */
};

/* NULL: there is nothing to say. */
const struct dialogue *dialogue_of(enum check check);

#endif
