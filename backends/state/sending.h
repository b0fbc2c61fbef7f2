/*
 * sending: how much a user sends, against messages_per_user and recipients_per_user.
 *
 * Thread-safe. A message is counted when it begins and a recipient when it is accepted, each in one
 * batch that counts and answers, so that sessions side by side cannot pass a limit; what is refused
 * or given up in the end is taken back. What is over a limit does not count. Store down: nothing is
 * counted and nothing refused (is_counted says so).
 */
#ifndef MAILREEVE_SENDING_H
#define MAILREEVE_SENDING_H

#include "screen.h"
#include "store.h"
#include "verdict.h"

/* Who sends: his canonical name, and his organization, because two tenants may have the same bare
 * name; NULL: of none. */
struct sender {
    const char *organization;
    const char *user;
};

enum sent { SENT_MESSAGE, SENT_RECIPIENT };

struct sending_answer {
    bool is_counted;      /* one was counted, which sending_take_back may take back */
    bool is_over;         /* the limit is reached: nothing was counted */
    struct rule_ref rule; /* of the limit */
    int64_t count;        /* within its time */
};

/* One message or recipient more. Where there is no such limit the store is not asked. */
void sending_count(struct store *store, const struct limits *limits, const struct sender *sender,
                   enum sent what, int64_t now_ms, struct deadline deadline,
                   struct sending_answer *answer_r);

/* So many that were counted (is_counted) were not sent after all. One batch. */
void sending_take_back(struct store *store, const struct limits *limits,
                       const struct sender *sender, int64_t messages, int64_t recipients,
                       int64_t now_ms, struct deadline deadline);

#endif
