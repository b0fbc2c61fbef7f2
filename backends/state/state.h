/*
 * state: what is remembered from one session to the next: bans and relay windows.
 *
 * Thread-safe; one for the process, whatever configuration is in force. It is kept in memory,
 * bounded (the least recently used goes first) and gone with the process. Times are clock_now_ms(),
 * handed in.
 */
#ifndef MAILREEVE_STATE_H
#define MAILREEVE_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "netaddr.h"
#include "screen.h"
#include "username.h"

struct state;

struct state *state_create(void);     /* never NULL */
void state_free(struct state *state); /* NULL is allowed */

/* Bans the network of a client for as long as its next offence costs; a network that is banned
 * already stays so for as long as it was. Offences are remembered while there is room. Returns how
 * long the ban lasts from now in ms, or 0: the client is never banned (the list `never`, or it has
 * no address). */
int64_t state_ban(struct state *state, const struct screen *screen, const struct netaddr *client,
                  int64_t now_ms);

/* Costs next to nothing before the first ban. Whoever is in the list `never` is not banned, even if
 * he was before he came into it. */
bool state_is_banned(struct state *state, const struct screen *screen, const struct netaddr *client,
                     int64_t now_ms);

/* Whose window it is. */
struct window_user {
    char name[USERNAME_MAX + 1];  /* the account's own */
    char login[USERNAME_MAX + 1]; /* what he logged in as: it has the domain that name may lack */
    bool matching_sender;         /* he may send as himself only */
};

/* Notes that a user has logged in by POP or IMAP from an address; the last one who did counts.
 * Nothing, if the client has no address or a name is empty. */
void state_open_window(struct state *state, const struct netaddr *client,
                       const struct window_user *user, int64_t now_ms);

/* Writes who has logged in from exactly that address less than age_ms ago. Returns false if nobody
 * has. Costs next to nothing before the first window. */
bool state_find_window(struct state *state, const struct netaddr *client, int64_t age_ms,
                       int64_t now_ms, struct window_user *user_r);

#endif
