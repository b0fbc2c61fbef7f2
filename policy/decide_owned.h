/*
 * decide_owned: whether an address that a message shows, or comes from, is the user's.
 *
 * Pure. Internal to the decide_*.c files. His are his name, what the list `sender_owners` gives
 * him, and what his sources say; compared without case, domains as DNS has them; with match_detail
 * also "bob+anything" of whoever has "bob". The sources are asked last, so that no outage is in the
 * way of what is certain without them.
 */
#ifndef MAILREEVE_DECIDE_OWNED_H
#define MAILREEVE_DECIDE_OWNED_H

#include "question.h"

/* What the rule of a demand says, by its answer. */
struct owned_words {
    const char *owned, *not_owned, *cannot_tell;
};

/* A demand that an address be the user's, and what can satisfy it. */
struct demand {
    struct rule_ref rule; /* of the demand */
    enum reason refusal;
    const struct owned_words *words;
    const struct mailbox *address;
    const struct organization *organization; /* its exemptions, its sender_owners and its
                                                match_detail count; NULL: nobody's do */
    const char *exempting;                   /* the setting that exempts, and its list */
    struct list_setting exempt;
    bool may_own; /* the user's own sources are believed about the address */
};

/* Asks, and says what came of it. */
bool owned_ask(const struct question *question, struct demand *demand);

#endif
