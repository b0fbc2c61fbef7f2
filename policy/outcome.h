/*
 * outcome: what the world said about a login.
 *
 * Values that backends/verify finds out and policy judges. Zero is "could not tell": a result
 * starts there and improves on evidence only.
 */
#ifndef MAILREEVE_OUTCOME_H
#define MAILREEVE_OUTCOME_H

#include <stdbool.h>

#include "list.h"
#include "username.h"

enum verify_outcome {
    VERIFY_UNAVAILABLE =
        0, /* an outage, a timeout, an answer that makes no sense: nobody's fault */
    VERIFY_OK,
    VERIFY_WRONG_PASSWORD,
    VERIFY_UNKNOWN_USER,
    VERIFY_DISABLED,  /* the source knows the account and says that it must not log in */
    VERIFY_AMBIGUOUS, /* several entries of one source, or several sources, own the name */
};

/* What the world knows about a name or an address: whether a source knows a login name, whether a
 * recipient exists, whether a sender is known to a server that shares the domain. Both of the first
 * two are "could not tell" to whoever must decide now. */
enum knowledge {
    KNOWLEDGE_NOT_ASKED = 0,
    KNOWLEDGE_CANNOT_TELL, /* an outage, or an answer that says nothing about this address */
    KNOWLEDGE_UNKNOWN,
    KNOWLEDGE_KNOWN,
};

/* What the source that knows the account says about it. The account's name is canonical: one for
 * all spellings and aliases; it is what counters, logs and XCLIENT see. */
struct account {
    char name[USERNAME_MAX + 1];
    const struct list *networks; /* the account may log in from these only; NULL: from anywhere;
                                    borrowed from the source */
    unsigned protocols;          /* mask of PROTOCOL_BIT(); 0: all */
    struct origin origin;        /* the line that defines the account, or the source's section */
};

/* The outcome's name in logs and in `mailreeve login`: "ok", "wrong password", ... */
const char *verify_outcome_name(enum verify_outcome outcome);

#endif
