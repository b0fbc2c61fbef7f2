/*
 * access: "any", "allow LIST" and "deny LIST", asked about one address or name.
 *
 * Pure. Allow: only what is in the list may pass; an empty list lets nobody pass. Deny: only what
 * is not in the list may pass; an empty list lets everybody pass.
 */
#ifndef MAILREEVE_ACCESS_H
#define MAILREEVE_ACCESS_H

#include "netaddr.h"
#include "tenancy.h"
#include "verdict.h"

enum access_answer { ACCESS_CANNOT_TELL = 0, ACCESS_REFUSED, ACCESS_GRANTED };

/* Both write the list's hit and what it means into rule_r. */
enum access_answer access_ask_address(const struct access *access, const struct netaddr *addr,
                                      struct rule_ref *rule_r);
enum access_answer access_ask_name(const struct access *access, const char *name,
                                   struct rule_ref *rule_r);

#endif
