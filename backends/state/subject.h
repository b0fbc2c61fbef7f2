/*
 * subject: who is screened, and what of screening holds for him; and the pieces of batches that
 * attempts and clients without AUTH have in common.
 *
 * Values; of screening_*.c, attempt_*.c, reported.c and sending.c only.
 */
#ifndef MAILREEVE_SUBJECT_H
#define MAILREEVE_SUBJECT_H

#include "batch.h"
#include "screening.h"
#include "screening_keys.h"

struct subject {
    const struct screen *screen;
    const struct limits *limits;
    struct netaddr client;
    struct netprefix network; /* that counts as one client */
    bool is_exempt;
    bool is_counted; /* failures are: the mode is not off, and he is not exempt */
    bool is_held;    /* counts refuse him: the mode is enforce, and he is not exempt */
};

struct subject subject_of(const struct screening_rules *rules, const struct netaddr *client);

/* Looks for a ban that holds; it ends the batch. NULL: none can. */
struct store_op *subject_find_ban(const struct subject *subject, struct batch *batch);

/* "screen: ban: 192.0.2.1/32 until 2026-11-22T13:00:00Z: auth.bad-credentials" */
struct rule_ref subject_ban_rule(const struct subject *subject, const struct store_ban *ban);

/* "screen: account_failures: 50 failures within 86400 s, and ..." */
struct rule_ref subject_closed_rule(const struct subject *subject,
                                    const struct store_op *account_failures);

/* "limits: logins_per_user: 100 within 60 s" */
struct rule_ref subject_limit_rule(const struct rate *rate, const char *setting);

/* A counter or set of the network, with amount 1. */
struct store_op *subject_count(const struct subject *subject, struct batch *batch,
                               enum store_action action, enum network_key kind, int64_t window_ms,
                               int64_t most);

enum { OFFENCE_OPS = 4 };

/* The offence of a network, if the operation `because` hits (NULL: in any case): bans it, or in
 * monitor mode notes that it would have, once for the length of a first ban. Then its counts begin
 * anew: they are paid for. Where a ban could not be kept they stay, and so they do with one that is
 * in force already. */
struct store_op *subject_offend(const struct subject *subject, struct batch *batch,
                                enum ban_maker maker, const char *reason,
                                const struct store_op *because);

/* Says in end_r what came of it. */
void subject_offended(const struct subject *subject, const struct store_op *offence, int64_t now_ms,
                      struct attempt_end *end_r);

#endif
