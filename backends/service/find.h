/*
 * find: finds out what a decision hangs on.
 *
 * policy asks for a fact only once nothing else decides; finding it out may ask a directory or
 * another server, and waits at most until the deadline. A struct find serves one thread at a time;
 * the message guard keeps one for all questions about a message, so that the user's addresses are
 * looked up once.
 */
#ifndef MAILREEVE_FIND_H
#define MAILREEVE_FIND_H

#include "decide.h"
#include "site.h"

/* What was found out about the recipient last, for the audit line. */
struct recipient_asked {
    const struct source *source; /* NULL: nobody was asked */
    struct recipient_result result;
};

/* Whoever makes one fills the first part, with the rest all zero. All is borrowed. */
struct find {
    const struct site *site;
    const char *session; /* for the log */
    struct deadline deadline;
    const char *helo;         /* what the client calls itself; NULL: not known */
    const char *user, *login; /* the user's canonical name, and the one that he logged in by: the
                                 sources found him by it; NULL: nobody is authenticated */
    bool
        is_login_unsure; /* there may be another one: who is not found by it may own all the same */

    struct recipient_asked recipient;
    struct verify_result account; /* of user, once his addresses were asked for */
    bool has_account;
};

/* decide_recipient, decide_mail, ... */
typedef void find_decide(const struct tenancy *tenancy, const struct decide_settings *settings,
                         const struct facts *facts, const struct trail *trail,
                         struct decision *decision_r);

/* Decides, finding out on the way what is asked for; fills facts sender_elsewhere, owned and
 * recipient. facts.owned borrows from find. */
void find_and_decide(struct find *find, find_decide *decide, struct facts *facts,
                     struct decision *decision_r);

/* facts.owned is gone with it. */
void find_fini(struct find *find);

#endif
