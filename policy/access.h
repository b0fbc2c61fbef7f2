/*
 * access: settings that name a list, asked about one address or name.
 *
 * Pure. "any", "allow LIST" and "deny LIST" - allow: only what is in the list may pass; an empty
 * list lets nobody pass. Deny: only what is not in the list may pass; an empty list lets everybody
 * pass.
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

/* The same words where they exempt from a demand (SMG 12, 13): granted is exempt. "An empty list
 * deactivates the exception mode": it exempts nobody, whatever the word. ACCESS_ANY exempts nobody.
 */
enum access_answer access_ask_exemption(const struct access *access, const struct netaddr *addr,
                                        struct rule_ref *rule_r);

/* A list by its name; NULL: not set, nothing is in it. Both write the hit and what it means into
 * rule_r. */
enum list_answer access_ask_list_address(const struct list *list, const struct netaddr *addr,
                                         struct rule_ref *rule_r);
enum list_answer access_ask_list_name(const struct list *list, const char *name,
                                      struct rule_ref *rule_r);

#endif
