/*
 * ldap_link: a link for those who send requests of their own over it (ldap_request.h), past
 * libldap.
 *
 * One thread's own, and nothing else is under way on it.
 */
#ifndef MAILREEVE_LDAP_LINK_H
#define MAILREEVE_LDAP_LINK_H

#include "ldap_door.h"
#include "ldap_reply.h"

struct ldap_own_request {
    const char *what;    /* for err */
    unsigned operation;  /* tag of the answer */
    struct secret bytes; /* with the link's next number */
};

/* The number that the next request must have. */
int32_t ldap_link_next_number(struct ldap_link *link);

/* Sends a request and waits for its answer. Returns 0, or -1 with err. */
int ldap_link_ask(struct ldap_link *link, const struct ldap_own_request *request,
                  struct deadline deadline, struct ldap_reply *reply_r, struct err *err);

/* What a result says that is not success: BROKEN or FAILED, with err. said may be NULL. */
enum ldap_answer ldap_link_judge_failure(const char *what, int code, const char *said,
                                         struct err *err);

#endif
