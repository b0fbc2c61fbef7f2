/*
 * guard_listener: whose rules hold for what a mail server tells the message guard.
 *
 * Pure. nginx's listeners may lead to one port of the mail server, and there is no X-Listener
 * there. The first that can be told: the listener that {daemon_name} names (Postfix: -o
 * milter_macro_daemon_name=submission; Sendmail: DaemonPortOptions Name=), the one that the `guard`
 * section names, the only one there is, and else the only one that fits: for those who have
 * authenticated the one whose `auth` is not off, for the others the one whose `auth` is off.
 */
#ifndef MAILREEVE_GUARD_LISTENER_H
#define MAILREEVE_GUARD_LISTENER_H

#include <stdbool.h>

#include "tenancy.h"

/* daemon_name and setting may be NULL. Returns NULL if it cannot be told. */
const struct listener *guard_listener(const struct tenancy *tenancy, const char *daemon_name,
                                      const char *setting, bool is_authenticated);

/* What to do then, for a rule's detail. */
extern const char guard_listener_advice[];

#endif
