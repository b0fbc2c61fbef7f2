/*
 * ldap_fetch: judges a login by what an entry's password attribute holds.
 *
 * Thread-safe. Several values are several passwords, any of which lets in. Of one that cannot be
 * verified nobody can tell whether it would have: beside others that are wrong it makes the answer
 * "could not tell".
 */
#ifndef MAILREEVE_LDAP_FETCH_H
#define MAILREEVE_LDAP_FETCH_H

#include "ldap_door.h"
#include "verify.h"

struct ldap_fetch;

struct ldap_fetch *ldap_fetch_create(void);     /* never NULL */
void ldap_fetch_free(struct ldap_fetch *fetch); /* NULL is allowed */

/* VERIFY_OK, VERIFY_WRONG_PASSWORD, VERIFY_NO_CLEAR_PASSWORD, or VERIFY_UNAVAILABLE with err. If
 * the request wants the clear password, clear_r gets it where it is known. */
enum verify_outcome ldap_fetch_judge(struct ldap_fetch *fetch, const struct ldap_values *values,
                                     const struct verify_request *request, struct secret *clear_r,
                                     struct err *err);

/* Takes the first password that is stored in clear; clear_r stays empty if there is none. */
void ldap_fetch_clear(const struct ldap_values *values, struct secret *clear_r);

/* Spends the time that the stored password took which was judged last; request has a password. */
void ldap_fetch_pretend(struct ldap_fetch *fetch, const struct verify_request *request);

#endif
