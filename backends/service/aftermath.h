/*
 * aftermath: what came of an attempt, told to the log and to whoever hears alarms: a new ban, an
 * account's failures, an account that is used from too many addresses.
 *
 * Thread-safe.
 */
#ifndef MAILREEVE_AFTERMATH_H
#define MAILREEVE_AFTERMATH_H

#include "screening.h"

/* Whose attempt it was. */
struct aftermath {
    const char *session; /* for the log */
    const struct netaddr *client;
    const char *account; /* its canonical name, or what was logged in as; NULL or "": nobody's */
    bool has_account;    /* a source knows it. Else it may be invented, and account-failures of such
                            names would bury the others' */
    const struct limits *limits;
};

void aftermath_tell(const struct aftermath *of, const struct attempt_end *end);

#endif
