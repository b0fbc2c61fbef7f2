/*
 * given: the facts of `mailreeve explain`, as key=value words.
 *
 * Pure. One table names the keys; what is not given has the value of an ordinary session: protocol
 * smtp, method plain, password right, first attempt, neither banned nor throttled, from 127.0.0.1,
 * without TLS, the recipient exists, the sender is known nowhere else and not the window's user's
 * own, no relay window is open, the client shows no certificate, and no source tells a password in
 * clear.
 */
#ifndef MAILREEVE_GIVEN_H
#define MAILREEVE_GIVEN_H

#include <stdio.h>

#include "decide.h"
#include "err.h"

struct given {
    struct facts facts;          /* borrows from the words and from the two lines */
    enum verify_outcome outcome; /* what the sources say: password-ok */
    bool has_clear_password;     /* they tell it in clear, too */
    char *mail_from, *rcpt_to;   /* whole command lines */
    char *owned;                 /* the user's address beside his name; NULL: none */
};

/* Reads the words. Returns 0, or -1 with err, a usage error. Call given_fini in any case. */
int given_parse(const char *const *words, size_t count, struct given *given_r, struct err *err);
void given_fini(struct given *given);

/* Prints the keys for the help. */
void given_print_keys(FILE *to);

#endif
