/*
 * given: the facts of `mailreeve explain`, as key=value words.
 *
 * Pure. One table names the keys; what is not given has the value of an ordinary session: protocol
 * smtp, method plain, password right, first attempt, neither banned nor throttled, from 127.0.0.1,
 * without TLS, the recipient exists, the sender is known nowhere else and not the user's own, no
 * relay window is open, the client shows no certificate, and no source tells a password in clear.
 * Of a message (stage=message) nobody has logged in, its size is not known, it is the first of its
 * session, and no limit is reached.
 */
#ifndef MAILREEVE_GIVEN_H
#define MAILREEVE_GIVEN_H

#include <stdio.h>

#include "decide.h"
#include "err.h"
#include "given_words.h"

struct given {
    struct facts facts;          /* borrows from the words and from the lines below; of a message
                                    rcpt_to is for judge to fill */
    enum verify_outcome outcome; /* what the sources say: password-ok */
    bool has_clear_password;     /* they tell it in clear, too */
    bool says_matching_sender;   /* else the users files say whether smtp_auth is matching-sender */
    char *mail_from;             /* whole command line */
    struct texts recipients;     /* whole command lines; one, but for a message */
    struct texts owned;          /* the user's addresses beside his name */

    bool is_message; /* it is the message guard that asks */
    bool is_limited; /* the user has reached a limit in time; by which is for judge to say */
    struct message_facts message;
    struct texts headers; /* "From: a@b" */
};

/* Reads the words. Returns 0, or -1 with err, a usage error. Call given_fini in any case. */
int given_parse(const char *const *words, size_t count, struct given *given_r, struct err *err);
void given_fini(struct given *given);

/* Prints the keys for the help. */
void given_print_keys(FILE *to);

#endif
