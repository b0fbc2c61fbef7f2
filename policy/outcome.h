/*
 * outcome: what the world said about a login.
 *
 * Values that backends/verify finds out and policy judges. Zero is "could not tell": a result
 * starts there and improves on evidence only.
 */
#ifndef MAILREEVE_OUTCOME_H
#define MAILREEVE_OUTCOME_H

#include <stdbool.h>
#include <stddef.h>

#include "list.h"
#include "username.h"

enum verify_outcome {
    VERIFY_UNAVAILABLE =
        0, /* an outage, a timeout, an answer that makes no sense: nobody's fault */
    VERIFY_OK,
    VERIFY_WRONG_PASSWORD, /* the only one that may count against anybody */
    VERIFY_UNKNOWN_USER,
    VERIFY_DISABLED,  /* the source knows the account and says that it must not log in */
    VERIFY_AMBIGUOUS, /* several entries of one source, or several sources, own the name */
    /* The source knows the account and lets nobody in, whatever the password. */
    VERIFY_LOCKED, /* for a time, or until somebody unlocks it; mostly after too many failures */
    VERIFY_ACCOUNT_EXPIRED,
    VERIFY_PASSWORD_EXPIRED,
    VERIFY_MUST_CHANGE, /* the password is right and has to be changed first */
    VERIFY_NOT_ALLOWED, /* not now, not from there, or not in require_group */
    /* The password could not be what was asked about. */
    VERIFY_NO_CLEAR_PASSWORD, /* CRAM-MD5 or APOP, and the source has no clear password */
};
enum { VERIFY_OUTCOMES = VERIFY_NO_CLEAR_PASSWORD + 1 };

/* What the world knows about a name or an address: whether a source knows a login name, whether a
 * recipient exists, whether a sender is known to a server that shares the domain. Both of the first
 * two are "could not tell" to whoever must decide now. */
enum knowledge {
    KNOWLEDGE_NOT_ASKED = 0,
    KNOWLEDGE_CANNOT_TELL, /* an outage, or an answer that says nothing about this address */
    KNOWLEDGE_UNKNOWN,
    KNOWLEDGE_KNOWN,
};

/* SMG 18, "Enable for SMTP Auth": whether an account may log in by SMTP, and as whom it may send.
 */
enum smtp_auth {
    SMTP_AUTH_ANY_SENDER = 0,  /* "any email address permitted by the OU" */
    SMTP_AUTH_MATCHING_SENDER, /* "may only issue a MAIL FROM command that matches the user name" */
    SMTP_AUTH_NO,              /* "cannot be used for SMTP authentication" */
};

/* What the source that knows the account says about it. The account's name is canonical: one for
 * all spellings and aliases; it is what counters, logs and XCLIENT see. */
struct account {
    char name[USERNAME_MAX + 1];
    const struct list *networks; /* the account may log in from these only; NULL: from anywhere;
                                    borrowed from the result, like all that follow */
    unsigned protocols;          /* mask of PROTOCOL_BIT(); 0: all */
    enum smtp_auth smtp_auth;
    struct origin origin; /* the line that defines the account, or the source's section */
    const char *route;    /* the account's own mail host; NULL: any server of the upstream */
    const char *const *addresses; /* beside its name the account owns these, in lower case: what it
                                     may send as; of a look-up only */
    size_t address_count;
    const char *app_password; /* the name of the app password that was given; NULL: none was */
    const struct list *app_networks; /* that one may be used from these only; NULL: from anywhere */
};

/* The outcome's name in logs and in `mailreeve login`: "ok", "wrong password", ... */
const char *verify_outcome_name(enum verify_outcome outcome);

#endif
