/*
 * memory: what the service remembers about a session's client, before it is decided about, and what
 * the session leaves in that memory.
 */
#ifndef MAILREEVE_MEMORY_H
#define MAILREEVE_MEMORY_H

#include <stdint.h>

#include "decide.h"
#include "site.h"
#include "state.h"

/* Fills facts->banned, facts->window and what the window's account may send as; window_r says whose
 * it is and holds the window's name: the one with a domain, which tells the organization. */
void memory_recall(struct state *state, const struct site *site, struct facts *facts,
                   struct window_user *window_r);

/* Bans the client if the decision says so. Returns for how long in ms; 0: it is not banned. session
 * is for the log. */
int64_t memory_ban(struct state *state, const struct site *site, const char *session,
                   const struct facts *facts, const struct decision *decision);

/* After a login was accepted: one by POP or IMAP opens a relay window, if some listener takes
 * notice of them and the account may use SMTP at all. user is the name that logged in. */
void memory_log_in(struct state *state, const struct site *site, const struct facts *facts,
                   const struct username *user, const struct account *account);

#endif
