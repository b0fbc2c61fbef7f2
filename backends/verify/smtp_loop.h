/*
 * smtp_loop: what smtp, imap and pop3 sources are asking just now, so that a question of our own
 * that comes back to us is recognized (verify_is_own_question, verify_is_own_login,
 * verify_is_own_mailbox_login).
 *
 * A source may be pointed, by mistake, at a front door that asks us: each question would then make
 * another, until every thread waits for itself. Nothing in SMTP marks a session as ours, and a mark
 * in EHLO would be read by every server that is asked in earnest; nor does nginx tell at AUTH what
 * EHLO said. So a session is ours by what it asks and when: a recipient that we ask about at this
 * moment under the name with which it greets; a login, with its password, that we ask about at this
 * moment from the address that it comes from. A program beside us (webmail) opens several sessions
 * by IMAP at a time for one and the same user, and none of them may be taken for ours: by IMAP and
 * POP3 a loop is known only by how long it has grown.
 *
 * Thread-safe. One set for the process: all sources of all configurations that are alive.
 */
#ifndef MAILREEVE_SMTP_LOOP_H
#define MAILREEVE_SMTP_LOOP_H

#include <stdbool.h>

#include "netaddr.h"
#include "secret.h"

/* A question on its way; the asker's own, between enter and leave. All is borrowed. */
struct smtp_asking {
    /* the asker's to set */
    const char *helo;              /* the name that we greet with */
    const char *subject;           /* the login name or the address that is asked about */
    struct netaddr from;           /* whence we ask about a login; NETADDR_NONE: about none */
    struct netaddr client;         /* for whom; NETADDR_NONE: not known */
    const struct secret *password; /* of a login */
    unsigned places;               /* connections that the server may have at a time */
    bool is_by_mailbox;            /* a login by IMAP or POP3 */
    /* of the set */
    struct smtp_asking *next, **link;
};

void smtp_loop_enter(struct smtp_asking *asking);
void smtp_loop_leave(struct smtp_asking *asking);

#endif
