/*
 * ldap_login: one login at a directory: whose entry the name is, whether the password is right, and
 * what the entry allows.
 *
 * Thread-safe. The password comes first: what else is wrong with an account is for its owner only.
 */
#ifndef MAILREEVE_LDAP_LOGIN_H
#define MAILREEVE_LDAP_LOGIN_H

#include "ldap_fetch.h"
#include "ldap_pace.h"
#include "ldap_servers.h"
#include "verify.h"

/* What one source has for its logins. */
struct ldap_parts {
    struct ldap_servers *servers;
    struct ldap_fetch *fetch;
    struct ldap_pace *pace;
};

/* As source_kind has them (verify.h). */
void ldap_login_verify(const struct ldap_parts *parts, const struct verify_request *request,
                       struct verify_result *result_r);
void ldap_login_lookup(const struct ldap_parts *parts, const struct verify_request *request,
                       struct verify_result *result_r);
enum knowledge ldap_login_knows(const struct ldap_parts *parts, const struct username *user,
                                struct deadline deadline);

#endif
