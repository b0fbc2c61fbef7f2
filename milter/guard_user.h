/*
 * guard_user: whose message it is, under which listener's rules, and what is remembered of the
 * client.
 *
 * One thread at a time; asks the store once and the users file, which is in memory. The mail server
 * is believed about who has logged in ({auth_authen}: by XCLIENT LOGIN, or by its own SASL), else
 * the relay window of the client's address is (NetMail: either, or). By XCLIENT comes mailreeve's
 * own name of the account, which a directory may have without a domain: whose it is then, and by
 * which name the directory knows him, is in the note that the login has left (identities.h).
 */
#ifndef MAILREEVE_GUARD_USER_H
#define MAILREEVE_GUARD_USER_H

#include "decide.h"
#include "mta.h"
#include "screening.h"
#include "site.h"

/* A value; zero: nobody, of no listener. */
struct guard_user {
    const struct listener *listener;  /* NULL: it cannot be told */
    bool has_logged_in;               /* the mail server says so */
    bool has_window;                  /* of an open relay window; decide_mail judges it */
    char name[USERNAME_MAX + 1];      /* canonical; "": nobody's */
    char full_name[USERNAME_MAX + 1]; /* with his domain, where he has one */
    char login[USERNAME_MAX + 1];     /* by which the sources know him */
    bool is_login_unsure;             /* there may be a note of another one: the store is down */
    bool has_tls;
    bool matching_sender;
    const char *fault;           /* why it is not known who has logged in; NULL: it is */
    struct client_answer client; /* whether it is banned */
};

void guard_user_find(struct guard_user *user_r, const struct site *site, struct store *store,
                     const struct mta *mta, const struct netaddr *client, struct deadline deadline);

/* Writes what was found into the facts, which borrow from user. With a fault the name is one that
 * decide_mail takes for nobody's: a temporary failure. */
void guard_user_tell(const struct guard_user *user, struct facts *facts,
                     struct message_facts *known);

/* Says more in a decision than policy could: which ban it is, why the user or the listener is not
 * known. */
void guard_user_explain(const struct guard_user *user, struct decision *decision);

#endif
