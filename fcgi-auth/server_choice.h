/*
 * server_choice: the server that an accepted session goes to.
 *
 * Runs in a session's thread; waits for nobody.
 */
#ifndef MAILREEVE_SERVER_CHOICE_H
#define MAILREEVE_SERVER_CHOICE_H

#include "decide.h"
#include "route.h"
#include "verify.h"

struct server_choice {
    const struct facts *facts;
    const char *user;                     /* canonical; "": nobody is authenticated */
    const struct verify_result *verified; /* NULL: no source was asked */
};

/* The mail host has the mailbox, so who wants to read gets to that server or to none. Mail can be
 * handed in at any, and at his own where it is one of the upstream and up. Returns 0, or -1 and who
 * is to blame: the source that names the account's mail host, or the upstream. */
int server_choice_make(const struct server_choice *choice, struct upstream *upstream,
                       struct route *route_r, struct rule_ref *rule_r);

#endif
