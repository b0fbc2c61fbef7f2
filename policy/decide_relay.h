/*
 * decide_relay: who may send to recipients of no organization, and where a session goes.
 *
 * Pure. Internal to the decide_*.c files. The right to relay is the listener's to give, never an
 * organization's (SMG 7, 8): to all who authenticate, or to the users of some organizations, or to
 * addresses. It also decides the route: `upstream` trusts who comes to it, so that only those with
 * the right get there; all others get to `upstream_inbound`, which delivers locally. POP and IMAP
 * sessions have nothing to relay; they may have an upstream of their own, which no SMTP session
 * gets to.
 */
#ifndef MAILREEVE_DECIDE_RELAY_H
#define MAILREEVE_DECIDE_RELAY_H

#include "question.h"

enum relay_answer { RELAY_CANNOT_TELL = 0, RELAY_DENIED, RELAY_GRANTED };

/* Asks whether the session may relay: by the user's right, else by the client's address. Tells
 * nobody; rule_r gets the setting that answered. */
enum relay_answer relay_ask(const struct question *question, struct rule_ref *rule_r);

/* The rule for a recipient: those of no organization need the right. */
bool relay_ask_recipient(const struct question *question);

/* The rule of an accepted AUTH over SMTP, which never ends the question: without the right it only
 * decides the route. */
bool relay_ask_login(const struct question *question);

/* Sets the upstream of an accepted recipient or login. Where none is set, upstream is NULL and the
 * verdict's rule names the section that lacks one. If the list of addresses that may relay cannot
 * tell which of two it is, the verdict becomes a temporary failure. */
void relay_route_recipient(const struct question *question);
void relay_route_login(const struct question *question);

#endif
