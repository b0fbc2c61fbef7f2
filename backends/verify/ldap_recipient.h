/*
 * ldap_recipient: whether a directory has an entry for a mail address, and whose it is.
 *
 * Thread-safe. All addresses of a user are values of one attribute, which need not be his own; his
 * name is another's only value. The search is for the former and returns the latter, so that all
 * his aliases lead to one name.
 */
#ifndef MAILREEVE_LDAP_RECIPIENT_H
#define MAILREEVE_LDAP_RECIPIENT_H

#include "ldap_servers.h"

/* As source_kind has them (verify.h), of the source with these servers. */
void ldap_recipient(struct ldap_servers *servers, const struct mailbox *recipient,
                    const char *address, struct deadline deadline,
                    struct recipient_result *result_r);
int ldap_check_recipients(const struct ldap_servers *servers, struct err *err);
struct recipient_lifetimes ldap_recipient_lifetimes(const struct ldap_servers *servers);

#endif
