/*
 * ldap_door: one LDAPv3 connection to a directory server; the door to libldap.
 *
 * One thread's own. libldap builds and reads the messages; the bytes go over a conn (sys), so that
 * connecting, TLS and every read and write end at the deadline, TLS is verified in the same way as
 * everywhere else, and nothing raises SIGPIPE. libldap's own ways do not hold that: its connect
 * waits in getaddrinfo, and its TLS start with a timeout spins without end in 2.5. Referrals are
 * not followed, aliases not dereferenced. A request with a password never passes through libldap,
 * which does not wipe what it frees; what it reads is wiped by us, for it may be passwords as well.
 */
#ifndef MAILREEVE_LDAP_DOOR_H
#define MAILREEVE_LDAP_DOOR_H

#include <stdbool.h>
#include <stddef.h>

#include "deadline.h"
#include "err.h"
#include "ldap_found.h"
#include "names.h"
#include "outcome.h"
#include "secret.h"
#include "tls.h"

struct ldap_link;

enum ldap_security { LDAP_SECURITY_NONE = 0, LDAP_SECURITY_STARTTLS, LDAP_SECURITY_TLS };

/* Whom to connect to, and how. Borrowed. */
struct ldap_peer {
    struct name *server;
    enum ldap_security security;
    const struct tls_context *tls; /* NULL with LDAP_SECURITY_NONE only */
};

/* What came of a request. BROKEN: no answer that makes sense, or one that the server cannot work
 * now (busy, unavailable): the link is good for ldap_link_close only; another server may know.
 * FAILED: the server answered with an error, which err names. */
enum ldap_answer { LDAP_ANSWER_BROKEN = 0, LDAP_ANSWER_FAILED, LDAP_ANSWER_NO, LDAP_ANSWER_YES };

/* Lets libldap set up its globals, which it does at its first call, and badly if two threads make
 * that at once (seen by TSan). To be called before links are opened; more often does no harm. */
void ldap_door_init(void);

/* Connects and starts TLS where the peer wants it; StartTLS that does not succeed never falls back
 * to clear text. Returns NULL with err, and is_shortage as conn_open does. */
struct ldap_link *ldap_link_open(const struct ldap_peer *peer, struct deadline deadline,
                                 bool *is_shortage, struct err *err);

/* Says goodbye without waiting. NULL is allowed. */
void ldap_link_close(struct ldap_link *link);

/* Simple bind, which asks for the password policy's opinion as well (draft-behera-ldap-password-
 * policy-10). YES: the password is right. NO: the server lets nobody in; outcome_r says why
 * (ldap_diagnosis.h), and err has the server's text. A text that names an outage FAILs.
 * An empty DN or password would be an anonymous bind, which always succeeds (RFC 4513 5.1.2): it
 * FAILs here and is not sent. */
enum ldap_answer ldap_link_bind(struct ldap_link *link, const char *dn,
                                const struct secret *password, struct deadline deadline,
                                enum verify_outcome *outcome_r, struct err *err);

/* Compares a password with what an attribute of an entry holds (RFC 4511 4.10). YES and NO: it is,
 * or is not, among its values. An entry without the attribute FAILs. */
enum ldap_answer ldap_link_compare(struct ldap_link *link, const char *dn, const char *attribute,
                                   const struct secret *password, struct deadline deadline,
                                   struct err *err);

enum ldap_scope { LDAP_SEARCH_SUB = 0, LDAP_SEARCH_ONE, LDAP_SEARCH_BASE };

struct ldap_query {
    const char *base;
    enum ldap_scope scope;
    const char *filter;
    const char *const *attributes; /* whose values are wanted */
    size_t attribute_count;        /* LDAP_ATTRIBUTES_MAX at most */
};

/* YES: found_r tells. Ask ldap_found_fini in any case. No other copy of what was found is left: in
 * libldap's memory it is wiped. */
enum ldap_answer ldap_link_search(struct ldap_link *link, const struct ldap_query *query,
                                  struct deadline deadline, struct ldap_found *found_r,
                                  struct err *err);

/* Whether libldap can parse it. Return 0, or -1 with err. */
int ldap_filter_check(const char *filter, struct err *err);
int ldap_dn_check(const char *dn, struct err *err);

#endif
