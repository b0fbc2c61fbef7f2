/*
 * screening: who may try to log in now, and what comes of it for the next attempts.
 *
 * Thread-safe. An attempt is counted before a source is asked: attempt_begin finds out whether the
 * client is banned, the account closed to it, or a limit reached, and reserves a place among the
 * failures that its network may still have, so that attempts side by side cannot pass where one
 * after the other could not. attempt_end gives the place back and counts what the attempt was. Each
 * is one batch of the store. A place that is never given back (kill -9) is over after place_ms.
 *
 * Counted (all keys have the organization, because two tenants may have the same bare name):
 *   failures of a network     of clients (ipv4_prefix, ipv6_prefix), with its reserved places apart
 *   failures of an account    by its canonical name, and by the login name where that is another
 *   failures of a pair        account and network: what a success of that pair takes off the other
 *                             two, so that an owner's typing errors go and an attacker's stay
 *   distinct unknown names    of a network
 *   wrong passwords           of a network and of an account, as keyed digests of 16 bits: the same
 *                             one for the same name counts once (same_password_once)
 *   known networks            of an account: it has logged in from there; for 90 days
 * Only "wrong password" and "unknown user" are failures; an outage is nobody's, nor is what an
 * account must not do with the right password.
 *
 * Store down: the answer is ATTEMPT_GO_ON and nothing is counted (is_counted says so).
 */
#ifndef MAILREEVE_SCREENING_H
#define MAILREEVE_SCREENING_H

#include "identities.h"
#include "outcome.h"
#include "screen.h"
#include "secret.h"
#include "store.h"
#include "verdict.h"
#include "windows.h"

/* The settings that hold for a session. */
struct screening_rules {
    const struct screen *screen;
    const struct limits *limits;
    int64_t longest_window_ms; /* of all listeners; 0: logins open no windows */
    int64_t place_ms;          /* longer than any attempt lasts */
};

struct attempt_question {
    struct netaddr client;
    const char *organization; /* its name; NULL: of no organization */
    const char *login; /* decision.user.text; NULL or "": not known, only bans are looked at */
    bool only_bans;    /* it is no attempt */
    bool only_asks;    /* it is refused anyhow, or a server elsewhere verifies and reports
                          (reported.h): nothing is counted, and no place is taken */
};

enum attempt_answer {
    ATTEMPT_GO_ON = 0,
    ATTEMPT_BANNED,
    ATTEMPT_THROTTLED, /* rule says by what */
    ATTEMPT_WAIT, /* so many of the network are under way that this one would be too many if all
                     fail: to be asked again in a moment */
};

struct attempt {
    enum attempt_answer answer;
    bool is_counted;     /* the store was asked and attempt_end is due */
    bool is_known;       /* the account has logged in from that network */
    bool is_known_fresh; /* ... within the last day: need not be noted again */
    bool has_network_place, has_account_place;
    int64_t begun_ms;
    struct store_ban ban; /* of ATTEMPT_BANNED */
    struct rule_ref rule; /* of ATTEMPT_BANNED and ATTEMPT_THROTTLED */
};

/* Waits, at most until the deadline and for a second, for attempts of this process to end, before
 * it says ATTEMPT_WAIT. */
void attempt_begin(struct store *store, const struct screening_rules *rules,
                   const struct attempt_question *question, int64_t now_ms,
                   struct deadline deadline, struct attempt *attempt_r);

/* What an attempt was. */
struct attempt_result {
    enum verify_outcome outcome;   /* of the sources */
    bool was_verified;             /* the sources were asked; false: only the place is given back */
    bool is_accepted;              /* outcome is OK and the decision is to accept */
    const char *account;           /* its canonical name; "" or NULL: not known */
    const struct secret *password; /* NULL: a challenge's answer or a certificate: never the same */
    const struct window *window;   /* to open with an accepted login by POP or IMAP, unless he is in
                                      `never`; NULL: none */
    const struct identity *identity; /* to note with an accepted login by SMTP, where it is needed;
                                        one that opens a window notes it by itself; NULL: none */
};

/* What came of it. Starts all zero. */
struct attempt_end {
    bool is_throttled;        /* the login is to be refused after all (REASON_AUTH_THROTTLED): by
                                 addresses_per_user, or because the account behind an alias is closed;
                                 then no window was opened */
    struct rule_ref rule;     /* of that */
    bool is_new_ban;          /* the network is banned for it from now on */
    bool would_ban;           /* the same in monitor mode: nothing was banned */
    struct store_ban ban;     /* of both */
    bool has_window;          /* was opened */
    int64_t account_failures; /* of the account within account_within, with this one; 0: this one
                                 did not count */
    int64_t addresses;        /* of the user within its limit's time, if is_throttled by that */
};

/* Call it for every attempt with is_counted, exactly once. */
void attempt_end(struct store *store, const struct screening_rules *rules,
                 const struct attempt_question *question, const struct attempt *attempt,
                 const struct attempt_result *result, int64_t now_ms, struct deadline deadline,
                 struct attempt_end *end_r);

/* A client without AUTH: one batch. */
struct client_question {
    struct netaddr client;
    int64_t window_age_ms; /* windows opened longer ago do not count; 0: not asked for. Who is in
                              `never` has none: he may stand for many people */
    const char *user;      /* whose identity is wanted, by his account's name; NULL: nobody's */
};
struct client_answer {
    bool is_banned;
    struct store_ban ban;
    struct rule_ref rule; /* of the ban */
    bool has_window;
    struct window window;
    bool has_identity;
    struct identity identity;
    bool is_ambiguous; /* accounts of several organizations with that name have logged in from
                          there: whose the identity is cannot be told */
    bool is_down;      /* the store could not be asked: whether there is an identity is not known */
};
void client_recall(struct store *store, const struct screening_rules *rules,
                   const struct client_question *question, int64_t now_ms, struct deadline deadline,
                   struct client_answer *answer_r);

/* A refused recipient of a client that has not authenticated. */
void client_bad_recipient(struct store *store, const struct screening_rules *rules,
                          const struct netaddr *client, const char *reason, int64_t now_ms,
                          struct deadline deadline, struct attempt_end *end_r);

/* An offence in itself (on_auth_when_off): bans at once, in every mode but monitor. */
void client_offence(struct store *store, const struct screening_rules *rules,
                    const struct netaddr *client, const char *reason, int64_t now_ms,
                    struct deadline deadline, struct attempt_end *end_r);

/* Whether the client is in the list `never`, or has no address. A list that cannot tell may hold
 * him: nobody is shut out on a guess. */
bool screening_is_exempt(const struct screen *screen, const struct netaddr *client);

/* Whose bans hold in a mode (screen.h): a mask of 1u << enum ban_maker. */
unsigned screening_ban_makers(enum screen_mode mode);

#endif
